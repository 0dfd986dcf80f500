//! Errors of checkpoint files and networks.

use std::path::PathBuf;

/// An error of the `model` module.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// A file could not be read or written.
    #[error("cannot {action}: {source} ({path})")]
    Io {
        /// `read` or `write`.
        action: &'static str,
        /// The cause.
        source: std::io::Error,
        /// The file.
        path: PathBuf,
    },
    /// A file is not a checkpoint that can be used.
    #[error("{message} ({path})")]
    Checkpoint {
        /// What failed, what was expected, what was found.
        message: String,
        /// The file.
        path: PathBuf,
    },
    /// A tensor that the graph needs is not there.
    #[error("the network needs a tensor `{0}`, which is missing")]
    MissingTensor(String),
    /// Tensors or images do not fit.
    #[error("{0}")]
    Mismatch(String),
    /// libtorch failed.
    #[error("libtorch: {0}")]
    Torch(#[from] tch::TchError),
}

impl From<String> for ModelError {
    fn from(message: String) -> Self {
        ModelError::Mismatch(message)
    }
}
