//! [`Unreadable`]: images that could not be read and are left out of every number of a result.

use std::path::PathBuf;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// An image that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnreadableImage {
    /// Its file.
    pub path: PathBuf,
    /// What failed.
    pub reason: String,
}

/// Dataset → its unreadable images, if there are any.
pub type Unreadable = IndexMap<String, Vec<UnreadableImage>>;

/// Largest number of images in a message; the files of the result list all.
const NAMED: usize = 10;

/// The images for a message: a line each, the first ten.
pub fn unreadable_lines(images: &[UnreadableImage]) -> Vec<String> {
    let line = |image: &UnreadableImage| format!("{}: {}", image.path.display(), image.reason);
    let more = images.len().saturating_sub(NAMED);
    images.iter().take(NAMED).map(line).chain((more > 0).then(|| format!("and {more} more"))).collect()
}

/// The warning that images of `dataset` could not be read: how many, of how many if known, and which; `None` if all could.
pub fn unreadable_warning(dataset: &str, available: Option<usize>, images: &[UnreadableImage]) -> Option<String> {
    if images.is_empty() {
        return None;
    }
    let all = available.map_or(String::new(), |n| format!(" of {n}"));
    let names = unreadable_lines(images).join("; ");
    Some(format!("{}{all} images of `{dataset}` could not be read and were left out: {names}", images.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_ten_are_named_and_the_others_counted() {
        let image = |k: usize| UnreadableImage { path: format!("a/{k}.jpg").into(), reason: "cut short".into() };
        let images: Vec<UnreadableImage> = (0..12).map(image).collect();
        assert_eq!(unreadable_warning("x", None, &[]), None);
        let two = unreadable_warning("x", Some(40), &images[..2]).unwrap_or_default();
        assert_eq!(two, "2 of 40 images of `x` could not be read and were left out: a/0.jpg: cut short; a/1.jpg: cut short");
        let all = unreadable_lines(&images);
        assert_eq!((all.len(), all[9].as_str(), all[10].as_str()), (11, "a/9.jpg: cut short", "and 2 more"));
    }
}
