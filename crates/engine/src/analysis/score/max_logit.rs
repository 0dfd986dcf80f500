//! The maximum logit, Hendrycks et al. 2022 ("Scaling Out-of-Distribution Detection for Real-World Settings"), section 4.1; OpenOOD:
//! `openood/postprocessors/maxlogit_postprocessor.py`.

use flatland_core::job::Reporter;

use super::largest_logit::largest_logit;
use super::registration::{Registration, Score, Setup, Subject};
use crate::analysis::AnalysisError;

pub const REGISTRATION: Registration = Registration { key: "max_logit", build };

fn build(_: &Setup<'_>) -> Result<Box<dyn Score>, AnalysisError> {
    Ok(Box::new(MaxLogit))
}

/// max over c of z_c; NaN when a logit is NaN.
struct MaxLogit;

impl Score for MaxLogit {
    fn of(&self, subject: &Subject<'_>, _: &mut dyn Reporter) -> Result<Vec<f64>, AnalysisError> {
        Ok(subject.by_logits(largest_logit))
    }
}
