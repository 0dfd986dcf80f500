//! ASH-S: pruned and sharpened features, Djurisic et al. 2023 ("Extremely Simple Activation Shaping for Out-of-Distribution Detection"), Algorithm 3;
//! OpenOOD: `openood/networks/ash_net.py`.

use flatland_core::job::Reporter;

use super::affine_head::AffineHead;
use super::pruning::{kept, pruned, sharpening};
use super::registration::{Registration, Score, Setup, Subject};
use crate::analysis::AnalysisError;

pub const REGISTRATION: Registration = Registration { key: "ash_s", build };

fn build(setup: &Setup<'_>) -> Result<Box<dyn Score>, AnalysisError> {
    let head = setup.head()?.shallow_clone();
    Ok(Box::new(AshS { kept: kept(setup, head.weight.size()[1])?, head }))
}

/// logsumexp(W a + b), a the `kept` largest features times exp(Σ of all/Σ of these), the others 0.
struct AshS {
    kept: i64,
    head: AffineHead,
}

impl Score for AshS {
    fn of(&self, subject: &Subject<'_>, reporter: &mut dyn Reporter) -> Result<Vec<f64>, AnalysisError> {
        subject.by_blocks(reporter, |features, _| {
            let pruned = pruned(features, self.kept)?;
            self.head.energy(&pruned.f_mul(&sharpening(features, &pruned)?)?)
        })
    }
}
