//! ASH-P: pruned features, Djurisic et al. 2023 ("Extremely Simple Activation Shaping for Out-of-Distribution Detection"), Algorithm 1; OpenOOD:
//! `openood/networks/ash_net.py`.

use flatland_core::job::Reporter;

use super::affine_head::AffineHead;
use super::pruning::{kept, pruned};
use super::registration::{Registration, Score, Setup, Subject};
use crate::analysis::AnalysisError;

pub const REGISTRATION: Registration = Registration { key: "ash_p", build };

fn build(setup: &Setup<'_>) -> Result<Box<dyn Score>, AnalysisError> {
    let head = setup.head()?.shallow_clone();
    Ok(Box::new(AshP { kept: kept(setup, head.weight.size()[1])?, head }))
}

/// logsumexp(W a + b), a the `kept` largest features, the others 0.
struct AshP {
    kept: i64,
    head: AffineHead,
}

impl Score for AshP {
    fn of(&self, subject: &Subject<'_>, reporter: &mut dyn Reporter) -> Result<Vec<f64>, AnalysisError> {
        subject.by_blocks(reporter, |features, _| self.head.energy(&pruned(features, self.kept)?))
    }
}
