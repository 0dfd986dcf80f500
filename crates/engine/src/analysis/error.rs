//! What may go wrong in an analysis.

use flatland_core::result::ResultError;

use crate::model::ModelError;

/// An error of the analysis room.
#[derive(Debug, thiserror::Error)]
pub enum AnalysisError {
    /// The reporter asked to stop. What is on disk stays and can be resumed.
    #[error("cancelled")]
    Cancelled,
    /// The network could not be evaluated.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A result file could not be read or written.
    #[error(transparent)]
    Result(#[from] ResultError),
    /// The job cannot be done as asked; says what was expected and what was found.
    #[error("{0}")]
    Invalid(String),
    /// libtorch refused.
    #[error("libtorch: {0}")]
    Torch(#[from] tch::TchError),
}
