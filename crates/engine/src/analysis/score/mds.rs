//! MDS: the Mahalanobis distance, Lee et al. 2018 ("A Simple Unified Framework for Detecting Out-of-Distribution Samples and Adversarial Attacks"), Eq. 1
//! and 2, on the penultimate features and without input noise, as in OpenOOD v1.5: `openood/postprocessors/mds_postprocessor.py`.

use flatland_core::job::Reporter;

use super::gaussian::Gaussian;
use super::registration::{Registration, Score, Setup, Subject};
use crate::analysis::AnalysisError;

pub const REGISTRATION: Registration = Registration { key: "mds", build };

fn build(setup: &Setup<'_>) -> Result<Box<dyn Score>, AnalysisError> {
    Ok(Box::new(Mds(Gaussian::of_classes(setup.training()?, setup.info.key)?)))
}

/// −min over c of (h − μ_c)ᵀ Σ⁻¹ (h − μ_c).
struct Mds(Gaussian);

impl Score for Mds {
    fn of(&self, subject: &Subject<'_>, reporter: &mut dyn Reporter) -> Result<Vec<f64>, AnalysisError> {
        subject.by_blocks(reporter, |features, _| Ok(self.0.distances(features)?.f_amin([1i64].as_slice(), false)?.f_neg()?))
    }
}
