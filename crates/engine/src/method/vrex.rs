//! Variance Risk Extrapolation, Krueger et al. 2021, as in DomainBed.

use flatland_core::job::MethodInfo;
use serde::Deserialize;
use tch::Kind;

use super::annealed_penalty::AnnealedPenalty;
use super::environments::Environments;
use super::losses::cross_entropies;
use super::parameters::log_number;
use super::registration::{Registration, build};
use super::{Batch, Forward, Method, Objective};
use crate::model::ModelError;

pub const REGISTRATION: Registration = Registration { info, build: build::<VRex> };

fn info() -> MethodInfo {
    MethodInfo {
        key: "vrex".into(),
        name: "V-REx".into(),
        objective: "mean_e CE_e + λ·mean_e (CE_e − mean CE)²".into(),
        source: "Krueger et al. 2021, V-REx; DomainBed (Gulrajani & Lopez-Paz 2021)".into(),
        parameters: AnnealedPenalty::parameters(log_number(
            "lambda",
            "λ",
            10.0,
            [1e-3, 1e6],
            "Weight of the variance after annealing (DomainBed: 10, searched in 0.1 to 1e5)",
        )),
        outliers: false,
        environments: true,
        score: "MSP".into(),
    }
}

/// Mean of the environments' cross-entropies + w·their population variance, over max(1, w) with `rescale`. w = 1 before `anneal_steps`, then λ.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct VRex(pub AnnealedPenalty);

impl Method for VRex {
    fn key(&self) -> &'static str {
        "vrex"
    }

    fn needs_environments(&self) -> bool {
        true
    }

    fn resets_optimizer(&self, step: usize) -> bool {
        self.0.changes_at(step)
    }

    fn objective(&mut self, forward: &mut Forward<'_>, batch: &Batch<'_>) -> Result<Objective, ModelError> {
        let losses = Environments::of(batch)?.means(&cross_entropies(&forward(batch.id)?.logits, batch.labels)?)?;
        let mean = losses.f_mean(None::<Kind>)?;
        let variance = losses.f_sub(&mean)?.f_square()?.f_mean(None::<Kind>)?;
        self.0.objective(batch.step, mean, variance)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use tch::Tensor;

    use super::super::testing::{fixed, logits_of_losses, number};
    use super::*;

    /// Golden value of ood.md 18: environments with losses 0.7 and 1.3 (here of two images each).
    #[test]
    fn mean_and_variance_match_the_golden_value() {
        let (logits, labels) = logits_of_losses(&[0.6, 1.4, 0.8, 1.2]);
        let environments = Tensor::from_slice(&[0i64, 1, 0, 1]);
        let at = |step: usize, environments: &Tensor| {
            let batch = Batch { environments: Some(environments), step, ..fixed::batch(&logits, &labels) };
            number(
                &VRex(AnnealedPenalty { lambda: 10.0, anneal_steps: 500, rescale: false })
                    .objective(&mut fixed::forward(), &batch)
                    .unwrap()
                    .loss,
            )
        };
        assert!((at(500, &environments) - 1.9).abs() < 1e-9);
        assert!((at(499, &environments) - 1.09).abs() < 1e-9);
        let batch = Batch { environments: Some(&environments), step: 500, ..fixed::batch(&logits, &labels) };
        let rescaled =
            VRex(AnnealedPenalty { lambda: 10.0, anneal_steps: 500, rescale: true }).objective(&mut fixed::forward(), &batch).unwrap();
        assert!(
            (number(&rescaled.loss) - 0.19).abs() < 1e-9 && (number(&rescaled.terms[1].1) - 0.09).abs() < 1e-9,
            "terms stay as they are"
        );
        assert!((at(500, &environments.zeros_like()) - 1.0).abs() < 1e-9, "one environment has no variance");
    }
}
