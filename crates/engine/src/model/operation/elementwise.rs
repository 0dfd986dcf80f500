//! Functions of one tensor, element by element: elementary functions and activations.
//!
//! tch leaves out arguments of several activations: those are computed here unless they have PyTorch's defaults. At their kinks gradients are
//! PyTorch's.

use tch::{TchError, Tensor};

use super::arguments::Arguments;
use super::definition::Row;
use super::shape::{Shaped, dimension, same};
use crate::model::ModelError;

pub const ROWS: &[Row] = &[
    ("abs(Tensor self) -> Tensor", |a| Ok(a.tensor(0)?.f_abs()?), same),
    ("acos(Tensor self) -> Tensor", |a| Ok(a.tensor(0)?.f_acos()?), same),
    ("acosh(Tensor self) -> Tensor", |a| Ok(a.tensor(0)?.f_acosh()?), same),
    ("asin(Tensor self) -> Tensor", |a| Ok(a.tensor(0)?.f_asin()?), same),
    ("asinh(Tensor self) -> Tensor", |a| Ok(a.tensor(0)?.f_asinh()?), same),
    ("atan(Tensor self) -> Tensor", |a| Ok(a.tensor(0)?.f_atan()?), same),
    ("atanh(Tensor self) -> Tensor", |a| Ok(a.tensor(0)?.f_atanh()?), same),
    ("ceil(Tensor self) -> Tensor", |a| Ok(a.tensor(0)?.f_ceil()?), same),
    ("cos(Tensor self) -> Tensor", |a| Ok(a.tensor(0)?.f_cos()?), same),
    ("cosh(Tensor self) -> Tensor", |a| Ok(a.tensor(0)?.f_cosh()?), same),
    ("erf(Tensor self) -> Tensor", |a| Ok(a.tensor(0)?.f_erf()?), same),
    ("erfc(Tensor self) -> Tensor", |a| Ok(a.tensor(0)?.f_erfc()?), same),
    ("exp(Tensor self) -> Tensor", |a| Ok(a.tensor(0)?.f_exp()?), same),
    ("exp2(Tensor self) -> Tensor", |a| Ok(a.tensor(0)?.f_exp2()?), same),
    ("expm1(Tensor self) -> Tensor", |a| Ok(a.tensor(0)?.f_expm1()?), same),
    ("floor(Tensor self) -> Tensor", |a| Ok(a.tensor(0)?.f_floor()?), same),
    ("frac(Tensor self) -> Tensor", |a| Ok(a.tensor(0)?.f_frac()?), same),
    ("isfinite(Tensor self) -> Tensor", |a| Ok(a.tensor(0)?.f_isfinite()?), same),
    ("isinf(Tensor self) -> Tensor", |a| Ok(a.tensor(0)?.f_isinf()?), same),
    ("isnan(Tensor self) -> Tensor", |a| Ok(a.tensor(0)?.f_isnan()?), same),
    ("log(Tensor self) -> Tensor", |a| Ok(a.tensor(0)?.f_log()?), same),
    ("log10(Tensor self) -> Tensor", |a| Ok(a.tensor(0)?.f_log10()?), same),
    ("log1p(Tensor self) -> Tensor", |a| Ok(a.tensor(0)?.f_log1p()?), same),
    ("log2(Tensor self) -> Tensor", |a| Ok(a.tensor(0)?.f_log2()?), same),
    ("neg(Tensor self) -> Tensor", |a| Ok(a.tensor(0)?.f_neg()?), same),
    ("reciprocal(Tensor self) -> Tensor", |a| Ok(a.tensor(0)?.f_reciprocal()?), same),
    ("round(Tensor self) -> Tensor", |a| Ok(a.tensor(0)?.f_round()?), same),
    ("rsqrt(Tensor self) -> Tensor", |a| Ok(a.tensor(0)?.f_rsqrt()?), same),
    ("sgn(Tensor self) -> Tensor", |a| Ok(a.tensor(0)?.f_sgn()?), same),
    ("sigmoid(Tensor self) -> Tensor", |a| Ok(a.tensor(0)?.f_sigmoid()?), same),
    ("sign(Tensor self) -> Tensor", |a| Ok(a.tensor(0)?.f_sign()?), same),
    ("sin(Tensor self) -> Tensor", |a| Ok(a.tensor(0)?.f_sin()?), same),
    ("sinh(Tensor self) -> Tensor", |a| Ok(a.tensor(0)?.f_sinh()?), same),
    ("sqrt(Tensor self) -> Tensor", |a| Ok(a.tensor(0)?.f_sqrt()?), same),
    ("square(Tensor self) -> Tensor", |a| Ok(a.tensor(0)?.f_square()?), same),
    ("tan(Tensor self) -> Tensor", |a| Ok(a.tensor(0)?.f_tan()?), same),
    ("tanh(Tensor self) -> Tensor", |a| Ok(a.tensor(0)?.f_tanh()?), same),
    ("trunc(Tensor self) -> Tensor", |a| Ok(a.tensor(0)?.f_trunc()?), same),
    ("abs_(Tensor(a!) self) -> Tensor(a!)", |a| Ok(written(a)?.f_abs_()?), same),
    ("ceil_(Tensor(a!) self) -> Tensor(a!)", |a| Ok(written(a)?.f_ceil_()?), same),
    ("cos_(Tensor(a!) self) -> Tensor(a!)", |a| Ok(written(a)?.f_cos_()?), same),
    ("erf_(Tensor(a!) self) -> Tensor(a!)", |a| Ok(written(a)?.f_erf_()?), same),
    ("exp_(Tensor(a!) self) -> Tensor(a!)", |a| Ok(written(a)?.f_exp_()?), same),
    ("expm1_(Tensor(a!) self) -> Tensor(a!)", |a| Ok(written(a)?.f_expm1_()?), same),
    ("floor_(Tensor(a!) self) -> Tensor(a!)", |a| Ok(written(a)?.f_floor_()?), same),
    ("log_(Tensor(a!) self) -> Tensor(a!)", |a| Ok(written(a)?.f_log_()?), same),
    ("log1p_(Tensor(a!) self) -> Tensor(a!)", |a| Ok(written(a)?.f_log1p_()?), same),
    ("neg_(Tensor(a!) self) -> Tensor(a!)", |a| Ok(written(a)?.f_neg_()?), same),
    ("reciprocal_(Tensor(a!) self) -> Tensor(a!)", |a| Ok(written(a)?.f_reciprocal_()?), same),
    ("round_(Tensor(a!) self) -> Tensor(a!)", |a| Ok(written(a)?.f_round_()?), same),
    ("rsqrt_(Tensor(a!) self) -> Tensor(a!)", |a| Ok(written(a)?.f_rsqrt_()?), same),
    ("sigmoid_(Tensor(a!) self) -> Tensor(a!)", |a| Ok(written(a)?.f_sigmoid_()?), same),
    ("sign_(Tensor(a!) self) -> Tensor(a!)", |a| Ok(written(a)?.f_sign_()?), same),
    ("sin_(Tensor(a!) self) -> Tensor(a!)", |a| Ok(written(a)?.f_sin_()?), same),
    ("sqrt_(Tensor(a!) self) -> Tensor(a!)", |a| Ok(written(a)?.f_sqrt_()?), same),
    ("square_(Tensor(a!) self) -> Tensor(a!)", |a| Ok(written(a)?.f_square_()?), same),
    ("tanh_(Tensor(a!) self) -> Tensor(a!)", |a| Ok(written(a)?.f_tanh_()?), same),
    ("trunc_(Tensor(a!) self) -> Tensor(a!)", |a| Ok(written(a)?.f_trunc_()?), same),
    ("positive(Tensor(a) self) -> Tensor(a)", |a| Ok(a.tensor(0)?.f_positive()?), same),
    ("round.decimals(Tensor self, *, int decimals) -> Tensor", |a| Ok(a.tensor(0)?.f_round_decimals(a.int(1)?)?), same),
    (
        "nan_to_num(Tensor self, float? nan=None, float? posinf=None, float? neginf=None) -> Tensor",
        |a| Ok(a.tensor(0)?.f_nan_to_num(a.optional_float(1)?, a.optional_float(2)?, a.optional_float(3)?)?),
        same,
    ),
    ("relu(Tensor self) -> Tensor", |a| Ok(a.tensor(0)?.f_relu()?), same),
    ("relu_(Tensor(a!) self) -> Tensor(a!)", |a| Ok(written(a)?.f_relu_()?), same),
    ("relu6(Tensor self) -> Tensor", |a| Ok(a.tensor(0)?.f_relu6()?), same),
    ("relu6_(Tensor(a!) self) -> Tensor(a!)", |a| Ok(written(a)?.f_relu6_()?), same),
    ("hardtanh(Tensor self, Scalar min_val=-1, Scalar max_val=1) -> Tensor", |a| hardtanh(a.tensor(0)?, a), same),
    ("hardtanh_(Tensor(a!) self, Scalar min_val=-1, Scalar max_val=1) -> Tensor(a!)", |a| overwritten(a, hardtanh), same),
    ("leaky_relu(Tensor self, Scalar negative_slope=0.01) -> Tensor", |a| leaky_relu(a.tensor(0)?, a), same),
    ("leaky_relu_(Tensor(a!) self, Scalar negative_slope=0.01) -> Tensor(a!)", |a| overwritten(a, leaky_relu), same),
    ("prelu(Tensor self, Tensor weight) -> Tensor", |a| Ok(a.tensor(0)?.f_prelu(a.tensor(1)?)?), same),
    ("elu(Tensor self, Scalar alpha=1, Scalar scale=1, Scalar input_scale=1) -> Tensor", |a| elu(a.tensor(0)?, a), same),
    ("elu_(Tensor(a!) self, Scalar alpha=1, Scalar scale=1, Scalar input_scale=1) -> Tensor(a!)", |a| overwritten(a, elu), same),
    ("celu(Tensor self, Scalar alpha=1.0) -> Tensor", |a| celu(a.tensor(0)?, a), same),
    ("celu_(Tensor(a!) self, Scalar alpha=1.0) -> Tensor(a!)", |a| overwritten(a, celu), same),
    ("selu(Tensor self) -> Tensor", |a| Ok(a.tensor(0)?.f_selu()?), same),
    ("selu_(Tensor(a!) self) -> Tensor(a!)", |a| Ok(written(a)?.f_selu_()?), same),
    ("silu(Tensor self) -> Tensor", |a| Ok(a.tensor(0)?.f_silu()?), same),
    ("silu_(Tensor(a!) self) -> Tensor(a!)", |a| Ok(written(a)?.f_silu_()?), same),
    ("mish(Tensor self) -> Tensor", |a| Ok(a.tensor(0)?.f_mish()?), same),
    ("mish_(Tensor(a!) self) -> Tensor(a!)", |a| Ok(written(a)?.f_mish_()?), same),
    ("gelu(Tensor self, *, str approximate='none') -> Tensor", |a| Ok(a.tensor(0)?.f_gelu(a.text(1)?)?), same),
    ("gelu_(Tensor(a!) self, *, str approximate='none') -> Tensor(a!)", |a| Ok(written(a)?.f_gelu_(a.text(1)?)?), same),
    ("hardswish(Tensor self) -> Tensor", |a| Ok(a.tensor(0)?.f_hardswish()?), same),
    ("hardswish_(Tensor(a!) self) -> Tensor(a!)", |a| Ok(written(a)?.f_hardswish_()?), same),
    ("hardsigmoid(Tensor self) -> Tensor", |a| Ok(a.tensor(0)?.f_hardsigmoid()?), same),
    ("hardsigmoid_(Tensor(a!) self) -> Tensor(a!)", |a| Ok(written(a)?.f_hardsigmoid_()?), same),
    ("log_sigmoid(Tensor self) -> Tensor", |a| Ok(a.tensor(0)?.f_log_sigmoid()?), same),
    ("softplus(Tensor self, Scalar beta=1, Scalar threshold=20) -> Tensor", softplus, same),
    ("softshrink(Tensor self, Scalar lambd=0.5) -> Tensor", softshrink, same),
    ("hardshrink(Tensor self, Scalar lambd=0.5) -> Tensor", hardshrink, same),
    (
        "threshold(Tensor self, Scalar threshold, Scalar value) -> Tensor",
        |a| Ok(a.tensor(0)?.f_threshold(a.scalar(1)?, a.scalar(2)?)?),
        same,
    ),
    (
        "threshold_(Tensor(a!) self, Scalar threshold, Scalar value) -> Tensor(a!)",
        |a| Ok(written(a)?.f_threshold_(a.scalar(1)?, a.scalar(2)?)?),
        same,
    ),
    ("glu(Tensor self, int dim=-1) -> Tensor", |a| Ok(a.tensor(0)?.f_glu(a.int(1)?)?), half_of_dimension),
];

