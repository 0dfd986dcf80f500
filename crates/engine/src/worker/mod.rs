//! The process behind the door: reads [`JobSpec`](flatland_core::job::JobSpec)s, runs them one at a time, reports.
//!
//! [`serve`] promises that whatever a job does (an error, a panic), the worker says so and goes on with the next. Networks and
//! images stay loaded between jobs. [`train`] is a process's whole life: one run. Deliberately absent: mathematics.

mod allocator;
mod dispatch;
mod machine;
mod queue;
mod serve;
mod train;
mod warm;

use flatland_core::data::DataError;

use crate::analysis::AnalysisError;
use crate::model::ModelError;
use crate::train::TrainError;

pub use allocator::keep_freed_memory;
pub use dispatch::Bench;
pub use serve::serve;
pub use train::train;

/// Why a job failed.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// A checkpoint could not be used.
    #[error("checkpoint `{name}`: {source}")]
    Checkpoint {
        /// Its name.
        name: String,
        /// The cause.
        source: ModelError,
    },
    /// Images could not be loaded.
    #[error("dataset `{name}`: {source}")]
    Dataset {
        /// Its name.
        name: String,
        /// The cause.
        source: DataError,
    },
    /// Images do not fit the network, or the device refused them.
    #[error("dataset `{name}`: {source}")]
    Samples {
        /// Its name.
        name: String,
        /// The cause.
        source: ModelError,
    },
    /// The analysis failed.
    #[error(transparent)]
    Analysis(#[from] AnalysisError),
    /// The steps of a trial failed.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// The device that was asked for is not there.
    #[error("{0}")]
    Device(String),
}
