//! [`Pace`]: the speed of a run, measured by the worker.

use serde::{Deserialize, Serialize};

use super::RunConfig;

/// The times of a few steps of a run, which are not saved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pace {
    /// Name of the network, with the method's head.
    pub architecture: String,
    /// Training images.
    pub images: usize,
    /// Median seconds of a step.
    pub step_secs: f64,
    /// Steps that were timed.
    pub timed: usize,
    /// Seconds of the evaluation before the first epoch and after each.
    pub evaluation_secs: f64,
}

/// A run of which a few steps have been timed.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// The run.
    pub run: RunConfig,
    /// Its speed.
    pub pace: Pace,
}
