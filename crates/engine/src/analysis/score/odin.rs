//! ODIN: tempered softmax of a perturbed input, Liang, Li & Srikant 2018 ("Enhancing The Reliability of Out-of-distribution Image Detection in Neural
//! Networks"), Eq. 1 and 2; OpenOOD: `openood/postprocessors/odin_postprocessor.py`.

use flatland_core::job::Reporter;
use tch::{Kind, Tensor};

use super::registration::{Registration, Score, Setup, Subject};
use crate::analysis::values::values;
use crate::analysis::{AnalysisError, batch_size};
use crate::model::{BatchNormMode, ModelError, max_softmax};

pub const REGISTRATION: Registration = Registration { key: "odin", build };

fn build(setup: &Setup<'_>) -> Result<Box<dyn Score>, AnalysisError> {
    Ok(Box::new(Odin { temperature: setup.value("temperature"), noise: setup.value("noise") }))
}

/// max_c softmax(f(x̃)/T)_c, x̃ = x − ε·sign(∂CE/∂x)/σ: normalized images move by ε of a pixel in [0, 1], float arrays by ε (σ = 1). sign(0) is 1, as in OpenOOD.
struct Odin {
    temperature: f64,
    noise: f64,
}

impl Odin {
    /// The perturbed images.
    fn perturbed(&self, subject: &Subject<'_>, x: &Tensor, std: &Tensor) -> Result<Tensor, AnalysisError> {
        let network = subject.network;
        let leaf = x.f_detach_copy()?.set_requires_grad(true);
        let logits = network.graph.forward(&network.tensors, &leaf, BatchNormMode::Frozen)?.logits.f_div_scalar(self.temperature)?;
        let predicted = logits.detach().f_argmax(1, true)?;
        // The sum over the images, as the sign of each gradient is the same as of the mean.
        let loss = logits.f_log_softmax(1, Kind::Float)?.f_gather(1, &predicted, false)?.f_sum(Kind::Float)?.f_neg()?;
        let gradient = Tensor::f_run_backward(&[&loss], &[&leaf], false, false)?.remove(0);
        let gradient = if gradient.defined() { gradient } else { x.f_zeros_like()? };
        let sign = gradient.f_ge(0.0)?.f_to_kind(Kind::Float)?.f_mul_scalar(2.0)?.f_sub_scalar(1.0)?;
        Ok(x.f_sub(&sign.f_mul_scalar(self.noise)?.f_div(std)?)?)
    }
}

impl Score for Odin {
    fn of(&self, subject: &Subject<'_>, reporter: &mut dyn Reporter) -> Result<Vec<f64>, AnalysisError> {
        let (network, x) = (subject.network, subject.x);
        let std = match subject.normalization {
            Some(normalization) => {
                let channels = x.size().get(1).copied().unwrap_or(0);
                let (_, std) = normalization.for_channels(channels).map_err(ModelError::Mismatch)?;
                let std: Vec<f32> = std.iter().map(|&std| std as f32).collect();
                Tensor::f_from_slice(&std)?.f_view([1, -1, 1, 1])?
            }
            None => Tensor::f_from_slice(&[1f32])?,
        };
        let std = std.f_to_device(x.device())?;
        let (images, size) = (x.size()[0], batch_size(x.device(), network.graph.largest_activation()));
        let mut scores = Vec::with_capacity(images as usize);
        for first in (0..images).step_by(size as usize) {
            if reporter.cancelled() {
                return Err(AnalysisError::Cancelled);
            }
            let perturbed = self.perturbed(subject, &x.f_narrow(0, first, size.min(images - first))?, &std)?;
            let logits = tch::no_grad(|| network.graph.forward(&network.tensors, &perturbed, BatchNormMode::Frozen))?.logits;
            scores.extend(values(&max_softmax(&logits.f_div_scalar(self.temperature)?)?)?);
        }
        Ok(scores)
    }
}
