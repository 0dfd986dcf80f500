//! Distribution-Robust SAM ("Breaking the Detection-Generalization Paradox on Out-Of-Distribution Data", Algorithm 1).

use flatland_core::data::{Augmentation, Severity};
use flatland_core::job::MethodInfo;
use serde::Deserialize;

use super::outlier_exposure::OutlierExposure;
use super::parameters::{augmentation, lambda, number};
use super::registration::{Registration, build};
use super::{Ascent, Batch, Forward, Method, Objective};
use crate::model::ModelError;

pub const REGISTRATION: Registration = Registration { info, build: build::<DrSam> };

fn info() -> MethodInfo {
    let brightness = Augmentation { kind: "brightness".into(), severity: Some(Severity::Fixed(1)) };
    MethodInfo {
        key: "dr_sam".into(),
        name: "DR-SAM".into(),
        objective: "max over ‖ε‖₂ ≤ ρ of the OE objective at θ + ε, ε found on augmented ID images and the same outliers".into(),
        source: "“Breaking the Detection-Generalization Paradox on Out-Of-Distribution Data”, Eq. 8 and Algorithm 1".into(),
        parameters: vec![
            number("rho", "ρ", 0.5, [0.0, 100.0], "Radius of the ascent (appendix F: 0.5 on CIFAR-10 and ImageNet-200, 0.2 on CIFAR-100)"),
            lambda(),
            augmentation(
                "augmentation",
                brightness,
                "Augmentation of the ID images in the first pass (the paper: brightness; its severity is not stated, 1 is ours)",
            ),
        ],
        outliers: true,
        environments: false,
        score: "MSP".into(),
    }
}

/// max over ‖ε‖₂ ≤ ρ of the Outlier Exposure objective at θ + ε, ε found on augmented ID images and the same outliers.
///
/// Settled where the paper is open (ood.md 2): the ascent gradient is taken at θ (Algorithm 1, line 3; Eq. 9 is circular), λ acts in
/// both passes, outliers are never augmented, both passes see the same crops. λ = 0 without augmentation is SAM to the bit, ρ = 0
/// without augmentation is Outlier Exposure to the bit.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DrSam {
    /// Radius of the ascent.
    pub rho: f64,
    /// Weight of the outlier term.
    pub lambda: f64,
    /// Augmentation of the ID images in the first pass.
    #[serde(default)]
    pub augmentation: Option<Augmentation>,
}

impl Method for DrSam {
    fn key(&self) -> &'static str {
        "dr_sam"
    }

    fn needs_outliers(&self) -> bool {
        self.lambda != 0.0
    }

    fn ascent(&self) -> Option<Ascent> {
        Some(Ascent { augmentation: self.augmentation.clone(), ..Ascent::plain(self.rho) })
    }

    fn objective(&mut self, forward: &mut Forward<'_>, batch: &Batch<'_>) -> Result<Objective, ModelError> {
        OutlierExposure { lambda: self.lambda }.objective(forward, batch)
    }
}
