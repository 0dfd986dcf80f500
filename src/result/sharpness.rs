//! [`SharpnessCurve`]: lower bounds of S(ρ) = max over ‖ε‖₂ ≤ ρ of L(θ+ε) − L(θ).

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{ResultError, write_atomic};

/// The best perturbation found within one radius.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SharpnessPoint {
    /// Radius.
    pub rho: f64,
    /// L(θ+ε) − L(θ) of the best ε found: a lower bound of S(ρ), ≥ 0 (ε = 0 is allowed).
    pub sharpness: f64,
    /// Standard error of the paired per-sample difference.
    pub std_error: f64,
    /// ‖ε‖₂ of that ε.
    pub epsilon_norm: f64,
}

/// A monotone curve of lower bounds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SharpnessCurve {
    /// Name of the checkpoint.
    pub checkpoint: String,
    /// Name of the dataset.
    pub dataset: String,
    /// L(θ).
    pub center_loss: f64,
    /// ‖θ‖₂ over all parameters.
    pub theta_norm: f64,
    /// Images evaluated.
    pub samples: usize,
    /// `projected gradient ascent`.
    pub estimator: String,
    /// Always `lower`: every ε found proves a lower bound.
    pub bound: String,
    /// Gradient steps per radius.
    pub steps: usize,
    /// `frozen`.
    pub batch_norm: String,
    /// `f32`.
    pub precision: String,
    /// Ascending in ρ; `sharpness` never falls.
    pub points: Vec<SharpnessPoint>,
}

impl SharpnessCurve {
    /// Writes `sharpness.json` into `folder`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save(&self, folder: &Path) -> Result<(), ResultError> {
        let json = serde_json::to_string_pretty(self).unwrap_or_default() + "\n";
        write_atomic(&folder.join("sharpness.json"), json.as_bytes())
    }

    /// Reads what [`SharpnessCurve::save`] wrote.
    ///
    /// # Errors
    /// When the file is missing, unreadable or not what it should be.
    pub fn load(folder: &Path) -> Result<Self, ResultError> {
        let path = folder.join("sharpness.json");
        let text = std::fs::read_to_string(&path).map_err(|source| ResultError::Io { action: "read", source, path: path.clone() })?;
        serde_json::from_str(&text).map_err(|error| ResultError::Invalid { message: error.to_string(), path })
    }
}
