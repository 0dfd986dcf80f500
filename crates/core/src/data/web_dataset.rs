//! WebDataset: tar archives in which files of one name are a sample: `0001.jpg` and `0001.cls`, or `0001.json` with `label` or `cls`.
//!
//! Source: webdataset 1.0, `webdataset/tariterators.py`: the name of a sample is the path up to the first dot of its last part. Nothing is
//! unpacked to disk; images are read from the mapped archive.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::Cursor;
use std::ops::Range;
use std::path::{Path, PathBuf};

use tar::Archive;

use super::array_labels::classes_of_names;
use super::encoded::{EncodedImages, ImageFile};
use super::labels::found::Found;
use super::opened::{Opened, Pixels};
use super::pixels::map;
use super::{DataError, folder, shards};
use crate::numpy::Bytes;

const WHAT: &str = "the WebDataset";
/// Size of the blocks of an archive.
const BLOCK: usize = 512;
/// Extensions of images.
const IMAGES: [&str; 4] = ["jpg", "jpeg", "png", "webp"];
/// Keys of the label in a `.json`.
const KEYS: [&str; 2] = ["label", "cls"];
/// Number of entries that show what an archive is.
const FIRST: usize = 16;

/// Opens the archive at `path`, or the shards of split `wanted` in the folder `path`.
pub(super) fn open(path: &Path, wanted: Option<&str>) -> Result<Opened, DataError> {
    let files = if path.is_dir() { of_folder(path, wanted)? } else { vec![path.to_path_buf()] };
    let (mut shards, mut images, mut labels) = (Vec::new(), Vec::new(), Vec::new());
    for file in files {
        let bytes = map(WHAT, &file)?;
        let of_shard = samples(&bytes, &file)?;
        images.extend(of_shard.images.into_iter().map(|(name, range)| (shards.len(), name, range)));
        labels.extend(of_shard.labels);
        shards.push((file, bytes));
    }
    if images.is_empty() {
        return Err(DataError::invalid(WHAT, "samples with a .jpg, .jpeg, .png or .webp", "none", path));
    }
    let without = labels.iter().filter(|label| label.is_none()).count();
    let (labels, found) = numbered(&labels, path)?;
    let assumed =
        if without == 0 { vec![] } else { vec![format!("{without} of {} images have no label in a .cls or .json", labels.len())] };
    Ok(Opened { assumed, ..Opened::all("web_dataset", labels, found, Pixels::Encoded(Box::new(Shards { shards, images }))) })
}

/// The classes of a WebDataset.
pub(super) fn classes(path: &Path, wanted: Option<&str>) -> Result<Found, DataError> {
    Ok(open(path, wanted)?.found)
}

/// Whether a file begins like an archive.
pub(super) fn is_tar(head: &[u8]) -> bool {
    head.get(257..262) == Some(b"ustar")
}

/// Whether the archive holds samples; one of this kind may also hold a network.
pub(super) fn holds_images(path: &Path) -> bool {
    let Ok(bytes) = map(WHAT, path) else { return false };
    let mut archive = Archive::new(Cursor::new(&*bytes));
    let Ok(entries) = archive.entries_with_seek() else { return false };
    let is_of_sample = |entry: tar::Entry<'_, _>| {
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        sample(&name).is_some_and(|(_, end)| is_image(&end) || end == "cls")
    };
    entries.take(FIRST).filter_map(Result::ok).any(is_of_sample)
}

/// The shards of split `wanted` in a folder.
fn of_folder(folder: &Path, wanted: Option<&str>) -> Result<Vec<PathBuf>, DataError> {
    let mut archives = folder::files(WHAT, folder)?;
    archives.retain(|file| folder::head(WHAT, file).is_ok_and(|head| is_tar(&head)));
    shards::of_split(WHAT, folder, archives, wanted)
}

/// A label of a sample.
#[derive(Clone, Debug, PartialEq)]
enum Label {
    Number(i64),
    Name(String),
}

/// The images of a shard with their labels, in the order of the archive.
struct Samples {
    images: Vec<(String, Range<usize>)>,
    labels: Vec<Option<Label>>,
}

