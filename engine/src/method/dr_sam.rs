//! Distribution-Robust SAM ("Breaking the Detection-Generalization Paradox on Out-Of-Distribution Data", Algorithm 1).

use flatland::data::Corruption;
use tch::Tensor;

use super::{Ascent, Batch, Forward, Method, OutlierExposure};
use crate::model::ModelError;

/// max over ‖ε‖₂ ≤ ρ of the Outlier Exposure objective at θ + ε, ε found on augmented ID images and the same outliers.
///
/// Settled where the paper is open (ood.md 2): the ascent gradient is taken at θ (Algorithm 1, line 3; Eq. 9 is circular), λ acts in
/// both passes, outliers are never augmented, both passes see the same crops. λ = 0 without augmentation is SAM to the bit, ρ = 0
/// without augmentation is Outlier Exposure to the bit.
#[derive(Clone, Debug)]
pub struct DrSam {
    /// Radius of the ascent.
    pub rho: f64,
    /// Weight of the outlier term.
    pub lambda: f64,
    /// Corruption of the ID images in the first pass.
    pub augmentation: Option<Corruption>,
}

impl Method for DrSam {
    fn key(&self) -> &'static str {
        "dr_sam"
    }

    fn needs_outliers(&self) -> bool {
        self.lambda != 0.0
    }

    fn ascent(&self) -> Option<Ascent> {
        Some(Ascent { rho: self.rho, augmentation: self.augmentation.clone() })
    }

    fn objective(&self, forward: &mut Forward<'_>, batch: &Batch<'_>) -> Result<Tensor, ModelError> {
        OutlierExposure { lambda: self.lambda }.objective(forward, batch)
    }
}
