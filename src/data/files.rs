//! [`files`]: what lies on disk behind a source, for whoever must notice when it changes.

use std::path::PathBuf;

use super::sniff::{Format, sniff};
use super::{Source, idx, image_folder, image_list, npy};

/// The files and folders whose state decides what [`load`](super::load) gives: first `source.path`, then what is read beside it, whether
/// it is there or not. Of a folder everything in it counts, and is not listed. None for a part of the bundled set. What only gives classes
/// their names is left out.
pub fn files(source: &Source) -> Vec<PathBuf> {
    if source.is_bundled() {
        return Vec::new();
    }
    let path = source.path.as_path();
    let beside = match sniff(source) {
        Ok(Format::ImageList) => image_list::images(path),
        Ok(Format::ImageFolder) => image_folder::above(path),
        Ok(Format::Idx) if path.is_file() => idx::labels_of(path),
        Ok(Format::Npy) if path.is_file() => vec![npy::labels_of(path)],
        _ => Vec::new(),
    };
    std::iter::once(path.to_owned()).chain(beside).collect()
}
