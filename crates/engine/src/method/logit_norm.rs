//! LogitNorm, Wei et al. 2022 ("Mitigating Neural Network Overconfidence with Logit Normalization").

use flatland_core::job::MethodInfo;
use serde::Deserialize;
use tch::Tensor;

use super::losses::cross_entropy;
use super::parameters::log_number;
use super::registration::{Registration, build};
use super::{Batch, Forward, Method, Objective};
use crate::model::ModelError;

pub const REGISTRATION: Registration = Registration { info, build: build::<LogitNorm> };

fn info() -> MethodInfo {
    MethodInfo {
        key: "logit_norm".into(),
        name: "LogitNorm".into(),
        objective: "CE(z/(‖z‖₂·τ), y)".into(),
        source: "Wei et al. 2022, section 3; hongxin001/logitnorm_ood".into(),
        parameters: vec![log_number(
            "tau",
            "τ",
            0.04,
            [1e-4, 100.0],
            "Temperature: with C it bounds how sure the network can be (OpenOOD and Wei et al. 2022 on CIFAR-10: 0.04; tune it for each dataset)",
        )],
        outliers: false,
        environments: false,
        score: "MSP of the logits as they are".into(),
    }
}

/// CE of logits of one length: z/(‖z‖₂ + 1e-7)/τ.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogitNorm {
    /// Temperature.
    pub tau: f64,
}

impl LogitNorm {
    fn normalized(&self, logits: &Tensor) -> Result<Tensor, ModelError> {
        let norm = logits.f_norm_scalaropt_dim(2, [1i64].as_slice(), true)?.f_add_scalar(1e-7)?;
        Ok(logits.f_div(&norm)?.f_div_scalar(self.tau)?)
    }
}

impl Method for LogitNorm {
    fn key(&self) -> &'static str {
        "logit_norm"
    }

    fn objective(&mut self, forward: &mut Forward<'_>, batch: &Batch<'_>) -> Result<Objective, ModelError> {
        let logits = self.normalized(&forward(batch.id)?.logits)?;
        Ok(Objective::single("ce", cross_entropy(&logits, batch.labels)?))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::testing::{fixed, number};
    use super::*;

    /// Golden values of ood.md 18.
    #[test]
    fn the_loss_matches_the_golden_values() {
        let loss = |scale: f64, label: i64| {
            let logits = Tensor::from_slice(&[2.0 * scale, -scale, 0.5 * scale]).view([1, 3]);
            let labels = Tensor::from_slice(&[label]);
            number(&LogitNorm { tau: 0.04 }.objective(&mut fixed::forward(), &fixed::batch(&logits, &labels)).unwrap().loss)
        };
        assert!((loss(1.0, 0) - 7.8017e-8).abs() < 1e-11, "{}", loss(1.0, 0));
        assert!((loss(1.0, 2) - 16.366341131).abs() < 1e-8, "{}", loss(1.0, 2));
        assert!((loss(1000.0, 2) - loss(1.0, 2)).abs() < 1e-4, "longer logits gain nothing");
    }
}
