//! [`HessianSettings`]: what to compute of the Hessian of the mean loss at θ.

use serde::{Deserialize, Serialize};

use super::LossSettings;

/// How finely the spectral density is sampled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DensityQuality {
    /// Not at all.
    None,
    /// 5 probes of 50 Lanczos steps.
    #[default]
    Preview,
    /// 20 probes of 100 Lanczos steps.
    Quality,
}

impl DensityQuality {
    /// Lanczos steps per probe, and probes.
    pub fn size(self) -> (usize, usize) {
        match self {
            DensityQuality::None => (0, 0),
            DensityQuality::Preview => (50, 5),
            DensityQuality::Quality => (100, 20),
        }
    }
}

/// The Hessian's extreme eigenvalues, its trace and its spectral density.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HessianSettings {
    /// Eigenpairs from the largest eigenvalue downwards, ≥ 1; λ_min is always computed in addition.
    pub top: usize,
    /// Lanczos steps for them at most.
    pub lanczos_steps: usize,
    /// They count as converged when every residual ‖Hv − λv‖ is at most this share of the largest |λ|.
    pub tolerance: f64,
    /// Probes of Hutch++'s remainder (and of its sketch), ≥ 2; 0 = no trace. Three products with H each.
    pub trace_probes: usize,
    /// Spectral density.
    pub density: DensityQuality,
    /// The loss that is measured.
    #[serde(skip_serializing_if = "LossSettings::is_plain")]
    pub loss: LossSettings,
    /// Globs on the names of parameters, e.g. `layer3.*`, as those of `[landscape.directions]`: only parameters that match one move. Empty = all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<String>,
    /// Also computes the same for each layer alone, which takes far longer. A layer is a module with parameters of its own.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub per_layer: bool,
    /// Names of the datasets to evaluate; empty = as for the landscape.
    pub datasets: Vec<String>,
}

impl Default for HessianSettings {
    fn default() -> Self {
        Self {
            top: 5,
            lanczos_steps: 100,
            tolerance: 1e-3,
            trace_probes: 20,
            density: DensityQuality::Preview,
            loss: LossSettings::default(),
            layers: Vec::new(),
            per_layer: false,
            datasets: Vec::new(),
        }
    }
}

impl HessianSettings {
    /// Whether the values are valid; the message says what was expected and found.
    ///
    /// # Errors
    /// When they do not.
    pub fn check(&self) -> Result<(), String> {
        let least = |name: &str, found: usize, least: usize| {
            if found < least { Err(format!("expected {name} ≥ {least}, found {found}")) } else { Ok(()) }
        };
        least("top", self.top, 1)?;
        least("lanczos_steps", self.lanczos_steps, self.top + 1)?;
        if self.trace_probes > 0 {
            least("trace_probes (or 0 for no trace)", self.trace_probes, 2)?;
        }
        if !(self.tolerance > 0.0 && self.tolerance < 1.0) {
            return Err(format!("expected a tolerance between 0 and 1, found {}", self.tolerance));
        }
        self.loss.check()
    }
}
