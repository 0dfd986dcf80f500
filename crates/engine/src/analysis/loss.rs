//! [`Loss`]: the loss of single images from their logits, and the term that weight decay adds.

use flatland_core::session::{LossKind, LossSettings};
use tch::{Device, Kind, Tensor};

use super::AnalysisError;
use crate::model::{Network, Tensors};

/// See [`LossSettings`]: the definitions are there.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Loss(pub LossSettings);

impl Loss {
    /// Of each image, `[N]` f64, from logits [N, C] and labels `[N]` in 0..C; differentiable.
    ///
    /// # Errors
    /// When shapes do not fit or a label is not in 0..C.
    pub fn of_images(self, logits: &Tensor, labels: &Tensor) -> Result<Tensor, AnalysisError> {
        let logits = logits.f_to_kind(Kind::Double)?;
        match self.0.kind {
            LossKind::CrossEntropy => self.cross_entropy(&logits, labels),
            LossKind::Mse => mean_square(&logits, labels),
            LossKind::MseSoftmax => mean_square(&logits.f_softmax(1, Kind::Double)?, labels),
        }
    }

    /// −Σ_c q_c ln p_c with q the smoothed labels.
    fn cross_entropy(self, logits: &Tensor, labels: &Tensor) -> Result<Tensor, AnalysisError> {
        let log_p = logits.f_log_softmax(1, Kind::Double)?;
        let right = log_p.f_gather(1, &labels.f_unsqueeze(1)?, false)?.f_squeeze_dim(1)?.f_neg()?;
        let smoothing = self.0.label_smoothing;
        if smoothing == 0.0 {
            return Ok(right);
        }
        let all = log_p.f_mean_dim([1i64].as_slice(), false, Kind::Double)?.f_neg()?;
        Ok(right.f_mul_scalar(1.0 - smoothing)?.f_add(&all.f_mul_scalar(smoothing)?)?)
    }

    /// What weight decay adds where ‖θ‖² is `square`.
    pub fn decay(self, square: f64) -> f64 {
        if self.0.weight_decay == 0.0 { 0.0 } else { 0.5 * self.0.weight_decay * square }
    }

    /// The same at the weights of `network`.
    ///
    /// # Errors
    /// When libtorch fails.
    pub fn decay_at(self, network: &Network) -> Result<f64, AnalysisError> {
        if self.0.weight_decay == 0.0 {
            return Ok(0.0);
        }
        Ok(self.decay(square(&network.tensors, &network.parameter_names())?))
    }
}

/// Mean over classes of (x_c − 1{c = y})².
fn mean_square(x: &Tensor, labels: &Tensor) -> Result<Tensor, AnalysisError> {
    let classes = x.size().last().copied().unwrap_or(0);
    let one_hot = labels.f_one_hot(classes)?.f_to_kind(Kind::Double)?;
    Ok(x.f_sub(&one_hot)?.f_square()?.f_mean_dim([1i64].as_slice(), false, Kind::Double)?)
}

/// Σ over the tensors called `names` of ‖·‖₂², in f64.
///
/// # Errors
/// When libtorch fails.
pub fn square(tensors: &Tensors, names: &[String]) -> Result<f64, AnalysisError> {
    let mut sum = 0.0;
    for tensor in names.iter().filter_map(|name| tensors.get(name)) {
        let square = tensor.detach().f_to_kind(Kind::Double)?.f_square()?.f_sum(Kind::Double)?;
        sum += f64::try_from(square.f_to_device(Device::Cpu)?)?;
    }
    Ok(sum)
}

#[cfg(test)]
pub(in crate::analysis) mod tests;
