//! DICE: the weights that contribute most, Sun & Li 2022 ("DICE: Leveraging Sparsification for Out-of-Distribution Detection"), Eq. 3 to 5;
//! OpenOOD: `openood/postprocessors/dice_postprocessor.py`.

use flatland_core::job::Reporter;
use tch::Kind;

use super::affine_head::AffineHead;
use super::percentile::percentile;
use super::registration::{Registration, Score, Setup, Subject};
use crate::analysis::AnalysisError;
use crate::analysis::values::values;

pub const REGISTRATION: Registration = Registration { key: "dice", build };

fn build(setup: &Setup<'_>) -> Result<Box<dyn Score>, AnalysisError> {
    let head = setup.head()?;
    let contributions = head.weight.f_mul(&setup.training()?.mean()?)?;
    let threshold = percentile(&mut values(&contributions)?, setup.value("percentile"));
    let mask = contributions.f_gt(threshold)?.f_to_kind(Kind::Double)?;
    Ok(Box::new(Dice(AffineHead { weight: head.weight.f_mul(&mask)?, bias: head.bias.shallow_clone() })))
}

/// logsumexp(V h + b), V the weights whose mean contribution is above the percentile.
struct Dice(AffineHead);

impl Score for Dice {
    fn of(&self, subject: &Subject<'_>, reporter: &mut dyn Reporter) -> Result<Vec<f64>, AnalysisError> {
        subject.by_blocks(reporter, |features, _| self.0.energy(features))
    }
}
