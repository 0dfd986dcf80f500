//! Mixed precision: forward and backward in bfloat16 where it pays, everything that is stored or summed in float32.
//!
//! As PyTorch's autocast divides the work: convolutions and linear layers in bfloat16; BatchNorm's parameters and statistics, the
//! losses, gradients of the weights, momentum and the weights themselves in float32. bfloat16 has float32's range, so no loss is scaled.

use tch::{Kind, Tensor};

use crate::model::{ModelError, Output, Tensors};

/// `tensors` with the weights and biases of convolutions and linear layers in bfloat16, as functions of those in float32; the others
/// share memory with the given ones, so BatchNorm's statistics are still updated.
///
/// # Errors
/// When there is no memory.
pub fn narrowed(tensors: &Tensors) -> Result<Tensors, ModelError> {
    let is_matrix = |name: &str| tensors.get(name).is_some_and(|tensor| tensor.dim() >= 2);
    let narrow = |(name, tensor): (&String, &Tensor)| -> Result<(String, Tensor), ModelError> {
        let bias_of_matrix = name.strip_suffix(".bias").is_some_and(|layer| is_matrix(&format!("{layer}.weight")));
        let narrow = is_matrix(name) || bias_of_matrix;
        Ok((name.clone(), if narrow { tensor.f_to_kind(Kind::BFloat16)? } else { tensor.shallow_clone() }))
    };
    tensors.iter().map(narrow).collect()
}

/// An output in float32.
///
/// # Errors
/// When there is no memory.
pub fn widened(output: &Output) -> Result<Output, ModelError> {
    let wide = |tensor: &Tensor| tensor.f_to_kind(Kind::Float);
    Ok(Output {
        features: wide(&output.features)?,
        logits: wide(&output.logits)?,
        auxiliary: output.auxiliary.as_ref().map(wide).transpose()?,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use flatland_core::job::{BatchNormUpdate, MethodConfig, OptimizerConfig};
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;
    use tch::Device;

    use super::super::step::{StepInput, StepLoss, Trainee};
    use super::*;
    use crate::method::method;
    use crate::model::Network;

    /// Loss, gradient norm and statistics of a step, and by how much the first convolution moved.
    fn step(bf16: bool) -> (StepLoss, Tensor, Tensor) {
        let mut method = method(&MethodConfig::new("sam").with("rho", 0.05)).unwrap();
        let network = Network::random("resnet8", 7, 3, Device::Cpu).unwrap();
        let before = network.tensors["conv1.weight"].copy();
        let mut trainee = Trainee::new(network, &OptimizerConfig::default(), method.as_ref()).unwrap();
        trainee.bf16 = bf16;
        // Noise: on a regular picture BatchNorm divides by almost nothing.
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let noise: Vec<f32> = (0..16 * 3 * 32 * 32).map(|_| rng.random_range(-1.7..1.7)).collect();
        let id = Tensor::from_slice(&noise).view([16, 3, 32, 32]);
        let labels = Tensor::arange(16, (Kind::Int64, Device::Cpu)).remainder(7);
        let input = StepInput { id, first_id: None, labels, outliers: None, environments: None, seed: 0, step: 0, epoch: 0 };
        let loss = trainee.step(method.as_mut(), &[input], BatchNormUpdate::First, 0.01).unwrap();
        let tensors = &trainee.network.tensors;
        assert!(tensors.values().all(|tensor| tensor.kind() != Kind::BFloat16));
        (loss, tensors["conv1.weight"].detach() - before, tensors["bn1.running_mean"].copy())
    }

    #[test]
    fn a_step_in_bfloat16_is_the_step_in_float32_but_for_rounding() {
        let ((wide, moved, mean), (narrow, narrow_moved, narrow_mean)) = (step(false), step(true));
        let off = |a: f64, b: f64| (a / b - 1.0).abs();
        assert!(off(narrow.first, wide.first) < 0.02 && narrow.first != wide.first, "{narrow:?} {wide:?}");
        assert!(off(narrow.gradient_norm, wide.gradient_norm) < 0.1, "{narrow:?} {wide:?}");
        let distance = |a: &Tensor, b: &Tensor| f64::try_from((a - b).norm() / b.norm()).unwrap();
        // PyTorch's own, on such a network: 0.2; two gradients that have nothing to do with each other: 1.4.
        assert!(distance(&narrow_moved, &moved) < 0.5, "{}", distance(&narrow_moved, &moved));
        assert!(distance(&narrow_mean, &mean) < 0.02 && f64::try_from(mean.norm()).unwrap() > 0.0);
    }
}
