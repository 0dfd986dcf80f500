//! Outlier Exposure, Hendrycks, Mazeika & Dietterich 2019.

use flatland_core::job::MethodInfo;
use serde::Deserialize;

use super::erm::Erm;
use super::losses::{concatenated, cross_entropy, uniform_cross_entropy};
use super::parameters::lambda;
use super::registration::{Registration, build};
use super::{Batch, Forward, Method, Objective};
use crate::model::ModelError;

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
