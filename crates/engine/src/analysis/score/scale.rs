//! SCALE: features scaled by the weight of the largest ones, Xu et al. 2024 ("Scaling for Training Time and Post-hoc Out-of-distribution Detection
//! Enhancement"), Eq. 5 and 6; OpenOOD: `openood/networks/scale_net.py`.

use flatland_core::job::Reporter;

use super::affine_head::AffineHead;
use super::pruning::{kept, pruned, sharpening};
use super::registration::{Registration, Score, Setup, Subject};
use crate::analysis::AnalysisError;

pub const REGISTRATION: Registration = Registration { key: "scale", build };

fn build(setup: &Setup<'_>) -> Result<Box<dyn Score>, AnalysisError> {
    let head = setup.head()?.shallow_clone();
    Ok(Box::new(Scale { kept: kept(setup, head.weight.size()[1])?, head }))
}

/// logsumexp(W a + b), a all features times exp(Σ of all/Σ of the `kept` largest).
struct Scale {
    kept: i64,
    head: AffineHead,
}

impl Score for Scale {
    fn of(&self, subject: &Subject<'_>, reporter: &mut dyn Reporter) -> Result<Vec<f64>, AnalysisError> {
        subject.by_blocks(reporter, |features, _| self.head.energy(&features.f_mul(&sharpening(features, &pruned(features, self.kept)?)?)?))
    }
}
