//! `.npz` archives with `images`, or float arrays `inputs` or `x`, and optionally `labels`, or other common names for them ([`npz_names`](super::npz_names)).

use std::io::Cursor;
use std::path::{Path, PathBuf};

use super::array_images::into_images;
use super::array_labels::{Labels, classes_of_names, labels_for};
use super::arrays::StoredArrays;
use super::labels::found::Found;
use super::npz_names::{Entry, choose};
use super::opened::{Opened, Pixels};
use super::pixels::map;
use super::{DataError, folder, split};
use crate::numpy::{Archive, ArrayError, Header, RawArray};

const WHAT: &str = ".npz images";

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
    let (count, pixels) = if chosen.are_inputs {
        let inputs = StoredArrays::new(images).map_err(in_array)?;
        (inputs.count, Pixels::Inputs(inputs))
    } else {
        let images = into_images(images).map_err(in_array)?;
        (images.blocks[0].count, Pixels::Array(images))
    };
    let Labels { labels, found } = match &chosen.labels {
        Some(labels) => labels_for(count, false, &array(&mut archive, labels, path)?, path)?,
        None => Labels::none(count),
    };
    Ok(Opened::all("npz", labels, found, pixels))
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

fn opened<'a>(bytes: &'a [u8], path: &Path) -> Result<Arrays<'a>, DataError> {
    Archive::new(Cursor::new(bytes))
        .map_err(|error| DataError::invalid(WHAT, "a whole zip archive", format!("one cut short or damaged: {error}"), path))
}

/// The archive of split `wanted` in a folder.
fn of_folder(folder: &Path, wanted: Option<&str>) -> Result<PathBuf, DataError> {
    let archives = folder::files(WHAT, folder)?;
    let is = |file: &PathBuf, name: &str| file.file_name().is_some_and(|found| found.to_string_lossy() == format!("{name}.npz"));
    let of_split = |split: &str| archives.iter().filter(|file| is(file, split)).cloned().collect();
    Ok(split::pick(WHAT, folder, wanted, &["test", "val", "train"], of_split)?.swap_remove(0))
}

type Arrays<'a> = Archive<Cursor<&'a [u8]>>;

/// The headers of the arrays, by name; entries that are no arrays are left out.
fn entries(archive: &mut Arrays<'_>) -> Vec<Entry> {
    let mut names = archive.names();
    names.sort();
    let entry = |name: String| archive.header(&name).ok().map(|Header { dtype, shape, .. }| Entry { name, dtype, shape });
    names.into_iter().filter_map(entry).collect()
}

/// A whole array.
fn array(archive: &mut Arrays<'_>, name: &str, path: &Path) -> Result<RawArray, DataError> {
    archive.array(name).map_err(|error| match error {
        ArrayError::Io(error) => DataError::io(WHAT, path)(error),
        ArrayError::Unlike(expected, found) => DataError::invalid(WHAT, expected, found, path),
    })
}

#[cfg(test)]
mod tests;
