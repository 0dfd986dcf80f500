//! The registry of scores: how a job becomes fitted scores. A new score is a file, a line here, and a row of
//! [`SCORES`](flatland_core::session::SCORES).

use flatland_core::session::ScoreInfo;

use super::registration::Registration;
use super::{
    ash_b, ash_p, ash_s, dice, energy, generalized_entropy, grad_norm, klm, knn, max_logit, mds, msp, odin, react, rmds, scale, vim,
};
use crate::analysis::AnalysisError;

pub(super) const REGISTRY: &[Registration] = &[
    msp::REGISTRATION,
    max_logit::REGISTRATION,
    energy::REGISTRATION,
    odin::REGISTRATION,
    generalized_entropy::REGISTRATION,
    react::REGISTRATION,
    ash_s::REGISTRATION,
    ash_b::REGISTRATION,
    ash_p::REGISTRATION,
    scale::REGISTRATION,
    dice::REGISTRATION,
    knn::REGISTRATION,
    mds::REGISTRATION,
    rmds::REGISTRATION,
    vim::REGISTRATION,
    klm::REGISTRATION,
    grad_norm::REGISTRATION,
];

/// How the score that `info` describes is made.
///
/// # Errors
/// When there is no such score.
pub(super) fn find(info: &ScoreInfo) -> Result<&'static Registration, AnalysisError> {
    let found = REGISTRY.iter().find(|registration| registration.key == info.key);
    found.ok_or_else(|| AnalysisError::Invalid(format!("expected a score of the registry, found `{}`", info.key)))
}
