//! [`Trainee`]: a network that is trained, and one step of it.

use flatland::job::{BatchNormUpdate, OptimizerConfig};
use tch::Tensor;

use super::ascent::{ascend, global_norm, restore};
use super::sgd::{Sgd, copy};
use crate::method::{Batch, Method};
use crate::model::{BatchNormMode, ModelError, Network};

/// A network whose parameters are leaves of autograd, with its optimizer.
pub struct Trainee {
    /// The network; its parameters share memory with `parameters`.
    pub network: Network,
    /// Names of the parameters in the order of the state dict.
    pub names: Vec<String>,
    /// The optimizer.
    pub sgd: Sgd,
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
}

/// How a step went.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepLoss {
    /// The objective at θ (of the first pass).
    pub first: f64,
    /// The objective at θ + ε, where there are two passes.
    pub second: Option<f64>,
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
    /// Makes the parameters of `network` trainable.
    ///
    /// # Errors
    /// When a tensor is missing.
    pub fn new(mut network: Network, optimizer: &OptimizerConfig) -> Result<Self, ModelError> {
        let names = network.parameter_names();
        let mut parameters = Vec::new();
        for name in &names {
            let tensor = network.tensors.get(name).ok_or_else(|| ModelError::MissingTensor(name.clone()))?;
            let leaf = copy(tensor)?.f_set_requires_grad(true)?;
            network.tensors.insert(name.clone(), leaf.shallow_clone());
            parameters.push(leaf);
        }
        Ok(Self { network, names, sgd: Sgd::new(optimizer), parameters })
    }

    /// One step of `method` at learning rate `lr`.
    ///
    /// # Errors
    /// When a loss or gradient is not finite (then θ stays) or shapes do not fit.
    pub fn step(&mut self, method: &dyn Method, input: &StepInput, batch_norm: BatchNormUpdate, lr: f64) -> Result<StepLoss, StepError> {
        let batch = Batch { id: &input.id, labels: &input.labels, outliers: input.outliers.as_ref() };
        let Some(ascent) = method.ascent() else {
            let pass = self.pass(method, &batch, true)?;
            self.sgd.step(&mut self.parameters, &pass.gradients, lr)?;
            return Ok(StepLoss { first: pass.loss, second: None });
        };
        let first_batch = Batch { id: input.first_id.as_ref().unwrap_or(&input.id), ..batch };
        let first = self.pass(method, &first_batch, batch_norm != BatchNormUpdate::Second)?;
        let theta = ascend(&mut self.parameters, &first.gradients, first.norm, ascent.rho)?;
        let second = self.pass(method, &batch, batch_norm != BatchNormUpdate::First);
        restore(&mut self.parameters, &theta)?;
        let second = second?;
        self.sgd.step(&mut self.parameters, &second.gradients, lr)?;
        Ok(StepLoss { first: first.loss, second: Some(second.loss) })
    }

    /// The objective and its gradient where the parameters are, with the statistics of the batch.
    fn pass(&self, method: &dyn Method, batch: &Batch<'_>, update: bool) -> Result<Pass, StepError> {
        let mut forward = |x: &Tensor| self.network.graph.forward(&self.network.tensors, x, BatchNormMode::Batch { update });
        let objective = method.objective(&mut forward, batch)?;
        let loss = f64::try_from(&objective)?;
        if !loss.is_finite() {
            return Err(StepError::NotFinite { what: "loss", found: loss });
        }
        // In the parameters' own layout: the convolutions' come channels-last.
        let gradients = Tensor::f_run_backward(&[objective], &self.parameters, false, false)?;
        let gradients = gradients.iter().map(Tensor::f_contiguous).collect::<Result<Vec<_>, _>>()?;
        let norm = global_norm(&gradients)?;
        if !norm.is_finite() {
            return Err(StepError::NotFinite { what: "gradient norm", found: norm });
        }
        Ok(Pass { loss, gradients, norm })
    }
}

struct Pass {
    loss: f64,
    gradients: Vec<Tensor>,
    norm: f64,
}
