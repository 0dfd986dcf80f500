//! The ascent of SAM-type methods: θ + ε with ε = ρ·T²g/(‖Tg‖ + 1e-12), one global l2 norm over all parameters. T = 1 is SAM. Two
//! definitions go by the name of ASAM (Kwon et al. 2021): T = |θ| of every parameter (`davda54/sam`, `theta` here), and T = |w| + η of
//! weights, 1 for all others (SamsungLabs/ASAM, `elementwise` here).

use flatland_core::session::Adaptive;
use tch::{Kind, Tensor, no_grad};

use super::sgd::copy;
use crate::method::Ascent;
use crate::model::{ModelError, adaptive_scale};

/// ‖g‖₂ over all tensors, summed in f64.
///
/// # Errors
/// When libtorch fails.
pub fn global_norm(gradients: &[Tensor]) -> Result<f64, ModelError> {
    let mut sum = 0.0;
    for gradient in gradients {
        sum += f64::try_from(gradient.f_to_kind(Kind::Double)?.f_square()?.f_sum(Kind::Double)?)?;
    }
    Ok(sum.sqrt())
}

/// Moves `parameters`, which are called `names`, to θ + ε and returns a copy of θ: subtracting ε again would leave rounding errors.
/// `norm` is that of `gradients`.
///
/// # Errors
/// When libtorch fails.
pub fn ascend(
    names: &[String],
    parameters: &mut [Tensor],
    gradients: &[Tensor],
    norm: f64,
    ascent: &Ascent,
) -> Result<Vec<Tensor>, ModelError> {
    no_grad(|| {
        let theta: Vec<Tensor> = parameters.iter().map(copy).collect::<Result<_, _>>()?;
        if ascent.adaptive == Adaptive::None {
            let scale = ascent.rho / (norm + 1e-12);
            for (parameter, gradient) in parameters.iter_mut().zip(gradients) {
                let _ = parameter.f_add_(&gradient.f_mul_scalar(scale)?)?;
            }
            return Ok(theta);
        }
        let scales = names.iter().zip(&theta).map(|(name, theta)| adaptive_scale(ascent.adaptive, ascent.eta, name, theta));
        let scales = scales.collect::<Result<Vec<_>, _>>()?;
        let times = |tensor: &Tensor, scale: &Option<Tensor>| match scale {
            Some(scale) => tensor.f_mul(scale),
            None => Ok(tensor.shallow_clone()),
        };
        let scaled = gradients.iter().zip(&scales).map(|(gradient, scale)| times(gradient, scale)).collect::<Result<Vec<_>, _>>()?;
        let by = ascent.rho / (global_norm(&scaled)? + 1e-12);
        for ((parameter, scaled), scale) in parameters.iter_mut().zip(&scaled).zip(&scales) {
            let _ = parameter.f_add_(&times(scaled, scale)?.f_mul_scalar(by)?)?;
        }
        Ok(theta)
    })
}

