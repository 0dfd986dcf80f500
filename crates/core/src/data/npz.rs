//! `.npz` archives with `images` and, where there are labels, `labels`, or what people call them otherwise ([`npz_names`](super::npz_names)).

use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};

use npyz::npz::NpzArchive;

use super::array_images::into_images;
use super::array_labels::{Labels, classes_of_names, labels_for};
use super::labels::Found;
use super::npz_names::{Entry, choose};
use super::numpy::{Array, Header};
use super::pixels::{Bytes, map};
use super::source::Opened;
use super::{DataError, sniff, split};

const WHAT: &str = ".npz images";
/// Largest unpacked array, 8 GiB: a small file must not fill the memory.
const MAX_ARRAY: u64 = 8 << 30;

/// Opens the archive at `path`, or that of split `wanted` in the folder `path`.
pub(super) fn open(path: &Path, wanted: Option<&str>) -> Result<Opened, DataError> {
    if path.is_dir() {
        return open(&of_folder(path, wanted)?, None);
    }
    let bytes = map(WHAT, path)?;
    let mut archive = opened(&bytes, path)?;
    let entries = entries(&mut archive);
    let invalid = |(expected, found): (String, String)| DataError::invalid(WHAT, expected, found, path);
    let chosen = choose(&entries, wanted).map_err(invalid)?;
    let images = array(&mut archive, &chosen.images, path)?;
    let in_array = |(expected, found): (String, String)| invalid((expected, format!("`{}` of {found}", chosen.images)));
    let images = into_images(images).map_err(in_array)?;
    let count = images.blocks[0].count;
    let labels = match &chosen.labels {
        Some(labels) => labels_for(count, false, &array(&mut archive, labels, path)?, path)?,
        None => Labels::none(count),
    };
    Ok(Opened { found: labels.found, ..Opened::array("npz", labels.labels, vec![], images) })
}

/// The classes of the archive at `path`, without reading its images.
pub(super) fn classes(path: &Path, wanted: Option<&str>) -> Result<Found, DataError> {
    let (path, wanted) = if path.is_dir() { (of_folder(path, wanted)?, None) } else { (path.to_path_buf(), wanted) };
    let bytes = map(WHAT, &path)?;
    let mut archive = opened(&bytes, &path)?;
    let chosen = choose(&entries(&mut archive), wanted).map_err(|(expected, found)| DataError::invalid(WHAT, expected, found, &path))?;
    let labels = chosen.labels.map(|labels| array(&mut archive, &labels, &path)).transpose()?;
    Ok(labels.and_then(|labels| labels.texts()).map(|names| classes_of_names(&names)).unwrap_or_default())
}

fn opened<'a>(bytes: &'a [u8], path: &Path) -> Result<Archive<'a>, DataError> {
    NpzArchive::new(Cursor::new(bytes))
        .map_err(|error| DataError::invalid(WHAT, "a whole zip archive", format!("one cut short or damaged: {error}"), path))
}

/// The archive of split `wanted` in a folder.
fn of_folder(folder: &Path, wanted: Option<&str>) -> Result<PathBuf, DataError> {
    let archives = sniff::files(WHAT, folder)?;
    let is = |file: &PathBuf, name: &str| file.file_name().is_some_and(|found| found.to_string_lossy() == format!("{name}.npz"));
    let of_split = |split: &str| archives.iter().filter(|file| is(file, split)).cloned().collect();
    Ok(split::pick(WHAT, folder, wanted, &["test", "val", "train"], of_split)?.swap_remove(0))
}

type Archive<'a> = NpzArchive<Cursor<&'a [u8]>>;

/// What is known of the arrays by their headers, by name; what is no array is left out.
fn entries(archive: &mut Archive<'_>) -> Vec<Entry> {
    let mut names: Vec<String> = archive.array_names().map(str::to_owned).collect();
    names.sort();
    let entry = |name: String| {
        let mut head = Vec::new();
        let file = archive.zip_archive().by_name(&format!("{name}.npy")).ok()?;
        file.take(Header::LONGEST as u64).read_to_end(&mut head).ok()?;
        Header::of(&head).ok().map(|Header { dtype, shape, .. }| Entry { name, dtype, shape })
    };
    names.into_iter().filter_map(entry).collect()
}

/// A whole array.
fn array(archive: &mut Archive<'_>, name: &str, path: &Path) -> Result<Array, DataError> {
    let mut entry = archive.zip_archive().by_name(&format!("{name}.npy")).map_err(|error| DataError::io(WHAT, path)(error.into()))?;
    let mut unpacked = Vec::new();
    entry.by_ref().take(MAX_ARRAY + 1).read_to_end(&mut unpacked).map_err(DataError::io(WHAT, path))?;
    if unpacked.len() as u64 > MAX_ARRAY {
        return Err(DataError::invalid(WHAT, format!("at most {MAX_ARRAY} bytes in `{name}`"), "more", path));
    }
    let invalid = |(expected, found)| DataError::invalid(WHAT, format!("{expected} in `{name}`"), found, path);
    Array::from_npy(Bytes::Owned(unpacked)).map_err(invalid)
}

#[cfg(test)]
mod tests;
