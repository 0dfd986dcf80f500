//! [`AnnealedPenalty`]: the weight of the penalties of IRM and V-REx, which grows during a run.

use flatland_core::job::ParameterInfo;
use serde::Deserialize;
use tch::Tensor;

use super::Objective;
use super::parameters::{integer, switch};
use crate::model::ModelError;

/// mean + w·penalty, over max(1, w) with `rescale`; w = 1 before `anneal_steps`, then λ.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnnealedPenalty {
    /// Weight of the penalty after annealing.
    pub lambda: f64,
    /// Steps with weight 1.
    pub anneal_steps: usize,
    /// Whether the objective is divided by the weight.
    pub rescale: bool,
}

impl AnnealedPenalty {
    /// Its hyperparameters, with that of `lambda`.
    pub fn parameters(lambda: ParameterInfo) -> Vec<ParameterInfo> {
        vec![lambda, anneal_steps(), rescale()]
    }

    /// Whether the weight changes at `step`, where the optimizer forgets its momentum.
    pub fn changes_at(self, step: usize) -> bool {
        step == self.anneal_steps
    }

    /// The objective at `step`.
    ///
    /// # Errors
    /// When libtorch refuses.
    pub fn objective(self, step: usize, mean: Tensor, penalty: Tensor) -> Result<Objective, ModelError> {
        let weight = if step < self.anneal_steps { 1.0 } else { self.lambda };
        let mut objective = Objective::sum(("ce", mean), weight, ("penalty", penalty))?;
        if self.rescale && weight > 1.0 {
            objective.loss = objective.loss.f_div_scalar(weight)?;
        }
        Ok(objective)
    }
}

/// Steps before the penalty of IRM and V-REx gets its full weight.
fn anneal_steps() -> ParameterInfo {
    let about = "Steps with a penalty of weight 1; then it gets its full weight and the optimizer forgets its momentum (DomainBed: 500)";
    integer("anneal_steps", "", "steps", 500, [0, 1_000_000_000], about)
}

/// Whether IRM and V-REx are kept to the size of a mean cross-entropy.
fn rescale() -> ParameterInfo {
    let about = "Divides the objective by the weight of the penalty where that is above 1, as the authors' code: SGD diverges on gradients a hundred times as large (DomainBed does not divide; its Adam does not mind)";
    switch("rescale", true, about)
}