type Activation = fn(&Tensor, &Arguments<'_, Tensor>) -> Result<Tensor, ModelError>;

/// A second handle to the first argument, to write through.
///
/// # Errors
/// When it is not a tensor.
pub fn written(a: &Arguments<'_, Tensor>) -> Result<Tensor, String> {
    a.tensor(0).map(Tensor::shallow_clone)
}

/// A tensor of the same elements in memory of its own.
///
/// # Errors
/// When libtorch fails.
pub fn copied(x: &Tensor) -> Result<Tensor, TchError> {
    x.f_to_dtype(x.f_kind()?, false, true)
}

/// Writes the value of an activation over the first argument. It is computed from a copy, whose elements the gradient needs.
fn overwritten(a: &Arguments<'_, Tensor>, activation: Activation) -> Result<Tensor, ModelError> {
    let mut x = written(a)?;
    x.f_copy_(&activation(&copied(&x)?, a)?)?;
    Ok(x)
}

/// Where `x` is beyond a bound its gradient is 0, and at the bound too: that of a clamp is 1 there.
fn hardtanh(x: &Tensor, a: &Arguments<'_, Tensor>) -> Result<Tensor, ModelError> {
    let (min, max) = (a.float(1)?, a.float(2)?);
    if (min, max) == (0.0, 6.0) {
        return Ok(x.f_relu6()?);
    }
    if (min, max) == (-1.0, 1.0) {
        return Ok(x.f_hardtanh()?);
    }
    let inside = x.f_gt(min)?.f_logical_and(&x.f_lt(max)?)?;
    Ok(x.f_where_self(&inside, &x.f_detach()?.f_clamp(min, max)?)?)
}

fn leaky_relu(x: &Tensor, a: &Arguments<'_, Tensor>) -> Result<Tensor, ModelError> {
    let slope = a.float(1)?;
    if slope == 0.01 {
        return Ok(x.f_leaky_relu()?);
    }
    Ok(x.f_where_self(&x.f_gt(0.0)?, &x.f_mul_scalar(slope)?)?)
}

fn elu(x: &Tensor, a: &Arguments<'_, Tensor>) -> Result<Tensor, ModelError> {
    Ok(scaled_elu(x, a.float(1)?, a.float(2)?, a.float(3)?)?)
}

fn celu(x: &Tensor, a: &Arguments<'_, Tensor>) -> Result<Tensor, ModelError> {
    let alpha = a.float(1)?;
    Ok(scaled_elu(x, alpha, 1.0, 1.0 / alpha)?)
}

/// scale·x where x > 0, scale·α·(exp(input_scale·x) − 1) elsewhere.
fn scaled_elu(x: &Tensor, alpha: f64, scale: f64, input_scale: f64) -> Result<Tensor, TchError> {
    if (alpha, scale, input_scale) == (1.0, 1.0, 1.0) {
        return x.f_elu();
    }
    // The exponential of a large number is infinite, and so would be its gradient.
    let negative = x.f_clamp_max(0.0)?.f_mul_scalar(input_scale)?.f_expm1()?.f_mul_scalar(alpha * scale)?;
    x.f_mul_scalar(scale)?.f_where_self(&x.f_gt(0.0)?, &negative)
}

/// log(1 + exp(β·x))/β, or x where β·x is above the threshold.
fn softplus(a: &Arguments<'_, Tensor>) -> Result<Tensor, ModelError> {
    let (x, beta, threshold) = (a.tensor(0)?, a.float(1)?, a.float(2)?);
    if (beta, threshold) == (1.0, 20.0) {
        return Ok(x.f_softplus()?);
    }
    let scaled = x.f_mul_scalar(beta)?;
    let soft = scaled.f_clamp_max(threshold)?.f_exp()?.f_log1p()?.f_div_scalar(beta)?;
    Ok(x.f_where_self(&scaled.f_gt(threshold)?, &soft)?)
}

/// The distance from the interval of ±λ.
fn softshrink(a: &Arguments<'_, Tensor>) -> Result<Tensor, ModelError> {
    let (x, lambda) = (a.tensor(0)?, a.float(1)?);
    Ok(x.f_sub(&x.f_clamp(-lambda, lambda)?)?)
}

/// 0 inside the interval of ±λ.
fn hardshrink(a: &Arguments<'_, Tensor>) -> Result<Tensor, ModelError> {
    let x = a.tensor(0)?;
    Ok(x.f_masked_fill(&x.f_abs()?.f_le(a.float(1)?)?, 0.0)?)
}

fn half_of_dimension(a: &Arguments<'_, Vec<i64>>) -> Shaped {
    let mut shape = a.tensor(0)?.clone();
    let place = dimension(a.int(1)?, shape.len())?;
    match shape.get_mut(place) {
        Some(side) if *side % 2 == 0 => *side /= 2,
        Some(_) | None => return Err(format!("expected a dimension {place} of even length, found {shape:?}")),
    }
    Ok(shape)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use tch::{Kind, Tensor};

    use super::super::testing::{Argument, X, assert_close, shape, value};

    /// A tensor and numbers.
    fn floats(numbers: &[f64]) -> Vec<Argument> {
        [X].into_iter().chain(numbers.iter().map(|&number| Argument::Float(number))).collect()
    }

    /// Derivative of the sum of `y` by `x`, which can be derived again.
    fn derivative(y: &Tensor, x: &Tensor) -> Tensor {
        Tensor::run_backward(&[y.sum(Kind::Double)], &[x], true, true).remove(0)
    }

    fn variable(elements: &[f64]) -> Tensor {
        Tensor::from_slice(elements).set_requires_grad(true)
    }

    #[test]
    fn hardtanh_has_the_bounds_of_the_program() {
        let x = Tensor::from_slice(&[-2.0, -1.0, 0.5, 3.0, 7.0]);
        assert_close(&value("hardtanh.default", &floats(&[0.0, 6.0]), &[&x]).unwrap(), &[0.0, 0.0, 0.5, 3.0, 6.0]);
        assert_close(&value("hardtanh.default", &floats(&[-1.0, 1.0]), &[&x]).unwrap(), &[-1.0, -1.0, 0.5, 1.0, 1.0]);
        assert_close(&value("hardtanh.default", &floats(&[-1.5, 2.0]), &[&x]).unwrap(), &[-1.5, -1.0, 0.5, 2.0, 2.0]);
        let _ = value("hardtanh_.default", &floats(&[0.0, 2.0]), &[&x]).unwrap();
        assert_close(&x, &[0.0, 0.0, 0.5, 2.0, 2.0]);
    }

    #[test]
    fn hardtanh_has_no_gradient_at_its_bounds() {
        for bounds in [[0.0, 6.0], [-1.0, 1.0], [-1.5, 2.0]] {
            let x = variable(&[bounds[0], (bounds[0] + bounds[1]) / 2.0, bounds[1]]);
            assert_close(&derivative(&value("hardtanh.default", &floats(&bounds), &[&x]).unwrap(), &x), &[0.0, 1.0, 0.0]);
        }
    }

    #[test]
    fn leaky_relu_has_the_slope_of_the_program() {
        let x = Tensor::from_slice(&[-2.0, 3.0]);
        assert_close(&value("leaky_relu.default", &floats(&[0.01]), &[&x]).unwrap(), &[-0.02, 3.0]);
        assert_close(&value("leaky_relu.default", &floats(&[0.2]), &[&x]).unwrap(), &[-0.4, 3.0]);
        let x = variable(&[-2.0, 0.0, 3.0]);
        assert_close(&derivative(&value("leaky_relu.default", &floats(&[0.2]), &[&x]).unwrap(), &x), &[0.2, 0.2, 1.0]);
    }

    #[test]
    fn elu_has_the_factors_of_the_program() {
        let (x, below) = (Tensor::from_slice(&[-1.0, 2.0]), (-1f64).exp_m1());
        assert_close(&value("elu.default", &floats(&[1.0, 1.0, 1.0]), &[&x]).unwrap(), &[below, 2.0]);
        assert_close(&value("elu.default", &floats(&[0.5, 3.0, 1.0]), &[&x]).unwrap(), &[1.5 * below, 6.0]);
        assert_close(&value("celu.default", &floats(&[2.0]), &[&x]).unwrap(), &[2.0 * (-0.5f64).exp_m1(), 2.0]);
    }

    #[test]
    fn derivatives_of_elu_stay_finite_far_from_zero() {
        let (x, below) = (variable(&[-1e4, -1.0, 1e4]), 0.5 * (-1f64).exp());
        let first = derivative(&value("elu.default", &floats(&[0.5, 1.0, 1.0]), &[&x]).unwrap(), &x);
        assert_close(&first, &[0.0, below, 1.0]);
        assert_close(&derivative(&first, &x), &[0.0, below, 0.0]);
    }

    #[test]
    fn an_activation_in_place_keeps_the_gradient() {
        let x = variable(&[-2.0, 3.0]);
        let y = value("leaky_relu_.default", &floats(&[0.2]), &[&(&x * 1.0)]).unwrap();
        assert_close(&y, &[-0.4, 3.0]);
        assert_close(&derivative(&y, &x), &[0.2, 1.0]);
    }

    #[test]
    fn softplus_has_the_steepness_and_the_threshold_of_the_program() {
        let x = Tensor::from_slice(&[-1.0, 0.5, 3.0]);
        let soft = |x: f64| (2.0 * x).exp().ln_1p() / 2.0;
        assert_close(&value("softplus.default", &floats(&[2.0, 5.0]), &[&x]).unwrap(), &[soft(-1.0), soft(0.5), 3.0]);
    }

    #[test]
    fn shrinking_keeps_what_is_outside_of_the_interval() {
        let x = Tensor::from_slice(&[-2.0, -0.5, 0.25, 3.0]);
        assert_close(&value("softshrink.default", &floats(&[1.0]), &[&x]).unwrap(), &[-1.0, 0.0, 0.0, 2.0]);
        assert_close(&value("hardshrink.default", &floats(&[1.0]), &[&x]).unwrap(), &[-2.0, 0.0, 0.0, 3.0]);
    }

    #[test]
    fn a_gate_halves_an_even_dimension() {
        assert_eq!(shape("glu.default", &[X, Argument::int(-1)], &[&[2, 6]]), Ok(vec![2, 3]));
        assert!(shape("glu.default", &[X, Argument::int(-1)], &[&[2, 5]]).is_err());
    }
}
