//! What may go wrong with run files and run directories.

use std::path::PathBuf;

use crate::result::ResultError;

/// An error of runs.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
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
    /// The file is not a run file.
    #[error("not a run file: {message} ({path})")]
    Invalid {
        /// What was expected and found.
        message: String,
        /// The run file.
        path: PathBuf,
    },
    /// The request is not possible for this run.
    #[error("{message} ({path})")]
    Refused {
        /// What was expected and found.
        message: String,
        /// The run directory or a file in it.
        path: PathBuf,
    },
    /// The process of a run could not be started.
    #[error("cannot start the worker {program}: {source}; set FLATLAND_WORKER to flatland-worker, which `make build` puts beside flatland")]
    Start {
        /// The program.
        program: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A file could not be written.
    #[error(transparent)]
    Result(#[from] ResultError),
}
