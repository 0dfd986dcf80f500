//! [`Optimizer`]: the optimizers of runs under one interface.

use flatland_core::job::{OptimizerConfig, UpdateRule};
use tch::Tensor;

use super::adamw::AdamW;
use super::sgd::Sgd;
use crate::method::ParameterRule;
use crate::model::ModelError;

/// The optimizer of a run with its state.
#[derive(Debug)]
pub enum Optimizer {
    /// See [`Sgd`].
    Sgd(Sgd),
    /// See [`AdamW`].
    AdamW(AdamW),
}

impl Optimizer {
    /// Before the first step; a rule per parameter.
    pub fn new(config: &OptimizerConfig, rules: Vec<ParameterRule>) -> Self {
        match config.rule {
            UpdateRule::Sgd { momentum, nesterov } => Optimizer::Sgd(Sgd::new([momentum, config.weight_decay], nesterov, config.lr, rules)),
            UpdateRule::AdamW { betas, eps } => Optimizer::AdamW(AdamW::new(betas, eps, config.weight_decay, config.lr, rules)),
        }
    }

    /// Moves `parameters` along `gradients` at learning rate `lr`.
    ///
    /// # Errors
    /// When shapes do not fit.
    pub fn step(&mut self, parameters: &mut [Tensor], gradients: &[Tensor], lr: f64) -> Result<(), ModelError> {
        match self {
            Optimizer::Sgd(sgd) => sgd.step(parameters, gradients, lr),
            Optimizer::AdamW(adamw) => adamw.step(parameters, gradients, lr),
        }
    }

    /// Resets the state to that of a new optimizer.
    pub fn forget(&mut self) {
        match self {
            Optimizer::Sgd(sgd) => sgd.buffers.clear(),
            Optimizer::AdamW(adamw) => adamw.forget(),
        }
    }

    /// State tensors of each parameter, by name; empty before the first step.
    pub fn memory(&self) -> Vec<(&'static str, &[Tensor])> {
        match self {
            Optimizer::Sgd(sgd) => vec![("momentum", &sgd.buffers)],
            Optimizer::AdamW(adamw) => vec![("exp_avg", &adamw.exp_avg), ("exp_avg_sq", &adamw.exp_avg_sq)],
        }
    }

    /// Step counter; 0 where there is none.
    pub fn steps(&self) -> usize {
        match self {
            Optimizer::Sgd(_) => 0,
            Optimizer::AdamW(adamw) => adamw.steps,
        }
    }

    /// Restores what [`Optimizer::memory`] and [`Optimizer::steps`] returned; `read` returns the tensors of a name.
    ///
    /// # Errors
    /// Those of `read`.
    pub fn remember<E>(&mut self, steps: usize, mut read: impl FnMut(&str) -> Result<Vec<Tensor>, E>) -> Result<(), E> {
        match self {
            Optimizer::Sgd(sgd) => sgd.buffers = read("momentum")?,
            Optimizer::AdamW(adamw) => {
                (adamw.exp_avg, adamw.exp_avg_sq) = (read("exp_avg")?, read("exp_avg_sq")?);
                adamw.steps = steps;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
