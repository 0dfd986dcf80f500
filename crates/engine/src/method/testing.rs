//! What tests of methods share.

use tch::Tensor;

/// The value of a scalar.
pub fn number(tensor: &Tensor) -> f64 {
    tensor.double_value(&[])
}

/// Logits [N, 2] and labels whose cross-entropies are `losses`.
pub fn logits_of_losses(losses: &[f64]) -> (Tensor, Tensor) {
    let logits: Vec<f64> = losses.iter().flat_map(|loss| [0.0, (loss.exp() - 1.0).ln()]).collect();
    (Tensor::from_slice(&logits).view([-1, 2]), Tensor::zeros([losses.len() as i64], (tch::Kind::Int64, tch::Device::Cpu)))
}

/// A network whose output is its input.
pub mod fixed {
    use tch::Tensor;

    use super::super::Batch;
    use crate::model::{ModelError, Output};

    /// The identity.
    pub fn forward() -> impl FnMut(&Tensor) -> Result<Output, ModelError> {
        |x: &Tensor| Ok(Output { features: x.shallow_clone(), logits: x.shallow_clone(), auxiliary: None })
    }

    /// A batch of `logits` [N, C].
    pub fn batch<'a>(logits: &'a Tensor, labels: &'a Tensor) -> Batch<'a> {
        Batch { id: logits, labels, outliers: None, environments: None, seed: 0, step: 0, epoch: 0 }
    }
}
