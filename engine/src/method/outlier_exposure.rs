//! Outlier Exposure, Hendrycks, Mazeika & Dietterich 2019.

use tch::{Kind, Tensor};

use super::erm::cross_entropy;
use super::{Batch, Erm, Forward, Method};
use crate::model::ModelError;

/// CE(f(x), y) + λ·[`uniform_cross_entropy`] of the outliers, both from one forward of the concatenated batch: BatchNorm must see
/// the mixture (OpenOOD issue #138). With λ = 0 outliers are left out of the forward too, so that it is ERM to the bit.
#[derive(Clone, Copy, Debug)]
pub struct OutlierExposure {
    /// Weight of the outlier term.
    pub lambda: f64,
}

impl Method for OutlierExposure {
    fn key(&self) -> &'static str {
        "oe"
    }

    fn needs_outliers(&self) -> bool {
        self.lambda != 0.0
    }

    fn objective(&self, forward: &mut Forward<'_>, batch: &Batch<'_>) -> Result<Tensor, ModelError> {
        if !self.needs_outliers() {
            return Erm.objective(forward, batch);
        }
        let outliers = batch.outliers.ok_or_else(|| ModelError::Mismatch("expected outliers in the batch, found none".into()))?;
        let logits = forward(&Tensor::f_cat(&[batch.id, outliers], 0)?)?.logits;
        let n = batch.labels.size1()?;
        let id = cross_entropy(&logits.f_narrow(0, 0, n)?, batch.labels)?;
        let outlier = uniform_cross_entropy(&logits.f_narrow(0, n, outliers.size()[0])?)?;
        Ok(id.f_add(&outlier.f_mul_scalar(self.lambda)?)?)
    }
}

/// mean_b [ logsumexp(z_b) − mean_c z_bc ]: the cross-entropy from the uniform distribution, ≥ ln C. `logits` is [M, C].
///
/// # Errors
/// When libtorch refuses.
pub fn uniform_cross_entropy(logits: &Tensor) -> Result<Tensor, ModelError> {
    let per_image = logits.f_logsumexp([1i64].as_slice(), false)?.f_sub(&logits.f_mean_dim([1i64].as_slice(), false, None::<Kind>)?)?;
    Ok(per_image.f_mean(None::<Kind>)?)
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
