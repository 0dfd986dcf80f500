//! `.npy` arrays, memory-mapped: a single array of images (of float inputs where its name says so), or the layout of CIFAR-10-C: `<corruption>.npy` beside `labels.npy`.
//!
//! The split names the corruption in a folder, the severity of a file, or both: `fog`, `3`, `fog/3`. `all` and `all/3` are all corruptions, one after
//! the other by name. Severities follow one another, each a fifth of the file (Hendrycks & Dietterich 2019).

use std::path::{Path, PathBuf};

use super::array_images::into_images;
use super::array_labels::{Labels, classes_of_names, labels_for};
use super::arrays::{StoredArrays, is_file_of_inputs};
use super::labels::found::{Found, Origin};
use super::opened::{Opened, Pixels};
use super::pixels::map;
use super::{DataError, folder, names};
use crate::numpy::{Element, RawArray};

const WHAT: &str = ".npy images";
const LABELS: &str = "labels.npy";
/// The split that stands for all arrays of a folder.
const ALL: &str = "all";

/// Opens the array at `path`, or that of the corruption named by `wanted` in the folder `path`.
pub(super) fn open(path: &Path, wanted: Option<&str>) -> Result<Opened, DataError> {
    let (files, severity) = if path.is_dir() { of_folder(path, wanted)? } else { (vec![path.to_path_buf()], wanted.map(str::to_owned)) };
    let mut opened: Option<Opened> = None;
    for file in &files {
        let next = of_file(file, severity.as_deref())?;
        match &mut opened {
            Some(opened) => append(opened, next, file)?,
            None => opened = Some(next),
        }
    }
    let mut opened = opened.ok_or_else(|| DataError::invalid(WHAT, "at least one array", "none", path))?;
    if opened.found.names.is_empty() {
        opened.found.names = class_names(path);
    }
    Ok(opened)
}

/// Adds the images of the next array.
fn append(opened: &mut Opened, next: Opened, file: &Path) -> Result<(), DataError> {
    let (Pixels::Array(images), Pixels::Array(more)) = (&mut opened.pixels, next.pixels) else {
        return Err(DataError::invalid(WHAT, "arrays of images", "an array of inputs", file));
    };
    let [expected, found] = [&*images, &more].map(|array| (array.height, array.width, array.layout));
    if expected != found || opened.found != next.found {
        let [expected, found] = [(expected, &opened.found), (found, &next.found)].map(|((height, width, layout), classes)| {
            format!("{height}x{width} pixels, {layout:?}, and {} named classes", classes.names.len())
        });
        return Err(DataError::invalid(WHAT, format!("the kind of the arrays before it: {expected}"), found, file));
    }
    images.blocks.extend(more.blocks);
    opened.labels.extend(next.labels);
    opened.available = opened.labels.len();
    opened.index = (0..opened.available).collect();
    Ok(())
}

/// The images of a file, or those of a severity.
fn of_file(file: &Path, severity: Option<&str>) -> Result<Opened, DataError> {
    let invalid = |(expected, found): (String, String)| DataError::invalid(WHAT, expected, found, file);
    let array = RawArray::from_npy(map(WHAT, file)?).map_err(invalid)?;
    let is_float = matches!(array.element(), Some(Element::Float(_)));
    let are_inputs = is_float && file.file_stem().is_some_and(|stem| is_file_of_inputs(&stem.to_string_lossy()));
    let (mut count, mut pixels) = if are_inputs {
        let inputs = StoredArrays::new(array).map_err(invalid)?;
        (inputs.count, Pixels::Inputs(inputs))
    } else {
        let images = into_images(array).map_err(invalid)?;
        (images.blocks[0].count, Pixels::Array(images))
    };
    let Labels { mut labels, found } = match labels_of(file) {
        Some(sibling) => {
            let array = RawArray::from_npy(map("labels", &sibling)?)
                .map_err(|(expected, found)| DataError::invalid("labels", expected, found, &sibling))?;
            labels_for(count, true, &array, &sibling)?
        }
        None => Labels::none(count),
    };
    if let Some(severity) = severity {
        let level = severity.parse::<usize>().ok().filter(|level| (1..=5).contains(level) && count.is_multiple_of(5));
        let (Some(level), Pixels::Array(images)) = (level, &mut pixels) else {
            let expected = "a severity 1 to 5 as the split, of a file of five severities";
            return Err(DataError::invalid(WHAT, expected, format!("split `{severity}` of {count} images"), file));
        };
        count /= 5;
        labels = labels[(level - 1) * count..level * count].to_vec();
        let block = &mut images.blocks[0];
        block.start += (level - 1) * count * block.stride;
        block.count = count;
    }
    Ok(Opened::all("npy", labels, found, pixels))
}