/// Restores θ, bit for bit.
///
/// # Errors
/// When libtorch fails.
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

    use flatland_core::job::OptimizerConfig;

    use super::super::optimizer::Optimizer;
    use super::*;

    fn sphere(adaptive: Adaptive) -> Ascent {
        Ascent { adaptive, eta: 0.01, ..Ascent::plain(0.5) }
    }

    fn named(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    /// One SAM step on ½(w₁² + 3w₂²) from (1, 2), ρ = 0.5, lr 0.1: reference values, computed independently.
    fn step(nesterov: bool, weight_decay: f64) -> Vec<f64> {
        let curvature = Tensor::from_slice(&[1.0f64, 3.0]);
        let mut parameters = [Tensor::from_slice(&[1.0f64, 2.0])];
        let first = [&parameters[0] * &curvature];
        let theta = ascend(&named(&["w"]), &mut parameters, &first, global_norm(&first).unwrap(), &sphere(Adaptive::None)).unwrap();
        let epsilon: Vec<f64> = (&parameters[0] - &theta[0]).try_into().unwrap();
        assert!((epsilon[0] - 0.082199494).abs() < 1e-9 && (epsilon[1] - 0.493196962).abs() < 1e-9);
        let second = [&parameters[0] * &curvature];
        restore(&mut parameters, &theta).unwrap();
        assert_eq!(Vec::<f64>::try_from(&parameters[0]).unwrap(), [1.0, 2.0]);
        let momentum = if nesterov { 0.9 } else { 0.0 };
        let mut sgd = Optimizer::new(&OptimizerConfig::sgd(0.1, momentum, nesterov, weight_decay), Vec::new());
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
        for adaptive in Adaptive::ALL {
            ascend(&named(&["a.weight"]), &mut parameters, &[Tensor::from_slice(&[0.0f64, 0.0])], 0.0, &sphere(adaptive)).unwrap();
            assert_eq!(Vec::<f64>::try_from(&parameters[0]).unwrap(), [1.0, 2.0]);
        }
    }

    /// θ = (1, 2), g = (1, 6): θg = (1, 12), ‖θg‖ = √145, ε = 0.5·(1, 24)/√145; one step of `davda54/sam` by hand.
    #[test]
    fn the_adaptive_ascent_is_measured_in_units_of_the_parameters() {
        let mut parameters = [Tensor::from_slice(&[1.0f64, 2.0])];
        let gradients = [Tensor::from_slice(&[1.0f64, 6.0])];
        let norm = global_norm(&gradients).unwrap();
        let theta = ascend(&named(&["a.bias"]), &mut parameters, &gradients, norm, &sphere(Adaptive::Theta)).unwrap();
        let epsilon: Vec<f64> = (&parameters[0] - &theta[0]).try_into().unwrap();
        let unit = 0.5 / 145f64.sqrt();
        assert!((epsilon[0] - unit).abs() < 1e-12 && (epsilon[1] - 24.0 * unit).abs() < 1e-12, "{epsilon:?}");
    }

    /// ascent/reference.py, float64.
    #[rustfmt::skip]
    const REFERENCE: [(Adaptive, [f64; 12]); 3] = [
        (
            Adaptive::Theta,
            [
                -0.10984369379085626,
                0.004393747751634255,
                0.05931559464706238,
                -0.01757499100653701,
                0.004393747751634248,
                -0.11863118929412479,
                0.0021968738758171283,
                0.12302493704575902,
                0.0,
                0.02196873875817124,
                -0.05492184689542813,
                0.0,
            ],
        ),
        (
            Adaptive::Elementwise,
            [
                -0.06850598414204613,
                0.0029038003658825805,
                0.03796669594031508,
                -0.011068681213262167,
                0.003186937363009449,
                -0.07350368137040188,
                0.0015934686815047272,
                0.07748076849283514,
                0.0,
                0.3292290664265961,
                -0.13169162657063846,
                0.19753743985595773,
            ],
        ),
        (
            Adaptive::Filter,
            [
                -0.08486176466233485,
                0.02121544116558372,
                0.1272926469935023,
                -0.029589957415156243,
                0.11835982966062496,
                -0.08876987224546871,
                0.0013510886215977016,
                0.06569528847247988,
                0.0,
                0.27915054165241726,
                -0.11166021666096691,
                0.1674903249914504,
            ],
        ),
    ];

    /// ascent/reference.py: a step of SamsungLabs/ASAM, of davda54/sam with `adaptive = True`, and of the filter-wise operator of Kwon et al.
    /// 2021, on one weight matrix, the scale and shift of a BatchNorm and a bias. The definitions are told apart by the shift and the bias.
    #[test]
    fn the_definitions_of_asam_are_those_of_their_codes() {
        let names = named(&["fc.weight", "bn.weight", "bn.bias", "fc.bias"]);
        let parts = |values: &[f64]| {
            let part = |from: usize, n: usize| Tensor::from_slice(&values[from..from + n]);
            vec![part(0, 6).view([2, 3]), part(6, 2), part(8, 2), part(10, 2)]
        };
        let theta: Vec<f64> = (0..12).map(|k| 0.1 * f64::from(k * 7 % 12) - 0.5).collect();
        let gradient: Vec<f64> = (0..12).map(|k| 0.3 * f64::from(k * 5 % 12) - 1.2).collect();
        for (adaptive, known) in REFERENCE {
            let (mut parameters, gradients) = (parts(&theta), parts(&gradient));
            let norm = global_norm(&gradients).unwrap();
            let before = ascend(&names, &mut parameters, &gradients, norm, &sphere(adaptive)).unwrap();
            let epsilon =
                parameters.iter().zip(&before).flat_map(|(now, before)| Vec::<f64>::try_from((now - before).flatten(0, -1)).unwrap());
            for (k, (found, known)) in epsilon.zip(known).enumerate() {
                assert!((found - known).abs() < 1e-12, "{adaptive:?}, entry {k}: {found} against {known}");
            }
        }
    }

    /// Kwon et al. 2021: a layer scaled by A beside one scaled by 1/A computes the same, and ASAM sees the same sharpness.
    #[test]
    fn the_adaptive_ascent_does_not_depend_on_how_layers_are_scaled() {
        let relative = |scale: f64| -> Vec<f64> {
            // L = (ab)²/2 at ab = 2, so ∂a = b·ab and ∂b = a·ab.
            let (a, b) = (scale, 2.0 / scale);
            let mut parameters = [Tensor::from_slice(&[a]), Tensor::from_slice(&[b])];
            let gradients = [Tensor::from_slice(&[b * 2.0]), Tensor::from_slice(&[a * 2.0])];
            let (norm, names) = (global_norm(&gradients).unwrap(), named(&["a.weight", "b.weight"]));
            ascend(&names, &mut parameters, &gradients, norm, &sphere(Adaptive::Theta)).unwrap();
            vec![f64::try_from(&parameters[0]).unwrap() / a, f64::try_from(&parameters[1]).unwrap() / b]
        };
        for (x, y) in relative(1.0).iter().zip(relative(10.0)) {
            assert!((x - y).abs() < 1e-12, "{x} {y}");
        }
    }
}
