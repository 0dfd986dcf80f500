//! RMDS: the relative Mahalanobis distance, Ren et al. 2021 ("A Simple Fix to Mahalanobis Distance for Improving Near-OOD Detection"), Eq. 4; OpenOOD:
//! `openood/postprocessors/rmds_postprocessor.py`.

use flatland_core::job::Reporter;

use super::gaussian::Gaussian;
use super::registration::{Registration, Score, Setup, Subject};
use crate::analysis::AnalysisError;

pub const REGISTRATION: Registration = Registration { key: "rmds", build };

fn build(setup: &Setup<'_>) -> Result<Box<dyn Score>, AnalysisError> {
    let training = setup.training()?;
    Ok(Box::new(Rmds { classes: Gaussian::of_classes(training, setup.info.key)?, all: Gaussian::of_all(training)? }))
}

/// −min over c of the distance to a class, plus the distance to all training images.
struct Rmds {
    classes: Gaussian,
    all: Gaussian,
}

impl Score for Rmds {
    fn of(&self, subject: &Subject<'_>, reporter: &mut dyn Reporter) -> Result<Vec<f64>, AnalysisError> {
        subject.by_blocks(reporter, |features, _| {
            let nearest = self.classes.distances(features)?.f_amin([1i64].as_slice(), false)?;
            Ok(self.all.distances(features)?.f_squeeze_dim(1)?.f_sub(&nearest)?)
        })
    }
}
