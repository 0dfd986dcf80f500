//! The energy score, Liu et al. 2020 ("Energy-based Out-of-distribution Detection"), with the sign turned as in OpenOOD.

use flatland_core::job::Reporter;

use super::largest_logit::largest_logit;
use super::registration::{Registration, Score, Setup, Subject};
use crate::analysis::AnalysisError;

pub const REGISTRATION: Registration = Registration { key: "energy", build };

fn build(setup: &Setup<'_>) -> Result<Box<dyn Score>, AnalysisError> {
    Ok(Box::new(Energy { temperature: setup.temperature }))
}

struct Energy {
    temperature: f64,
}

impl Score for Energy {
    fn of(&self, subject: &Subject<'_>, _: &mut dyn Reporter) -> Result<Vec<f64>, AnalysisError> {
        Ok(subject.by_logits(|logits| energy(logits, self.temperature)))
    }
}

/// T·logsumexp(z/T), the negative of the energy; larger = more ID. `logits`: z, `[C]`; `temperature`: T > 0. NaN when a logit is NaN.
pub fn energy(logits: &[f32], temperature: f64) -> f64 {
    let maximum = largest_logit(logits);
    let sum: f64 = logits.iter().map(|&z| ((f64::from(z) - maximum) / temperature).exp()).sum();
    maximum + temperature * sum.ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_the_tempered_log_sum_of_exponentials() {
        // A reference value, computed independently.
        assert!((energy(&[2.0, -1.0, 0.5], 1.0) - 2.241311297).abs() < 1e-9);
        assert!((energy(&[2.0, -1.0, 0.5], 2.0) - 3.055951488).abs() < 1e-9);
    }

    #[test]
    fn large_logits_do_not_overflow_and_nan_is_not_hidden() {
        assert_eq!(energy(&[1e30, 0.0], 1.0), f64::from(1e30f32));
        assert!(energy(&[0.0, f32::NAN], 1.0).is_nan());
    }
}