/// The classes of the array at `path`, without reading its images.
pub(super) fn classes(path: &Path, wanted: Option<&str>) -> Result<Found, DataError> {
    // The classes of a folder of several arrays do not depend on the chosen array.
    let file =
        if path.is_dir() { of_folder(path, wanted).ok().and_then(|(files, _)| files.into_iter().next()) } else { Some(path.to_path_buf()) };
    if let Some(sibling) = file.as_deref().and_then(labels_of) {
        let array = RawArray::from_npy(map("labels", &sibling)?);
        let array = array.map_err(|(expected, found)| DataError::invalid("labels", expected, found, &sibling))?;
        if let Some(names) = array.texts() {
            return Ok(classes_of_names(&names));
        }
    }
    Ok(Found { names: class_names(path), from: Origin::File })
}

/// The classes of CIFAR-10 for the folder CIFAR-10-C and the files in it; likewise those of CIFAR-100.
fn class_names(path: &Path) -> Vec<String> {
    let folder = if path.is_dir() { Some(path) } else { path.parent() };
    match folder.and_then(Path::file_name).and_then(|name| name.to_str()) {
        Some("CIFAR-10-C") => names::cifar10(),
        Some("CIFAR-100-C") => names::cifar100(),
        Some(_) | None => Vec::new(),
    }
}

/// The file of labels of a file of images, if it exists: `y_test.npy` beside `x_test.npy`, `test_labels.npy` beside `test_images.npy`, else
/// `labels.npy`.
pub(super) fn labels_of(images: &Path) -> Option<PathBuf> {
    let stem = images.file_stem()?.to_string_lossy().into_owned();
    let renamed = [("x_", "y_"), ("X_", "y_"), ("X_", "Y_"), ("images", "labels"), ("inputs", "labels")]
        .map(|(of_images, of_labels)| stem.replacen(of_images, of_labels, 1));
    let names = renamed.into_iter().filter(|name| *name != stem).map(|name| format!("{name}.npy"));
    let mut files = names.chain(std::iter::once(LABELS.to_owned())).map(|name| images.with_file_name(name));
    files.find(|file| file != images && file.is_file())
}

/// Files beside a file of images that determine its labels, whether they exist or not.
pub(super) fn beside(images: &Path) -> Vec<PathBuf> {
    let of_any_name = images.with_file_name(LABELS);
    let own = labels_of(images).filter(|file| *file != of_any_name);
    std::iter::once(of_any_name).chain(own).collect()
}

