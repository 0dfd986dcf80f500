//! GEN: the generalized entropy, Liu, Lochman & Zach 2023 ("GEN: Pushing the Limits of Softmax-Based Out-of-Distribution Detection"), Eq. 5; OpenOOD:
//! `openood/postprocessors/gen_postprocessor.py`. (`gen` is a word of Rust.)

use flatland_core::job::Reporter;

use super::largest_logit::largest_logit;
use super::registration::{Registration, Score, Setup, Subject};
use crate::analysis::AnalysisError;

pub const REGISTRATION: Registration = Registration { key: "gen", build };

fn build(setup: &Setup<'_>) -> Result<Box<dyn Score>, AnalysisError> {
    Ok(Box::new(Gen { gamma: setup.value("gamma"), largest: setup.value("m") as usize }))
}

struct Gen {
    gamma: f64,
    largest: usize,
}

impl Score for Gen {
    fn of(&self, subject: &Subject<'_>, _: &mut dyn Reporter) -> Result<Vec<f64>, AnalysisError> {
        Ok(subject.by_logits(|logits| generalized_entropy(logits, self.gamma, self.largest)))
    }
}

/// −Σ over the `largest` largest p of p^γ·(1 − p)^γ, ≤ 0; larger = more ID. `logits`: z, `[C]`; γ > 0. NaN when a logit is NaN.
pub fn generalized_entropy(logits: &[f32], gamma: f64, largest: usize) -> f64 {
    let maximum = largest_logit(logits);
    let mut p: Vec<f64> = logits.iter().map(|&z| (f64::from(z) - maximum).exp()).collect();
    let sum: f64 = p.iter().sum();
    p.iter_mut().for_each(|p| *p /= sum);
    p.sort_unstable_by(|a, b| b.total_cmp(a));
    // Zero instead of −0.
    0.0 - p.iter().take(largest).map(|p| p.powf(gamma) * (1.0 - p).powf(gamma)).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_the_generalized_entropy_of_the_largest_probabilities() {
        // Reference values, computed independently.
        assert!((generalized_entropy(&[2.0, -1.0, 0.5], 0.1, 100) + 2.381266470).abs() < 1e-8);
        assert!((generalized_entropy(&[2.0, -1.0, 0.5], 0.1, 2) + 1.660990560).abs() < 1e-8);
    }

    #[test]
    fn a_certain_image_has_the_largest_score_and_nan_is_not_hidden() {
        assert_eq!(generalized_entropy(&[1e30, 0.0, 0.0], 0.1, 100), 0.0);
        assert!(generalized_entropy(&[0.0, f32::NAN], 0.1, 100).is_nan());
    }
}
