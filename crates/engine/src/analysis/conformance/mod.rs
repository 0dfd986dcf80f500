//! Every definition of this module against a closed form or an independent computation, with the error that was measured.
//!
//! The checks run the code that all analyses run, on the device that is requested; the expected values are computed on the CPU in
//! float64, by slow independent code (`reference` is a second evaluation of networks). [`definitions`] needs no file; [`checkpoint`]
//! checks a real network. A check that cannot run fails. Not here: reports, and the overall verdict.

mod cells;
mod checkpoint;
mod derivatives;
mod detection;
mod directions;
pub(super) mod hessian;
mod loss;
mod planes;
mod reference;
mod sharpness;
pub(super) mod subjects;
#[cfg(test)]
mod tests;

use std::path::Path;

use flatland_core::job::{JobEvent, Reporter};
use flatland_core::result::{CheckGroup, Checks};
use tch::Device;

use super::AnalysisError;
use super::reporting::{Quiet, stop_if_cancelled};

pub use checkpoint::checkpoint;

type Fill = fn(&mut Checks, Device, &Path, &mut dyn Reporter) -> Result<(), AnalysisError>;

/// The groups of [`definitions`]: name, what is the same for all checks, and the checks.
const GROUPS: [(&str, &str, Fill); 7] = [
    (
        "Losses and scores",
        "300 images' logits of ten classes, drawn N(0, 6²) in float32; Flatland computes losses and scores of float32 logits in float64.",
        |checks, device, _, reporter| loss::checks(checks, device, reporter),
    ),
    (
        "Detection",
        "400 scores of ID and 300 of OOD images, rounded so that many are equal. OOD is the positive class.",
        |checks, _, _, _| {
            detection::checks(checks);
            Ok(())
        },
    ),
    (
        "Directions",
        "Random directions of a ResNet-20 (270,000 parameters), and of a small network with convolution, BatchNorm and bias.",
        |checks, _, _, _| directions::checks(checks),
    ),
    ("Landscape", "Networks with drawn weights on images of noise, logits of standard deviation 3; arithmetic in float32.", cells::checks),
    ("Planes", "Four ResNet-8 with drawn weights on 24 images of noise; arithmetic in float32.", planes::checks),
    (
        "Sharpness",
        "Two-class regression z = Wx at W = 0 on grey images, where S(ρ) is known, and a small network with convolution.",
        sharpness::checks,
    ),
    ("Hessian", "Derivatives in float32 against matrices in float64.", hessian::checks),
];

/// Checks what needs no file; leaves files in `scratch` that are not needed afterwards.
///
/// # Errors
/// [`AnalysisError::Cancelled`] when the job is cancelled. Every other error is a failed check.
pub fn definitions(device: Device, scratch: &Path, reporter: &mut dyn Reporter) -> Result<Vec<CheckGroup>, AnalysisError> {
    let mut groups = Vec::new();
    for (name, about, fill) in GROUPS {
        tell(reporter, groups.len(), GROUPS.len(), "groups", name)?;
        let mut checks = Checks::new(name, about);
        match fill(&mut checks, device, &scratch.join(name), reporter) {
            Ok(()) => {}
            Err(AnalysisError::Cancelled) => return Err(AnalysisError::Cancelled),
            Err(error) => checks.fail(&error.to_string()),
        }
        groups.push(checks.finish());
    }
    Ok(groups)
}

/// Reports the progress; an error where the job is cancelled.
fn tell(reporter: &mut dyn Reporter, done: usize, total: usize, unit: &str, message: &str) -> Result<(), AnalysisError> {
    let (done, total) = (done as u64, total as u64);
    reporter.report(JobEvent::Progress { done, total, unit: unit.into(), message: message.into(), eta_secs: None });
    stop_if_cancelled(reporter)
}
