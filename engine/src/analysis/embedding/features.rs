//! What a network says of every image of a dataset.

use flatland::job::{ProgressMeter, Reporter};
use tch::{Device, Kind, Tensor};

use crate::analysis::{AnalysisError, forward_network};
use crate::model::{Head, Network, Output, Samples};

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
    /// argmax of the logits, [N].
    pub prediction: Vec<i64>,
    /// What the network's head, where it has one, says of how sure it is, [N].
    pub confidence: Option<Vec<f64>>,
}

/// Features and logits of all `samples`, BatchNorm frozen; advances `meter` by an image each.
///
/// # Errors
/// When cancelled or libtorch refuses.
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
    Ok(Features {
        features: values(&output.features)?,
        dim: columns(&output.features),
        logits: values(&output.logits)?,
        classes: columns(&output.logits),
        prediction: Vec::<i64>::try_from(&output.logits.f_argmax(1, false)?.f_to_device(Device::Cpu)?)?,
        confidence: Head::split(&network.architecture).1.map(|head| confidence(head, &output)).transpose()?,
    })
}

fn confidence(head: Head, output: &Output) -> Result<Vec<f64>, AnalysisError> {
    Ok(Vec::<f64>::try_from(&head.confidence(output)?.f_to_device(Device::Cpu)?)?)
}

fn values(tensor: &Tensor) -> Result<Vec<f32>, AnalysisError> {
    let flat = tensor.f_to_kind(Kind::Float)?.f_to_device(Device::Cpu)?.f_contiguous()?.f_flatten(0, -1)?;
    Ok(Vec::<f32>::try_from(&flat)?)
}
