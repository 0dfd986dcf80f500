//! [`files`]: the files that a source is read from, for cache keys. [`decoding`]: whether earlier versions decoded its images differently.

use std::path::PathBuf;

use rayon::prelude::*;

use super::folder::head;
use super::load::open;
use super::opened::Pixels;
use super::sniff::{Format, sniff};
use super::{Source, decode, idx, image_folder, image_list, npy};

/// Part of the cache key of images that earlier versions decoded differently. With another value their results are not found.
const DECODING: &str = "pixels as of Pillow 13";

/// The files and folders whose state determines what [`load`](super::load) gives: first `source.path`, then the files that are read besides
/// it, whether they exist or not. A folder stands for everything in it. Empty for a part of the bundled set. Files that only give classes
/// their names are left out.
pub fn files(source: &Source) -> Vec<PathBuf> {
    if source.is_bundled() {
        return Vec::new();
    }
    let path = source.path.as_path();
    let beside = match sniff(source) {
        Ok(Format::ImageList) => image_list::images(path),
        Ok(Format::ImageFolder) => image_folder::above(path),
        Ok(Format::Idx) if path.is_file() => idx::labels_of(path),
        Ok(Format::Npy) if path.is_file() => npy::beside(path),
        Ok(
            Format::CifarBinary
            | Format::CifarPython
            | Format::Idx
            | Format::Mat
            | Format::Npy
            | Format::Npz
            | Format::Parquet
            | Format::WebDataset,
        )
        | Err(_) => Vec::new(),
    };
    std::iter::once(path.to_owned()).chain(beside).collect()
}

/// A name for the decoding of `source`, to be part of the keys of results, if earlier versions decoded some of its images differently;
/// `None` otherwise.
pub fn decoding(source: &Source) -> Option<&'static str> {
    if source.is_bundled() || !matches!(sniff(source), Ok(Format::ImageFolder | Format::ImageList)) {
        return None;
    }
    let Ok(Pixels::Files(files)) = open(source).map(|opened| opened.pixels) else { return None };
    // JPEGs are recognised by their names; of the others the first bytes are read.
    let is_named_jpeg =
        |file: &PathBuf| file.extension().is_some_and(|end| end.eq_ignore_ascii_case("jpg") || end.eq_ignore_ascii_case("jpeg"));
    let is_new = |file: &PathBuf| head("images", file).is_ok_and(|head| decode::is_decoded_differently(&head));
    (files.iter().any(is_named_jpeg) || files.par_iter().any(is_new)).then_some(DECODING)
}
