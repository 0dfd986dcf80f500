//! The plane's axes δ and η: drawn by `li2018`, or read from a file.

use std::path::Path;

use flatland::result::{Npz, NpzValues};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use tch::{Device, Kind, Tensor};

use super::super::AnalysisError;
use crate::model::{Network, Tensors};

/// A tensor of a direction, on the CPU.
#[derive(Clone, Debug, PartialEq)]
struct Part {
    name: String,
    shape: Vec<usize>,
    values: Vec<f32>,
}

/// One direction in parameter space: a value for every parameter of a network, in the order of its state dict.
#[derive(Clone, Debug, PartialEq)]
pub struct Direction {
    parts: Vec<Part>,
}

/// The two axes of a plane.
#[derive(Clone, Debug, PartialEq)]
pub struct Directions {
    /// δ, along α.
    pub delta: Direction,
    /// η, along β.
    pub eta: Direction,
}

/// Names of the axes in `directions.npz`.
const AXES: [&str; 2] = ["delta", "eta"];

impl Directions {
    /// Li et al. 2018 (arXiv 1712.09913, section 4; `net_plotter.py` with `--dir_type weights --norm filter --ignore biasbn`):
    /// entries N(0, 1); every filter, that is every output index of a tensor with ≥ 2 dimensions, scaled to the norm of the weight's
    /// filter; tensors with fewer dimensions zero. Each tensor's draws depend on (seed, axis, name) alone, so checkpoints of one
    /// architecture share them.
    ///
    /// # Errors
    /// When libtorch refuses.
    pub fn li2018(network: &Network, seed: u64) -> Result<Self, AnalysisError> {
        let axis = |axis: &str| -> Result<Direction, AnalysisError> {
            let mut parts = Vec::new();
            for name in network.parameter_names() {
                let weight = tensor(network, &name)?;
                let shape: Vec<usize> = weight.size().iter().map(|&n| n as usize).collect();
                let values = if shape.len() < 2 {
                    vec![0.0; weight.numel()]
                } else {
                    filter_normalized(&values_of(weight)?, shape[0], &mut Normal::keyed(seed, axis, &name))
                };
                parts.push(Part { name, shape, values });
            }
            Ok(Direction { parts })
        };
        Ok(Self { delta: axis(AXES[0])?, eta: axis(AXES[1])? })
    }

    /// Reads `delta/<tensor>` and `eta/<tensor>` for every parameter of `network`; names may carry `module.`. What the file says of
    /// 1-D tensors is kept.
    ///
    /// # Errors
    /// When the file cannot be read, lacks a parameter, or has one of another shape.
    pub fn load(path: &Path, network: &Network) -> Result<Self, AnalysisError> {
        let npz = Npz::load(path)?;
        let axis = |axis: &str| -> Result<Direction, AnalysisError> {
            let mut parts = Vec::new();
            for name in network.parameter_names() {
                let shape: Vec<usize> = tensor(network, &name)?.size().iter().map(|&n| n as usize).collect();
                let invalid = |found: String| AnalysisError::Invalid(format!("{found} ({})", path.display()));
                let keys = [format!("{axis}/{name}"), format!("{axis}/module.{name}")];
                let array = keys.iter().find_map(|key| npz.get(key)).ok_or_else(|| {
                    let found: Vec<&str> = npz.arrays.iter().map(|array| array.name.as_str()).take(3).collect();
                    invalid(format!("expected an array `{}` for each parameter of the network, found {found:?}, ...", keys[0]))
                })?;
                if array.shape != shape {
                    return Err(invalid(format!("expected `{}` of shape {shape:?}, found {:?}", array.name, array.shape)));
                }
                let values = match &array.values {
                    NpzValues::F32(values) => values.clone(),
                    NpzValues::F64(values) => values.iter().map(|&x| x as f32).collect(),
                    _ => return Err(invalid(format!("expected floating-point numbers in `{}`, found others", array.name))),
                };
                parts.push(Part { name, shape, values });
            }
            Ok(Direction { parts })
        };
        Ok(Self { delta: axis(AXES[0])?, eta: axis(AXES[1])? })
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

    /// Cosine between δ and η over all parameters; 0 when one of them is zero.
    pub fn cosine(&self) -> f64 {
        let dot = |a: &Direction, b: &Direction| -> f64 {
            let pairs = a.values().zip(b.values());
            pairs.map(|(x, y)| f64::from(x) * f64::from(y)).sum()
        };
        let norms = (dot(&self.delta, &self.delta) * dot(&self.eta, &self.eta)).sqrt();
        if norms == 0.0 { 0.0 } else { dot(&self.delta, &self.eta) / norms }
    }

    /// Whether either axis moves a tensor of fewer than two dimensions: a bias or a BatchNorm parameter.
    pub fn move_one_dimensional(&self) -> bool {
        let parts = self.delta.parts.iter().chain(&self.eta.parts);
        parts.filter(|part| part.shape.len() < 2).any(|part| part.values.iter().any(|&x| x != 0.0))
    }
}

impl Direction {
    /// The tensors of at least `dimensions` dimensions on `device`.
    ///
    /// # Errors
    /// When libtorch refuses.
    pub fn tensors(&self, dimensions: usize, device: Device) -> Result<Tensors, AnalysisError> {
        let mut tensors = Tensors::new();
        for part in self.parts.iter().filter(|part| part.shape.len() >= dimensions) {
            let shape: Vec<i64> = part.shape.iter().map(|&n| n as i64).collect();
            tensors.insert(part.name.clone(), Tensor::f_from_slice(&part.values)?.f_view(shape.as_slice())?.f_to_device(device)?);
        }
        Ok(tensors)
    }

