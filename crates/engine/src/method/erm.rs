//! Empirical risk minimization: cross-entropy on ID images.

use flatland_core::job::MethodInfo;
use serde::Deserialize;

use super::losses::cross_entropy;
use super::parameters::switch;
use super::registration::{Registration, build};
use super::{Batch, Forward, Method, Objective};
use crate::model::ModelError;

pub const REGISTRATION: Registration = Registration { info, build: build::<Erm> };

fn info() -> MethodInfo {
    MethodInfo {
        key: "erm".into(),
        name: "ERM".into(),
        objective: "CE(f(x), y)".into(),
        source: "Vapnik 1998; with environments as in Gulrajani & Lopez-Paz 2021 (DomainBed)".into(),
        parameters: vec![switch(
            "environments",
            false,
            "Whether ID images come from environments of corruptions, as in the OOD-G rows of the DR-SAM paper; the loss is over all of them together",
        )],
        outliers: false,
        environments: false,
        score: "MSP".into(),
    }
}

/// CE(f(x), y), mean over the batch.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Erm {
    /// Whether ID images come from environments.
    pub environments: bool,
}

impl Method for Erm {
    fn key(&self) -> &'static str {
        "erm"
    }

    fn needs_environments(&self) -> bool {
        self.environments
    }

    fn objective(&mut self, forward: &mut Forward<'_>, batch: &Batch<'_>) -> Result<Objective, ModelError> {
        Ok(Objective::single("ce", cross_entropy(&forward(batch.id)?.logits, batch.labels)?))
    }
}
