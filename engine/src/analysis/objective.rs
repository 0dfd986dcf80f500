//! The mean cross-entropy as a function of ε with its gradient and its Hessian: what sharpness climbs and whose curvature is measured.

use flatland::job::Reporter;
use tch::{Device, Kind, Tensor};

use super::flat::norm;
use super::gradient_batch::gradient_batch;
use super::{AnalysisError, check_labels};
use crate::model::{BatchNormMode, Network, ParameterVector, Samples, Tensors};

/// ε ↦ cross-entropies of samples at θ + ε (added in f32), BatchNorm frozen, with the derivatives of their mean. θ holds all trainable
/// parameters. At most the graph of one batch is in memory.
pub(super) struct Objective<'a> {
    network: &'a Network,
    samples: &'a Samples,
    theta: ParameterVector,
    batch: i64,
    /// First image and number of images.
    range: (i64, i64),
}

impl<'a> Objective<'a> {
    /// The objective of `network` over all of `samples`.
    ///
    /// # Errors
    /// When there are no samples, or one of them has no class of the network's.
    pub fn new(network: &'a Network, samples: &'a Samples) -> Result<Self, AnalysisError> {
        check_labels(samples, network.classes)?;
        Ok(Self { network, samples, theta: network.theta()?, batch: gradient_batch(network), range: (0, samples.len() as i64) })
    }

    /// The same over the images `first`, ..., `first + count − 1` only.
    pub fn part(&self, first: usize, count: usize) -> Self {
        let theta = self.theta.with_flat(self.theta.flat().shallow_clone());
        Self { theta, range: (first as i64, count as i64), ..*self }
    }

    /// θ
    pub fn theta(&self) -> &ParameterVector {
        &self.theta
    }

    /// Images.
    pub fn len(&self) -> usize {
        self.range.1 as usize
    }

    /// ε = 0.
    ///
    /// # Errors
    /// When libtorch refuses.
    pub fn zero(&self) -> Result<Tensor, AnalysisError> {
        Ok(self.theta.flat().f_zeros_like()?)
    }

    /// Whether θ + ε is another point than θ in f32.
    ///
    /// # Errors
    /// When libtorch refuses.
    pub fn is_moved_by(&self, epsilon: &Tensor) -> Result<bool, AnalysisError> {
        let theta = self.theta.flat();
        Ok(!theta.f_add(epsilon)?.f_equal(theta)?)
    }

    /// Whether rounding of θ + ε to f32 changes ε by more than half of its length: what is measured there is then not of ε.
    ///
    /// # Errors
    /// When libtorch refuses.
    pub fn rounds_away(&self, epsilon: &Tensor) -> Result<bool, AnalysisError> {
        let double = |tensor: &Tensor| tensor.f_to_kind(Kind::Double);
        let theta = self.theta.flat();
        let moved = double(&theta.f_add(epsilon)?)?.f_sub(&double(theta)?)?;
        Ok(norm(&moved.f_sub(&double(epsilon)?)?)? > 0.5 * norm(epsilon)?)
    }

    /// Cross-entropy of each sample at θ + ε, [N], in f64 from f32 logits. ε: flat, f32.
    ///
    /// # Errors
    /// When cancelled or libtorch refuses.
    pub fn losses(&self, epsilon: &Tensor, reporter: &dyn Reporter) -> Result<Vec<f64>, AnalysisError> {
        let _guard = tch::no_grad_guard();
        let tensors = self.at(epsilon)?.0;
        let mut losses = Vec::with_capacity(self.len());
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
        let mut losses = Vec::with_capacity(self.len());
        let mut sum = self.zero()?;
        for (start, len) in self.batches() {
            stop_if_cancelled(reporter)?;
            let batch = self.batch_losses(&tensors, start, len)?;
            let total = batch.f_sum(Kind::Double)?;
            let gradients = Tensor::f_run_backward(&[total], &leaves, false, false)?;
            let _ = sum.f_add_(&flatten(&gradients, &leaves)?)?;
            losses.extend(values(&batch.detach())?);
        }
        Ok((losses, sum.f_div_scalar(self.len() as f64)?))
    }

