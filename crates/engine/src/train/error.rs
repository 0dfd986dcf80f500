//! Errors of a run.

use std::path::PathBuf;

use flatland_core::data::DataError;
use flatland_core::job::RunError;
use flatland_core::result::ResultError;

use crate::method::MethodError;
use crate::model::ModelError;

/// An error of the `train` module.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// Stopped on request; the run can be resumed.
    #[error("stopped on request")]
    Cancelled,
    /// The run file has invalid settings.
    #[error("cannot train: {0}")]
    Config(String),
    /// The method of the run file has invalid settings.
    #[error("cannot train: {0}")]
    Method(#[from] MethodError),
    /// The loss or a gradient is not finite any more.
    #[error("training diverged at step {step}: expected a finite {what}, found {found}; the weights of the last save are kept ({path})")]
    Diverged {
        /// Steps done before.
        step: usize,
        /// `loss` or `gradient norm`.
        what: &'static str,
        /// The value.
        found: f64,
        /// The last weights that were saved.
        path: PathBuf,
    },
    /// A file of the run directory is invalid.
    #[error("{message} ({path})")]
    Directory {
        /// What was expected and found.
        message: String,
        /// The directory or a file in it.
        path: PathBuf,
    },
    /// A file could not be read or written.
    #[error("cannot {action}: {source} ({path})")]
    Io {
        /// `read`, `write`, ...
        action: &'static str,
        /// The cause.
        source: std::io::Error,
        /// The file.
        path: PathBuf,
    },
    /// The run file or run directory cannot be used.
    #[error(transparent)]
    Run(#[from] RunError),
    /// Images of a dataset could not be loaded.
    #[error("dataset `{name}`: {source}")]
    Dataset {
        /// Its name.
        name: String,
        /// The cause.
        source: DataError,
    },
    /// Images could not be loaded.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The network or its file failed.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A file could not be written.
    #[error(transparent)]
    Result(#[from] ResultError),
}

impl From<tch::TchError> for TrainError {
    fn from(error: tch::TchError) -> Self {
        TrainError::Model(error.into())
    }
}
