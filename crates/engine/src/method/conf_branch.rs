//! Learning confidence, DeVries & Taylor 2018 ("Learning Confidence for Out-of-Distribution Detection in Neural Networks").

use flatland_core::job::MethodInfo;
use rand::Rng;
use serde::Deserialize;
use tch::{Kind, Tensor};

use super::draws::draws;
use super::parameters::{log_number, number};
use super::registration::{Registration, build};
use super::{Batch, Forward, Method, Objective};
use crate::model::{Head, ModelError};

pub const REGISTRATION: Registration = Registration { info, build: build::<ConfBranch> };

/// Bounds of a probability before its logarithm, and of λ.
const TINY: f64 = 1e-12;
const LAMBDA: [f64; 2] = [1e-8, 1e8];

fn info() -> MethodInfo {
    MethodInfo {
        key: "conf_branch".into(),
        name: "ConfBranch".into(),
        objective:
            "mean of −ln p'_y + λ·(−ln c), where p' = c·p + (1 − c)·y for a random half of the images; λ moves until −ln c is at its budget"
                .into(),
        source: "DeVries & Taylor 2018, Eq. 2 to 5; hints and budget as in OpenOOD".into(),
        parameters: vec![
            log_number("lambda", "λ", 0.1, LAMBDA, "First weight of the confidence loss (0.1, DeVries & Taylor 2018)"),
            number(
                "budget",
                "β",
                0.3,
                [0.0, 100.0],
                "Confidence loss that λ steers to: λ/1.01 after a batch below it, else λ/0.99 (0.3, DeVries & Taylor 2018)",
            ),
        ],
        outliers: false,
        environments: false,
        score: "c, the sigmoid of the confidence logit; without the original's perturbation of the input, as OpenOOD".into(),
    }
}

/// The classifier asks for hints, p' = c·p + (1 − c)·y, and pays for them. Half of the images get none: b ~ Bernoulli(u), u ~ U(0, 1).
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfBranch {
    /// Weight of the confidence loss; moves.
    pub lambda: f64,
    /// Where λ steers the confidence loss.
    pub budget: f64,
}

impl Method for ConfBranch {
    fn key(&self) -> &'static str {
        "conf_branch"
    }

    fn head(&self) -> Option<Head> {
        Some(Head::ConfBranch)
    }

    fn objective(&mut self, forward: &mut Forward<'_>, batch: &Batch<'_>) -> Result<Objective, ModelError> {
        let output = forward(batch.id)?;
        let mut rng = draws("conf_branch", batch.seed, batch.step);
        let hints: Vec<bool> = (0..batch.labels.size1()?)
            .map(|_| {
                let p = rng.random::<f64>();
                rng.random_bool(p)
            })
            .collect();
        let [nll, confidence] = losses(&output.logits, output.need_auxiliary()?, batch.labels, &hints)?;
        let lambda = self.lambda;
        let value = f64::try_from(&confidence.detach())?;
        self.lambda = (lambda / if value < self.budget { 1.01 } else { 0.99 }).clamp(LAMBDA[0], LAMBDA[1]);
        Objective::sum(("nll", nll), lambda, ("confidence", confidence))
    }

    fn state(&self) -> Vec<(&'static str, Vec<f64>)> {
        vec![("lambda", vec![self.lambda])]
    }

    fn restore(&mut self, name: &str, values: &[f64]) {
        if let ("lambda", &[lambda]) = (name, values) {
            self.lambda = lambda;
        }
    }
}

/// mean of −ln p'_y and of −ln c for `logits` [N, C] and confidence logits [N, 1]; images that may take `hints` count as p'.
fn losses(logits: &Tensor, confidence: &Tensor, labels: &Tensor, hints: &[bool]) -> Result<[Tensor; 2], ModelError> {
    let p = logits.f_softmax(1, None::<Kind>)?.f_clamp(TINY, 1.0 - TINY)?;
    let p = p.f_gather(1, &labels.f_unsqueeze(1)?, false)?.f_squeeze_dim(1)?;
    let c = confidence.f_squeeze_dim(1)?.f_sigmoid()?.f_clamp(TINY, 1.0 - TINY)?;
    let hints = Tensor::f_from_slice(hints)?.f_to_kind(c.kind())?.f_to_device(c.device())?;
    // c where hints are given, 1 elsewhere: c' = c·b + (1 − b).
    let c_hinted = c.f_mul(&hints)?.f_add(&hints.f_ones_like()?.f_sub(&hints)?)?;
    let p_hinted = c_hinted.f_mul(&p)?.f_add(&c_hinted.f_ones_like()?.f_sub(&c_hinted)?)?;
    let minus_mean_log = |x: &Tensor| x.f_log()?.f_mean(None::<Kind>)?.f_neg();
    Ok([minus_mean_log(&p_hinted)?, minus_mean_log(&c)?])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::testing::number;
    use super::*;
    use crate::model::Output;

    /// Golden values of ood.md 18.
    #[test]
    fn losses_match_the_golden_values() {
        let (z, c) = (Tensor::from_slice(&[2.0, -1.0, 0.5]).view([1, 3]), Tensor::from_slice(&[-0.5]).view([1, 1]));
        let label = Tensor::from_slice(&[1i64]);
        let [nll, confidence] = losses(&z, &c, &label, &[true]).unwrap();
        assert!((number(&nll) - 0.450631027).abs() < 1e-9, "{}", number(&nll));
        assert!((number(&confidence) - 0.974076984).abs() < 1e-9);
        let [plain, _] = losses(&z, &c, &label, &[false]).unwrap();
        assert!((number(&plain) + 0.039112573f64.ln()).abs() < 1e-7, "without a hint it is the cross-entropy");
    }

    #[test]
    fn lambda_steers_the_confidence_to_its_budget_and_is_kept() {
        let after = |logit: f64| {
            let mut method = ConfBranch { lambda: 0.1, budget: 0.3 };
            let (id, labels) = (Tensor::zeros([4, 2], (Kind::Double, tch::Device::Cpu)), Tensor::from_slice(&[0i64, 1, 0, 1]));
            let batch = Batch { id: &id, labels: &labels, outliers: None, environments: None, seed: 0, step: 0, epoch: 0 };
            let mut forward = |x: &Tensor| {
                let auxiliary = Tensor::full([4, 1], logit, (Kind::Double, tch::Device::Cpu));
                Ok(Output { features: x.shallow_clone(), logits: x.shallow_clone(), auxiliary: Some(auxiliary) })
            };
            method.objective(&mut forward, &batch).unwrap();
            let mut resumed = ConfBranch { lambda: 0.1, budget: 0.3 };
            method.state().iter().for_each(|(name, values)| resumed.restore(name, values));
            resumed.lambda
        };
        assert_eq!((after(5.0), after(-5.0)), (0.1 / 1.01, 0.1 / 0.99));
    }

    #[test]
    fn half_of_the_images_get_hints() {
        let mut rng = draws("conf_branch", 0, 0);
        let hints = (0..10_000)
            .filter(|_| {
                let p = rng.random::<f64>();
                rng.random_bool(p)
            })
            .count();
        assert!((4_800..5_200).contains(&hints), "{hints}");
    }
}