    /// ∇²L(θ + ε) v of the mean loss, exact up to rounding (Pearlmutter 1994): the gradient of ⟨∇L, v⟩. v and the result: flat f32; the
    /// batches are added in f64, so that the result does not lose digits with their number.
    ///
    /// # Errors
    /// When cancelled or libtorch refuses.
    pub fn hessian_vector(&self, epsilon: &Tensor, v: &Tensor, reporter: &dyn Reporter) -> Result<Tensor, AnalysisError> {
        let (tensors, leaves) = self.at(epsilon)?;
        let leaves: Vec<Tensor> = leaves.into_iter().map(|leaf| leaf.set_requires_grad(true)).collect();
        let views = self.theta.with_flat(v.shallow_clone()).views()?;
        let along: Vec<&Tensor> = self.theta.layout().entries.iter().filter_map(|(name, _, _)| views.get(name)).collect();
        let mut sum = self.theta.flat().f_to_kind(Kind::Double)?.f_zeros_like()?;
        for (start, len) in self.batches() {
            stop_if_cancelled(reporter)?;
            let total = self.batch_losses(&tensors, start, len)?.f_sum(Kind::Double)?;
            let gradients = Tensor::f_run_backward(&[total], &leaves, true, true)?;
            let mut terms = Vec::with_capacity(leaves.len());
            for (gradient, v) in gradients.iter().zip(&along).filter(|(gradient, _)| gradient.defined()) {
                terms.push(gradient.f_mul(v)?.f_sum(Kind::Double)?);
            }
            let slope = Tensor::f_stack(&terms, 0)?.f_sum(Kind::Double)?;
            // A loss that is linear in every parameter has no second derivative.
            if slope.requires_grad() {
                let second = Tensor::f_run_backward(&[slope], &leaves, false, false)?;
                let _ = sum.f_add_(&flatten(&second, &leaves)?.f_to_kind(Kind::Double)?)?;
            }
        }
        Ok(sum.f_div_scalar(self.len() as f64)?.f_to_kind(Kind::Float)?)
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
        let ((first, n), batch) = (self.range, self.batch);
        (0..n).step_by(batch as usize).map(move |start| (first + start, batch.min(n - start)))
    }

    fn batch_losses(&self, tensors: &Tensors, start: i64, len: i64) -> Result<Tensor, AnalysisError> {
        let x = self.samples.x.f_narrow(0, start, len)?;
        let y = self.samples.y.f_narrow(0, start, len)?;
        let logits = self.network.graph.forward(tensors, &x, BatchNormMode::Frozen)?.logits;
        let log_p = logits.f_to_kind(Kind::Double)?.f_log_softmax(1, Kind::Double)?;
        Ok(log_p.f_gather(1, &y.f_unsqueeze(1)?, false)?.f_squeeze_dim(1)?.f_neg()?)
    }
}

/// One flat vector of derivatives by `leaves`; a parameter that the graph does not read has none.
fn flatten(derivatives: &[Tensor], leaves: &[Tensor]) -> Result<Tensor, AnalysisError> {
    let mut parts = Vec::with_capacity(leaves.len());
    for (derivative, leaf) in derivatives.iter().zip(leaves) {
        let part = if derivative.defined() { derivative.shallow_clone() } else { leaf.detach().f_zeros_like()? };
        parts.push(part.f_flatten(0, -1)?);
    }
    Ok(Tensor::f_cat(&parts, 0)?)
}

fn stop_if_cancelled(reporter: &dyn Reporter) -> Result<(), AnalysisError> {
    if reporter.cancelled() { Err(AnalysisError::Cancelled) } else { Ok(()) }
}

fn values(tensor: &Tensor) -> Result<Vec<f64>, AnalysisError> {
    Ok(Vec::<f64>::try_from(&tensor.f_to_device(Device::Cpu)?)?)
}
