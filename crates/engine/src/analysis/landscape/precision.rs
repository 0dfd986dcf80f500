//! A self-test before a landscape: whether bfloat16 or TF32 on this machine is accurate enough for a network.

use flatland_core::job::{Precision, Reporter};
use flatland_core::session::BatchNormPolicy;

use tch::Device;

use super::super::{AnalysisError, Loss};
use super::device_pool::DeviceCopy;
use super::{Directions, Evaluation, Evaluator};
use crate::model::Network;

/// Most images of the self-test.
const IMAGES: i64 = 64;
/// What bf16 (and TF32, whose weights have three bits more) may differ from f32 by, relative to 1 + loss: its rounding of weights is 0.17 %; known faults of
/// bf16 kernels give other numbers altogether.
const TOLERANCE: f64 = 0.1;

/// Environment variable that NVIDIA's libraries read when they are loaded: 0 disables TF32.
const OVERRIDE: &str = "NVIDIA_TF32_OVERRIDE";

/// Why the requested precision cannot be used; `None` when it can.
///
/// # Errors
/// When float32 itself fails, or the job is cancelled.
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
    let plain = Evaluation { precision: Precision::F32, loss: Loss::default(), ood: None, curvature: None, ..*evaluation };
    let mut loss = |evaluator: &Evaluator<'_>| -> Result<f64, AnalysisError> {
        let point = evaluator.point(0.0, 0.0, reporter)?;
        Ok(evaluator.losses(&point, 0, evaluator.images().min(IMAGES), reporter)?.mean().loss)
    };
    let expected = if evaluation.precision == Precision::Tf32 {
        if !network.device.is_cuda() {
            return Ok(Some("TF32 is an arithmetic of NVIDIA's GPUs, and this is a CPU".into()));
        }
        if std::env::var_os(OVERRIDE).is_some_and(|value| value == "0") {
            return Ok(Some(format!("this worker was started for float32 ({OVERRIDE}=0)")));
        }
        // With TF32 enabled, this device cannot compute the float32 value.
        loss(&DeviceCopy::new(network, &plain, directions, Device::Cpu)?.evaluator()?)?
    } else {
        loss(&Evaluator::new(network, plain, directions)?)?
    };
    let found = Evaluator::new(network, Evaluation { precision: evaluation.precision, ..plain }, directions).and_then(|e| loss(&e));
    Ok(match found {
        Err(AnalysisError::Cancelled) => return Err(AnalysisError::Cancelled),
        Err(error) => Some(format!("the self-test failed: {error}")),
        Ok(found) if (found - expected).abs() <= TOLERANCE * (1.0 + expected.abs()) => None,
        Ok(found) => Some(format!("the self-test expected a loss of {expected:.4}, found {found:.4}")),
    })
}
