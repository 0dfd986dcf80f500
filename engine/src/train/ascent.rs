//! The ascent of SAM-type methods: θ + ε with ε = ρ·g/(‖g‖ + 1e-12), one global l2 norm over all parameters; adaptive (ASAM, Kwon et
//! al. 2021, as in `davda54/sam`): ε = ρ·θ²g/(‖θg‖ + 1e-12).

use tch::{Kind, Tensor, no_grad};

use super::sgd::copy;
use crate::method::Ascent;
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

/// Moves `parameters` to θ + ε and returns a copy of θ: taking ε off again would leave rounding behind. `norm` is that of `gradients`.
///
/// # Errors
/// When libtorch refuses.
pub fn ascend(parameters: &mut [Tensor], gradients: &[Tensor], norm: f64, ascent: &Ascent) -> Result<Vec<Tensor>, ModelError> {
    no_grad(|| {
        let theta: Vec<Tensor> = parameters.iter().map(copy).collect::<Result<_, _>>()?;
        if ascent.adaptive {
            let scaled =
                theta.iter().zip(gradients).map(|(theta, gradient)| Ok(gradient.f_mul(theta)?)).collect::<Result<Vec<_>, ModelError>>()?;
            let scale = ascent.rho / (global_norm(&scaled)? + 1e-12);
            for ((parameter, theta), scaled) in parameters.iter_mut().zip(&theta).zip(&scaled) {
                let _ = parameter.f_add_(&scaled.f_mul(theta)?.f_mul_scalar(scale)?)?;
            }
        } else {
            let scale = ascent.rho / (norm + 1e-12);
            for (parameter, gradient) in parameters.iter_mut().zip(gradients) {
                let _ = parameter.f_add_(&gradient.f_mul_scalar(scale)?)?;
            }
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

    use super::super::optimizer::Optimizer;
    use super::*;

    fn sphere(adaptive: bool) -> Ascent {
        Ascent { rho: 0.5, adaptive, augmentation: None }
    }

    /// One SAM step on ½(w₁² + 3w₂²) from (1, 2), ρ = 0.5, lr 0.1: golden values of ood.md 18.
    fn step(nesterov: bool, weight_decay: f64) -> Vec<f64> {
        let curvature = Tensor::from_slice(&[1.0f64, 3.0]);
        let mut parameters = [Tensor::from_slice(&[1.0f64, 2.0])];
        let first = [&parameters[0] * &curvature];
        let theta = ascend(&mut parameters, &first, global_norm(&first).unwrap(), &sphere(false)).unwrap();
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
        for adaptive in [false, true] {
            ascend(&mut parameters, &[Tensor::from_slice(&[0.0f64, 0.0])], 0.0, &sphere(adaptive)).unwrap();
            assert_eq!(Vec::<f64>::try_from(&parameters[0]).unwrap(), [1.0, 2.0]);
        }
    }

    /// θ = (1, 2), g = (1, 6): θg = (1, 12), ‖θg‖ = √145, ε = 0.5·(1, 24)/√145; one step of `davda54/sam` by hand.
    #[test]
    fn the_adaptive_ascent_is_measured_in_units_of_the_parameters() {
        let mut parameters = [Tensor::from_slice(&[1.0f64, 2.0])];
        let gradients = [Tensor::from_slice(&[1.0f64, 6.0])];
        let theta = ascend(&mut parameters, &gradients, global_norm(&gradients).unwrap(), &sphere(true)).unwrap();
        let epsilon: Vec<f64> = (&parameters[0] - &theta[0]).try_into().unwrap();
        let unit = 0.5 / 145f64.sqrt();
        assert!((epsilon[0] - unit).abs() < 1e-12 && (epsilon[1] - 24.0 * unit).abs() < 1e-12, "{epsilon:?}");
    }

    /// Kwon et al. 2021: a layer scaled by A beside one scaled by 1/A computes the same, and ASAM sees the same sharpness.
    #[test]
    fn the_adaptive_ascent_does_not_depend_on_how_layers_are_scaled() {
        let relative = |scale: f64| -> Vec<f64> {
            // L = (ab)²/2 at ab = 2, so ∂a = b·ab and ∂b = a·ab.
            let (a, b) = (scale, 2.0 / scale);
            let mut parameters = [Tensor::from_slice(&[a]), Tensor::from_slice(&[b])];
            let gradients = [Tensor::from_slice(&[b * 2.0]), Tensor::from_slice(&[a * 2.0])];
            ascend(&mut parameters, &gradients, global_norm(&gradients).unwrap(), &sphere(true)).unwrap();
            vec![f64::try_from(&parameters[0]).unwrap() / a, f64::try_from(&parameters[1]).unwrap() / b]
        };
        for (x, y) in relative(1.0).iter().zip(relative(10.0)) {
            assert!((x - y).abs() < 1e-12, "{x} {y}");
        }
    }
}
