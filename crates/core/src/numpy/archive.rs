//! [`Archive`]: an `.npz` file whose arrays are read one by one.

use std::io::{Read, Seek};

use npyz::npz::NpzArchive;

use super::bytes::Bytes;
use super::header::Header;
use super::raw_array::RawArray;

/// Largest unpacked array, 8 GiB: a small file must not fill the memory.
const MAX_ARRAY: u64 = 8 << 30;

/// An `.npz` file.
pub(crate) struct Archive<R: Read + Seek>(NpzArchive<R>);

/// Why an array of an archive cannot be read.
pub(crate) enum ArrayError {
    /// Its bytes cannot be read.
    Io(std::io::Error),
    /// What was expected and found.
    Unlike(String, String),
}

impl<R: Read + Seek> Archive<R> {
    /// Reads the list of arrays.
    pub(crate) fn new(reader: R) -> std::io::Result<Self> {
        NpzArchive::new(reader).map(Self)
    }

    /// Names of all arrays, without `.npy`.
    pub(crate) fn names(&self) -> Vec<String> {
        self.0.array_names().map(str::to_owned).collect()
    }

    /// The header of the array called `name`; its elements are not read.
    pub(crate) fn header(&mut self, name: &str) -> Result<Header, ArrayError> {
        let head = self.unpacked(name, Header::LONGEST as u64)?;
        Header::of(&head).map_err(|(expected, found)| ArrayError::Unlike(format!("{expected} in `{name}`"), found))
    }

    /// The array called `name`.
    pub(crate) fn array(&mut self, name: &str) -> Result<RawArray, ArrayError> {
        let unpacked = self.unpacked(name, MAX_ARRAY + 1)?;
        if unpacked.len() as u64 > MAX_ARRAY {
            return Err(ArrayError::Unlike(format!("at most {MAX_ARRAY} bytes in `{name}`"), "more".into()));
        }
        let unlike = |(expected, found)| ArrayError::Unlike(format!("{expected} in `{name}`"), found);
        RawArray::from_npy(Bytes::Owned(unpacked)).map_err(unlike)
    }

    /// The first `most` bytes of the file of an array.
    fn unpacked(&mut self, name: &str, most: u64) -> Result<Vec<u8>, ArrayError> {
        let mut entry = self.0.zip_archive().by_name(&format!("{name}.npy")).map_err(|error| ArrayError::Io(error.into()))?;
        let mut unpacked = Vec::new();
        entry.by_ref().take(most).read_to_end(&mut unpacked).map_err(ArrayError::Io)?;
        Ok(unpacked)
    }
}

impl From<ArrayError> for std::io::Error {
    fn from(error: ArrayError) -> Self {
        match error {
            ArrayError::Io(error) => error,
            ArrayError::Unlike(expected, found) => Self::other(format!("expected {expected}, found {found}")),
        }
    }
}
