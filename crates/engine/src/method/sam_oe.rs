//! SAM on the Outlier Exposure objective: DR-SAM without its augmentation (Tables 7 and 8 of the DR-SAM paper).

use flatland_core::job::MethodInfo;
use serde::Deserialize;

use super::outlier_exposure::OutlierExposure;
use super::parameters::{lambda, number};
use super::registration::{Registration, build};
use super::{Ascent, Batch, Forward, Method, Objective};
use crate::model::ModelError;

pub const REGISTRATION: Registration = Registration { info, build: build::<SamOe> };

fn info() -> MethodInfo {
    MethodInfo {
        key: "sam_oe".into(),
        name: "SAM + OE".into(),
        objective: "max over ‖ε‖₂ ≤ ρ of the OE objective at θ + ε".into(),
        source: "DR-SAM paper, Tables 7 and 8 (ablation)".into(),
        parameters: vec![number("rho", "ρ", 0.5, [0.0, 100.0], "Radius of the ascent (as DR-SAM's: 0.5)"), lambda()],
        outliers: true,
        environments: false,
        score: "MSP".into(),
    }
}

/// max over ‖ε‖₂ ≤ ρ of the Outlier Exposure objective at θ + ε, to first order.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SamOe {
    /// Radius of the ascent.
    pub rho: f64,
    /// Weight of the outlier term.
    pub lambda: f64,
}

impl Method for SamOe {
    fn key(&self) -> &'static str {
        "sam_oe"
    }

    fn needs_outliers(&self) -> bool {
        self.lambda != 0.0
    }

    fn ascent(&self) -> Option<Ascent> {
        Some(Ascent::plain(self.rho))
    }

    fn objective(&mut self, forward: &mut Forward<'_>, batch: &Batch<'_>) -> Result<Objective, ModelError> {
        OutlierExposure { lambda: self.lambda }.objective(forward, batch)
    }
}