    fn values(&self) -> impl Iterator<Item = f32> {
        self.parts.iter().flat_map(|part| part.values.iter().copied())
    }
}

fn tensor<'a>(network: &'a Network, name: &str) -> Result<&'a Tensor, AnalysisError> {
    network.tensors.get(name).ok_or_else(|| crate::model::ModelError::MissingTensor(name.into()).into())
}

fn values_of(tensor: &Tensor) -> Result<Vec<f32>, AnalysisError> {
    let flat = tensor.detach().f_to_device(Device::Cpu)?.f_to_kind(Kind::Float)?.f_contiguous()?.f_view([-1i64])?;
    Ok(Vec::<f32>::try_from(&flat)?)
}

/// Normal draws, each of the `filters` equal rows scaled to the norm of the same row of `weight`. Norms are f64.
fn filter_normalized(weight: &[f32], filters: usize, normal: &mut Normal) -> Vec<f32> {
    let row = weight.len() / filters.max(1);
    let mut values = Vec::with_capacity(weight.len());
    for filter in weight.chunks_exact(row.max(1)) {
        let draws: Vec<f64> = filter.iter().map(|_| normal.draw()).collect();
        let target = filter.iter().map(|&w| f64::from(w).powi(2)).sum::<f64>().sqrt();
        let norm = draws.iter().map(|d| d * d).sum::<f64>().sqrt();
        let scale = if norm > 0.0 { target / norm } else { 0.0 };
        values.extend(draws.iter().map(|d| (d * scale) as f32));
    }
    values
}

/// N(0, 1) by Box and Muller over ChaCha8, with the logarithm and cosine of the `libm` crate: the same bits on every platform.
struct Normal {
    rng: ChaCha8Rng,
    spare: Option<f64>,
}

impl Normal {
    fn keyed(seed: u64, axis: &str, name: &str) -> Self {
        let mut key = blake3::Hasher::new_derive_key("flatland landscape direction li2018 v1");
        key.update(&seed.to_le_bytes());
        key.update(format!("{axis}/{name}").as_bytes());
        Self { rng: ChaCha8Rng::from_seed(*key.finalize().as_bytes()), spare: None }
    }

