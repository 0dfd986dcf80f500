//! [`quadrature`]: the spectral density by stochastic Lanczos quadrature.

use flatland_core::result::SpectralDensity;

use super::Symmetric;
use super::lanczos::Lanczos;
use crate::analysis::AnalysisError;
use crate::analysis::flat::{draws, normal};

/// Per probe v (a random unit vector): nodes are the Ritz values of `steps` Lanczos steps from v, weights the squared first entries of
/// their eigenvectors (Ubaru, Chen, Saad 2017; Ghorbani et al. 2019, arXiv 1901.10159): Gauss quadrature of Σᵢ (vᵢᵀv)² δ(t − λᵢ), whose
/// mean over v is the density. Moments below 2·`steps` of each probe are exact.
///
/// # Errors
/// When cancelled or libtorch fails.
pub(in crate::analysis) fn quadrature(
    map: &mut dyn Symmetric,
    steps: usize,
    probes: usize,
    seed: u64,
) -> Result<SpectralDensity, AnalysisError> {
    let mut density = SpectralDensity { steps: steps.min(map.zero()?.numel()), probes, nodes: Vec::new(), weights: Vec::new() };
    for _ in 0..probes {
        add_probe(&mut density, map, seed)?;
    }
    Ok(density)
}

/// The next probe of [`quadrature`].
pub(super) fn add_probe(density: &mut SpectralDensity, map: &mut dyn Symmetric, seed: u64) -> Result<(), AnalysisError> {
    let mut lanczos = Lanczos::new(&normal(&map.zero()?, &mut draws("density", seed, density.nodes.len()))?, density.steps)?;
    while lanczos.steps() < density.steps && lanczos.step(map)? {}
    let ritz = lanczos.ritz()?;
    density.weights.push(ritz.vectors.iter().map(|s| s.first().copied().unwrap_or(0.0).powi(2)).collect());
    density.nodes.push(ritz.values);
    Ok(())
}
