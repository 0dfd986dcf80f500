//! [`Pace`]: how fast a run would go, as the worker has timed it.

use serde::{Deserialize, Serialize};

use super::RunConfig;

/// What a few steps of a run took. Nothing of them is kept.
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
    /// How fast it was.
    pub pace: Pace,
}
