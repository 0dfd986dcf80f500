//! Small operations on flat vectors over the parameters: norms summed in f64, keyed random vectors, files.

use std::path::Path;

use flatland_core::result::{Npz, NpzValues};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use tch::{Device, Kind, Tensor};

use super::AnalysisError;
use crate::model::{Network, ParameterVector, derived_rng};

/// ⟨a, b⟩ summed in f64.
///
/// # Errors
/// When libtorch refuses.
pub(super) fn dot(a: &Tensor, b: &Tensor) -> Result<f64, AnalysisError> {
    Ok(f64::try_from(a.f_to_kind(Kind::Double)?.f_dot(&b.f_to_kind(Kind::Double)?)?)?)
}

/// ‖·‖₂ summed in f64.
///
/// # Errors
/// When libtorch refuses.
pub(super) fn norm(flat: &Tensor) -> Result<f64, AnalysisError> {
    Ok(dot(flat, flat)?.sqrt())
}

/// The generator of draw `index` for `purpose`: a function of these and the seed alone, so that all checkpoints share the draws.
pub(super) fn draws(purpose: &str, seed: u64, index: usize) -> ChaCha8Rng {
    derived_rng("flatland draws of an analysis", &[&seed.to_le_bytes(), &(index as u64).to_le_bytes(), purpose.as_bytes()])
}

/// Entries N(0, 1), of the length, kind and device of `like`.
///
/// # Errors
/// When libtorch refuses.
pub(super) fn normal(like: &Tensor, random: &mut ChaCha8Rng) -> Result<Tensor, AnalysisError> {
    let values: Vec<f32> = (0..like.numel()).map(|_| StandardNormal.sample(random)).collect();
    placed(&values, like)
}

/// Entries ±1 (Rademacher).
///
/// # Errors
/// When libtorch refuses.
pub(super) fn signs(like: &Tensor, random: &mut ChaCha8Rng) -> Result<Tensor, AnalysisError> {
    let values: Vec<f32> = (0..like.numel()).map(|_| if random.random::<bool>() { 1.0 } else { -1.0 }).collect();
    placed(&values, like)
}

/// Entries U(−1, 1).
///
/// # Errors
/// When libtorch refuses.
pub(super) fn uniform(like: &Tensor, random: &mut ChaCha8Rng) -> Result<Tensor, AnalysisError> {
    let values: Vec<f32> = (0..like.numel()).map(|_| random.random_range(-1.0f32..1.0)).collect();
    placed(&values, like)
}

fn placed(values: &[f32], like: &Tensor) -> Result<Tensor, AnalysisError> {
    Ok(Tensor::f_from_slice(values)?.f_to_device(like.device())?.f_to_kind(like.kind())?)
}

/// Adds `flat` to `npz` tensor by tensor, f32, as `prefix` and the name in the state dict.
///
/// # Errors
/// When libtorch refuses.
pub(super) fn push_tensors(npz: &mut Npz, prefix: &str, theta: &ParameterVector, flat: &Tensor) -> Result<(), AnalysisError> {
    let views = theta.with_flat(flat.f_to_device(Device::Cpu)?).views()?;
    for (name, shape, _) in &theta.layout().entries {
        if let Some(view) = views.get(name) {
            let shape: Vec<usize> = shape.iter().map(|&n| n as usize).collect();
            npz.push(format!("{prefix}{name}"), &shape, NpzValues::F32(Vec::<f32>::try_from(&view.f_flatten(0, -1)?)?));
        }
    }
    Ok(())
}

/// `flat`, of the layout of `part`, as a vector over all parameters of `network`: zero where the part has no tensor.
///
/// # Errors
/// When libtorch refuses.
pub(super) fn embedded(network: &Network, part: &ParameterVector, flat: &Tensor) -> Result<ParameterVector, AnalysisError> {
    let whole = network.theta()?;
    let whole = whole.with_flat(whole.flat().f_zeros_like()?);
    let mut places = whole.views()?;
    let views = part.with_flat(flat.f_to_kind(whole.flat().kind())?).views()?;
    for (name, ..) in &part.layout().entries {
        if let (Some(place), Some(view)) = (places.get_mut(name), views.get(name)) {
            place.f_copy_(view)?;
        }
    }
    Ok(whole)
}

/// Writes `flat` as `.npz`, tensors named as in the state dict.
///
/// # Errors
/// When the file cannot be written.
pub(super) fn save_tensors(theta: &ParameterVector, flat: &Tensor, path: &Path) -> Result<(), AnalysisError> {
    let mut npz = Npz::default();
    push_tensors(&mut npz, "", theta, flat)?;
    Ok(npz.save(path)?)
}
