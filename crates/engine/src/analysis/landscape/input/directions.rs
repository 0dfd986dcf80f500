//! [`InputDirections`]: d₁ and d₂ of a plane in input space.

use std::path::Path;

use flatland_core::result::{Npz, NpzValues};
use flatland_core::session::{InputAxes, InputPlane, Law, Norm};
use tch::Tensor;

use super::super::super::AnalysisError;
use super::super::super::values::values;
use super::super::direction::AXES;
use super::super::direction::draw::draws;
use super::subject::Subject;

/// What draws are keyed by in the place of a tensor's name.
const NAME: &str = "input";
/// A second direction of this share of its length beside the first is rounding noise: pixels are steps of 1/255 in f32.
const NO_PLANE: f64 = 1e-5;

/// Two directions of pixels in [0, 1], row-major in [C, H, W].
#[derive(Clone, Debug, PartialEq)]
pub(super) struct InputDirections {
    /// d₁, along α.
    pub(super) delta: Vec<f32>,
    /// d₂, along β.
    pub(super) eta: Vec<f32>,
    /// ‖∇ₓL‖₂, where an axis is made of the gradient.
    pub(super) gradient_norm: Option<f64>,
}

impl InputDirections {
    /// The directions that `plane` asks for; draws depend on `seed` and the number of entries alone.
    ///
    /// # Errors
    /// When the gradient is zero or not finite, or images do not span what they are to span.
    pub(super) fn of(subject: &Subject<'_>, plane: &InputPlane, seed: u64) -> Result<Self, AnalysisError> {
        let n = subject.entries();
        let normal = |axis: &str| draws(Law::Normal, seed, axis, NAME, n);
        let Some(norm) = plane.norm() else { return Self::through(subject, plane, normal(AXES[1])) };
        let (delta, eta, gradient_norm) = match plane.axes() {
            InputAxes::Random => {
                let delta = normal(AXES[0]);
                let eta = without(normal(AXES[1]), &delta);
                (delta, eta, None)
            }
            InputAxes::Gradient => {
                let gradient = subject.gradient()?;
                let eta = without(normal(AXES[1]), &gradient);
                let length = dot(&gradient, &gradient).sqrt();
                (gradient, eta, Some(length))
            }
            InputAxes::SignGradient => {
                let gradient = subject.gradient()?;
                let length = dot(&gradient, &gradient).sqrt();
                (signs(&gradient), signs(&normal(AXES[1])), Some(length))
            }
        };
        Ok(Self { delta: of_length(&delta, 1.0, norm)?, eta: of_length(&eta, 1.0, norm)?, gradient_norm })
    }

    /// Differences to other images; where there is one, d₂ is random, orthogonal to d₁ and as long.
    fn through(subject: &Subject<'_>, plane: &InputPlane, random: Vec<f64>) -> Result<Self, AnalysisError> {
        let name = &subject.samples.dataset.name;
        let x = values(&subject.image(0)?)?;
        let to = |k: usize| -> Result<Vec<f64>, AnalysisError> {
            Ok(values(&subject.image(k)?)?.iter().zip(&x).map(|(there, here)| there - here).collect())
        };
        let delta = to(1)?;
        let length = dot(&delta, &delta).sqrt();
        let (a, b) = (plane.image, plane.through[0]);
        if length == 0.0 {
            return Err(AnalysisError::Invalid(format!(
                "expected images of different pixels in `image` and `through`, found the same in images {a} and {b} of `{name}`"
            )));
        }
        let single = |values: &[f64]| values.iter().map(|&x| x as f32).collect::<Vec<f32>>();
        let Some(&c) = plane.through.get(1) else {
            let eta = of_length(&without(random, &delta), length, Norm::L2)?;
            return Ok(Self { delta: single(&delta), eta, gradient_norm: None });
        };
        let eta = to(2)?;
        let beside = without(eta.clone(), &delta);
        let reach = dot(&eta, &eta).sqrt().max(length);
        if dot(&beside, &beside).sqrt() <= NO_PLANE * reach {
            return Err(AnalysisError::Invalid(format!(
                "expected three images that span a plane, found images {a}, {b} and {c} of `{name}` on one line: through = [{b}] is the path \
                 along it"
            )));
        }
        Ok(Self { delta: single(&delta), eta: single(&eta), gradient_norm: None })
    }

