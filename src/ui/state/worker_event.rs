//! [`WorkerEvent`]: what the worker tells, in the window's numbers of jobs.

use flatland_core::job::{JobEvent, JobId};

/// What a worker tells.
#[derive(Clone, Debug, PartialEq)]
pub enum WorkerEvent {
    /// Something happened to a job, by its number.
    Job(JobId, JobEvent),
    /// It wrote a line beside the protocol.
    Said(String),
    /// The process is gone; every open job has been told.
    Died(String),
}
