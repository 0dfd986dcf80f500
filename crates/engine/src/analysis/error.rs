//! Errors of an analysis.

use flatland_core::result::ResultError;

use crate::model::ModelError;

/// An error of the `analysis` module.
#[derive(Debug, thiserror::Error)]
pub enum AnalysisError {
    /// The job was cancelled. Files on disk remain, and the job can be resumed.
    #[error("cancelled")]
    Cancelled,
    /// The network could not be evaluated.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A result file could not be read or written.
    #[error(transparent)]
    Result(#[from] ResultError),
    /// The job is invalid; the message has what was expected and what was found.
    #[error("{0}")]
    Invalid(String),
    /// libtorch failed.
    #[error("libtorch: {0}")]
    Torch(#[from] tch::TchError),
}
