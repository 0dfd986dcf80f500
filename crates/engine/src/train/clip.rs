//! [`clip`]: torch.nn.utils.clip_grad_norm_ of the l2 norm.

use tch::Tensor;

use crate::model::ModelError;

/// Scales `gradients`, whose norm over all tensors is `norm`, by `max_norm`/(`norm` + 1e-6) where that is below 1. Gives the norm that they
/// have then.
///
/// # Errors
/// When libtorch fails.
pub fn clip(gradients: &mut [Tensor], norm: f64, max_norm: f64) -> Result<f64, ModelError> {
    let factor = (max_norm / (norm + 1e-6)).min(1.0);
    if factor < 1.0 {
        for gradient in gradients {
            let _ = gradient.f_mul_scalar_(factor)?;
        }
    }
    Ok(factor * norm)
}
