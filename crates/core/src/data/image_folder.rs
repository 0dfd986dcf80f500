//! Folders of image files: a folder per class, or flat without labels; Tiny ImageNet's nesting and its `val_annotations.txt`; ImageNet's
//! validation images with their list ([`ground_truth`]).
//!
//! Only folders that hold images are classes. Their labels are determined in [`labels`](super::labels).

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::labels::found::{Found, Origin};
use super::opened::{Opened, Pixels};
use super::{DataError, decode, folder};
use ground_truth::Truth;

mod ground_truth;
mod words;

const WHAT: &str = "the image folder";
/// Names of folders that are parts of a dataset, in the order of preference.
const SPLITS: [&str; 5] = ["test", "val", "valid", "validation", "train"];
/// Names of folders beside `images` that belong to its images but are no classes.
const BESIDE_IMAGES: [&str; 7] = ["annotations", "annotation", "labels", "masks", "trimaps", "segmentations", "segmentation"];
/// Folders with thumbnails and copies that file managers, archivers and notebooks create.
const LEFT_BEHIND: [&str; 7] = ["__MACOSX", "@eaDir", "#recycle", "$RECYCLE.BIN", "System Volume Information", "lost+found", "__pycache__"];
/// Largest depth at which images of a class are searched.
const MAX_DEPTH: usize = 6;
/// Extensions of files that are treated as images even if their content is not one, so that they are listed as unreadable.
const EXTENSIONS: [&str; 8] = ["png", "jpg", "jpeg", "bmp", "tif", "tiff", "webp", "gif"];

/// Opens split `wanted` of the folder at `path`, or the folder itself.
pub(super) fn open(path: &Path, wanted: Option<&str>) -> Result<Opened, DataError> {
    let folder = enter(path, wanted)?;
    let Listed { files, labels, found, mut assumed } = listed(&folder)?;
    if files.is_empty() {
        let others = folder::entries(WHAT, &folder)?.len();
        return Err(DataError::invalid(WHAT, "image files", format!("no images ({others} other entries)"), &folder));
    }
    if wanted.is_none() && labels.iter().all(|&label| label < 0) {
        assumed.extend(labelled_split(path, &folder)?);
    }
    let available = files.len();
    let shown = words::words(&folder, &found.names);
    let (index, pixels) = ((0..available).collect(), Pixels::Files(files));
    Ok(Opened { format: "image_folder", labels, coarse: vec![], index, found, shown, assumed, available, unreadable: vec![], pixels })
}

/// The classes of the folder, without listing all images.
pub(super) fn classes(path: &Path, wanted: Option<&str>) -> Result<Found, DataError> {
    let folder = enter(path, wanted)?;
    let annotations = folder.join(ANNOTATIONS);
    if annotations.is_file() {
        return Ok(listed(&folder)?.found);
    }
    let (holding, empty) = subfolders(&folder)?;
    if holding.is_empty() && !ground_truth::files(&folder).is_empty() {
        return Ok(listed(&folder)?.found);
    }
    Ok(found(&folder, holding.iter().map(|folder| name(folder)).collect(), &empty))
}

/// Tiny ImageNet's table `file, wnid, box`, by tabs.
const ANNOTATIONS: &str = "val_annotations.txt";

/// Images, the index of each one's class among the names found (-1: none), and these names.
struct Listed {
    files: Vec<PathBuf>,
    labels: Vec<i64>,
    found: Found,
    assumed: Vec<String>,
}

fn listed(folder: &Path) -> Result<Listed, DataError> {
    let annotations = folder.join(ANNOTATIONS);
    if annotations.is_file() { annotated(folder, &annotations) } else { by_class(folder) }
}

