//! The plane's axes δ and η as values for every tensor that may move: drawn by a rule, or read from a file.
//!
//! [`draw`] gives the draws, [`filters`] what a filter is in tensors that the session names, [`scaling`] scales a tensor's draws by its weight, [`random`] puts both together by a
//! [`DirectionRule`](flatland_core::session::DirectionRule). Not here: planes that are made of other checkpoints (`plane`).

pub(super) mod draw;
#[cfg(test)]
mod filter_tests;
mod filters;
pub(super) mod random;
mod scaling;
#[cfg(test)]
mod tests;

use std::path::Path;

use flatland_core::result::{Npz, NpzValues};
use flatland_core::session::{DirectionRule, DirectionSettings};
use tch::{Device, Tensor};

use super::super::AnalysisError;
use crate::model::{Network, Tensors, is_parameter};

/// A tensor of a direction, on the CPU.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Part {
    pub(super) name: String,
    pub(super) shape: Vec<usize>,
    pub(super) values: Vec<f32>,
}

/// One direction in parameter space: a value for every parameter of a network, and for running statistics where they move too, in the
/// order of its state dict.
#[derive(Clone, Debug, PartialEq)]
pub struct Direction {
    pub(super) parts: Vec<Part>,
}

/// The two axes of a plane; both have the same tensors.
#[derive(Clone, Debug, PartialEq)]
pub struct Directions {
    /// δ, along α.
    pub delta: Direction,
    /// η, along β.
    pub eta: Direction,
    /// Number of filters and tensors that δ moves and η cannot move orthogonally.
    still: usize,
}

/// Names of the axes in `directions.npz`.
pub(super) const AXES: [&str; 2] = ["delta", "eta"];

impl Directions {
    /// Axes that may have different tensors: missing tensors are zero.
    pub fn new(mut delta: Direction, mut eta: Direction, network: &Network) -> Self {
        delta.complete(&eta, network);
        eta.complete(&delta, network);
        Self { delta, eta, still: 0 }
    }

    /// Li et al. 2018 (arXiv 1712.09913, section 4; `net_plotter.py` with `--dir_type weights --norm filter --ignore biasbn`):
    /// entries N(0, 1); every filter, that is every output index of a tensor with ≥ 2 dimensions, scaled to the norm of the weight's
    /// filter; tensors with fewer dimensions zero. Each tensor's draws depend on (seed, axis, name) alone, so checkpoints of one
    /// architecture share them.
    ///
    /// # Errors
    /// When libtorch fails.
    pub fn li2018(network: &Network, seed: u64) -> Result<Self, AnalysisError> {
        Self::random(network, &DirectionSettings::default().rule(), seed)
    }

    /// Random directions by `rule`; draws are shared by checkpoints as in [`Directions::li2018`].
    ///
    /// # Errors
    /// When a glob is none or matches no parameter, when nothing moves, or when libtorch fails.
    pub fn random(network: &Network, rule: &DirectionRule, seed: u64) -> Result<Self, AnalysisError> {
        random::random(network, rule, seed)
    }

    /// Reads `delta/<tensor>` and `eta/<tensor>` for every parameter of `network`; names may have the prefix `module.`. Values
    /// of 1-D tensors and of running statistics are used as they are in the file.
    ///
    /// # Errors
    /// When the file cannot be read, lacks a parameter, or has one of another shape.
    pub fn load(path: &Path, network: &Network) -> Result<Self, AnalysisError> {
        let npz = Npz::load(path)?;
        let axis = |axis: &str| Direction::of_npz(&npz, &format!("{axis}/"), path, network);
        Ok(Self::new(axis(AXES[0])?, axis(AXES[1])?, network))
    }

    /// Writes `directions.npz`: `delta/<tensor>` and `eta/<tensor>`, all parameters, zero ones too.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), AnalysisError> {
        let mut npz = Npz::default();
        for (axis, direction) in AXES.iter().zip([&self.delta, &self.eta]) {
            for part in &direction.parts {
                npz.push(format!("{axis}/{}", part.name), &part.shape, NpzValues::F32(part.values.clone()));
            }
        }
        Ok(npz.save(path)?)
    }

    /// blake3 over axes, names, shapes and values, hex.
    pub fn hash(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for (axis, direction) in AXES.iter().zip([&self.delta, &self.eta]) {
            for part in &direction.parts {
                hasher.update(format!("{axis}/{} {:?}\n", part.name, part.shape).as_bytes());
                part.values.iter().for_each(|x| {
                    hasher.update(&x.to_le_bytes());
                });
            }
        }
        hasher.finalize().to_hex().to_string()
    }

    /// ⟨δ, η⟩ over everything that moves.
    pub fn dot(&self) -> f64 {
        self.delta.dot(&self.eta)
    }

    /// Cosine between δ and η over everything that moves; 0 when one of them is zero.
    pub fn cosine(&self) -> f64 {
        let norms = (self.delta.dot(&self.delta) * self.eta.dot(&self.eta)).sqrt();
        // Zero instead of −0.
        if norms == 0.0 { 0.0 } else { self.dot() / norms + 0.0 }
    }

    /// Number of filters and tensors that δ moves and η does not, because they have one entry and cannot be orthogonal.
    pub fn still(&self) -> usize {
        self.still
    }

    /// Whether either axis moves a tensor of fewer than two dimensions: a bias or a BatchNorm parameter.
    pub fn move_one_dimensional(&self) -> bool {
        let parts = self.delta.parts.iter().chain(&self.eta.parts);
        parts.filter(|part| part.shape.len() < 2).any(|part| part.values.iter().any(|&x| x != 0.0))
    }

    /// Whether either axis moves a running statistic.
    pub fn move_statistics(&self) -> bool {
        let parts = self.delta.parts.iter().chain(&self.eta.parts);
        parts.filter(|part| !is_parameter(&part.name)).any(|part| part.values.iter().any(|&x| x != 0.0))
    }
}