    fn draw(&mut self) -> f64 {
        if let Some(value) = self.spare.take() {
            return value;
        }
        // 53 bits; the radius draws from (0, 1], so that its logarithm is finite.
        let mut uniform = || (self.rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
        let radius = libm::sqrt(-2.0 * libm::log(1.0 - uniform()));
        let angle = std::f64::consts::TAU * uniform();
        self.spare = Some(radius * libm::sin(angle));
        radius * libm::cos(angle)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::super::testing::{mlp, resnet20};
    use super::*;

    fn rows(part: &Part) -> impl Iterator<Item = f64> + '_ {
        let row = part.values.len() / part.shape[0];
        part.values.chunks(row).map(|filter| filter.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt())
    }

    #[test]
    fn landscape_normal_draws_have_the_moments_of_a_standard_normal() {
        let mut normal = Normal::keyed(0, "delta", "w");
        let draws: Vec<f64> = (0..200_000).map(|_| normal.draw()).collect();
        let moment = |k: i32| draws.iter().map(|x| x.powi(k)).sum::<f64>() / draws.len() as f64;
        assert!(moment(1).abs() < 0.01 && (moment(2) - 1.0).abs() < 0.02 && moment(3).abs() < 0.05 && (moment(4) - 3.0).abs() < 0.1);
    }

    #[test]
    fn landscape_filters_have_the_norm_of_the_weight_and_one_dimensional_tensors_are_zero() {
        let network = mlp(0);
        let directions = Directions::li2018(&network, 7).unwrap();
        for direction in [&directions.delta, &directions.eta] {
            for part in &direction.parts {
                if part.shape.len() < 2 {
                    assert!(part.values.iter().all(|&x| x == 0.0), "{}", part.name);
                    continue;
                }
                let weight =
                    Part { values: values_of(&network.tensors[&part.name]).unwrap(), name: part.name.clone(), shape: part.shape.clone() };
                for (found, expected) in rows(part).zip(rows(&weight)) {
                    assert!((found - expected).abs() <= 1e-6 * expected, "{}: {found} {expected}", part.name);
                }
            }
        }
        assert!(!directions.move_one_dimensional());
        assert!(directions.cosine().abs() < 0.5);
    }

    #[test]
    fn landscape_draws_serve_every_checkpoint_and_change_with_seed_axis_and_name() {
        let unit = |direction: &Direction, name: &str| {
            let part = direction.parts.iter().find(|part| part.name == name).unwrap();
            let row = &part.values[..part.values.len() / part.shape[0]];
            let norm = row.iter().map(|x| x * x).sum::<f32>().sqrt();
            row.iter().map(|x| x / norm).collect::<Vec<_>>()
        };
        let close = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(x, y)| (x - y).abs() < 1e-5);
        let (a, b) = (Directions::li2018(&mlp(0), 7).unwrap(), Directions::li2018(&mlp(1), 7).unwrap());
        assert!(close(&unit(&a.delta, "fc1.weight"), &unit(&b.delta, "fc1.weight")), "the same draws for two checkpoints");
        assert!(!close(&unit(&a.delta, "fc1.weight"), &unit(&a.eta, "fc1.weight")));
        let other = Directions::li2018(&mlp(0), 8).unwrap();
        assert!(!close(&unit(&a.delta, "fc1.weight"), &unit(&other.delta, "fc1.weight")));
        assert_eq!(a, Directions::li2018(&mlp(0), 7).unwrap());
        assert_ne!(a.hash(), other.hash());
    }

    #[test]
    fn landscape_directions_survive_the_file_and_wrong_files_are_clear_errors() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("directions.npz");
        let network = mlp(0);
        let directions = Directions::li2018(&network, 7).unwrap();
        directions.save(&path).unwrap();
        assert_eq!(Directions::load(&path, &network).unwrap(), directions);

        let mut npz = Npz::load(&path).unwrap();
        for array in &mut npz.arrays {
            array.name = array.name.replacen('/', "/module.", 1);
        }
        npz.save(&path).unwrap();
        assert_eq!(Directions::load(&path, &network).unwrap(), directions, "`module.` is stripped");

        let lost = npz.arrays.pop().unwrap();
        npz.save(&path).unwrap();
        let message = Directions::load(&path, &network).unwrap_err().to_string();
        assert!(message.contains(&lost.name.replace("module.", "")) && message.contains("directions.npz"), "{message}");

        npz.push(lost.name, &[1], NpzValues::F32(vec![0.0]));
        npz.save(&path).unwrap();
        let message = Directions::load(&path, &network).unwrap_err().to_string();
        assert!(message.contains("shape") && message.contains("[1]"), "{message}");
    }

    #[test]
    fn landscape_golden_directions_fit_the_real_checkpoint() {
        let Some((network, shared)) = resnet20() else { return };
        let directions = Directions::load(&shared.join("golden/directions_resnet20.npz"), &network).unwrap();
        assert!(!directions.move_one_dimensional());
    }
}
