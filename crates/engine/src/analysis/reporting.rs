//! How analyses follow a [`Reporter`]: cancels end them, and inner passes report nothing.

use flatland_core::job::{JobEvent, Reporter};

use super::AnalysisError;
use crate::model::Watch;

/// # Errors
/// [`AnalysisError::Cancelled`] when the reporter says so.
pub(super) fn stop_if_cancelled(reporter: &dyn Reporter) -> Result<(), AnalysisError> {
    if reporter.cancelled() { Err(AnalysisError::Cancelled) } else { Ok(()) }
}

/// Passes on whether the job is cancelled, and reports nothing.
pub(super) struct Quiet<'a>(pub &'a mut dyn Reporter);

impl Reporter for Quiet<'_> {
    fn report(&mut self, _event: JobEvent) {}

    fn cancelled(&self) -> bool {
        self.0.cancelled()
    }
}

/// Ends a pass over batches when the job is cancelled.
pub(super) struct Cancellable<'a>(pub &'a mut dyn Reporter);

impl Watch for Cancellable<'_> {
    type Error = AnalysisError;

    fn check(&mut self) -> Result<(), AnalysisError> {
        stop_if_cancelled(self.0)
    }
}

/// The same, and calls the closure with the number of images that are computed.
pub(super) struct Counted<'a, D>(pub &'a mut dyn Reporter, pub D);

impl<D: FnMut(u64, &mut dyn Reporter)> Watch for Counted<'_, D> {
    type Error = AnalysisError;

    fn check(&mut self) -> Result<(), AnalysisError> {
        stop_if_cancelled(self.0)
    }

    fn done(&mut self, images: u64) {
        (self.1)(images, self.0);
    }
}
