//! Outlier Exposure, Hendrycks, Mazeika & Dietterich 2019.

use flatland_core::job::{MethodInfo, ParameterInfo};
use serde::Deserialize;
use tch::{Kind, Tensor};

use super::erm::cross_entropy;
use super::parameters::number;
use super::registry::{Registration, build};
use super::{Batch, Erm, Forward, Method, Objective};
use crate::model::{ModelError, Output};

pub const REGISTRATION: Registration = Registration { info, build: build::<OutlierExposure> };

fn info() -> MethodInfo {
    MethodInfo {
        key: "oe".into(),
        name: "Outlier Exposure".into(),
        objective: "CE(f(x), y) + λ·mean over outliers of [logsumexp(z) − mean_c z_c]".into(),
        source: "Hendrycks, Mazeika & Dietterich 2019, section 3; one concatenated forward (OpenOOD issue #138)".into(),
        parameters: vec![lambda()],
        outliers: true,
        environments: false,
        score: "MSP".into(),
    }
}

/// λ of the outlier term.
pub(super) fn lambda() -> ParameterInfo {
    number("lambda", "λ", 0.5, [0.0, 100.0], "Weight of the outlier term; 0 leaves outliers out (Hendrycks et al. 2019: 0.5)")
}

/// CE(f(x), y) + λ·[`uniform_cross_entropy`] of the outliers, both from one forward of the concatenated batch: BatchNorm must see
/// the mixture (OpenOOD issue #138). With λ = 0 outliers are left out of the forward too, so that it is ERM to the bit.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
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

    fn objective(&mut self, forward: &mut Forward<'_>, batch: &Batch<'_>) -> Result<Objective, ModelError> {
        if !self.needs_outliers() {
            return Erm::default().objective(forward, batch);
        }
        let (output, n) = concatenated(forward, batch)?;
        let id = cross_entropy(&output.logits.f_narrow(0, 0, n)?, batch.labels)?;
        let outlier = uniform_cross_entropy(&output.logits.f_narrow(0, n, output.logits.size()[0] - n)?)?;
        Objective::sum(("ce", id), self.lambda, ("outlier", outlier))
    }
}

/// What the network says of ID images and outliers in one forward, and the number of ID images, which come first.
pub(super) fn concatenated(forward: &mut Forward<'_>, batch: &Batch<'_>) -> Result<(Output, i64), ModelError> {
    let both = Tensor::f_cat(&[batch.id, batch.need_outliers()?], 0)?;
    Ok((forward(&both)?, batch.labels.size1()?))
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