impl Direction {
    /// Reads an axis: `<prefix><tensor>` for every parameter of `network`, and for running statistics where the file has them; names may
    /// have the prefix `module.`.
    ///
    /// # Errors
    /// When the archive lacks a parameter, or has a tensor of another shape or of integers.
    pub fn of_npz(npz: &Npz, prefix: &str, path: &Path, network: &Network) -> Result<Self, AnalysisError> {
        let invalid = |found: String| AnalysisError::Invalid(format!("{found} ({})", path.display()));
        let mut parts = Vec::new();
        for name in &network.names {
            let shape: Vec<usize> = network.tensor(name)?.size().iter().map(|&n| n as usize).collect();
            let keys = [format!("{prefix}{name}"), format!("{prefix}module.{name}")];
            let Some(array) = keys.iter().find_map(|key| npz.get(key)) else {
                if network.is_parameter(name) {
                    let found: Vec<&str> = npz.arrays.iter().map(|array| array.name.as_str()).take(3).collect();
                    let message = format!("expected an array `{}` for each parameter of the network, found {found:?}, ...", keys[0]);
                    return Err(invalid(message));
                }
                continue;
            };
            if array.shape != shape {
                return Err(invalid(format!("expected `{}` of shape {shape:?}, found {:?}", array.name, array.shape)));
            }
            let values = match &array.values {
                NpzValues::F32(values) => values.clone(),
                NpzValues::F64(values) => values.iter().map(|&x| x as f32).collect(),
                NpzValues::I64(_) | NpzValues::U8(_) | NpzValues::Text(_) => {
                    return Err(invalid(format!("expected floating-point numbers in `{}`, found others", array.name)));
                }
            };
            parts.push(Part { name: name.clone(), shape, values });
        }
        Ok(Self { parts })
    }

    /// The tensor of this name on `device`, where there is one.
    ///
    /// # Errors
    /// When libtorch fails.
    pub fn tensor(&self, name: &str, device: Device) -> Result<Option<Tensor>, AnalysisError> {
        let Some(part) = self.parts.iter().find(|part| part.name == name) else { return Ok(None) };
        let shape: Vec<i64> = part.shape.iter().map(|&n| n as i64).collect();
        Ok(Some(Tensor::f_from_slice(&part.values)?.f_view(shape.as_slice())?.f_to_device(device)?))
    }

    /// All its tensors on `device`.
    ///
    /// # Errors
    /// When libtorch fails.
    pub fn tensors(&self, device: Device) -> Result<Tensors, AnalysisError> {
        let one = |part: &Part| Ok(self.tensor(&part.name, device)?.map(|tensor| (part.name.clone(), tensor)));
        self.parts.iter().map(one).filter_map(Result::transpose).collect()
    }

    /// The shape of the tensor of this name, where there is one.
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        self.parts.iter().find(|part| part.name == name).map(|part| part.shape.as_slice())
    }

    /// Inner product, of directions of the same tensors.
    pub fn dot(&self, other: &Direction) -> f64 {
        self.values().zip(other.values()).map(|(x, y)| f64::from(x) * f64::from(y)).sum()
    }

    /// ‖·‖₂
    pub fn norm(&self) -> f64 {
        self.dot(self).sqrt()
    }

    /// Multiplies every value.
    pub fn scale(&mut self, by: f64) {
        self.parts.iter_mut().flat_map(|part| &mut part.values).for_each(|x| *x = (f64::from(*x) * by) as f32);
    }

    /// Adds the tensors of `other` that are not here, as zeros, in the order of the state dict.
    fn complete(&mut self, other: &Direction, network: &Network) {
        for part in &other.parts {
            if !self.parts.iter().any(|own| own.name == part.name) {
                self.parts.push(Part { name: part.name.clone(), shape: part.shape.clone(), values: vec![0.0; part.values.len()] });
            }
        }
        self.parts.sort_by_key(|part| network.names.iter().position(|name| *name == part.name));
    }

    fn values(&self) -> impl Iterator<Item = f32> {
        self.parts.iter().flat_map(|part| part.values.iter().copied())
    }
}
