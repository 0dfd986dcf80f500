//! Empirical risk minimization: cross-entropy on ID images.

use tch::Tensor;

use super::{Batch, Forward, Method};
use crate::model::ModelError;

/// CE(f(x), y), mean over the batch.
#[derive(Clone, Copy, Debug)]
pub struct Erm;

impl Method for Erm {
    fn key(&self) -> &'static str {
        "erm"
    }

    fn objective(&self, forward: &mut Forward<'_>, batch: &Batch<'_>) -> Result<Tensor, ModelError> {
        cross_entropy(&forward(batch.id)?.logits, batch.labels)
    }
}

/// Mean cross-entropy of `logits` [N, C] against classes `labels` [N].
pub(super) fn cross_entropy(logits: &Tensor, labels: &Tensor) -> Result<Tensor, ModelError> {
    Ok(logits.f_cross_entropy_loss(labels, None::<&Tensor>, tch::Reduction::Mean, -100, 0.0)?)
}
