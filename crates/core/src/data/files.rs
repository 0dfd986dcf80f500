//! [`files`] and [`decoding`]: what lies on disk behind a source, for whoever must notice when it changes, and whether it is read otherwise
//! than before.

use std::path::PathBuf;

use rayon::prelude::*;

use super::folder::head;
use super::load::open;
use super::opened::Pixels;
use super::sniff::{Format, sniff};
use super::{Source, decode, idx, image_folder, image_list, npy};

/// Names the pixels of images that were read otherwise before they were Pillow's. Another name forgets the results of such images.
const DECODING: &str = "pixels as of Pillow 13";

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
        Ok(Format::Npy) if path.is_file() => npy::beside(path),
        Ok(Format::CifarBinary | Format::CifarPython | Format::Idx | Format::Npy | Format::Npz) | Err(_) => Vec::new(),
    };
    std::iter::once(path.to_owned()).chain(beside).collect()
}

/// By what name the pixels of `source` go, where there are images among them that were read otherwise before; `None` where all of them are
/// read as ever. To be part of the keys of results.
pub fn decoding(source: &Source) -> Option<&'static str> {
    if source.is_bundled() || !matches!(sniff(source), Ok(Format::ImageFolder | Format::ImageList)) {
        return None;
    }
    let Ok(Pixels::Files(files)) = open(source).map(|opened| opened.pixels) else { return None };
    // Most are what their names say; the others are looked into.
    let is_named_jpeg =
        |file: &PathBuf| file.extension().is_some_and(|end| end.eq_ignore_ascii_case("jpg") || end.eq_ignore_ascii_case("jpeg"));
    let is_new = |file: &PathBuf| head("images", file).is_ok_and(|head| decode::is_read_anew(&head));
    (files.iter().any(is_named_jpeg) || files.par_iter().any(is_new)).then_some(DECODING)
}
