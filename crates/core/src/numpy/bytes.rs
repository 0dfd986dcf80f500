//! [`Bytes`]: the storage of an array's bytes.

use std::sync::Arc;

/// Bytes of a file or part of one.
pub(crate) enum Bytes {
    /// Mapped from the file.
    Mapped(memmap2::Mmap),
    /// Read or unpacked.
    Owned(Vec<u8>),
    /// Shared with a pickle.
    Shared(Arc<[u8]>),
}

impl std::ops::Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Bytes::Mapped(map) => map,
            Bytes::Owned(bytes) => bytes,
            Bytes::Shared(bytes) => bytes,
        }
    }
}
