//! Losses of logits that several methods share.

use tch::{Kind, Tensor};

use super::{Batch, Forward};
use crate::model::{ModelError, Output, uniform_cross_entropies};

/// Mean cross-entropy of `logits` [N, C] against classes `labels` [N].
pub fn cross_entropy(logits: &Tensor, labels: &Tensor) -> Result<Tensor, ModelError> {
    Ok(logits.f_cross_entropy_loss(labels, None::<&Tensor>, tch::Reduction::Mean, -100, 0.0)?)
}

/// Cross-entropy of each row of `logits` [N, C] against classes `labels` [N], [N].
pub fn cross_entropies(logits: &Tensor, labels: &Tensor) -> Result<Tensor, ModelError> {
    Ok(logits.f_cross_entropy_loss(labels, None::<&Tensor>, tch::Reduction::None, -100, 0.0)?)
}

/// What the network says of ID images and outliers in one forward, and the number of ID images, which come first.
pub fn concatenated(forward: &mut Forward<'_>, batch: &Batch<'_>) -> Result<(Output, i64), ModelError> {
    let both = Tensor::f_cat(&[batch.id, batch.need_outliers()?], 0)?;
    Ok((forward(&both)?, batch.labels.size1()?))
}

/// mean_b [ logsumexp(z_b) − mean_c z_bc ]: the cross-entropy from the uniform distribution, ≥ ln C. `logits` is [M, C].
///
/// # Errors
/// When libtorch refuses.
pub fn uniform_cross_entropy(logits: &Tensor) -> Result<Tensor, ModelError> {
    Ok(uniform_cross_entropies(logits)?.f_mean(None::<Kind>)?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// Golden values of ood.md 18.
    #[test]
    fn the_outlier_term_matches_the_golden_values() {
        let term = |z: &[f64]| f64::try_from(uniform_cross_entropy(&Tensor::from_slice(z).view([1, -1])).unwrap()).unwrap();
        assert!((term(&[2.0, -1.0, 0.5]) - 1.741311297).abs() < 1e-9);
        assert!((term(&[0.0; 10]) - std::f64::consts::LN_10).abs() < 1e-9);
    }
}
