//! Axes from files: saved directions, worst-case perturbations, eigenvectors.

use flatland_core::result::Npz;
use flatland_core::session::{AxisFile, DirectionRule};

use super::super::super::AnalysisError;
use super::super::Directions;
use super::super::direction::Direction;
use super::super::direction::random::{random, random_eta};
use crate::model::Network;

/// Reads the axis called `axis` (`delta` or `eta`): tensors below the given key, else below the axis' name where the file has it,
/// else without a prefix. Scaled to the given length.
///
/// # Errors
/// When the file cannot be read, lacks a parameter, or cannot have the length.
pub fn read(file: &AxisFile, axis: &str, network: &Network) -> Result<Direction, AnalysisError> {
    let path = file.path();
    let npz = Npz::load(path)?;
    let (key, length) = match file {
        AxisFile::Path(_) => (None, None),
        AxisFile::Part(part) => (part.key.as_deref(), part.length),
    };
    let prefix = match key {
        Some(key) => format!("{key}/"),
        None if npz.arrays.iter().any(|array| array.name.starts_with(&format!("{axis}/"))) => format!("{axis}/"),
        None => String::new(),
    };
    let mut direction = Direction::of_npz(&npz, &prefix, path, network)?;
    let norm = direction.norm();
    let invalid = |message: String| AnalysisError::Invalid(format!("{message} ({})", path.display()));
    if !(norm.is_finite() && norm > 0.0) {
        return Err(invalid(format!("expected an axis of a length above 0, found {norm}")));
    }
    match length {
        Some(length) if length.is_finite() && length > 0.0 => direction.scale(length / norm),
        Some(length) => return Err(invalid(format!("expected a finite length above 0, found {length}"))),
        None => {}
    }
    Ok(direction)
}

/// The given axes, and random ones for missing axes.
///
/// # Errors
/// As [`Directions::random`].
pub fn beside_random(
    delta: Option<Direction>,
    eta: Option<Direction>,
    network: &Network,
    rule: &DirectionRule,
    seed: u64,
) -> Result<Directions, AnalysisError> {
    match (delta, eta) {
        (Some(delta), Some(eta)) => Ok(Directions::new(delta, eta, network)),
        (Some(delta), None) => {
            let eta = random_eta(network, rule, seed, &delta)?;
            Ok(Directions::new(delta, eta, network))
        }
        (None, Some(eta)) => Ok(Directions::new(random(network, rule, seed)?.delta, eta, network)),
        (None, None) => random(network, rule, seed),
    }
}
