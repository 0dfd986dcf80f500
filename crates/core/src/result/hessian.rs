//! [`HessianSpectrum`]: eigenvalues, trace and spectral density of the Hessian of the mean loss at θ.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{LabelRecord, ResultError, UnreadableImage, json};

/// An eigenvalue with its error bound: some eigenvalue of H lies within `residual` of `value`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Eigenvalue {
    /// λ = vᵀHv of the unit vector v found.
    pub value: f64,
    /// ‖Hv − λv‖₂, measured with one more product.
    pub residual: f64,
}

/// tr H by Hutch++ (Meyer et al. 2021, arXiv 2010.09649, algorithm 1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Trace {
    /// tr QᵀHQ, exact for the sketch Q, plus the mean over the probes of the remainder.
    pub value: f64,
    /// Standard error of that mean over the probes; 0 where the sketch spans everything.
    pub std_error: f64,
    /// Probes of the remainder, and columns of the sketch.
    pub probes: usize,
}

/// Spectral density by stochastic Lanczos quadrature: p(t) ≈ mean over probes of Σ weight·δ(t − node), of total mass 1.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SpectralDensity {
    /// Lanczos steps per probe; fewer nodes where the Krylov space was exhausted.
    pub steps: usize,
    /// Random unit vectors.
    pub probes: usize,
    /// Per probe, ascending.
    pub nodes: Vec<Vec<f64>>,
    /// Per probe, as `nodes`; each probe's add up to 1.
    pub weights: Vec<Vec<f64>>,
}

impl SpectralDensity {
    /// Smallest and largest node; `None` when there are none.
    pub fn range(&self) -> Option<(f64, f64)> {
        let nodes = || self.nodes.iter().flatten().copied();
        nodes().next().map(|_| (nodes().fold(f64::INFINITY, f64::min), nodes().fold(f64::NEG_INFINITY, f64::max)))
    }

    /// The density at `t` with every node replaced by a Gaussian of standard deviation `sigma`: mean over the probes.
    pub fn at(&self, t: f64, sigma: f64) -> f64 {
        let gauss = |x: f64| (-0.5 * (x / sigma).powi(2)).exp() / (sigma * (2.0 * std::f64::consts::PI).sqrt());
        let pairs = self.nodes.iter().flatten().zip(self.weights.iter().flatten());
        pairs.map(|(node, weight)| weight * gauss(t - node)).sum::<f64>() / self.nodes.len().max(1) as f64
    }

    /// ∫ tᵏ p(t) dt, an estimate of tr(Hᵏ)/P, per probe.
    pub fn moments(&self, k: i32) -> Vec<f64> {
        let of = |(nodes, weights): (&Vec<f64>, &Vec<f64>)| nodes.iter().zip(weights).map(|(t, w)| w * t.powi(k)).sum();
        self.nodes.iter().zip(&self.weights).map(of).collect()
    }
}

/// The Hessian with respect to the parameters of one layer alone: a block on the diagonal of H.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LayerCurvature {
    /// The common prefix of its parameters' names: `layer1.0.conv1`.
    pub name: String,
    /// P of the layer, the side of the block.
    pub parameters: usize,
    /// ‖·‖₂ of its parameters.
    pub theta_norm: f64,
    /// Largest eigenvalue of the block.
    pub lambda_max: Eigenvalue,
    /// Whether its residual is within the requested tolerance.
    pub converged: bool,
    /// Trace of the block by Hutchinson: mean over `probes` random signs v of v·Hv within the layer. Absent if no trace was requested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<Trace>,
}

impl LayerCurvature {
    /// Trace over the number of parameters, the mean eigenvalue, with its standard error.
    pub fn mean_eigenvalue(&self) -> Option<(f64, f64)> {
        let n = self.parameters.max(1) as f64;
        self.trace.map(|trace| (trace.value / n, trace.std_error / n))
    }
}

/// The Hessian of one checkpoint on one dataset, as far as it was computed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HessianSpectrum {
    /// Name of the checkpoint.
    pub checkpoint: String,
    /// Name of the dataset.
    pub dataset: String,
    /// L(θ), the mean loss.
    pub center_loss: f64,
    /// ‖∇L(θ)‖₂
    pub gradient_norm: f64,
    /// ‖θ‖₂ over the tensors that move.
    pub theta_norm: f64,
    /// A description of the loss; absent if it is plain cross-entropy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss: Option<String>,
    /// Images evaluated.
    pub samples: usize,
    /// What their labels follow from; absent in older files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<LabelRecord>,
    /// P, the side of H.
    pub parameters: usize,
    /// Which tensors move: `all trainable parameters`, or those that match some globs.
    pub tensors: String,
    /// `frozen`: evaluation mode, running statistics do not move.
    pub batch_norm: String,
    /// `f32`.
    pub precision: String,
    /// Seed of all starts and probes.
    pub seed: u64,
    /// Lanczos steps spent on the eigenpairs.
    pub lanczos_steps: usize,
    /// Requested bound of the residuals, as a share of the largest |λ|.
    pub tolerance: f64,
    /// Whether all residuals below are that small.
    pub converged: bool,
    /// Products with H in all.
    pub products: u64,
    /// The largest eigenvalues, descending.
    pub top: Vec<Eigenvalue>,
    /// The smallest.
    pub lambda_min: Eigenvalue,
    /// Trace, if requested.
    pub trace: Option<Trace>,
    /// Spectral density, if requested.
    pub density: Option<SpectralDensity>,
    /// Of each layer alone, in the order of the network; empty if not requested.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<LayerCurvature>,
    /// A remark that is needed to read the numbers: that second derivatives vanish in float32.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
    /// Images of the dataset that could not be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unreadable: Vec<UnreadableImage>,
}

impl HessianSpectrum {
    /// λ_max; `None` before anything is computed.
    pub fn lambda_max(&self) -> Option<Eigenvalue> {
        self.top.first().copied()
    }

    /// Writes `hessian.json` into `folder`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save(&self, folder: &Path) -> Result<(), ResultError> {
        json::save(&folder.join("hessian.json"), self)
    }

    /// Reads what [`HessianSpectrum::save`] wrote.
    ///
    /// # Errors
    /// When the file is missing, unreadable or not what it should be.
    pub fn load(folder: &Path) -> Result<Self, ResultError> {
        json::load(&folder.join("hessian.json"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smeared_density_has_mass_one_and_the_moments_of_its_nodes() {
        let density = SpectralDensity {
            steps: 2,
            probes: 2,
            nodes: vec![vec![-1.0, 3.0], vec![0.0, 4.0]],
            weights: vec![vec![0.25, 0.75], vec![0.5, 0.5]],
        };
        assert_eq!(density.range(), Some((-1.0, 4.0)));
        assert_eq!(density.moments(0), [1.0, 1.0]);
        assert_eq!(density.moments(2), [0.25 + 6.75, 8.0]);
        let (sigma, step) = (0.3, 0.01);
        let grid = || (0..1000).map(|k| -3.0 + step * f64::from(k));
        let integral = |f: fn(f64) -> f64| grid().map(|t| f(t) * density.at(t, sigma) * step).sum::<f64>();
        assert!((integral(|_| 1.0) - 1.0).abs() < 1e-6);
        assert!((integral(|t| t) - 2.0).abs() < 1e-5);
        assert_eq!(SpectralDensity::default().range(), None);
    }
}
