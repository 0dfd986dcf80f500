//! Images and labels, from whatever lies on disk.
//!
//! [`load`] sniffs a [`Source`] by content, never by extension, and gives a [`Dataset`]: u8 RGB images of one size
//! with labels and provenance. Unreadable single images are counted and listed, never fatal.
//! Deliberately absent: tensors, normalization (the network's business), roles (the session's).

pub mod augmentation;
pub mod corruption;
mod dataset;
pub mod demo;
mod error;
pub mod pickle;

use std::path::PathBuf;

pub use dataset::{Corruption, Dataset, Provenance, Source, Subset, Unreadable};
pub use error::DataError;

/// The folder of real test data, for tests: `FLATLAND_SHARED`, or `shared` beside the repository or beside the folder it is in.
/// `None` where it is absent.
#[doc(hidden)]
pub fn shared_dir() -> Option<PathBuf> {
    let package = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR")?);
    let near = package.ancestors().skip(1).take(3).map(|folder| folder.join("shared"));
    std::env::var_os("FLATLAND_SHARED").map(PathBuf::from).into_iter().chain(near).find(|folder| folder.is_dir())
}