/// The folder that holds the classes (or the images): that of the split, and below it a single `images`.
fn enter(path: &Path, wanted: Option<&str>) -> Result<PathBuf, DataError> {
    let mut folder = path.to_path_buf();
    let (holding, empty) = subfolders(path)?;
    let is = |split: &str| holding.iter().chain(&empty).any(|folder| name(folder) == split);
    match wanted {
        Some(split) if is(split) => folder.push(split),
        Some(split) if name(path) == split => {}
        Some(split) => {
            let there: Vec<&str> = SPLITS.into_iter().filter(|split| is(split)).collect();
            let found = if there.is_empty() { "no splits".into() } else { there.join(", ") };
            return Err(DataError::invalid(WHAT, format!("split `{split}`"), found, path));
        }
        None => folder.extend(split(&holding)?),
    }
    while let Some(images) = lone_images(&folder)? {
        folder = images;
    }
    Ok(folder)
}

/// The default split among folders that hold images. If all have names of splits, none of them is a class. Otherwise only those that hold
/// folders of classes are splits: a class may be called `train`.
fn split(holding: &[PathBuf]) -> Result<Option<&'static str>, DataError> {
    let there = || SPLITS.into_iter().filter_map(|split| holding.iter().find(|folder| name(folder) == split).map(|folder| (split, folder)));
    if there().count() == holding.len() {
        return Ok(there().next().map(|(split, _)| split));
    }
    for (split, folder) in there() {
        let (classes, _) = subfolders(folder)?;
        let is_images = |folder: &PathBuf| name(folder).eq_ignore_ascii_case("images");
        if (classes.len() > 1 || classes.iter().any(is_images)) && !holds_image(folder, 0)? {
            return Ok(Some(split));
        }
    }
    Ok(None)
}

/// The folder `images`, if no other folder holds images.
fn lone_images(folder: &Path) -> Result<Option<PathBuf>, DataError> {
    if folder.join(ANNOTATIONS).is_file() {
        return Ok(None);
    }
    let (holding, _) = subfolders(folder)?;
    let (images, others): (Vec<PathBuf>, Vec<PathBuf>) =
        holding.into_iter().partition(|folder| name(folder).eq_ignore_ascii_case("images"));
    let belongs = |folder: &PathBuf| BESIDE_IMAGES.contains(&name(folder).to_lowercase().as_str());
    Ok(if images.len() == 1 && others.iter().all(belongs) { images.into_iter().next() } else { None })
}

fn by_class(folder: &Path) -> Result<Listed, DataError> {
    let (holding, empty) = subfolders(folder)?;
    let listed = if holding.is_empty() { validation(folder, &empty)? } else { None };
    if let Some(listed) = listed {
        return Ok(listed);
    }
    // Images beside the class folders have no class.
    let mut files = own_images(folder)?;
    let mut labels = vec![-1; files.len()];
    for (label, of_class) in (0..).zip(&holding) {
        let before = files.len();
        collect(of_class, MAX_DEPTH, &mut files)?;
        labels.extend(std::iter::repeat_n(label, files.len() - before));
    }
    let found = found(folder, holding.iter().map(|folder| name(folder)).collect(), &empty);
    Ok(Listed { files, labels, found, assumed: vec![] })
}

/// The images in a folder itself.
fn own_images(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    Ok(folder::files(WHAT, folder)?.into_iter().filter(|file| is_image(file)).collect())
}

/// ImageNet's validation images in a flat folder, if these are some and their classes are stated.
fn validation(folder: &Path, empty: &[PathBuf]) -> Result<Option<Listed>, DataError> {
    let files = own_images(folder)?;
    if !files.iter().any(|file| ground_truth::number(file).is_some()) {
        return Ok(None);
    }
    match ground_truth::truth(folder)? {
        Some(Truth::Ids(ids)) => {
            let mut names: Vec<String> = ids.values().cloned().collect();
            names.sort();
            names.dedup();
            let label = |id: Option<&String>| id.and_then(|id| names.binary_search(id).ok()).map_or(-1, |label| label as i64);
            let labels = files.iter().map(|file| ground_truth::id_of(file, &ids).map(label)).collect::<Result<_, _>>()?;
            Ok(Some(Listed { files, labels, found: found(folder, names, empty), assumed: vec![] }))
        }
        Some(Truth::Unknown(why)) => {
            let labels = vec![-1; files.len()];
            Ok(Some(Listed { files, labels, found: found(folder, vec![], empty), assumed: vec![why] }))
        }
        None => Ok(None),
    }
}

