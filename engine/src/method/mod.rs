//! The objectives of fine-tuning: one file per method, named as in the paper; one trait; one registry ([`method`]).
//!
//! A method says what it minimizes on a batch and whether its gradient is taken at θ or at θ + ε. How gradients are taken, where
//! ε is added and how the optimizer steps is the trainer's business. Deliberately absent: files, threads, printing.

mod dr_sam;
mod erm;
mod outlier_exposure;
mod sam;

use flatland::data::Corruption;
use flatland::job::MethodConfig;
use tch::Tensor;

use crate::model::{ModelError, Output};

pub use dr_sam::DrSam;
pub use erm::Erm;
pub use outlier_exposure::{OutlierExposure, uniform_cross_entropy};
pub use sam::Sam;

/// What one pass sees: normalized images on the network's device.
#[derive(Debug)]
pub struct Batch<'a> {
    /// ID images, [N, C, H, W].
    pub id: &'a Tensor,
    /// Their classes, [N] i64.
    pub labels: &'a Tensor,
    /// Auxiliary outliers, [M, C, H, W]; given when the method [`needs_outliers`](Method::needs_outliers).
    pub outliers: Option<&'a Tensor>,
}

/// The network of the pass under way, in training mode.
pub type Forward<'a> = dyn FnMut(&Tensor) -> Result<Output, ModelError> + 'a;

/// The search for the point where the descent gradient is taken.
#[derive(Clone, Debug, PartialEq)]
pub struct Ascent {
    /// ‖ε‖₂, ≥ 0: ε = ρ·g/‖g‖ with g the gradient of the first pass.
    pub rho: f64,
    /// Corruption of the ID images in the first pass only.
    pub augmentation: Option<Corruption>,
}

/// An objective.
pub trait Method {
    /// As in run files: `erm`, `oe`, ...
    fn key(&self) -> &'static str;

    /// Whether batches must hold outliers.
    fn needs_outliers(&self) -> bool {
        false
    }

    /// `None`: one pass at θ. Otherwise two: the second at θ + ε, and the optimizer steps from θ with its gradient.
    fn ascent(&self) -> Option<Ascent> {
        None
    }

    /// What is minimized, a scalar with its graph.
    ///
    /// # Errors
    /// When shapes do not fit or outliers are missing.
    fn objective(&self, forward: &mut Forward<'_>, batch: &Batch<'_>) -> Result<Tensor, ModelError>;
}

/// The method that `config` asks for.
pub fn method(config: &MethodConfig) -> Box<dyn Method> {
    match config {
        MethodConfig::Erm => Box::new(Erm),
        MethodConfig::Oe { lambda } => Box::new(OutlierExposure { lambda: *lambda }),
        MethodConfig::Sam { rho } => Box::new(Sam { rho: *rho }),
        MethodConfig::DrSam { rho, lambda, augmentation } => Box::new(DrSam {
            rho: *rho,
            lambda: *lambda,
            augmentation: augmentation.as_ref().map(|entry| Corruption { kind: entry.kind.clone(), severity: entry.severity }),
        }),
    }
}
