//! The entries of a zip archive, read within the bytes that a file of its size can hold.

use std::io::{Cursor, Read};

use zip::ZipArchive;
use zip::result::ZipError;

use super::backing::budget;
use super::storage::StorageId;

/// A zip archive in memory.
pub type Archive<'a> = ZipArchive<Cursor<&'a [u8]>>;

/// Reads the directory of an archive.
///
/// # Errors
/// When it is cut off or damaged.
pub fn open(bytes: &[u8]) -> Result<Archive<'_>, ZipError> {
    ZipArchive::new(Cursor::new(bytes))
}

/// The bytes of each of `storages`, in their order; together no more than a file of this size can hold.
pub fn storages(bytes: &[u8], root: &str, storages: &[&StorageId]) -> Result<Vec<Vec<u8>>, String> {
    let mut archive = open(bytes).map_err(|error| format!("cannot read the zip archive: {error}"))?;
    let mut budget = budget(bytes);
    let mut read = |storage: &&StorageId| entry(&mut archive, &format!("{root}data/{}", storage.key), Some(storage.bytes()?), &mut budget);
    storages.iter().map(&mut read).collect()
}

/// The bytes of one entry, `expected` of them where that is known; takes them from `budget`.
pub fn entry(archive: &mut Archive<'_>, name: &str, expected: Option<usize>, budget: &mut usize) -> Result<Vec<u8>, String> {
    let mut file = match archive.by_name(name) {
        Ok(file) => file,
        Err(ZipError::FileNotFound) => return Err(format!("the archive has no `{name}`")),
        Err(error) => return Err(format!("cannot read `{name}`: {error}")),
    };
    let size = usize::try_from(file.size()).unwrap_or(usize::MAX);
    if let Some(expected) = expected.filter(|&expected| expected != size) {
        return Err(format!("expected {expected} bytes in `{name}`, found {size}"));
    }
    *budget = budget.checked_sub(size).ok_or_else(|| format!("`{name}` claims {size} bytes, more than a file of this size can hold"))?;
    let mut data = Vec::with_capacity(size);
    // The size in the directory may be false: no more than that is read.
    (&mut file).take(size as u64 + 1).read_to_end(&mut data).map_err(|error| format!("cannot read `{name}`: {error}"))?;
    if data.len() != size {
        return Err(format!("expected {size} bytes in `{name}`, found {}", data.len()));
    }
    Ok(data)
}
