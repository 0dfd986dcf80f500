//! [`BusyPeriod`]: the period during which the worker is busy without a pause.

use flatland_core::job::JobId;

/// The present period of work.
#[derive(Debug, Default)]
pub struct BusyPeriod {
    /// Its start, in seconds of the window's clock.
    pub start: Option<f64>,
    /// The analyses that the worker computed in it.
    pub analyses: Vec<JobId>,
}
