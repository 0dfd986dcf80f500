//! The entries of a zip archive, read within the bytes that a file of its size can hold.

use std::collections::HashMap;
use std::io::{Cursor, Read};

use zip::ZipArchive;
use zip::read::ZipFile;
use zip::result::ZipError;

use super::backing::{Place, budget};
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

/// The bytes of each of `storages` at its place, in their order; together no more than a file of this size can hold.
pub fn placed(bytes: &[u8], places: &HashMap<String, Place>, storages: &[&StorageId]) -> Result<Vec<Vec<u8>>, String> {
    let mut archive = open(bytes).map_err(|error| format!("cannot read the zip archive: {error}"))?;
    let mut budget = budget(bytes);
    let place = |storage: &StorageId| places.get(&storage.key).ok_or_else(|| format!("storage {} is not in the file", storage.key));
    // Each archive within the file is read once.
    let mut inner: Vec<(&str, Vec<u8>)> = Vec::new();
    for storage in storages {
        let Some(name) = place(storage)?.archive.as_deref() else { continue };
        if inner.iter().all(|(known, _)| *known != name) {
            inner.push((name, entry(&mut archive, name, None, &mut budget)?));
        }
    }
    let mut archives: HashMap<Option<&str>, Archive<'_>> = HashMap::from([(None, archive)]);
    for (name, bytes) in &inner {
        archives.insert(Some(name), open(bytes).map_err(|error| format!("cannot read the zip archive `{name}`: {error}"))?);
    }
    let mut read = |storage: &&StorageId| {
        let place = place(storage)?;
        let archive = archives.get_mut(&place.archive.as_deref()).ok_or_else(|| format!("the archive has no `{}`", place.entry))?;
        entry(archive, &place.entry, Some(storage.bytes()?), &mut budget)
    };
    storages.iter().map(&mut read).collect()
}

/// The bytes of one entry, `expected` of them where that is known; takes them from `budget`.
pub fn entry(archive: &mut Archive<'_>, name: &str, expected: Option<usize>, budget: &mut usize) -> Result<Vec<u8>, String> {
    let mut file = find(archive, name)?;
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

/// Bytes of an entry, as the directory of the archive says.
pub fn size(archive: &mut Archive<'_>, name: &str) -> Result<usize, String> {
    find(archive, name).map(|file| usize::try_from(file.size()).unwrap_or(usize::MAX))
}

fn find<'f, 'a>(archive: &'f mut Archive<'a>, name: &str) -> Result<ZipFile<'f, Cursor<&'a [u8]>>, String> {
    archive.by_name(name).map_err(|error| match error {
        ZipError::FileNotFound => format!("the archive has no `{name}`"),
        error => format!("cannot read `{name}`: {error}"),
    })
}
