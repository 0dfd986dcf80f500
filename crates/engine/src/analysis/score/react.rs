//! ReAct: features cut off at a percentile, Sun, Guo & Li 2021 ("ReAct: Out-of-distribution Detection With Rectified Activations"), Eq. 2;
//! OpenOOD: `openood/postprocessors/react_postprocessor.py`, `openood/networks/react_net.py`. There the percentile is of the ID validation images.

use flatland_core::job::Reporter;

use super::affine_head::AffineHead;
use super::percentile::percentile;
use super::registration::{Registration, Score, Setup, Subject};
use crate::analysis::AnalysisError;

pub const REGISTRATION: Registration = Registration { key: "react", build };

fn build(setup: &Setup<'_>) -> Result<Box<dyn Score>, AnalysisError> {
    let threshold = percentile(&mut setup.training()?.of.features.clone(), setup.value("percentile"));
    Ok(Box::new(React { threshold, head: setup.head()?.shallow_clone() }))
}

/// logsumexp(W min(h, c) + b).
struct React {
    threshold: f64,
    head: AffineHead,
}

impl Score for React {
    fn of(&self, subject: &Subject<'_>, reporter: &mut dyn Reporter) -> Result<Vec<f64>, AnalysisError> {
        subject.by_blocks(reporter, |features, _| self.head.energy(&features.f_clamp_max(self.threshold)?))
    }
}
