//! Features, logits and predictions of a network for every image of a dataset.

use flatland_core::job::{ProgressMeter, Reporter};
use tch::Tensor;

use crate::analysis::values::{values, values_f32};
use crate::analysis::{AnalysisError, forward_network};
use crate::model::{Head, Network, Samples};

/// Penultimate features, logits and predictions of N images.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Features {
    /// Penultimate features, [N, D] row-major.
    pub features: Vec<f32>,
    /// D
    pub dim: usize,
    /// Logits, [N, C] row-major.
    pub logits: Vec<f32>,
    /// C
    pub classes: usize,
    /// Class of the largest logit, `[N]`, the first of several; -1 where it is not defined, see `predict`.
    pub prediction: Vec<i64>,
    /// Images in which several logits are the largest.
    pub tied: usize,
    /// Confidence by the network's head, where it has one, `[N]`.
    pub confidence: Option<Vec<f64>>,
}

/// Features and logits of all `samples`, BatchNorm frozen; advances `meter` by an image each.
///
/// # Errors
/// When cancelled or libtorch fails.
pub fn extract(
    network: &Network,
    samples: &Samples,
    meter: &mut ProgressMeter,
    reporter: &mut dyn Reporter,
) -> Result<Features, AnalysisError> {
    if samples.is_empty() {
        return Ok(Features::default());
    }
    let mut seen = 0;
    let output = forward_network(network, &samples.x, reporter, |images, reporter| {
        for _ in seen..images {
            meter.advance(reporter);
        }
        seen = images;
    })?;
    let columns = |tensor: &Tensor| tensor.size().get(1).map_or(0, |&columns| columns as usize);
    let (logits, classes) = (values_f32(&output.logits)?, columns(&output.logits));
    let predicted: Vec<Prediction> = logits.chunks_exact(classes.max(1)).map(predict).collect();
    Ok(Features {
        features: values_f32(&output.features)?,
        dim: columns(&output.features),
        prediction: predicted.iter().map(|of| of.class).collect(),
        tied: predicted.iter().filter(|of| of.tied).count(),
        logits,
        classes,
        confidence: Head::split(&network.architecture).1.map(|head| values(&head.confidence(&output)?)).transpose()?,
    })
}

/// The prediction for an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prediction {
    /// The class, or -1.
    pub class: i64,
    /// Whether other classes have a logit as large.
    pub tied: bool,
}

/// The class of the largest of the `logits` [C], the first of several, as `argmax` of NumPy and PyTorch. With a NaN
/// or an infinite largest logit both return some class, though softmax and energy are not defined there: here there is no prediction.
pub fn predict(logits: &[f32]) -> Prediction {
    let largest = logits.iter().fold(f32::NEG_INFINITY, |best, &z| if z.is_nan() || best.is_nan() { f32::NAN } else { best.max(z) });
    if !largest.is_finite() {
        return Prediction { class: -1, tied: false };
    }
    let mut those = (0i64..).zip(logits).filter(|(_, z)| **z == largest).map(|(class, _)| class);
    let class = those.next().unwrap_or(-1);
    Prediction { class, tied: those.next().is_some() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prediction_is_the_first_largest_logit_or_none() {
        let told = |logits: &[f32]| (predict(logits).class, predict(logits).tied);
        assert_eq!(told(&[0.0, 2.0, 1.0]), (1, false));
        assert_eq!(told(&[0.0, 2.0, 2.0]), (1, true));
        assert_eq!(told(&[0.0; 4]), (0, true));
        // Masked classes are not predicted, and the others are.
        assert_eq!(told(&[f32::NEG_INFINITY, -3.0]), (1, false));
        for broken in [[f32::NAN, 0.0], [0.0, f32::NAN], [f32::NAN; 2], [f32::INFINITY, 0.0], [f32::NEG_INFINITY; 2]] {
            assert_eq!(told(&broken), (-1, false), "{broken:?}");
        }
    }
}
