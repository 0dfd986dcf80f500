//! What a network says of every image of a dataset.

use flatland::job::{ProgressMeter, Reporter};
use tch::{Device, Kind, Tensor};

use crate::analysis::AnalysisError;
use crate::analysis::batch::{Pass, batch_size};
use crate::model::{Network, Samples};

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
    let _guard = tch::no_grad_guard();
    let mut all = Features { classes: network.classes as usize, ..Features::default() };
    let (n, batch) = (samples.len() as i64, batch_size(network, Pass::Forward));
    for start in (0..n).step_by(batch as usize) {
        if reporter.cancelled() {
            return Err(AnalysisError::Cancelled);
        }
        let len = batch.min(n - start);
        let output = network.forward(&samples.x.f_narrow(0, start, len)?)?;
        all.dim = output.features.size().get(1).map_or(0, |&d| d as usize);
        all.classes = output.logits.size().get(1).map_or(0, |&c| c as usize);
        all.features.extend(values(&output.features)?);
        all.logits.extend(values(&output.logits)?);
        all.prediction.extend(Vec::<i64>::try_from(&output.logits.f_argmax(1, false)?.f_to_device(Device::Cpu)?)?);
        for _ in 0..len {
            meter.advance(reporter);
        }
    }
    Ok(all)
}

fn values(tensor: &Tensor) -> Result<Vec<f32>, AnalysisError> {
    let flat = tensor.f_to_kind(Kind::Float)?.f_to_device(Device::Cpu)?.f_contiguous()?.f_flatten(0, -1)?;
    Ok(Vec::<f32>::try_from(&flat)?)
}
