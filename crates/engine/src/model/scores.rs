//! Scores of single images from their logits [N, C], as tensors: differentiable and on the logits' device.

use tch::{Kind, Tensor};

use super::ModelError;

/// logsumexp(z), the energy score at T = 1, `[N]`, in the kind of the logits; finite exactly where the largest logit is finite and none is NaN.
///
/// # Errors
/// When shapes do not fit.
pub fn energy(logits: &Tensor) -> Result<Tensor, ModelError> {
    Ok(logits.f_logsumexp([1i64].as_slice(), false)?)
}

/// max over c of softmax(z)_c, the maximum softmax probability, `[N]` f64 (Hendrycks & Gimpel 2017).
///
/// # Errors
/// When shapes do not fit.
pub fn max_softmax(logits: &Tensor) -> Result<Tensor, ModelError> {
    Ok(logits.f_to_kind(Kind::Double)?.f_softmax(1, Kind::Double)?.f_amax([1i64].as_slice(), false)?)
}

/// logsumexp(z) − mean over c of z_c, the cross-entropy from the uniform distribution, ≥ ln C, `[N]`, in the kind of the logits (Hendrycks et al.
/// 2019).
///
/// # Errors
/// When shapes do not fit.
pub fn uniform_cross_entropies(logits: &Tensor) -> Result<Tensor, ModelError> {
    Ok(energy(logits)?.f_sub(&logits.f_mean_dim([1i64].as_slice(), false, None::<Kind>)?)?)
}
