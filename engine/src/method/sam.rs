//! Sharpness-Aware Minimization, Foret et al. 2021.

use tch::Tensor;

use super::{Ascent, Batch, Erm, Forward, Method};
use crate::model::ModelError;

/// max over ‖ε‖₂ ≤ ρ of CE at θ + ε, to first order.
#[derive(Clone, Copy, Debug)]
pub struct Sam {
    /// Radius of the ascent.
    pub rho: f64,
}

impl Method for Sam {
    fn key(&self) -> &'static str {
        "sam"
    }

    fn ascent(&self) -> Option<Ascent> {
        Some(Ascent { rho: self.rho, augmentation: None })
    }

    fn objective(&self, forward: &mut Forward<'_>, batch: &Batch<'_>) -> Result<Tensor, ModelError> {
        Erm.objective(forward, batch)
    }
}
