//! Image lists of OpenOOD: `relative/path.png label` a line, split at the first space; -1 is no class.
//!
//! Paths are relative to the folder that holds most of them: the list's own, or one above it, or its `images_classic` or
//! `images_largescale`. Source: OpenOOD v1.5, `openood/datasets/imglist_dataset.py`. Missing images are counted and listed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::labels::found::Found;
use super::not_data::not_data;
use super::opened::{Opened, Pixels};
use super::{DataError, Unreadable};

const WHAT: &str = "the image list";
/// Number of folders above the list in which images are searched.
const MAX_ANCESTORS: usize = 8;

/// Path and label of a line. The label is an integer, or a dict with `class_label` (OpenOOD's `*_mos.txt`).
pub(super) fn entry(line: &str) -> Option<(&str, i64)> {
    let (path, rest) = line.trim_start().split_once(' ')?;
    let rest = rest.trim();
    let label = rest.parse().ok().or_else(|| {
        let after = rest.strip_prefix('{')?.split_once("\"class_label\":")?.1.trim_start();
        let end = after.find(|c: char| c != '-' && !c.is_ascii_digit()).unwrap_or(after.len());
        after[..end].parse().ok()
    })?;
    (!path.starts_with('/') && !path.is_empty()).then_some((path, label))
}

/// Opens the list at `path`.
pub(super) fn open(path: &Path) -> Result<Opened, DataError> {
    let bytes = std::fs::read(path).map_err(DataError::io(WHAT, path))?;
    let invalid = |expected: &str, found: String| DataError::invalid(WHAT, expected, found, path);
    if let Some(found) = not_data(&bytes) {
        return Err(invalid("lines `path label`", found.into()));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| invalid("UTF-8 text", "other bytes".into()))?;
    let mut entries = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let found = || format!("`{}` in line {}", line.chars().take(80).collect::<String>(), number + 1);
        entries.push(entry(line).ok_or_else(|| invalid("`relative/path label`", found()))?);
    }
    let (root, there) = root(path, &entries);
    if !there.contains(&true) {
        let first = entries.first().map_or(String::new(), |(path, _)| format!("; the first is {path}"));
        let expected = "images under the list's folder or one above it (or its images_classic, images_largescale)";
        return Err(invalid(expected, format!("none of {}{first}", entries.len())));
    }
    let (mut labels, mut index, mut files, mut unreadable) = (vec![], vec![], vec![], vec![]);
    for (i, ((relative, label), there)) in entries.iter().zip(there).enumerate() {
        if there {
            labels.push(*label);
            index.push(i);
            files.push(root.join(relative));
        } else {
            unreadable.push(Unreadable { path: root.join(relative), reason: "no such file".into() });
        }
    }
    let pixels = Pixels::Files(files);
    Ok(Opened {
        format: "image_list",
        labels,
        coarse: vec![],
        index,
        found: Found::default(),
        shown: BTreeMap::new(),
        assumed: vec![],
        available: entries.len(),
        unreadable,
        pixels,
    })
}

/// The paths of the images of the list at `path`, whether they exist or not; empty for a file that is no list.
pub(super) fn images(path: &Path) -> Vec<PathBuf> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let entries: Vec<(&str, i64)> = text.lines().filter_map(entry).collect();
    let (root, _) = root(path, &entries);
    entries.into_iter().map(|(relative, _)| root.join(relative)).collect()
}

/// The folder that holds most of the images, and which of them it holds.
fn root(list: &Path, entries: &[(&str, i64)]) -> (PathBuf, Vec<bool>) {
    let list = std::path::absolute(list).unwrap_or_else(|_| list.into());
    let above = list.ancestors().skip(1).take(MAX_ANCESTORS);
    let candidates = above.flat_map(|folder| [folder.to_path_buf(), folder.join("images_classic"), folder.join("images_largescale")]);
    let mut best = (list.clone(), vec![false; entries.len()]);
    let mut most = 0;
    for candidate in candidates {
        let begins = |path: &str| candidate.join(path.split('/').next().unwrap_or(path)).exists();
        // Most candidates hold none of the first folders; testing every image there would take long.
        let mut firsts: Vec<&str> = entries.iter().map(|(path, _)| path.split('/').next().unwrap_or(path)).collect();
        firsts.dedup();
        if !firsts.into_iter().any(begins) {
            continue;
        }
        let there: Vec<bool> = entries.iter().map(|(path, _)| candidate.join(path).is_file()).collect();
        let count = there.iter().filter(|&&there| there).count();
        if count > most {
            most = count;
            best = (candidate, there);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::load;
    use super::super::tests::{error, image, source};
    use super::*;

    #[test]
    fn a_line_is_split_at_the_first_space() {
        assert_eq!(entry("cifar10/test/cat/1.png 3"), Some(("cifar10/test/cat/1.png", 3)));
        assert_eq!(entry("svhn/1.jpg -1 "), Some(("svhn/1.jpg", -1)));
        assert_eq!(entry(r#"a.png { "group_label": 7 ,"class_label": 12 }"#), Some(("a.png", 12)));
        for wrong in ["a.png", "a.png cat", "/etc/a.png 1", "", r#"a.png { "group_label": 7 }"#] {
            assert_eq!(entry(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn images_are_found_as_openood_lays_them_out_and_missing_ones_are_listed() {
        let folder = tempfile::tempdir().unwrap();
        let images = folder.path().join("images_classic/near");
        let lists = folder.path().join("benchmark_imglist/cifar10");
        std::fs::create_dir_all(&images).unwrap();
        std::fs::create_dir_all(&lists).unwrap();
        std::fs::write(images.join("b.png"), image(2, 2, 7)).unwrap();
        std::fs::write(images.join("d.png"), b"<!DOCTYPE html>").unwrap();
        std::fs::write(images.join("e.png"), image(2, 2, 9)).unwrap();
        let list = lists.join("test_near.txt");
        std::fs::write(&list, "near/a.png 0\nnear/b.png 1\nnear/c.png 2\nnear/d.png 3\nnear/e.png -1\n").unwrap();
        let data = load(&source(&list), None).unwrap();
        assert_eq!((data.labels.as_slice(), data.index.as_slice()), (&[1, -1][..], &[1, 4][..]));
        assert_eq!((data.image(0)[0], data.image(1)[0]), (7, 9));
        assert_eq!((data.provenance.available, data.provenance.format.as_str()), (5, "image_list"));
        let reasons: Vec<String> =
            data.provenance.unreadable.iter().map(|u| format!("{}: {}", u.path.file_name().unwrap().display(), u.reason)).collect();
        let html = "d.png: expected an image, found an HTML page (a download that failed?)";
        assert_eq!(reasons, ["a.png: no such file", "c.png: no such file", html]);
    }

    #[test]
    fn a_list_without_any_of_its_images_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let list = folder.path().join("test.txt");
        std::fs::write(&list, "nowhere/a.png 0\nnowhere/b.png 1\n").unwrap();
        assert!(error(&source(&list)).contains("found none of 2; the first is nowhere/a.png"));
        std::fs::write(&list, "nowhere/a.png 0\nhello\n").unwrap();
        assert!(error(&source(&list)).contains("found `hello` in line 2"));
    }
}
