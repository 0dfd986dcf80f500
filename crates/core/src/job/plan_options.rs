//! [`PlanOptions`]: what a plan needs besides the session.

use std::path::PathBuf;

use super::device::{Device, Precision};

/// Choices that a session does not hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlanOptions {
    /// Names of the checkpoints; empty = all.
    pub checkpoints: Vec<String>,
    /// Names of the datasets; empty = those of the settings.
    pub datasets: Vec<String>,
    /// At most so many images of every dataset.
    pub samples: Option<usize>,
    /// Replaces the session's seed.
    pub seed: Option<u64>,
    /// Device.
    pub device: Device,
    /// Precision.
    pub precision: Precision,
    /// Also write `directions.npz`.
    pub save_directions: bool,
    /// Evaluate the plane of this file.
    pub directions: Option<PathBuf>,
    /// Also write the best ε of every ρ.
    pub save_perturbations: bool,
    /// Also write the eigenvectors of the Hessian.
    pub save_eigenvectors: bool,
    /// Where landscapes share their cells.
    pub cells: Option<PathBuf>,
}
