//! The ascent of SAM-type methods: θ + ε with ε = ρ·g/(‖g‖ + 1e-12), one global l2 norm over all parameters.

use tch::{Kind, Tensor, no_grad};

use super::sgd::copy;
use crate::model::ModelError;

/// ‖g‖₂ over all tensors, summed in f64.
///
/// # Errors
/// When libtorch refuses.
pub fn global_norm(gradients: &[Tensor]) -> Result<f64, ModelError> {
    let mut sum = 0.0;
    for gradient in gradients {
        sum += f64::try_from(gradient.f_to_kind(Kind::Double)?.f_square()?.f_sum(Kind::Double)?)?;
    }
    Ok(sum.sqrt())
}

/// Moves `parameters` to θ + ε and returns a copy of θ: taking ε off again would leave rounding behind.
///
/// # Errors
/// When libtorch refuses.
pub fn ascend(parameters: &mut [Tensor], gradients: &[Tensor], norm: f64, rho: f64) -> Result<Vec<Tensor>, ModelError> {
    no_grad(|| {
        let theta = parameters.iter().map(copy).collect::<Result<_, _>>()?;
        let scale = rho / (norm + 1e-12);
        for (parameter, gradient) in parameters.iter_mut().zip(gradients) {
            let _ = parameter.f_add_(&gradient.f_mul_scalar(scale)?)?;
        }
        Ok(theta)
    })
}

/// Puts θ back, bit for bit.
///
/// # Errors
/// When libtorch refuses.
pub fn restore(parameters: &mut [Tensor], theta: &[Tensor]) -> Result<(), ModelError> {
    no_grad(|| {
        for (parameter, saved) in parameters.iter_mut().zip(theta) {
            parameter.f_copy_(saved)?;
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use flatland::job::OptimizerConfig;

    use super::super::sgd::Sgd;
    use super::*;

    /// One SAM step on ½(w₁² + 3w₂²) from (1, 2), ρ = 0.5, lr 0.1: golden values of ood.md 18.
    fn step(nesterov: bool, weight_decay: f64) -> Vec<f64> {
        let curvature = Tensor::from_slice(&[1.0f64, 3.0]);
        let mut parameters = [Tensor::from_slice(&[1.0f64, 2.0])];
        let first = [&parameters[0] * &curvature];
        let theta = ascend(&mut parameters, &first, global_norm(&first).unwrap(), 0.5).unwrap();
        let epsilon: Vec<f64> = (&parameters[0] - &theta[0]).try_into().unwrap();
        assert!((epsilon[0] - 0.082199494).abs() < 1e-9 && (epsilon[1] - 0.493196962).abs() < 1e-9);
        let second = [&parameters[0] * &curvature];
        restore(&mut parameters, &theta).unwrap();
        assert_eq!(Vec::<f64>::try_from(&parameters[0]).unwrap(), [1.0, 2.0]);
        let momentum = if nesterov { 0.9 } else { 0.0 };
        let mut sgd = Sgd::new(&OptimizerConfig { lr: 0.1, momentum, nesterov, weight_decay });
        sgd.step(&mut parameters, &second, 0.1).unwrap();
        Vec::try_from(&parameters[0]).unwrap()
    }

    #[test]
    fn sam_on_a_quadratic_matches_the_golden_values() {
        for (nesterov, weight_decay, expected) in
            [(false, 0.0, [0.891780051, 1.252040911]), (true, 0.0, [0.794382096, 0.578877732]), (true, 5e-4, [0.794287096, 0.578687732])]
        {
            for (found, expected) in step(nesterov, weight_decay).iter().zip(expected) {
                assert!((found - expected).abs() < 1e-9, "{found}, expected {expected}");
            }
        }
    }

    #[test]
    fn a_zero_gradient_moves_nothing() {
        let mut parameters = [Tensor::from_slice(&[1.0f64, 2.0])];
        ascend(&mut parameters, &[Tensor::from_slice(&[0.0f64, 0.0])], 0.0, 0.5).unwrap();
        assert_eq!(Vec::<f64>::try_from(&parameters[0]).unwrap(), [1.0, 2.0]);
    }
}
