//! What may go wrong between a source and its images.

use std::path::PathBuf;

/// An error of the data room.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// A corruption is not known or does not fit the image.
    #[error("cannot corrupt: {0}")]
    Corruption(String),
    /// A path `demo:<part>` names no part of the bundled demo set, or the set cannot be read.
    #[error("{message} ({path})")]
    Demo {
        /// What was expected and found.
        message: String,
        /// As asked.
        path: PathBuf,
    },
}
