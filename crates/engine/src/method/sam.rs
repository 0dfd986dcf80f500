//! Sharpness-Aware Minimization, Foret et al. 2021, and its adaptive form, Kwon et al. 2021.

use flatland_core::job::MethodInfo;
use flatland_core::session::Adaptive;
use serde::Deserialize;

use super::erm::Erm;
use super::parameters::{adaptive, number};
use super::registration::{Registration, build};
use super::{Ascent, Batch, Forward, Method, Objective};
use crate::model::ModelError;

pub const REGISTRATION: Registration = Registration { info, build: build::<Sam> };

fn info() -> MethodInfo {
    MethodInfo {
        key: "sam".into(),
        name: "SAM".into(),
        objective: "max over ‖ε‖₂ ≤ ρ of CE(f_θ+ε(x), y), to first order: ε = ρ·g/‖g‖".into(),
        source: "Foret et al. 2021, Eq. 2; adaptive: Kwon et al. 2021 (ASAM); global norm as in davda54/sam".into(),
        parameters: vec![
            number(
                "rho",
                "ρ",
                0.05,
                [0.0, 100.0],
                "Radius of the ascent (Foret et al. 2021: 0.05; davda54/sam: 2.0 when adaptive; Kwon et al. 2021: 0.5 to 1)",
            ),
            adaptive(),
            number("eta", "η", 0.01, [0.0, 100.0], "η of T = |w| + η, where `adaptive` is elementwise or filter (Kwon et al. 2021: 0.01)"),
        ],
        outliers: false,
        environments: false,
        score: "MSP".into(),
    }
}

/// max over ‖ε‖₂ ≤ ρ of CE at θ + ε, to first order.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sam {
    /// Radius of the ascent.
    pub rho: f64,
    /// The diagonal T that the ball is measured in.
    pub adaptive: Adaptive,
    /// η of T = |w| + η.
    pub eta: f64,
}

impl Method for Sam {
    fn key(&self) -> &'static str {
        "sam"
    }

    fn ascent(&self) -> Option<Ascent> {
        Some(Ascent { adaptive: self.adaptive, eta: self.eta, ..Ascent::plain(self.rho) })
    }

    fn objective(&mut self, forward: &mut Forward<'_>, batch: &Batch<'_>) -> Result<Objective, ModelError> {
        Erm::default().objective(forward, batch)
    }
}
