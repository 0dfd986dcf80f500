//! MSP: the maximum softmax probability, Hendrycks & Gimpel 2017 ("A Baseline for Detecting Misclassified and OOD Examples").

use flatland_core::job::Reporter;

use super::largest_logit::largest_logit;
use super::registration::{Registration, Score, Setup, Subject};
use crate::analysis::AnalysisError;

pub const REGISTRATION: Registration = Registration { key: "msp", build };

fn build(_: &Setup<'_>) -> Result<Box<dyn Score>, AnalysisError> {
    Ok(Box::new(Msp))
}

struct Msp;

impl Score for Msp {
    fn of(&self, subject: &Subject<'_>, _: &mut dyn Reporter) -> Result<Vec<f64>, AnalysisError> {
        Ok(subject.by_logits(msp))
    }
}

/// max over c of softmax(z)_c, in (0, 1]; larger = more ID. `logits`: z, `[C]`. NaN when a logit is NaN.
pub fn msp(logits: &[f32]) -> f64 {
    let maximum = largest_logit(logits);
    1.0 / logits.iter().map(|&z| (f64::from(z) - maximum).exp()).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_the_largest_softmax_probability() {
        // A reference value, computed independently.
        assert!((msp(&[2.0, -1.0, 0.5]) - 0.785597035).abs() < 1e-9);
        assert_eq!(msp(&[3.0; 4]), 0.25);
    }

    #[test]
    fn large_logits_do_not_overflow_and_nan_is_not_hidden() {
        assert_eq!(msp(&[3e38, 0.0]), 1.0);
        assert!(msp(&[0.0, f32::NAN]).is_nan());
    }
}
