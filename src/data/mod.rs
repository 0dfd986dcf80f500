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

pub use dataset::{Corruption, Dataset, Provenance, Source, Subset, Unreadable};
pub use error::DataError;