/// The arrays that the split chooses, and a severity.
fn of_folder(folder: &Path, wanted: Option<&str>) -> Result<(Vec<PathBuf>, Option<String>), DataError> {
    let (name, severity) = match wanted.and_then(|wanted| wanted.split_once('/')) {
        Some((name, severity)) => (Some(name), Some(severity.to_owned())),
        None => (wanted, None),
    };
    let arrays: Vec<PathBuf> = folder::files(WHAT, folder)?
        .into_iter()
        .filter(|file| file.extension().is_some_and(|extension| extension == "npy") && file.file_name() != Some(LABELS.as_ref()))
        .collect();
    let stem = |file: &PathBuf| file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    match (name, arrays.as_slice()) {
        (None, [only]) => Ok((vec![only.clone()], severity)),
        (Some(name), _) if arrays.iter().any(|file| stem(file) == name) => Ok((vec![folder.join(format!("{name}.npy"))], severity)),
        (Some(ALL), [_, ..]) => Ok((arrays, severity)),
        (Some(name), [only]) if severity.is_none() && name.parse::<u8>().is_ok() => Ok((vec![only.clone()], Some(name.to_owned()))),
        _ => {
            let found = arrays.iter().map(stem).collect::<Vec<_>>().join(", ");
            let one = arrays.first().map(stem).unwrap_or_default();
            let choices = format!(
                "a split that names one of the arrays, such as `{one}`, one severity of it, `{one}/3`, or `all` or `all/3` of them"
            );
            let expected = name.map_or(choices, |name| format!("an array `{name}.npy`, or `all`"));
            Err(DataError::invalid(WHAT, expected, if found.is_empty() { "no arrays".into() } else { found }, folder))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::load;
    use super::super::tests::{error, npy, source};

    #[test]
    fn a_single_array_is_unlabelled() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("svhn.npy");
        std::fs::write(&path, npy("|u1", "(2, 1, 2, 3)", &(0..12).collect::<Vec<u8>>())).unwrap();
        let data = load(&source(&path), None).unwrap();
        assert_eq!((data.len(), data.height, data.width, data.is_labelled()), (2, 1, 2, false));
        assert_eq!(data.image(1), [6, 7, 8, 9, 10, 11]);
        assert_eq!(data.provenance.format, "npy");
    }

    #[test]
    fn a_corruption_and_a_severity_are_chosen_by_the_split() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: Vec<u8>| std::fs::write(folder.path().join(name), bytes).unwrap();
        write("fog.npy", npy("|u1", "(10, 1, 1, 3)", &(0..30).collect::<Vec<u8>>()));
        write("snow.npy", npy("|u1", "(10, 1, 1, 3)", &[9; 30]));
        write("labels.npy", npy("<i8", "(10,)", &(0..10i64).flat_map(i64::to_le_bytes).collect::<Vec<_>>()));
        let mut source = source(folder.path());
        assert!(error(&source).contains("found fog, snow"), "{}", error(&source));
        source.split = Some("fog".into());
        assert_eq!(load(&source, None).unwrap().labels, (0..10).collect::<Vec<_>>());
        source.split = Some("fog/3".into());
        let third = load(&source, None).unwrap();
        assert_eq!((third.labels.as_slice(), third.image(0)), (&[4, 5][..], &[12, 13, 14][..]));
        source.split = Some("all".into());
        let all = load(&source, None).unwrap();
        assert_eq!((all.len(), all.labels[10..].to_vec(), all.image(19)), (20, (0..10).collect(), &[9, 9, 9][..]));
        source.split = Some("all/2".into());
        let second = load(&source, None).unwrap();
        assert_eq!((second.labels.as_slice(), second.image(1), second.image(2)), (&[2, 3, 2, 3][..], &[9, 10, 11][..], &[9, 9, 9][..]));
        assert_eq!(second.index, [0, 1, 2, 3]);
        source.split = Some("fog/6".into());
        assert!(error(&source).contains("a severity 1 to 5"));
    }

    #[test]
    fn all_arrays_of_one_kind_are_one_dataset_and_another_kind_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("CIFAR-100-C");
        std::fs::create_dir(&folder).unwrap();
        let write = |name: &str, bytes: Vec<u8>| std::fs::write(folder.join(name), bytes).unwrap();
        write("fog.npy", npy("|u1", "(10, 1, 1, 3)", &[1; 30]));
        write("labels.npy", npy("|u1", "(2,)", &[99, 7]));
        let mut source = source(&folder);
        source.split = Some("all/5".into());
        let fifth = load(&source, None).unwrap();
        assert_eq!((fifth.labels.as_slice(), fifth.classes.len(), fifth.classes[99].as_str()), (&[99, 7][..], 100, "worm"));
        write("snow.npy", npy("|u1", "(10, 1, 2, 3)", &[1; 60]));
        let message = error(&source);
        assert!(message.contains("1x1 pixels") && message.contains("found 1x2 pixels") && message.contains("snow.npy"), "{message}");
    }

    #[test]
    fn a_cut_array_says_how_much_is_missing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cut.npy");
        std::fs::write(&path, npy("|u1", "(2, 4, 4, 3)", &[0; 95])).unwrap();
        let message = error(&source(&path));
        assert!(message.contains("expected 96 bytes for shape [2, 4, 4, 3] of |u1, found 95"), "{message}");
    }

    #[test]
    fn arrays_of_two_or_four_channels_are_told_that_they_may_be_float_arrays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("arrays.npy");
        for (shape, values, alpha) in [("(2, 5, 5, 4)", 200, true), ("(2, 4, 5, 5)", 200, true), ("(2, 2, 5, 5)", 100, false)] {
            std::fs::write(&path, npy("|u1", shape, &vec![9; values])).unwrap();
            let message = error(&source(&path));
            assert!(message.contains("save an .npz with `inputs`, floats [N, C, H, W], and `labels`"), "{message}");
            assert_eq!(message.contains("is alpha"), alpha, "{message}");
        }
    }

    #[test]
    fn labels_are_found_by_the_name_of_their_images() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: Vec<u8>| std::fs::write(folder.path().join(name), bytes).unwrap();
        for (images, labels) in [("x_test", "y_test"), ("X_train", "Y_train"), ("val_images", "val_labels"), ("images", "labels")] {
            write(&format!("{images}.npy"), npy("|u1", "(2, 1, 1, 3)", &[9; 6]));
            write(&format!("{labels}.npy"), npy("|u1", "(2,)", &[4, 7]));
            let path = folder.path().join(format!("{images}.npy"));
            assert_eq!(load(&source(&path), None).unwrap().labels, [4, 7], "{images}");
            assert!(crate::data::files(&source(&path)).contains(&folder.path().join(format!("{labels}.npy"))));
            std::fs::remove_file(folder.path().join(format!("{labels}.npy"))).unwrap();
            assert_eq!(load(&source(&path), None).unwrap().labels, [-1, -1], "{images}");
        }
    }

    #[test]
    fn labels_that_only_divide_the_images_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: Vec<u8>| std::fs::write(folder.path().join(name), bytes).unwrap();
        write("a.npy", npy("|u1", "(6, 1, 1, 3)", &[9; 18]));
        write("labels.npy", npy("|u1", "(2,)", &[4, 7]));
        assert!(error(&source(&folder.path().join("a.npy"))).contains("expected 6 labels, found shape [2]"));
    }
}
