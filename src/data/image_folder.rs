//! Folders of image files: a folder per class, or flat without labels; Tiny ImageNet's nesting and its `val_annotations.txt`.
//!
//! Labels follow the sorted folder names (torchvision `ImageFolder`), except where more is known: folders that are classes of CIFAR-10
//! keep its labels although some are absent, and WordNet ids keep their place among the sorted `wnids.txt`.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::source::{Opened, Pixels};
use super::{DataError, decode, names, sniff};

const WHAT: &str = "the image folder";
/// Names of folders that are parts of a dataset, in the order of preference.
const SPLITS: [&str; 5] = ["test", "val", "valid", "validation", "train"];
/// How deep images of a class are looked for.
const MAX_DEPTH: usize = 6;
/// Extensions of files that count as images even where their content does not, so that they are listed as unreadable.
const EXTENSIONS: [&str; 8] = ["png", "jpg", "jpeg", "bmp", "tif", "tiff", "webp", "gif"];

/// Opens split `wanted` of the folder at `path`, or the folder itself.
pub(super) fn open(path: &Path, wanted: Option<&str>) -> Result<Opened, DataError> {
    let folder = enter(path, wanted)?;
    let annotations = folder.join("val_annotations.txt");
    let (files, labels, classes) = if annotations.is_file() { annotated(&folder, &annotations)? } else { by_class(&folder)? };
    if files.is_empty() {
        let others = sniff::entries(WHAT, &folder)?.len();
        return Err(DataError::invalid(WHAT, "image files", format!("no images ({others} other entries)"), &folder));
    }
    let available = files.len();
    let (index, pixels) = ((0..available).collect(), Pixels::Files(files));
    Ok(Opened { format: "image_folder", labels, index, classes, available, unreadable: vec![], pixels })
}

type Listed = (Vec<PathBuf>, Vec<i64>, Vec<String>);

/// Down to where the classes (or the images) are: into the split, and through a lone `images`.
fn enter(path: &Path, wanted: Option<&str>) -> Result<PathBuf, DataError> {
    let mut folder = path.to_path_buf();
    let folders = subfolders(path)?;
    let there: Vec<&str> = SPLITS.into_iter().filter(|split| folders.iter().any(|folder| name(folder) == *split)).collect();
    match wanted {
        Some(split) if folders.iter().any(|folder| name(folder) == split) => folder.push(split),
        Some(split) if name(path) == split => {}
        Some(split) => {
            let found = if there.is_empty() { "no splits".into() } else { there.join(", ") };
            return Err(DataError::invalid(WHAT, format!("split `{split}`"), found, path));
        }
        // Where all folders are splits, none of them is a class.
        None if !there.is_empty() && there.len() == folders.len() => folder.push(there[0]),
        None => {}
    }
    while let [only] = subfolders(&folder)?.as_slice() {
        if name(only) != "images" || folder.join("val_annotations.txt").is_file() {
            break;
        }
        folder = only.clone();
    }
    Ok(folder)
}

fn by_class(folder: &Path) -> Result<Listed, DataError> {
    let folders = subfolders(folder)?;
    let found: Vec<String> = folders.iter().map(|folder| name(folder)).collect();
    let classes = if !found.is_empty() && found.iter().all(|class| names::CIFAR10.contains(&class.as_str())) {
        names::cifar10()
    } else {
        wnids(folder).filter(|ids| found.iter().all(|class| ids.binary_search(class).is_ok())).unwrap_or_else(|| found.clone())
    };
    let label_of: HashMap<&str, i64> = classes.iter().map(String::as_str).zip(0..).collect();
    // Images beside the class folders have no class.
    let mut files: Vec<PathBuf> = sniff::files(WHAT, folder)?.into_iter().filter(|file| is_image(file)).collect();
    let mut labels = vec![-1; files.len()];
    for (class, of_class) in found.iter().zip(&folders) {
        let before = files.len();
        collect(of_class, MAX_DEPTH, &mut files)?;
        labels.extend(std::iter::repeat_n(label_of.get(class.as_str()).copied().unwrap_or(-1), files.len() - before));
    }
    Ok((files, labels, classes))
}

/// Tiny ImageNet's validation part: `images/` and a table `file, wnid, box`, by tabs.
fn annotated(folder: &Path, annotations: &Path) -> Result<Listed, DataError> {
    let text = std::fs::read_to_string(annotations).map_err(DataError::io(WHAT, annotations))?;
    let rows: HashMap<&str, &str> = text.lines().filter_map(|line| line.split_once('\t')).collect();
    let class_of = |row: &&str| row.split('\t').next().unwrap_or_default().to_owned();
    let mut found: Vec<String> = rows.values().map(class_of).collect();
    found.sort();
    found.dedup();
    let classes = wnids(folder).filter(|ids| found.iter().all(|class| ids.binary_search(class).is_ok())).unwrap_or(found);
    let mut files = Vec::new();
    collect(folder, MAX_DEPTH, &mut files)?;
    let label = |file: &PathBuf| {
        let class = rows.get(name(file).as_str()).map(class_of);
        class.and_then(|class| classes.binary_search(&class).ok()).map_or(-1, |label| label as i64)
    };
    let labels = files.iter().map(label).collect();
    Ok((files, labels, classes))
}

/// Files above the folder at `path` that decide about its labels, there or not.
pub(super) fn above(path: &Path) -> Vec<PathBuf> {
    wnids_files(path).skip(1).collect()
}

/// Where the ids of a folder may be: in it, or in one of the two above it.
fn wnids_files(folder: &Path) -> impl Iterator<Item = PathBuf> {
    folder.ancestors().take(3).map(|folder| folder.join("wnids.txt"))
}

/// The sorted ids of a `wnids.txt` in the folder or the two above it.
fn wnids(folder: &Path) -> Option<Vec<String>> {
    let text = wnids_files(folder).find_map(|file| std::fs::read_to_string(file).ok())?;
    let mut ids: Vec<String> = text.lines().map(str::trim).filter(|id| !id.is_empty()).map(str::to_owned).collect();
    ids.sort();
    Some(ids)
}

/// All images below `folder`, by path.
fn collect(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), DataError> {
    for path in sniff::entries(WHAT, folder)? {
        if path.is_dir() {
            if depth > 0 {
                collect(&path, depth - 1, files)?;
            }
        } else if is_image(&path) {
            files.push(path);
        }
    }
    Ok(())
}

fn is_image(file: &Path) -> bool {
    let extension = file.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    EXTENSIONS.contains(&extension.as_str()) || sniff::head(file).is_ok_and(|head| decode::is_image(&head))
}

fn subfolders(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    Ok(sniff::entries(WHAT, folder)?.into_iter().filter(|path| path.is_dir()).collect())
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests;
