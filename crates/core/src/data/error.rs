//! [`DataError`]: errors of reading a source.

use std::path::{Path, PathBuf};

use super::pickle::PickleError;

/// An error of reading images and labels.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// A file or folder could not be opened or read.
    #[error("cannot read {what}: {source} ({path})")]
    Io {
        /// What was being read.
        what: &'static str,
        /// The cause.
        source: std::io::Error,
        /// The file or folder.
        path: PathBuf,
    },
    /// A file or folder is not what it should be.
    #[error("cannot read {what}: expected {expected}, found {found} ({path})")]
    Invalid {
        /// What was being read.
        what: &'static str,
        /// What should have been there.
        expected: String,
        /// What was there.
        found: String,
        /// The file or folder.
        path: PathBuf,
    },
    /// The labels cannot be mapped to the network's classes with certainty, or are none of them.
    #[error("cannot label the images: expected {expected}, found {found} ({path}); {way_out}")]
    Labels {
        /// What the labels should have been matched with.
        expected: String,
        /// What was there.
        found: String,
        /// How to state the mapping.
        way_out: String,
        /// The file or folder.
        path: PathBuf,
    },
    /// The stated transform does not give images of the network's input size.
    #[error(
        "`input` makes images of {}x{} where the network takes {}x{} ({path}); change `input`, for example to `crop = [{}, {}]`, or leave it out",
        found[0], found[1], expected[0], expected[1], expected[0], expected[1]
    )]
    InputSize {
        /// [height, width] of the network's input.
        expected: [usize; 2],
        /// [height, width] that the transform gives.
        found: [usize; 2],
        /// The file or folder.
        path: PathBuf,
    },
    /// A pickle is cut off, malformed or refused.
    #[error("cannot read {what}: {source} ({path})")]
    Pickle {
        /// What was being read.
        what: &'static str,
        /// The cause.
        source: PickleError,
        /// The file.
        path: PathBuf,
    },
    /// A corruption is not known or does not fit the image.
    #[error("cannot corrupt: {0}")]
    Corruption(String),
    /// An augmentation is not known or does not fit the image.
    #[error("cannot augment: {0}")]
    Augmentation(String),
    /// Environments cannot be made from the request.
    #[error("cannot make environments: {0}")]
    Environment(String),
    /// A path `demo:<part>` names no part of the bundled demo set, or the set cannot be read.
    #[error("{message} ({path})")]
    Demo {
        /// What was expected and found.
        message: String,
        /// The requested path.
        path: PathBuf,
    },
}

impl DataError {
    /// [`DataError::Invalid`].
    pub(super) fn invalid(what: &'static str, expected: impl Into<String>, found: impl Into<String>, path: &Path) -> Self {
        DataError::Invalid { what, expected: expected.into(), found: found.into(), path: path.into() }
    }

    /// [`DataError::Io`], for `map_err`.
    pub(super) fn io(what: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| DataError::Io { what, source, path }
    }
}
