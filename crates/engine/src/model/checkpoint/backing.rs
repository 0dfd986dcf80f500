//! [`Backing`]: where the storages of a file are, and how much they may fill.

use std::collections::HashMap;
use std::ops::Range;

/// Where the storages of a file are.
#[derive(Clone, Debug)]
pub(super) enum Backing {
    /// Entries of a zip archive, `<root>data/<key>`.
    Zip { root: String, big_endian: bool },
    /// Parts of the file by key.
    Legacy(HashMap<String, Range<usize>>),
    /// Entries of a zip archive by key, in any folder.
    Entries(HashMap<String, Place>),
    /// There are none.
    Nothing,
}

/// An entry of a zip archive, or of an archive within it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The entry of the file that is an archive itself and holds this one; `None` where the file holds it.
    pub(super) archive: Option<String>,
    /// Its whole name there.
    pub(super) entry: String,
}

/// Most bytes that the tensors of a file may fill together: views may overlap, but a small file does not fill the memory.
pub(super) fn budget(bytes: &[u8]) -> usize {
    bytes.len().saturating_mul(4).saturating_add(1 << 20)
}
