//! What a cell tells beside cross-entropy and accuracy: energies, and detection of semantic-shift images.

use flatland_core::metric::{auroc, auroc_std_error, fpr95, fpr95_std_error, mean_std_error};
use flatland_core::result::{Quantity, Reading};
use tch::{Kind, Tensor};

use super::super::values::values;
use super::super::{AnalysisError, SampleLosses};
use crate::model::{energy, uniform_cross_entropies};

/// Numbers of single semantic-shift images, [N] each.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct OodScores {
    /// logsumexp(z)
    energy: Vec<f64>,
    /// logsumexp(z) − mean(z): cross-entropy from the uniform distribution.
    outlier_exposure: Vec<f64>,
}

impl OodScores {
    /// Of logits [N, C], in f64.
    pub(super) fn of(logits: &Tensor) -> Result<Self, AnalysisError> {
        let logits = logits.f_to_kind(Kind::Double)?;
        let (energy, term) = (energy(&logits)?, uniform_cross_entropies(&logits)?);
        Ok(Self { energy: values(&energy)?, outlier_exposure: values(&term)? })
    }
}

/// Everything that follows from the ID images and, with λ, the semantic-shift images' scores. What is undefined is NaN.
pub(super) fn readings(id: &SampleLosses, ood: Option<(&OodScores, f64)>) -> Vec<Reading> {
    let reading = |quantity, (value, std_error)| Reading { quantity, value, std_error };
    let mut all = vec![reading(Quantity::Energy, mean(&id.energy))];
    if let Some((ood, lambda)) = ood {
        let term = mean(&ood.outlier_exposure);
        // Two independent sets of images.
        let cross_entropy = id.mean_cross_entropy();
        let dr_sam = (cross_entropy.0 + lambda * term.0, cross_entropy.1.hypot(lambda * term.1));
        let or_nan = |value: Option<f64>| value.unwrap_or(f64::NAN);
        all.push(reading(Quantity::OodEnergy, mean(&ood.energy)));
        all.push(reading(Quantity::OutlierExposure, term));
        all.push(reading(Quantity::DrSam, dr_sam));
        let (id, ood) = (&id.energy, &ood.energy);
        // As in the tables of scores, there is no detection by a score that is not finite.
        let defined = id.iter().chain(ood).all(|energy| energy.is_finite());
        let detection = |value: Option<f64>, error: Option<f64>| (or_nan(value.filter(|_| defined)), or_nan(error.filter(|_| defined)));
        all.push(reading(Quantity::Auroc, detection(auroc(id, ood), auroc_std_error(id, ood))));
        all.push(reading(Quantity::Fpr95, detection(fpr95(id, ood), fpr95_std_error(id, ood))));
    }
    all
}

/// Mean with its standard error; one sample has none.
fn mean(values: &[f64]) -> (f64, f64) {
    mean_std_error(values).map_or((f64::NAN, f64::NAN), |(mean, error)| (mean, if values.len() > 1 { error } else { 0.0 }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Two ID images with energies ln 4 and ln 8, two others with ln 2 and ln 6.
    #[test]
    fn readings_are_what_arithmetic_says() {
        let logits = |rows: [[f64; 2]; 2]| Tensor::from_slice(&rows.concat()).log().view([2, 2]).to_kind(Kind::Double);
        let id = SampleLosses::of(&logits([[1.0, 3.0], [4.0, 4.0]]), &Tensor::from_slice(&[1i64, 0])).unwrap();
        let ood = OodScores::of(&logits([[1.0, 1.0], [2.0, 4.0]])).unwrap();
        let found = readings(&id, Some((&ood, 0.5)));
        let value = |quantity| found.iter().find(|reading| reading.quantity == quantity).unwrap().value;
        let close = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        close(value(Quantity::Energy), 0.5 * (4f64.ln() + 8f64.ln()));
        close(value(Quantity::OodEnergy), 0.5 * (2f64.ln() + 6f64.ln()));
        let term = 0.5 * (2f64.ln() + 6f64.ln() - 0.5 * 8f64.ln());
        close(value(Quantity::OutlierExposure), term);
        close(value(Quantity::DrSam), 0.5 * ((4.0f64 / 3.0).ln() + 2f64.ln()) + 0.5 * term);
        close(value(Quantity::Auroc), 0.75);
        // 95 % of two is both: the threshold is ln 6, which flags ln 4.
        close(value(Quantity::Fpr95), 0.5);
        assert_eq!(found.len(), Quantity::ALL.len() - Quantity::CURVATURE.len() - Quantity::INPUT.len());
        assert_eq!(readings(&id, None).len(), 1);
    }

    #[test]
    fn there_is_no_detection_by_an_infinite_energy() {
        let logits = |largest: f64| Tensor::from_slice(&[0.0, 1.0, 0.0, largest]).view([2, 2]);
        let labels = Tensor::from_slice(&[1i64, 0]);
        for (id, ood) in [(f64::INFINITY, 2.0), (2.0, f64::INFINITY), (f64::NAN, 2.0)] {
            let id = SampleLosses::of(&logits(id), &labels).unwrap();
            let found = readings(&id, Some((&OodScores::of(&logits(ood)).unwrap(), 0.5)));
            let detection = found.iter().filter(|reading| matches!(reading.quantity, Quantity::Auroc | Quantity::Fpr95));
            assert!(detection.clone().count() == 2 && detection.into_iter().all(|r| r.value.is_nan() && r.std_error.is_nan()), "{found:?}");
        }
    }
}
