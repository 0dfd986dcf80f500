//! [`Trainee`]: a network that is trained, and one step of it.

use flatland::job::{BatchNormUpdate, OptimizerConfig};
use tch::{Kind, Tensor};

use super::ascent::{ascend, global_norm, restore};
use super::half;
use super::sgd::{Sgd, copy};
use crate::method::{Batch, Method, Objective};
use crate::model::{BatchNormMode, ModelError, Network};

/// A network whose parameters are leaves of autograd, with its optimizer.
pub struct Trainee {
    /// The network; its parameters share memory with `parameters`.
    pub network: Network,
    /// Names of the parameters in the order of the state dict.
    pub names: Vec<String>,
    /// The optimizer.
    pub sgd: Sgd,
    /// Whether passes run in bfloat16 (see [`half`](super::half)); else in float32.
    pub bf16: bool,
    parameters: Vec<Tensor>,
}

/// What one step sees: normalized tensors on the network's device.
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
    /// Seed of the run.
    pub seed: u64,
    /// Steps done before.
    pub step: usize,
    /// Epochs done before.
    pub epoch: usize,
}

/// How a step went.
#[derive(Clone, Debug, PartialEq)]
pub struct StepLoss {
    /// The objective at θ (of the first pass).
    pub first: f64,
    /// The objective at θ + ε, where there are two passes.
    pub second: Option<f64>,
    /// The parts of the objective at θ, by name.
    pub terms: Vec<(&'static str, f64)>,
    /// ‖g‖₂ of the gradient that the optimizer stepped with.
    pub gradient_norm: f64,
}

/// Why a step was not made; θ stays as it was.
#[derive(Debug)]
pub enum StepError {
    /// A value is not finite.
    NotFinite {
        /// `loss` or `gradient norm`.
        what: &'static str,
        /// What it is.
        found: f64,
    },
    /// The model failed.
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
            let tensor = network.tensors.get(name).ok_or_else(|| ModelError::MissingTensor(name.clone()))?;
            let leaf = copy(tensor)?.f_set_requires_grad(true)?;
            network.tensors.insert(name.clone(), leaf.shallow_clone());
            parameters.push(leaf);
        }
        let rules = names.iter().map(|name| method.rule(name)).collect();
        Ok(Self { network, names, sgd: Sgd::new(optimizer, rules), bf16: false, parameters })
    }

    /// One step of `method` at learning rate `lr`.
    ///
    /// # Errors
    /// When a loss or gradient is not finite (then θ stays) or shapes do not fit.
    pub fn step(
        &mut self,
        method: &mut dyn Method,
        input: &StepInput,
        batch_norm: BatchNormUpdate,
        lr: f64,
    ) -> Result<StepLoss, StepError> {
        if method.resets_optimizer(input.step) {
            self.sgd.buffers.clear();
        }
        let batch = Batch {
            id: &input.id,
            labels: &input.labels,
            outliers: input.outliers.as_ref(),
            environments: input.environments.as_ref(),
            seed: input.seed,
            step: input.step,
            epoch: input.epoch,
        };
        let Some(ascent) = method.ascent() else {
            let pass = self.pass(method, &batch, true)?;
            self.sgd.step(&mut self.parameters, &pass.gradients, lr)?;
            return Ok(StepLoss { first: pass.loss, second: None, terms: pass.terms, gradient_norm: pass.norm });
        };
        let first_batch = Batch { id: input.first_id.as_ref().unwrap_or(&input.id), ..batch };
        let first = self.pass(method, &first_batch, batch_norm != BatchNormUpdate::Second)?;
        let theta = ascend(&self.names, &mut self.parameters, &first.gradients, first.norm, &ascent)?;
        let second = self.pass(method, &batch, batch_norm != BatchNormUpdate::First);
        restore(&mut self.parameters, &theta)?;
        let second = second?;
        self.sgd.step(&mut self.parameters, &second.gradients, lr)?;
        Ok(StepLoss { first: first.loss, second: Some(second.loss), terms: first.terms, gradient_norm: second.norm })
    }

    /// The objective and its gradient where the parameters are, with the statistics of the batch.
    fn pass(&self, method: &mut dyn Method, batch: &Batch<'_>, update: bool) -> Result<Pass, StepError> {
        let narrowed = if self.bf16 { Some(half::narrowed(&self.network.tensors)?) } else { None };
        let mut forward = |x: &Tensor| {
            let mode = BatchNormMode::Batch { update };
            match &narrowed {
                None => self.network.graph.forward(&self.network.tensors, x, mode),
                Some(narrowed) => half::widened(&self.network.graph.forward(narrowed, &x.f_to_kind(Kind::BFloat16)?, mode)?),
            }
        };
        let Objective { loss: objective, terms } = method.objective(&mut forward, batch)?;
        let loss = f64::try_from(&objective)?;
        if !loss.is_finite() {
            return Err(StepError::NotFinite { what: "loss", found: loss });
        }
        let mut gradients = Tensor::f_run_backward(&[objective], &self.parameters, false, false)?;
        for (gradient, parameter) in gradients.iter_mut().zip(&self.parameters).filter(|(gradient, _)| !gradient.defined()) {
            // The objective does not read it, as where a plain objective trains a network with a head.
            *gradient = parameter.detach().f_zeros_like()?;
        }
        // In the parameters' own layout: the convolutions' come channels-last.
        let gradients = gradients.iter().map(Tensor::f_contiguous).collect::<Result<Vec<_>, _>>()?;
        let norm = global_norm(&gradients)?;
        if !norm.is_finite() {
            return Err(StepError::NotFinite { what: "gradient norm", found: norm });
        }
        let terms = terms.iter().map(|(name, value)| Ok((*name, f64::try_from(value)?))).collect::<Result<_, ModelError>>()?;
        Ok(Pass { loss, terms, gradients, norm })
    }
}

struct Pass {
    loss: f64,
    terms: Vec<(&'static str, f64)>,
    gradients: Vec<Tensor>,
    norm: f64,
}
