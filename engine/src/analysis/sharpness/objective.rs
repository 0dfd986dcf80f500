//! The mean cross-entropy as a function of ε, with its gradient: what the search for S(ρ) climbs.

use flatland::job::Reporter;
use tch::{Device, Kind, Tensor};

use crate::analysis::gradient_batch::gradient_batch;
use crate::analysis::{AnalysisError, check_labels};
use crate::model::{BatchNormMode, Network, ParameterVector, Samples, Tensors};

/// ε ↦ cross-entropies of all samples at θ + ε (added in f32), BatchNorm frozen, and the gradient of their mean.
pub(super) struct Objective<'a> {
    network: &'a Network,
    samples: &'a Samples,
    theta: ParameterVector,
    batch: i64,
}

impl<'a> Objective<'a> {
    /// The objective of `network` over all of `samples`.
    ///
    /// # Errors
    /// When there are no samples, or one of them has no class of the network's.
    pub fn new(network: &'a Network, samples: &'a Samples) -> Result<Self, AnalysisError> {
        check_labels(samples, network.classes)?;
        Ok(Self { network, samples, theta: network.theta()?, batch: gradient_batch(network) })
    }

    /// θ
    pub fn theta(&self) -> &ParameterVector {
        &self.theta
    }

    /// Cross-entropy of each sample at θ + ε, [N], in f64 from f32 logits. ε: flat, f32.
    ///
    /// # Errors
    /// When cancelled or libtorch refuses.
    pub fn losses(&self, epsilon: &Tensor, reporter: &dyn Reporter) -> Result<Vec<f64>, AnalysisError> {
        let _guard = tch::no_grad_guard();
        let tensors = self.at(epsilon)?.0;
        let mut losses = Vec::with_capacity(self.samples.len());
        for (start, len) in self.batches() {
            stop_if_cancelled(reporter)?;
            losses.extend(values(&self.batch_losses(&tensors, start, len)?)?);
        }
        Ok(losses)
    }

    /// Cross-entropies at θ + ε as [`Self::losses`], and the gradient of their mean, flat f32.
    ///
    /// # Errors
    /// When cancelled or libtorch refuses.
    pub fn gradient(&self, epsilon: &Tensor, reporter: &dyn Reporter) -> Result<(Vec<f64>, Tensor), AnalysisError> {
        let (tensors, leaves) = self.at(epsilon)?;
        let leaves: Vec<Tensor> = leaves.into_iter().map(|leaf| leaf.set_requires_grad(true)).collect();
        let mut losses = Vec::with_capacity(self.samples.len());
        let mut sum = self.theta.flat().f_zeros_like()?;
        for (start, len) in self.batches() {
            stop_if_cancelled(reporter)?;
            let batch = self.batch_losses(&tensors, start, len)?;
            let total = batch.f_sum(Kind::Double)?;
            let gradients = Tensor::f_run_backward(&[total], &leaves, false, false)?;
            let mut parts = Vec::with_capacity(leaves.len());
            for (gradient, leaf) in gradients.iter().zip(&leaves) {
                // A parameter that the graph does not read has no gradient.
                let part = if gradient.defined() { gradient.shallow_clone() } else { leaf.detach().f_zeros_like()? };
                parts.push(part.f_flatten(0, -1)?);
            }
            let _ = sum.f_add_(&Tensor::f_cat(&parts, 0)?)?;
            losses.extend(values(&batch.detach())?);
        }
        Ok((losses, sum.f_div_scalar(self.samples.len() as f64)?))
    }

    /// The network's tensors with the parameters replaced by those of θ + ε, and these in the order of θ.
    fn at(&self, epsilon: &Tensor) -> Result<(Tensors, Vec<Tensor>), AnalysisError> {
        let views = self.theta.with_flat(self.theta.flat().f_add(epsilon)?).views()?;
        let mut tensors: Tensors = self.network.tensors.iter().map(|(name, tensor)| (name.clone(), tensor.shallow_clone())).collect();
        let mut leaves = Vec::new();
        for (name, _, _) in &self.theta.layout().entries {
            if let Some(view) = views.get(name) {
                let leaf = view.f_detach()?;
                tensors.insert(name.clone(), leaf.shallow_clone());
                leaves.push(leaf);
            }
        }
        Ok((tensors, leaves))
    }

    fn batches(&self) -> impl Iterator<Item = (i64, i64)> {
        let (n, batch) = (self.samples.len() as i64, self.batch);
        (0..n).step_by(batch as usize).map(move |start| (start, batch.min(n - start)))
    }

    fn batch_losses(&self, tensors: &Tensors, start: i64, len: i64) -> Result<Tensor, AnalysisError> {
        let x = self.samples.x.f_narrow(0, start, len)?;
        let y = self.samples.y.f_narrow(0, start, len)?;
        let logits = self.network.graph.forward(tensors, &x, BatchNormMode::Frozen)?.logits;
        let log_p = logits.f_to_kind(Kind::Double)?.f_log_softmax(1, Kind::Double)?;
        Ok(log_p.f_gather(1, &y.f_unsqueeze(1)?, false)?.f_squeeze_dim(1)?.f_neg()?)
    }
}

fn stop_if_cancelled(reporter: &dyn Reporter) -> Result<(), AnalysisError> {
    if reporter.cancelled() { Err(AnalysisError::Cancelled) } else { Ok(()) }
}

fn values(tensor: &Tensor) -> Result<Vec<f64>, AnalysisError> {
    Ok(Vec::<f64>::try_from(&tensor.f_to_device(Device::Cpu)?)?)
}
