//! ASH-B: pruned and binarized features, Djurisic et al. 2023 ("Extremely Simple Activation Shaping for Out-of-Distribution Detection"), Algorithm 2;
//! OpenOOD: `openood/networks/ash_net.py`.

use flatland_core::job::Reporter;
use tch::Kind;

use super::affine_head::AffineHead;
use super::pruning::kept;
use super::registration::{Registration, Score, Setup, Subject};
use crate::analysis::AnalysisError;

pub const REGISTRATION: Registration = Registration { key: "ash_b", build };

fn build(setup: &Setup<'_>) -> Result<Box<dyn Score>, AnalysisError> {
    let head = setup.head()?.shallow_clone();
    Ok(Box::new(AshB { kept: kept(setup, head.weight.size()[1])?, head }))
}

/// logsumexp(W a + b), a = Σh/`kept` at the `kept` largest features, the others 0.
struct AshB {
    kept: i64,
    head: AffineHead,
}

impl Score for AshB {
    fn of(&self, subject: &Subject<'_>, reporter: &mut dyn Reporter) -> Result<Vec<f64>, AnalysisError> {
        subject.by_blocks(reporter, |features, _| {
            let (values, places) = features.f_topk(self.kept, 1, true, false)?;
            let sum = features.f_sum_dim_intlist([1i64].as_slice(), true, Kind::Double)?;
            let filled = sum.f_div_scalar(self.kept as f64)?.f_expand_as(&values)?;
            self.head.energy(&features.f_zeros_like()?.f_scatter(1, &places, &filled)?)
        })
    }
}
