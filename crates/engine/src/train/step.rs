//! [`Trainee`]: a network with its optimizer, and one training step.

use flatland_core::job::{BatchNormUpdate, OptimizerConfig};
use tch::{Kind, Tensor};

use super::ascent::{ascend, global_norm, restore};
use super::clip::clip;
use super::dropout::{Dropout, DropoutKey};
use super::half;
use super::optimizer::Optimizer;
use super::sgd::copy;
use crate::method::{Batch, Method, Objective};
use crate::model::{BatchNormMode, ModelError, Network, Tensors};

/// A network whose parameters are leaves of autograd, with its optimizer.
pub struct Trainee {
    /// The network; its parameters share memory with `parameters`.
    pub network: Network,
    /// Names of the parameters in the order of the state dict.
    pub names: Vec<String>,
    /// The optimizer.
    pub optimizer: Optimizer,
    /// Largest norm of the gradient that the optimizer gets; `None` = no clipping.
    clip_norm: Option<f64>,
    /// Whether passes run in bfloat16 (see [`half`](super::half)); else in float32.
    pub bf16: bool,
    /// Its graph in passes of training, if dropout acts in them.
    pub dropout: Option<Dropout>,
    parameters: Vec<Tensor>,
}

/// A batch of a step: normalized tensors on the network's device.
pub struct StepInput {
    /// ID images, [N, C, H, W].
    pub id: Tensor,
    /// The same crops, augmented for the first of two passes; `None` = as they are.
    pub first_id: Option<Tensor>,
    /// Classes, [N] i64.
    pub labels: Tensor,
    /// Outliers, [M, C, H, W].
    pub outliers: Option<Tensor>,
    /// Environment of each ID image, [N] i64.
    pub environments: Option<Tensor>,
    /// Seed of the method's random draws for this batch.
    pub seed: u64,
    /// Steps done before.
    pub step: usize,
    /// Epochs done before.
    pub epoch: usize,
}

impl StepInput {
    /// The batch of the only pass, or of the second.
    fn batch(&self) -> Batch<'_> {
        let Self { id, labels, seed, step, epoch, .. } = self;
        let (outliers, environments) = (self.outliers.as_ref(), self.environments.as_ref());
        Batch { id, labels, outliers, environments, seed: *seed, step: *step, epoch: *epoch }
    }

    /// The batch of the first of two passes.
    fn first_batch(&self) -> Batch<'_> {
        Batch { id: self.first_id.as_ref().unwrap_or(&self.id), ..self.batch() }
    }

    /// ID images.
    fn images(&self) -> f64 {
        self.labels.numel() as f64
    }
}

/// Values of a step.
#[derive(Clone, Debug, PartialEq)]
pub struct StepLoss {
    /// The objective at θ (of the first pass).
    pub first: f64,
    /// The objective at θ + ε, where there are two passes.
    pub second: Option<f64>,
    /// The parts of the objective at θ, by name.
    pub terms: Vec<(&'static str, f64)>,
    /// ‖g‖₂ of the gradient before clipping; with two passes, of the second.
    pub gradient_norm: f64,
    /// The same after clipping; `None` without clipping.
    pub clipped_gradient_norm: Option<f64>,
}

/// Why a step failed; θ is unchanged.
#[derive(Debug)]
pub enum StepError {
    /// A value is not finite.
    NotFinite {
        /// `loss` or `gradient norm`.
        what: &'static str,
        /// The value.
        found: f64,
    },
    /// The evaluation of the network failed.
    Model(ModelError),
}

impl From<ModelError> for StepError {
    fn from(error: ModelError) -> Self {
        StepError::Model(error)
    }
}

impl From<tch::TchError> for StepError {
    fn from(error: tch::TchError) -> Self {
        StepError::Model(error.into())
    }
}

impl Trainee {
    /// Makes the parameters of `network` trainable by `method`.
    ///
    /// # Errors
    /// When a tensor is missing.
    pub fn new(mut network: Network, optimizer: &OptimizerConfig, method: &dyn Method) -> Result<Self, ModelError> {
        let names = network.parameter_names();
        let mut parameters = Vec::new();
        for name in &names {
            let leaf = copy(network.tensor(name)?)?.f_set_requires_grad(true)?;
            network.tensors.insert(name.clone(), leaf.shallow_clone());
            parameters.push(leaf);
        }
        let rules = names.iter().map(|name| method.rule(name)).collect();
        let clip_norm = optimizer.clip_norm;
        Ok(Self { network, names, optimizer: Optimizer::new(optimizer, rules), clip_norm, bf16: false, dropout: None, parameters })
    }

    /// One step of `method` at learning rate `lr` on `batches`, of which there is one unless gradients are accumulated: the objective is
    /// its mean over the ID images of all of them. With an ascent, the whole first gradient is taken before θ moves, and the whole second one
    /// at the one θ + ε; clipping is of the second. BatchNorm sees each batch by itself, and its running statistics are updated by each.
    ///
    /// # Errors
    /// When a loss or gradient is not finite (then θ stays) or shapes do not fit.
    pub fn step(
        &mut self,
        method: &mut dyn Method,
        batches: &[StepInput],
        batch_norm: BatchNormUpdate,
        lr: f64,
    ) -> Result<StepLoss, StepError> {
        if batches.first().is_some_and(|first| method.resets_optimizer(first.step)) {
            self.optimizer.forget();
        }
        let Some(ascent) = method.ascent() else {
            let pass = self.passes(method, batches, StepInput::batch, true)?;
            return self.descend(pass, None, lr);
        };
        let mut first = self.passes(method, batches, StepInput::first_batch, batch_norm != BatchNormUpdate::Second)?;
        let theta = ascend(&self.names, &mut self.parameters, &first.gradients, first.norm, &ascent)?;
        // The second gradient is as large as the first.
        first.gradients.clear();
        let second = self.passes(method, batches, StepInput::batch, batch_norm != BatchNormUpdate::First);
        restore(&mut self.parameters, &theta)?;
        self.descend(second?, Some(first), lr)
    }