/// Says that another split has labels, where the folder of the default split has none.
fn labelled_split(path: &Path, folder: &Path) -> Result<Option<String>, DataError> {
    for split in SPLITS {
        let other = path.join(split);
        if !other.is_dir() || folder.starts_with(&other) {
            continue;
        }
        if other.join(ANNOTATIONS).is_file() || subfolders(&other)?.0.len() > 1 {
            let (taken, other) = (folder.strip_prefix(path).unwrap_or(folder).display(), name(&other));
            return Ok(Some(format!("the images in `{taken}` have none; `split = \"{other}\"` has images with labels")));
        }
    }
    Ok(None)
}

fn annotated(folder: &Path, annotations: &Path) -> Result<Listed, DataError> {
    let text = std::fs::read_to_string(annotations).map_err(DataError::io(WHAT, annotations))?;
    let rows: HashMap<&str, &str> = text.lines().filter_map(|line| line.split_once('\t')).collect();
    let class_of = |row: &&str| row.split('\t').next().unwrap_or_default().to_owned();
    let mut names: Vec<String> = rows.values().map(class_of).collect();
    names.sort();
    names.dedup();
    let mut files = Vec::new();
    collect(folder, MAX_DEPTH, &mut files)?;
    let label = |file: &PathBuf| {
        let class = rows.get(name(file).as_str()).map(class_of);
        class.and_then(|class| names.binary_search(&class).ok()).map_or(-1, |label| label as i64)
    };
    let labels = files.iter().map(label).collect();
    Ok(Listed { files, labels, found: found(folder, names, &[]), assumed: vec![] })
}

/// Classes with these names, sorted, and the folders of the others.
fn found(folder: &Path, names: Vec<String>, empty: &[PathBuf]) -> Found {
    let wnids = wnids(folder).filter(|ids| !names.is_empty() && names.iter().all(|class| ids.binary_search(class).is_ok()));
    Found { from: Origin::Folders { empty: empty.iter().map(|folder| name(folder)).collect(), wnids }, names }
}

/// Files above the folder at `path` that influence its labels, whether they exist or not.
pub(super) fn above(path: &Path) -> Vec<PathBuf> {
    wnids_files(path).skip(1).chain(ground_truth::files(path)).collect()
}

/// The possible files of ids of a folder: in it, or in one of the two above it.
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
    for path in folder::entries(WHAT, folder)? {
        if path.is_dir() {
            if depth > 0 && !is_left_behind(&path) {
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
    EXTENSIONS.contains(&extension.as_str()) || folder::head("images", file).is_ok_and(|head| decode::is_image(&head))
}

/// The folders in a folder that hold images, and the others, each by name.
fn subfolders(folder: &Path) -> Result<(Vec<PathBuf>, Vec<PathBuf>), DataError> {
    let folders = folder::entries(WHAT, folder)?.into_iter().filter(|path| path.is_dir() && !is_left_behind(path));
    let (mut holding, mut empty) = (Vec::new(), Vec::new());
    for folder in folders {
        if holds_image(&folder, MAX_DEPTH)? { holding.push(folder) } else { empty.push(folder) }
    }
    Ok((holding, empty))
}

/// Whether the folder holds images, at any depth of classes.
pub(super) fn holds_images(folder: &Path) -> Result<bool, DataError> {
    holds_image(folder, MAX_DEPTH)
}

/// Whether there is an image in `folder`, or `depth` folders below it. Stops at the first.
fn holds_image(folder: &Path, depth: usize) -> Result<bool, DataError> {
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(DataError::io(WHAT, folder))? {
        let path = entry.map_err(DataError::io(WHAT, folder))?.path();
        match () {
            () if name(&path).starts_with('.') => {}
            () if !path.is_dir() => {
                if is_image(&path) {
                    return Ok(true);
                }
            }
            () if depth > 0 && !is_left_behind(&path) => folders.push(path),
            () => {}
        }
    }
    for folder in folders {
        if holds_image(&folder, depth - 1)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn is_left_behind(folder: &Path) -> bool {
    LEFT_BEHIND.contains(&name(folder).as_str())
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests;
