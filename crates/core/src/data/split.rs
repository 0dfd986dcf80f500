//! The split of a folder: the requested one, or the first that exists.

use std::path::{Path, PathBuf};

use super::DataError;

/// The files of split `wanted` of `folder`, or of the first of `order` that has any. `of_split` lists the files of a split.
pub(super) fn pick(
    what: &'static str,
    folder: &Path,
    wanted: Option<&str>,
    order: &[&str],
    of_split: impl Fn(&str) -> Vec<PathBuf>,
) -> Result<Vec<PathBuf>, DataError> {
    let there: Vec<&str> = order.iter().copied().filter(|split| !of_split(split).is_empty()).collect();
    let found = if there.is_empty() { "none".to_string() } else { there.join(", ") };
    match wanted.or(there.first().copied()) {
        Some(split) if there.contains(&split) => Ok(of_split(split)),
        Some(split) => Err(DataError::invalid(what, format!("split `{split}`"), found, folder)),
        None => Err(DataError::invalid(what, format!("a split among {}", order.join(", ")), found, folder)),
    }
}

/// The same for formats whose splits have files of fixed names: `files` are the splits in the order of preference, each with its names.
pub(super) fn pick_named(
    what: &'static str,
    folder: &Path,
    wanted: Option<&str>,
    files: &[(&str, &[&str])],
) -> Result<Vec<PathBuf>, DataError> {
    let of_split = |split: &str| {
        let names = files.iter().filter(|(known, _)| *known == split).flat_map(|(_, names)| names.iter());
        names.map(|name| folder.join(name)).filter(|file| file.is_file()).collect()
    };
    pick(what, folder, wanted, &files.iter().map(|(split, _)| *split).collect::<Vec<_>>(), of_split)
}