    /// Clips the gradient of `pass` and gives it to the optimizer. `first` is the pass before it, where there was one.
    fn descend(&mut self, mut pass: Pass, first: Option<Pass>, lr: f64) -> Result<StepLoss, StepError> {
        let clipped = self.clip_norm.map(|longest| clip(&mut pass.gradients, pass.norm, longest)).transpose()?;
        self.optimizer.step(&mut self.parameters, &pass.gradients, lr)?;
        let (first, second) = match first {
            Some(first) => (first, Some(pass.loss)),
            None => (Pass { gradients: Vec::new(), ..pass }, None),
        };
        Ok(StepLoss { first: first.loss, second, terms: first.terms, gradient_norm: pass.norm, clipped_gradient_norm: clipped })
    }

    /// The objective and its gradient at the current parameters: means over the ID images of all `batches`.
    fn passes<'a>(
        &self,
        method: &mut dyn Method,
        batches: &'a [StepInput],
        part: impl Fn(&'a StepInput) -> Batch<'a>,
        update: bool,
    ) -> Result<Pass, StepError> {
        let images: f64 = batches.iter().map(StepInput::images).sum();
        let mut sum: Option<Pass> = None;
        for batch in batches {
            let share = batch.images() / images;
            let mut pass = self.pass(method, &part(batch), update)?;
            // A single batch is not scaled, so that its bits do not change.
            if batches.len() > 1 {
                pass.scale(share)?;
            }
            sum = Some(match sum {
                Some(sum) => sum.plus(&pass)?,
                None => pass,
            });
        }
        let mut pass = sum.ok_or_else(|| ModelError::Mismatch("expected a batch in a step, found none".into()))?;
        pass.norm = global_norm(&pass.gradients)?;
        if !pass.norm.is_finite() {
            return Err(StepError::NotFinite { what: "gradient norm", found: pass.norm });
        }
        Ok(pass)
    }

    /// The objective and its gradient at the current parameters, with the statistics of the batch.
    fn pass(&self, method: &mut dyn Method, batch: &Batch<'_>, update: bool) -> Result<Pass, StepError> {
        let narrowed = if self.bf16 { Some(half::narrowed(&self.network.tensors)?) } else { None };
        let mut key = DropoutKey { seed: batch.seed, step: batch.step, call: 0 };
        let mut outputs = |tensors: &Tensors, x: &Tensor| {
            let mode = BatchNormMode::Batch { update };
            let Some(dropout) = &self.dropout else { return self.network.graph.forward(tensors, x, mode) };
            let outputs = dropout.forward(tensors, x, mode, key);
            key.call += 1;
            outputs
        };
        let mut forward = |x: &Tensor| match &narrowed {
            None => outputs(&self.network.tensors, x),
            Some(narrowed) => half::widened(&outputs(narrowed, &x.f_to_kind(Kind::BFloat16)?)?),
        };
        let Objective { loss: objective, terms } = method.objective(&mut forward, batch)?;
        let loss = f64::try_from(&objective)?;
        if !loss.is_finite() {
            return Err(StepError::NotFinite { what: "loss", found: loss });
        }
        let mut gradients = Tensor::f_run_backward(&[objective], &self.parameters, false, false)?;
        for (gradient, parameter) in gradients.iter_mut().zip(&self.parameters).filter(|(gradient, _)| !gradient.defined()) {
            // The objective does not read this parameter, as when a plain objective trains a network with a head.
            *gradient = parameter.detach().f_zeros_like()?;
        }
        // In the parameters' own layout: the convolutions' come channels-last.
        let gradients = gradients.iter().map(Tensor::f_contiguous).collect::<Result<Vec<_>, _>>()?;
        let terms = terms.iter().map(|(name, value)| Ok((*name, f64::try_from(value)?))).collect::<Result<_, ModelError>>()?;
        Ok(Pass { loss, terms, gradients, norm: f64::NAN })
    }
}

/// Objective and gradient of one or several batches.
struct Pass {
    loss: f64,
    terms: Vec<(&'static str, f64)>,
    gradients: Vec<Tensor>,
    /// ‖gradients‖₂ once all batches are in.
    norm: f64,
}

impl Pass {
    fn scale(&mut self, by: f64) -> Result<(), ModelError> {
        self.loss *= by;
        self.terms.iter_mut().for_each(|(_, value)| *value *= by);
        for gradient in &mut self.gradients {
            *gradient = gradient.f_mul_scalar(by)?;
        }
        Ok(())
    }

    fn plus(mut self, other: &Self) -> Result<Self, ModelError> {
        self.loss += other.loss;
        self.terms.iter_mut().zip(&other.terms).for_each(|((_, value), (_, more))| *value += more);
        for (gradient, more) in self.gradients.iter_mut().zip(&other.gradients) {
            let _ = gradient.f_add_(more)?;
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests;
