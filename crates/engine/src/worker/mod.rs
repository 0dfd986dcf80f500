//! The worker process: reads [`JobSpec`](flatland_core::job::JobSpec)s, runs them one at a time, reports events.
//!
//! [`serve`] runs jobs until its input closes. An error or a panic of a job is reported, and the next job runs. Networks and images stay
//! loaded between jobs. [`train`] runs one training run and returns. Not here: mathematics.

mod allocator;
mod executor;
mod lru_cache;
mod machine;
mod queue;
mod serve;
mod train;

use flatland_core::data::DataError;

use crate::analysis::AnalysisError;
use crate::model::ModelError;
use crate::train::TrainError;

pub use allocator::keep_freed_memory;
pub use executor::JobExecutor;
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
    /// The requested device does not exist.
    #[error("{0}")]
    Device(String),
}
