//! [`WorkerEvent`]: an event of the worker, with the job ids of the window.

use flatland_core::job::{JobEvent, JobId};

/// An event of the worker.
#[derive(Clone, Debug, PartialEq)]
pub enum WorkerEvent {
    /// An event of a job, with the job's id.
    Job(JobId, JobEvent),
    /// The worker wrote a line outside of the protocol.
    OutputLine(String),
    /// The process has ended; every open job was informed before.
    Exited(String),
}
