//! Invariant Risk Minimization, Arjovsky et al. 2019, as in DomainBed.

use flatland_core::job::MethodInfo;
use serde::Deserialize;
use tch::{Kind, Tensor};

use super::annealed_penalty::AnnealedPenalty;
use super::environments::Environments;
use super::losses::cross_entropies;
use super::parameters::log_number;
use super::registration::{Registration, build};
use super::{Batch, Forward, Method, Objective};
use crate::model::ModelError;

pub const REGISTRATION: Registration = Registration { info, build: build::<Irm> };

fn info() -> MethodInfo {
    MethodInfo {
        key: "irm".into(),
        name: "IRM".into(),
        objective: "mean_e CE_e + λ·mean_e (∂/∂s CE_e(s·z, y) at s = 1)², the square estimated without bias from two halves of a batch"
            .into(),
        source: "Arjovsky et al. 2019, IRMv1; DomainBed (Gulrajani & Lopez-Paz 2021)".into(),
        parameters: AnnealedPenalty::parameters(log_number(
            "lambda",
            "λ",
            100.0,
            [1e-3, 1e6],
            "Weight of the penalty after annealing (DomainBed: 100, searched in 0.1 to 1e5)",
        )),
        outliers: false,
        environments: true,
        score: "MSP".into(),
    }
}

/// mean_e CE_e + w·mean_e g_even·g_odd over environments e, with g = mean of Σ_c (p_c − y_c)·z_c, the derivative of the cross-entropy of
/// s·z at s = 1, over every other image. w = 1 before `anneal_steps`, then λ.
///
/// With `rescale` all of it is divided by max(1, w). The penalty may be negative. An environment with one image in the batch has no halves and no part in the penalty.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Irm(pub AnnealedPenalty);

impl Method for Irm {
    fn key(&self) -> &'static str {
        "irm"
    }

    fn needs_environments(&self) -> bool {
        true
    }

    fn resets_optimizer(&self, step: usize) -> bool {
        self.0.changes_at(step)
    }

    fn objective(&mut self, forward: &mut Forward<'_>, batch: &Batch<'_>) -> Result<Objective, ModelError> {
        let logits = forward(batch.id)?.logits;
        let loss = Environments::of(batch)?.means(&cross_entropies(&logits, batch.labels)?)?.f_mean(None::<Kind>)?;
        let penalty = match Environments::halves(batch)? {
            Some([even, odd]) => {
                let slopes = slopes(&logits, batch.labels)?;
                even.means(&slopes)?.f_mul(&odd.means(&slopes)?)?.f_mean(None::<Kind>)?
            }
            None => loss.f_zeros_like()?,
        };
        self.0.objective(batch.step, loss, penalty)
    }
}

/// ∂/∂s of the cross-entropy of s·z at s = 1, for each image: Σ_c (p_c − y_c)·z_c, [N].
fn slopes(logits: &Tensor, labels: &Tensor) -> Result<Tensor, ModelError> {
    let expected = logits.f_softmax(1, None::<Kind>)?.f_mul(logits)?.f_sum_dim_intlist([1i64].as_slice(), false, None::<Kind>)?;
    Ok(expected.f_sub(&logits.f_gather(1, &labels.f_unsqueeze(1)?, false)?.f_squeeze_dim(1)?)?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::testing::{fixed, number};
    use super::*;

    /// Golden values of ood.md 18: one environment, its halves are the two images.
    #[test]
    fn slopes_and_penalty_match_the_golden_values() {
        let logits = Tensor::from_slice(&[2.0, -1.0, 0.5, 0.0, 1.0, 0.5]).view([2, 3]);
        let labels = Tensor::from_slice(&[0i64, 1]);
        let found: Vec<f64> = slopes(&logits, &labels).unwrap().try_into().unwrap();
        assert!((found[0] + 0.380273308).abs() < 1e-8 && (found[1] + 0.339921666).abs() < 1e-8, "{found:?}");
        let environments = Tensor::from_slice(&[4i64, 4]);
        for (step, weight) in [(0, 1.0), (499, 1.0), (500, 100.0)] {
            let batch = Batch { environments: Some(&environments), step, ..fixed::batch(&logits, &labels) };
            let found =
                Irm(AnnealedPenalty { lambda: 100.0, anneal_steps: 500, rescale: false }).objective(&mut fixed::forward(), &batch).unwrap();
            assert!((number(&found.terms[1].1) - 0.129263136).abs() < 1e-8);
            let expected = number(&found.terms[0].1) + weight * 0.129263136;
            assert!((number(&found.loss) - expected).abs() < 1e-6);
        }
    }

    #[test]
    fn the_slope_is_the_derivative_of_the_scaled_cross_entropy() {
        let logits = Tensor::randn([5, 4], (Kind::Double, tch::Device::Cpu));
        let labels = Tensor::from_slice(&[0i64, 1, 2, 3, 0]);
        let at = |s: f64| cross_entropies(&(&logits * s), &labels).unwrap();
        let difference = (at(1.0 + 1e-5) - at(1.0 - 1e-5)) / 2e-5;
        assert!(number(&(difference - slopes(&logits, &labels).unwrap()).abs().max()) < 1e-8);
    }

    #[test]
    fn lone_images_have_no_penalty() {
        let (logits, labels) = (Tensor::from_slice(&[1.0, 0.0, 0.0, 1.0]).view([2, 2]), Tensor::from_slice(&[0i64, 0]));
        let environments = Tensor::from_slice(&[0i64, 1]);
        let batch = Batch { environments: Some(&environments), ..fixed::batch(&logits, &labels) };
        let found =
            Irm(AnnealedPenalty { lambda: 100.0, anneal_steps: 0, rescale: false }).objective(&mut fixed::forward(), &batch).unwrap();
        assert_eq!(number(&found.terms[1].1), 0.0);
    }
}