    /// d₁ and d₂ as [1, C, H, W] with the strides and on the device of an image.
    ///
    /// # Errors
    /// When libtorch refuses.
    pub(super) fn tensors(&self, image: &Tensor) -> Result<[Tensor; 2], AnalysisError> {
        let like = |values: &[f32]| -> Result<Tensor, AnalysisError> {
            let mut tensor = image.f_zeros_like()?;
            tensor.f_copy_(&Tensor::f_from_slice(values)?.f_view(image.size().as_slice())?)?;
            Ok(tensor)
        };
        Ok([like(&self.delta)?, like(&self.eta)?])
    }

    /// blake3 over shape and values, hex.
    pub(super) fn hash(&self, shape: [i64; 3]) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(format!("input {shape:?}\n").as_bytes());
        for value in self.delta.iter().chain(&self.eta) {
            hasher.update(&value.to_le_bytes());
        }
        hasher.finalize().to_hex().to_string()
    }

    /// Writes `delta`, `eta` and the `image` in [0, 1], each [C, H, W].
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) fn save(&self, subject: &Subject<'_>, path: &Path) -> Result<(), AnalysisError> {
        let shape = subject.shape().map(|n| n as usize);
        let image = values(&subject.image(0)?)?.iter().map(|&x| x as f32).collect();
        let mut npz = Npz::default();
        for (name, values) in [(AXES[0], self.delta.clone()), (AXES[1], self.eta.clone()), ("image", image)] {
            npz.push(name, &shape, NpzValues::F32(values));
        }
        Ok(npz.save(path)?)
    }

    /// ‖d₁‖₂ and ‖d₂‖₂.
    pub(super) fn l2(&self) -> [f64; 2] {
        [&self.delta, &self.eta].map(|values| length(&wide(values), Norm::L2))
    }

    /// ‖d₁‖∞ and ‖d₂‖∞.
    pub(super) fn linf(&self) -> [f64; 2] {
        [&self.delta, &self.eta].map(|values| length(&wide(values), Norm::Linf))
    }

    /// Cosine between d₁ and d₂.
    pub(super) fn cosine(&self) -> f64 {
        let [a, b] = self.l2();
        dot(&wide(&self.delta), &wide(&self.eta)) / (a * b)
    }
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&x| f64::from(x)).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

fn length(values: &[f64], norm: Norm) -> f64 {
    match norm {
        Norm::L2 => dot(values, values).sqrt(),
        Norm::Linf => values.iter().fold(0.0, |most: f64, x| most.max(x.abs())),
    }
}

/// `v` less its part along `along`, which is not zero.
fn without(mut v: Vec<f64>, along: &[f64]) -> Vec<f64> {
    let share = dot(&v, along) / dot(along, along);
    v.iter_mut().zip(along).for_each(|(x, y)| *x -= share * y);
    v
}

fn signs(values: &[f64]) -> Vec<f64> {
    values.iter().map(|&x| if x == 0.0 { 0.0 } else { x.signum() }).collect()
}

/// `values` scaled to this length.
///
/// # Errors
/// When they have none: an image of one entry has no second direction.
fn of_length(values: &[f64], wanted: f64, norm: Norm) -> Result<Vec<f32>, AnalysisError> {
    let found = length(values, norm);
    if !(found > 0.0 && found.is_finite()) {
        let message = format!("expected a direction of pixels of a length above 0, found {found}, of {} entries", values.len());
        return Err(AnalysisError::Invalid(message));
    }
    Ok(values.iter().map(|x| (x * wanted / found) as f32).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_direction_loses_its_part_along_another_and_gets_a_length() {
        let v = without(vec![1.0, 2.0, 3.0], &[0.0, 2.0, 0.0]);
        assert_eq!(v, [1.0, 0.0, 3.0]);
        assert_eq!(of_length(&[3.0, 0.0, -4.0], 10.0, Norm::L2).unwrap(), [6.0, 0.0, -8.0]);
        assert_eq!(of_length(&[3.0, 0.0, -4.0], 0.5, Norm::Linf).unwrap(), [0.375, 0.0, -0.5]);
        assert_eq!(signs(&[-0.5, 0.0, 3.0, -0.0]), [-1.0, 0.0, 1.0, 0.0]);
        let error = of_length(&[0.0], 1.0, Norm::L2).unwrap_err().to_string();
        assert!(error.contains("a length above 0, found 0, of 1 entries"), "{error}");
    }
}
