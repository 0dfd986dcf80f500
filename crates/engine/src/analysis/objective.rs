//! The mean loss as a function of ε with its gradient and its Hessian, for sharpness and Hessian analyses.

use flatland_core::job::Reporter;
use tch::{Kind, Tensor};

use super::flat::norm;
use super::gradient_batch::gradient_batch;
use super::loss::{Loss, square};
use super::reporting::stop_if_cancelled;
use super::values::values;
use super::{AnalysisError, check_labels};
use crate::model::{BatchNormMode, Graph, Network, ParameterVector, Samples, Tensors};

/// ε ↦ losses of samples at θ + ε (added in f32), BatchNorm frozen, with the derivatives of their mean. θ holds the trainable parameters that
/// move: all of them, or those of some layers. What weight decay adds to the mean is in the loss of each sample. At most the graph of
/// one batch is in memory.
pub(super) struct Objective<'a> {
    network: &'a Network,
    samples: &'a Samples,
    theta: ParameterVector,
    loss: Loss,
    /// ‖·‖² of the parameters that do not move, where weight decay counts them.
    fixed: f64,
    batch: i64,
    /// First image and number of images.
    range: (i64, i64),
}

impl<'a> Objective<'a> {
    /// The mean cross-entropy of `network` over all of `samples`; all parameters move.
    ///
    /// # Errors
    /// When there are no samples, or one of them has no class of the network's.
    pub fn new(network: &'a Network, samples: &'a Samples) -> Result<Self, AnalysisError> {
        Self::of(network, samples, Loss::default(), &network.parameter_names())
    }

