//! Losses of single images, and their mean with its standard error.

use tch::{Device, Kind, Tensor};

use super::values::values;
use super::{AnalysisError, Loss};
use crate::model::{Samples, energy};

/// Losses, hits and energy scores of single samples, all in f64 from the logits.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SampleLosses {
    /// The loss, `[N]`; may be non-finite.
    pub loss: Vec<f64>,
    /// −log softmax(z)\[y\], `[N]`; `None` where that is the loss.
    pub cross_entropy: Option<Vec<f64>>,
    /// Whether argmax z = y, `[N]`; undefined where the energy is not finite.
    pub correct: Vec<bool>,
    /// logsumexp(z), `[N]`; finite exactly where z has a largest logit that is finite and no NaN.
    pub energy: Vec<f64>,
}

/// Mean loss over samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeanLoss {
    /// Mean loss; non-finite when one sample's is.
    pub loss: f64,
    /// Share of correct predictions; NaN where a sample has no prediction because its logits are not finite.
    pub accuracy: f64,
    /// Standard error of the mean loss (sample standard deviation / √N); 0 for one sample.
    pub std_error: f64,
    /// Samples.
    pub count: u32,
}

impl SampleLosses {
    /// Cross-entropies of logits [N, C] and labels `[N]` in 0..C.
    ///
    /// # Errors
    /// When shapes do not fit or a label is not in 0..C.
    pub fn of(logits: &Tensor, labels: &Tensor) -> Result<Self, AnalysisError> {
        Self::by(Loss::default(), 0.0, logits, labels)
    }

    /// Losses of logits [N, C] and labels `[N]` in 0..C, each with `decay`, what weight decay adds to their mean.
    ///
    /// # Errors
    /// When shapes do not fit or a label is not in 0..C.
    pub fn by(loss: Loss, decay: f64, logits: &Tensor, labels: &Tensor) -> Result<Self, AnalysisError> {
        let logits = logits.f_to_kind(Kind::Double)?;
        let energy = energy(&logits)?;
        let correct = logits.f_argmax(1, false)?.f_eq_tensor(labels)?;
        let cross_entropy = values(&Loss::default().of_images(&logits, labels)?)?;
        let plain = loss == Loss::default();
        let own = if plain { None } else { Some(values(&loss.of_images(&logits, labels)?)?.iter().map(|loss| loss + decay).collect()) };
        let (loss, cross_entropy) = match own {
            Some(loss) => (loss, Some(cross_entropy)),
            None => (cross_entropy, None),
        };
        Ok(Self { loss, cross_entropy, correct: Vec::<bool>::try_from(&correct.f_to_device(Device::Cpu)?)?, energy: values(&energy)? })
    }

    /// Adds the samples of another batch.
    pub fn extend(&mut self, other: Self) {
        if let Some(cross_entropy) = other.cross_entropy {
            self.cross_entropy.get_or_insert_default().extend(cross_entropy);
        }
        self.loss.extend(other.loss);
        self.correct.extend(other.correct);
        self.energy.extend(other.energy);
    }

    /// The same samples with the k-th at index `order[k]`, a permutation.
    pub fn in_place_of(self, order: &[usize]) -> Self {
        fn place<T: Copy>(values: &[T], order: &[usize], empty: T) -> Vec<T> {
            let mut placed = vec![empty; order.len()];
            order.iter().zip(values).for_each(|(&place, &value)| placed[place] = value);
            placed
        }
        Self {
            loss: place(&self.loss, order, f64::NAN),
            cross_entropy: self.cross_entropy.map(|values| place(&values, order, f64::NAN)),
            correct: place(&self.correct, order, false),
            energy: place(&self.energy, order, f64::NAN),
        }
    }

