//! [`Stretch`]: the time in which the worker was busy without a pause.

use flatland_core::job::JobId;

/// The stretch of work that is under way.
#[derive(Debug, Default)]
pub struct Stretch {
    /// When it began, in the window's seconds.
    pub began: Option<f64>,
    /// The analyses that were in the worker.
    pub worked_on: Vec<JobId>,
}
