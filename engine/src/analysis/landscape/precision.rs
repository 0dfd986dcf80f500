//! Whether this machine's bfloat16 is to be trusted with a network: a self-test before a landscape begins.

use flatland::job::{Precision, Reporter};
use flatland::session::BatchNormPolicy;

use super::super::AnalysisError;
use super::{Directions, Evaluation, Evaluator};
use crate::model::Network;

/// Images of the self-test at most.
const IMAGES: i64 = 64;
/// What bf16 may differ from f32 by, relative to 1 + loss: its rounding of weights is 0.17 % (`reference/landscape.md` 6.4); known faults of
/// bf16 kernels give other numbers altogether.
const TOLERANCE: f64 = 0.1;

/// Why the precision that was asked for cannot be used; `None` when it can.
///
/// # Errors
/// When float32 itself fails, or the reporter says `cancelled`.
pub(super) fn objection(
    network: &Network,
    evaluation: &Evaluation<'_>,
    directions: &Directions,
    reporter: &mut dyn Reporter,
) -> Result<Option<String>, AnalysisError> {
    if evaluation.precision == Precision::F32 {
        return Ok(None);
    }
    if evaluation.batch_norm == BatchNormPolicy::Batch {
        return Ok(Some("statistics of a batch are taken in float32".into()));
    }
    let mut loss = |precision| -> Result<f64, AnalysisError> {
        let evaluator = Evaluator::new(network, Evaluation { precision, ood: None, ..*evaluation }, directions)?;
        let point = evaluator.point(0.0, 0.0, reporter)?;
        Ok(evaluator.losses(&point, 0, evaluator.images().min(IMAGES), reporter)?.mean().loss)
    };
    let expected = loss(Precision::F32)?;
    Ok(match loss(evaluation.precision) {
        Err(AnalysisError::Cancelled) => return Err(AnalysisError::Cancelled),
        Err(error) => Some(format!("the self-test failed: {error}")),
        Ok(found) if (found - expected).abs() <= TOLERANCE * (1.0 + expected.abs()) => None,
        Ok(found) => Some(format!("the self-test expected a loss of {expected:.4}, found {found:.4}")),
    })
}