fn samples(bytes: &[u8], file: &Path) -> Result<Samples, DataError> {
    let invalid = |expected: String, found: String| DataError::invalid(WHAT, expected, found, file);
    let damaged = |error: std::io::Error| invalid("a whole tar archive".into(), format!("one cut short or damaged: {error}"));
    let (mut images, mut keys): (Vec<_>, HashMap<String, usize>) = (Vec::new(), HashMap::new());
    let mut labels: HashMap<String, Label> = HashMap::new();
    let mut end = 0;
    let mut archive = Archive::new(Cursor::new(bytes));
    for entry in archive.entries_with_seek().map_err(damaged)? {
        let entry = entry.map_err(damaged)?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let is_file = matches!(entry.header().entry_type(), tar::EntryType::Regular | tar::EntryType::Continuous);
        let [start, size] = [entry.raw_file_position(), entry.size()].map(|n| usize::try_from(n).unwrap_or(usize::MAX));
        let range = start..start.saturating_add(if is_file { size } else { 0 });
        end = range.end;
        let content = bytes.get(range.clone()).ok_or_else(|| {
            invalid(format!("{size} bytes of `{name}`"), format!("{}: an archive cut short?", bytes.len().saturating_sub(start)))
        })?;
        let Some((key, extension)) = sample(&name).filter(|_| is_file) else { continue };
        if is_image(&extension) {
            if let Some(other) = keys.insert(key, images.len()) {
                let (other, _): &(String, Range<usize>) = &images[other];
                return Err(invalid("one image a sample".into(), format!("`{other}` and `{name}`")));
            }
            images.push((name, range));
        } else if let Some(label) =
            label(&extension, content).map_err(|(expected, found)| invalid(expected, format!("{found} in `{name}`")))?
        {
            match labels.insert(key, label.clone()) {
                Some(other) if other != label => return Err(invalid("one label a sample".into(), format!("two at `{name}`"))),
                Some(_) | None => {}
            }
        }
    }
    // An archive that is cut between two entries lacks the block of zeros behind the last.
    let last = end.checked_next_multiple_of(BLOCK).and_then(|end| bytes.get(end..end.checked_add(BLOCK)?));
    if !last.is_some_and(|block| block.iter().all(|&byte| byte == 0)) {
        return Err(invalid("a block of zeros at the end".into(), format!("none behind {} images: an archive cut short?", images.len())));
    }
    let of = |(name, _): &(String, Range<usize>)| sample(name).and_then(|(key, _)| labels.get(&key)).cloned();
    let labels = images.iter().map(of).collect();
    Ok(Samples { images, labels })
}

/// Name and extension of a sample's file: all behind the first dot of the last part of the path.
fn sample(path: &str) -> Option<(String, String)> {
    let last = path.rfind('/').map_or(0, |slash| slash + 1);
    let (name, extension) = path[last..].split_once('.')?;
    (!name.is_empty()).then(|| (format!("{}{name}", &path[..last]), extension.to_lowercase()))
}

fn is_image(extension: &str) -> bool {
    IMAGES.contains(&extension)
}

/// The label that a file of a sample states; `None` if it is no file of labels.
fn label(extension: &str, content: &[u8]) -> Result<Option<Label>, (String, String)> {
    let whole = |found: String| ("a whole number from 0 on (-1 = none) as the label".to_owned(), format!("`{found}`"));
    match extension {
        "cls" => {
            let text = String::from_utf8_lossy(&content[..content.len().min(BLOCK)]).trim().to_owned();
            text.parse().ok().filter(|label| *label >= -1).map(|label| Some(Label::Number(label))).ok_or_else(|| whole(text))
        }
        "json" => {
            let value: serde_json::Value =
                serde_json::from_slice(content).map_err(|error| ("JSON".to_owned(), format!("something else ({error})")))?;
            let stated = KEYS.into_iter().filter_map(|key| value.get(key)).find(|value| !value.is_null());
            match stated {
                None => Ok(None),
                Some(serde_json::Value::String(name)) => Ok(Some(Label::Name(name.clone()))),
                Some(value) => {
                    let label = value.as_i64().filter(|label| *label >= -1);
                    label.map(|label| Some(Label::Number(label))).ok_or_else(|| whole(value.to_string().chars().take(40).collect()))
                }
            }
        }
        _ => Ok(None),
    }
}

/// Labels as numbers, -1 for none, and the classes if they are names.
fn numbered(labels: &[Option<Label>], path: &Path) -> Result<(Vec<i64>, Found), DataError> {
    let names: Vec<String> =
        labels.iter().flatten().filter_map(|label| if let Label::Name(name) = label { Some(name.clone()) } else { None }).collect();
    let stated = labels.iter().flatten().count();
    if !names.is_empty() && names.len() < stated {
        let found = format!("{} numbers and {} names", stated - names.len(), names.len());
        return Err(DataError::invalid(WHAT, "labels that are all numbers or all names", found, path));
    }
    let found = if names.is_empty() { Found::default() } else { classes_of_names(&names) };
    let number = |label: &Option<Label>| match label {
        Some(Label::Number(label)) => *label,
        Some(Label::Name(name)) => found.names.binary_search(name).map_or(-1, |label| label as i64),
        None => -1,
    };
    Ok((labels.iter().map(number).collect(), found))
}

/// The images in the shards.
struct Shards {
    shards: Vec<(PathBuf, Bytes)>,
    /// The shard of each image, its name there, and its bytes.
    images: Vec<(usize, String, Range<usize>)>,
}

impl EncodedImages for Shards {
    fn name(&self, image: usize) -> PathBuf {
        let (shard, name, _) = &self.images[image];
        self.shards[*shard].0.join(name)
    }

    fn files(&self, chosen: &[usize]) -> Result<Vec<ImageFile<'_>>, DataError> {
        let file = |&image: &usize| {
            let (shard, _, range) = &self.images[image];
            Ok(Cow::Borrowed(&self.shards[*shard].1[range.clone()]))
        };
        Ok(chosen.iter().map(file).collect())
    }
}

#[cfg(test)]
mod tests;