    /// The mean `loss` of `network` over all of `samples`; the `parameters` move.
    ///
    /// # Errors
    /// When there are no samples, one of them has no class of the network's, or a parameter is not one of its tensors.
    pub fn of(network: &'a Network, samples: &'a Samples, loss: Loss, parameters: &[String]) -> Result<Self, AnalysisError> {
        check_labels(samples, network.classes)?;
        let theta = network.vector_of(parameters)?;
        let still: Vec<String> = network.parameter_names().into_iter().filter(|name| !parameters.contains(name)).collect();
        let fixed = if loss.0.weight_decay > 0.0 { square(&network.tensors, &still)? } else { 0.0 };
        Ok(Self { network, samples, theta, loss, fixed, batch: gradient_batch(network), range: (0, samples.len() as i64) })
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
    /// When libtorch fails.
    pub fn zero(&self) -> Result<Tensor, AnalysisError> {
        Ok(self.theta.flat().f_zeros_like()?)
    }

    /// Whether θ + ε is another point than θ in f32.
    ///
    /// # Errors
    /// When libtorch fails.
    pub fn is_moved_by(&self, epsilon: &Tensor) -> Result<bool, AnalysisError> {
        let theta = self.theta.flat();
        Ok(!theta.f_add(epsilon)?.f_equal(theta)?)
    }

    /// Whether rounding of θ + ε to f32 changes ε by more than half of its length: then values there do not belong to ε.
    ///
    /// # Errors
    /// When libtorch fails.
    pub fn rounds_away(&self, epsilon: &Tensor) -> Result<bool, AnalysisError> {
        let double = |tensor: &Tensor| tensor.f_to_kind(Kind::Double);
        let theta = self.theta.flat();
        let moved = double(&theta.f_add(epsilon)?)?.f_sub(&double(theta)?)?;
        Ok(norm(&moved.f_sub(&double(epsilon)?)?)? > 0.5 * norm(epsilon)?)
    }

    /// Loss of each sample at θ + ε, [N], in f64 from f32 logits. ε: flat, f32.
    ///
    /// # Errors
    /// When cancelled or libtorch fails.
    pub fn losses(&self, epsilon: &Tensor, reporter: &dyn Reporter) -> Result<Vec<f64>, AnalysisError> {
        let _guard = tch::no_grad_guard();
        let tensors = self.at(epsilon)?.0;
        let decay = self.decay(epsilon)?;
        let mut losses = Vec::with_capacity(self.len());
        for (start, len) in self.batches() {
            stop_if_cancelled(reporter)?;
            losses.extend(values(&self.batch_losses(&self.network.graph, &tensors, start, len)?)?.iter().map(|loss| loss + decay));
        }
        Ok(losses)
    }

    /// Losses at θ + ε as [`Self::losses`], and the gradient of their mean, flat f32.
    ///
    /// # Errors
    /// When cancelled or libtorch fails.
    pub fn gradient(&self, epsilon: &Tensor, reporter: &dyn Reporter) -> Result<(Vec<f64>, Tensor), AnalysisError> {
        let (tensors, leaves) = self.at(epsilon)?;
        let leaves: Vec<Tensor> = leaves.into_iter().map(|leaf| leaf.set_requires_grad(true)).collect();
        let decay = self.decay(epsilon)?;
        let mut losses = Vec::with_capacity(self.len());
        let mut sum = self.zero()?;
        for (start, len) in self.batches() {
            stop_if_cancelled(reporter)?;
            let batch = self.batch_losses(&self.network.graph, &tensors, start, len)?;
            let total = batch.f_sum(Kind::Double)?;
            let gradients = Tensor::f_run_backward(&[total], &leaves, false, false)?;
            let _ = sum.f_add_(&flatten(&gradients, &leaves)?)?;
            losses.extend(values(&batch.detach())?.iter().map(|loss| loss + decay));
        }
        let gradient = sum.f_div_scalar(self.len() as f64)?;
        let weight_decay = self.loss.0.weight_decay;
        if weight_decay == 0.0 {
            return Ok((losses, gradient));
        }
        Ok((losses, gradient.f_add(&self.theta.flat().f_add(epsilon)?.f_mul_scalar(weight_decay)?)?))
    }

    /// ∇²L(θ + ε) v of the mean loss, exact up to rounding (Pearlmutter 1994): the gradient of ⟨∇L, v⟩. v and the result: flat f32; the
    /// batches are added in f64, so that the result does not lose digits with their number.
    ///
    /// # Errors
    /// When cancelled or libtorch fails.
    pub fn hessian_vector(&self, epsilon: &Tensor, v: &Tensor, reporter: &dyn Reporter) -> Result<Tensor, AnalysisError> {
        let (tensors, leaves) = self.at(epsilon)?;
        let leaves: Vec<Tensor> = leaves.into_iter().map(|leaf| leaf.set_requires_grad(true)).collect();
        let views = self.theta.with_flat(v.shallow_clone()).views()?;
        let along: Vec<&Tensor> = self.theta.layout().entries.iter().filter_map(|(name, _, _)| views.get(name)).collect();
        let mut sum = self.theta.flat().f_to_kind(Kind::Double)?.f_zeros_like()?;
        let graph = self.network.graph.twice_differentiable();
        for (start, len) in self.batches() {
            stop_if_cancelled(reporter)?;
            let total = self.batch_losses(&graph, &tensors, start, len)?.f_sum(Kind::Double)?;
            let gradients = Tensor::f_run_backward(&[total], &leaves, true, true)?;
            let mut terms = Vec::with_capacity(leaves.len());
            for (gradient, v) in gradients.iter().zip(&along).filter(|(gradient, _)| gradient.defined()) {
                terms.push(gradient.f_mul(v)?.f_sum(Kind::Double)?);
            }
            if terms.is_empty() {
                continue;
            }
            let slope = Tensor::f_stack(&terms, 0)?.f_sum(Kind::Double)?;
            // A loss that is linear in every parameter has no second derivative.
            if slope.requires_grad() {
                let second = Tensor::f_run_backward(&[slope], &leaves, false, false)?;
                let _ = sum.f_add_(&flatten(&second, &leaves)?.f_to_kind(Kind::Double)?)?;
            }
        }
        let mut mean = sum.f_div_scalar(self.len() as f64)?;
        if self.loss.0.weight_decay > 0.0 {
            mean = mean.f_add(&v.f_to_kind(Kind::Double)?.f_mul_scalar(self.loss.0.weight_decay)?)?;
        }
        Ok(mean.f_to_kind(Kind::Float)?)
    }

    /// What weight decay adds at θ + ε.
    fn decay(&self, epsilon: &Tensor) -> Result<f64, AnalysisError> {
        if self.loss.0.weight_decay == 0.0 {
            return Ok(0.0);
        }
        Ok(self.loss.decay(self.fixed + norm(&self.theta.flat().f_add(epsilon)?)?.powi(2)))
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

    fn batch_losses(&self, graph: &Graph, tensors: &Tensors, start: i64, len: i64) -> Result<Tensor, AnalysisError> {
        let x = self.samples.x.f_narrow(0, start, len)?;
        let y = self.samples.y.f_narrow(0, start, len)?;
        let logits = graph.forward(tensors, &x, BatchNormMode::Frozen)?.logits;
        self.loss.of_images(&logits, &y)
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
