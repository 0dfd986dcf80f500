//! Group Distributionally Robust Optimization, Sagawa et al. 2020.

use flatland_core::job::MethodInfo;
use serde::Deserialize;
use tch::{Kind, Tensor};

use super::environments::Environments;
use super::losses::cross_entropies;
use super::parameters::log_number;
use super::registration::{Registration, build};
use super::{Batch, Forward, Method, Objective};
use crate::model::ModelError;

pub const REGISTRATION: Registration = Registration { info, build: build::<GroupDro> };

fn info() -> MethodInfo {
    MethodInfo {
        key: "group_dro".into(),
        name: "GroupDRO".into(),
        objective: "Σ_e q_e·CE_e, before each step q_e ← q_e·exp(η·CE_e), normalized".into(),
        source: "Sagawa et al. 2020, Algorithm 1; one concatenated forward, as the authors' code".into(),
        parameters: vec![log_number(
            "eta",
            "η",
            0.01,
            [1e-6, 10.0],
            "Step size of the environments' weights (Sagawa et al. 2020 and DomainBed: 0.01)",
        )],
        outliers: false,
        environments: true,
        score: "MSP".into(),
    }
}

/// Σ_e q_e·CE_e with weights q that follow the worst environment. They are kept as logarithms, so that no loss overflows them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupDro {
    /// Step size of the weights.
    pub eta: f64,
    /// ln q up to a constant, by environment; 0 for one that was not seen yet.
    #[serde(skip)]
    log_q: Vec<f64>,
}

impl GroupDro {
    /// The weights of the environments seen so far; they sum to 1.
    pub fn q(&self) -> Vec<f64> {
        let largest = self.log_q.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let exponentials: Vec<f64> = self.log_q.iter().map(|log_q| (log_q - largest).exp()).collect();
        let sum: f64 = exponentials.iter().sum();
        exponentials.into_iter().map(|x| x / sum).collect()
    }
}

impl Method for GroupDro {
    fn key(&self) -> &'static str {
        "group_dro"
    }

    fn needs_environments(&self) -> bool {
        true
    }

    fn objective(&mut self, forward: &mut Forward<'_>, batch: &Batch<'_>) -> Result<Objective, ModelError> {
        let environments = Environments::of(batch)?;
        let losses = environments.means(&cross_entropies(&forward(batch.id)?.logits, batch.labels)?)?;
        let values = Vec::<f64>::try_from(&losses.detach().f_to_kind(Kind::Double)?)?;
        for (&id, loss) in environments.ids.iter().zip(&values) {
            if id >= self.log_q.len() {
                self.log_q.resize(id + 1, 0.0);
            }
            self.log_q[id] += self.eta * loss;
        }
        let q = self.q();
        let q: Vec<f64> = environments.ids.iter().map(|&id| q[id]).collect();
        let loss = losses.f_dot(&Tensor::f_from_slice(&q)?.f_to_kind(losses.kind())?.f_to_device(losses.device())?)?;
        let terms = vec![("ce", losses.detach().f_mean(None::<Kind>)?), ("worst", losses.detach().f_max()?)];
        Ok(Objective { loss, terms })
    }

    fn state(&self) -> Vec<(&'static str, Vec<f64>)> {
        vec![("log_q", self.log_q.clone())]
    }

    fn restore(&mut self, name: &str, values: &[f64]) {
        if name == "log_q" {
            self.log_q = values.to_vec();
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::testing::{fixed, logits_of_losses, number};
    use super::*;

    fn step(method: &mut GroupDro, losses: &[f64]) -> f64 {
        let (logits, labels) = logits_of_losses(losses);
        let environments = Tensor::arange(losses.len() as i64, (Kind::Int64, tch::Device::Cpu));
        let batch = Batch { environments: Some(&environments), ..fixed::batch(&logits, &labels) };
        number(&method.objective(&mut fixed::forward(), &batch).unwrap().loss)
    }

    /// Golden values of ood.md 18.
    #[test]
    fn weights_and_loss_match_the_golden_values() {
        let mut method = GroupDro { eta: 0.01, log_q: Vec::new() };
        assert!((step(&mut method, &[0.7, 1.3]) - 1.000899997).abs() < 1e-7);
        let q = method.q();
        assert!((q[0] - 0.498500004).abs() < 1e-8 && (q[1] - 0.501499996).abs() < 1e-8, "{q:?}");
    }

    #[test]
    fn the_worst_environment_gets_the_weight_and_nothing_overflows() {
        let mut method = GroupDro { eta: 10.0, log_q: Vec::new() };
        for _ in 0..200 {
            assert!(step(&mut method, &[0.1, 50.0, 1.0]).is_finite());
        }
        assert!(method.q()[1] > 0.999);
        let mut resumed = GroupDro { eta: 10.0, log_q: Vec::new() };
        for (name, values) in method.state() {
            resumed.restore(name, &values);
        }
        assert_eq!(step(&mut resumed, &[2.0, 1.0]), step(&mut method, &[2.0, 1.0]));
    }
}