    /// Mean, accuracy and standard error, summed in sample order so that they do not depend on threads.
    pub fn mean(&self) -> MeanLoss {
        let (loss, std_error) = mean(&self.loss);
        let hits = self.correct.iter().filter(|&&hit| hit).count();
        // The argmax of NaNs is some class and would count as correct for its images.
        let defined = self.energy.iter().all(|energy| energy.is_finite());
        let accuracy = if defined { hits as f64 / self.loss.len() as f64 } else { f64::NAN };
        MeanLoss { loss, accuracy, std_error, count: self.loss.len() as u32 }
    }

    /// Mean cross-entropy with its standard error, whatever the loss is.
    pub fn mean_cross_entropy(&self) -> (f64, f64) {
        mean(self.cross_entropy.as_ref().unwrap_or(&self.loss))
    }
}

fn mean(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|x| (x - mean).powi(2)).sum();
    (mean, if values.len() > 1 { (squares / (n - 1.0) / n).sqrt() } else { 0.0 })
}

/// Whether a loss can be computed: at least one image, every label in 0..`classes`.
///
/// # Errors
/// When not; the message has what was found.
pub fn check_labels(samples: &Samples, classes: i64) -> Result<(), AnalysisError> {
    let name = &samples.dataset.name;
    if samples.is_empty() {
        return Err(AnalysisError::Invalid(format!("expected at least one image in `{name}`, found none")));
    }
    let labels = &samples.dataset.labels;
    let unlabelled = labels.iter().filter(|&&label| label < 0).count();
    if unlabelled > 0 {
        return Err(AnalysisError::Invalid(format!(
            "a loss needs labels: expected a class for each of the {} images of `{name}`, found {unlabelled} without",
            labels.len()
        )));
    }
    match labels.iter().find(|&&label| label >= classes) {
        Some(label) => Err(AnalysisError::Invalid(format!(
            "expected labels from 0 to {} in `{name}`, as the network has {classes} classes, found {label}",
            classes - 1
        ))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn cross_entropy_mean_and_standard_error_follow_the_definition() {
        // Two classes with logits (0, ln 3): probabilities 1/4 and 3/4.
        let logits = Tensor::from_slice(&[0.0f32, 3.0f32.ln(), 0.0, 3.0f32.ln()]).view([2, 2]);
        let losses = SampleLosses::of(&logits, &Tensor::from_slice(&[0i64, 1])).unwrap();
        let (a, b) = (4.0f64.ln(), (4.0f64 / 3.0).ln());
        let mean = losses.mean();
        assert!((mean.loss - (a + b) / 2.0).abs() < 1e-7);
        assert!((mean.std_error - (a - b).abs() / 2.0).abs() < 1e-7);
        assert_eq!((mean.accuracy, mean.count), (0.5, 2));
    }

    #[test]
    fn cross_entropy_stays_non_finite() {
        let logits = Tensor::from_slice(&[f32::NAN, 0.0, f32::INFINITY, 0.0]).view([2, 2]);
        let losses = SampleLosses::of(&logits, &Tensor::from_slice(&[0i64, 1])).unwrap();
        assert!(losses.loss.iter().all(|x| !x.is_finite()));
        assert!(!losses.mean().loss.is_finite());
    }

    #[test]
    fn one_sample_without_finite_logits_leaves_the_accuracy_undefined() {
        let (nan, inf) = (f32::NAN, f32::INFINITY);
        let accuracy = |rows: &[[f32; 2]]| {
            let labels = Tensor::zeros([rows.len() as i64], (Kind::Int64, Device::Cpu));
            let losses = SampleLosses::of(&Tensor::from_slice(&rows.concat()).view([-1, 2]), &labels).unwrap();
            losses.mean().accuracy
        };
        for broken in [[nan, 0.0], [0.0, nan], [nan, nan], [inf, 0.0], [-inf, -inf]] {
            assert!(accuracy(&[broken]).is_nan() && accuracy(&[[1.0, 0.0], broken]).is_nan(), "{broken:?}");
        }
        // The loss of a masked class is infinite, and it is not the prediction.
        assert_eq!(accuracy(&[[-inf, 0.0], [1.0, 0.0]]), 0.5);
    }
}
