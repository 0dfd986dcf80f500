//! [`TrajectoryFiles`]: which files of a session's trajectory are its checkpoints, in which order, and what was left out.

use std::path::{Path, PathBuf};

use globset::Glob;

use super::RunFolder;
use super::numbered_name::{NumberedName, Order};
use crate::result::LeftOut;
use crate::session::Trajectory;

/// Endings of files that may be checkpoints. Whether they are is known only when they are read.
const ENDINGS: [&str; 11] = ["pt", "pth", "pt2", "onnx", "safetensors", "ckpt", "tar", "bin", "th", "pkl", "pickle"];
/// Names in a message at most.
const TOLD: usize = 6;

/// A checkpoint of a trajectory.
#[derive(Clone, Debug, PartialEq)]
pub struct TrajectoryFile {
    /// Its name: `epoch 5` of a run, else the file's name without the ending, with folders where names are not unique.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// Whether its name has the same numbers as that of the file before it.
    pub tied: bool,
}

/// The files of a trajectory.
#[derive(Clone, Debug, PartialEq)]
pub struct TrajectoryFiles {
    /// In order.
    pub files: Vec<TrajectoryFile>,
    /// The rule of the order.
    pub order: String,
    /// The other files of the folder, each with the reason why it is left out.
    pub left_out: Vec<LeftOut>,
    /// Why the order may not be that of training.
    pub doubt: Option<String>,
    /// Whether a file that is no checkpoint is an error: it was asked for by name.
    pub strict: bool,
}

impl TrajectoryFiles {
    /// Reads names only, no files.
    ///
    /// # Errors
    /// When a folder cannot be read, holds no checkpoints, or checkpoints whose names give no order.
    pub fn of(trajectory: &Trajectory) -> Result<Self, String> {
        match trajectory {
            Trajectory::Run(run) => Self::of_run(run),
            Trajectory::Folder { folder, only } => Self::of_folder(folder, only.as_deref()),
            Trajectory::Files(files) => Ok(Self {
                files: named(files.clone()),
                order: "as listed in the session".into(),
                left_out: Vec::new(),
                doubt: None,
                strict: true,
            }),
        }
    }

    fn of_run(run: &Path) -> Result<Self, String> {
        let kept = RunFolder::new(run).kept_weights().map_err(|error| error.to_string())?;
        let file = |(epoch, path)| TrajectoryFile { name: format!("epoch {epoch}"), path, tied: false };
        let files: Vec<TrajectoryFile> = kept.into_iter().map(file).collect();
        if files.len() < 3 {
            let found = files.len();
            return Err(format!(
                "expected a run with at least 3 kept checkpoints, found {found}: set `keep_every` in its run file ({})",
                run.display()
            ));
        }
        Ok(Self { files, order: String::new(), left_out: Vec::new(), doubt: None, strict: true })
    }

    fn of_folder(folder: &Path, only: Option<&str>) -> Result<Self, String> {
        let (candidates, mut left_out) = candidates(folder, only)?;
        let mut series: Vec<Vec<(PathBuf, NumberedName)>> = Vec::new();
        for path in candidates {
            let name = NumberedName::of(&stem(&path));
            match series.iter_mut().find(|series| series[0].1.is_like(&name)) {
                Some(series) => series.push((path, name)),
                None => series.push(vec![(path, name)]),
            }
        }
        // One file alone is no series.
        let (mut chosen, others): (Vec<_>, Vec<_>) = series.into_iter().partition(|series| series.len() > 1 && series[0].1.is_numbered());
        let single = others.into_iter().flatten().collect::<Vec<_>>();
        let Some(mut chosen_series) = chosen.pop() else {
            return Err(no_order(folder, only, single.into_iter().map(|(path, _)| path).collect(), &left_out));
        };
        if !chosen.is_empty() {
            chosen.push(chosen_series);
            return Err(several(folder, &chosen));
        }
        let like = chosen_series[0].1.glob();
        let reason = |name: &NumberedName| match name.is_numbered() {
            false => format!("its name has no number that says its place among `{like}`"),
            true => format!("its name is not like `{like}`"),
        };
        left_out.extend(single.into_iter().map(|(path, name)| LeftOut { path, reason: reason(&name) }));
        left_out.sort_by(|a, b| a.path.cmp(&b.path));
        let order = Order::of(&chosen_series.iter().map(|(_, name)| name.clone()).collect::<Vec<_>>());
        chosen_series.sort_by(|(a_path, a), (b_path, b)| order.compare(a, b).then_with(|| a_path.cmp(b_path)));
        let tied: Vec<bool> = chosen_series.windows(2).map(|pair| order.compare(&pair[0].1, &pair[1].1).is_eq()).collect();
        let mut files = named(chosen_series.into_iter().map(|(path, _)| path).collect());
        files.iter_mut().skip(1).zip(tied).for_each(|(file, tied)| file.tied = tied);
        let doubt = (!order.certain).then(|| {
            format!(
                "several numbers differ in the names `{like}` and none follows `epoch` or `step`; list the files to order them otherwise"
            )
        });
        Ok(Self { files, order: order.rule, left_out, doubt, strict: false })
    }
}

/// The files of `folder` that may be checkpoints and match `only`, by name; and the others of it, with the reason.
fn candidates(folder: &Path, only: Option<&str>) -> Result<(Vec<PathBuf>, Vec<LeftOut>), String> {
    let here = folder.display();
    if !folder.is_dir() {
        return Err(format!("expected the folder of a trajectory, or a list of its files, found a file ({here})"));
    }
    let glob = only.map(|only| Glob::new(only).map(|glob| glob.compile_matcher()));
    let glob = glob.transpose().map_err(|error| format!("[landscape.plane] expected a glob on names of files in `only`: {error}"))?;
    let failed = |error: std::io::Error| format!("cannot read the folder of the trajectory: {error} ({here})");
    let (mut found, mut left_out) = (Vec::new(), Vec::new());
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let asked = glob.as_ref().map(|glob| glob.is_match(&name));
        if path.is_dir() || name.starts_with('.') || asked == Some(false) {
            continue;
        }
        // A file that `only` names is read whatever its ending is.
        if asked == Some(true) || ending(&path).is_some_and(|ending| ENDINGS.contains(&ending.as_str())) {
            found.push(path);
        } else {
            left_out.push(LeftOut { path, reason: format!("it does not end as checkpoints do (.{})", ENDINGS.join(", .")) });
        }
    }
    found.sort();
    left_out.sort_by(|a, b| a.path.cmp(&b.path));
    Ok((found, left_out))
}

fn ending(path: &Path) -> Option<String> {
    Some(path.extension()?.to_string_lossy().to_lowercase())
}

/// The name without the ending; `.pth.tar` is one ending.
fn stem(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default();
    let inner = Path::new(stem);
    let double = ending(path).as_deref() == Some("tar") && ending(inner).is_some_and(|ending| ENDINGS.contains(&ending.as_str()));
    (if double { inner.file_stem().unwrap_or_default() } else { stem }).to_string_lossy().into_owned()
}

/// `paths` with names: stems, with as many of the folders above them as make them distinct.
fn named(paths: Vec<PathBuf>) -> Vec<TrajectoryFile> {
    let name = |path: &Path, above: usize| -> String {
        let folders: Vec<String> =
            path.parent().into_iter().flat_map(Path::components).map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
        let from = folders.len().saturating_sub(above);
        folders[from..].iter().cloned().chain([stem(path)]).collect::<Vec<_>>().join("/")
    };
    let unique = |above: &usize| {
        let names: std::collections::BTreeSet<String> = paths.iter().map(|path| name(path, *above)).collect();
        names.len() == paths.iter().collect::<std::collections::BTreeSet<_>>().len()
    };
    // Even with all folders two names may be equal: `a.pt` and `a.pth`.
    let above = (0..10).find(unique);
    let file = |path: &PathBuf| {
        let name = above.map_or_else(|| path.file_name().unwrap_or_default().to_string_lossy().into_owned(), |above| name(path, above));
        TrajectoryFile { name, path: path.clone(), tied: false }
    };
    paths.iter().map(file).collect()
}

/// Why the folder gives no trajectory: too few files, or names without an order.
fn no_order(folder: &Path, only: Option<&str>, files: Vec<PathBuf>, left_out: &[LeftOut]) -> String {
    let here = folder.display();
    let matching = only.map_or(String::new(), |only| format!(" that match `{only}`"));
    if files.len() < 3 {
        let mut listed = names(&files);
        if !left_out.is_empty() {
            let others: Vec<PathBuf> = left_out.iter().map(|file| file.path.clone()).collect();
            listed.push_str(&format!("; other files: {}", names(&others)));
        }
        return format!(
            "expected a folder with at least 3 checkpoints{matching}, found {listed}; folders below it are not looked into ({here})"
        );
    }
    let list: Vec<String> = files.iter().take(TOLD).map(|path| format!("{:?}", file_name(path))).collect();
    format!(
        "expected names that say an order, as epoch_2.pt and epoch_10.pt do, found {}: list the files in their order, checkpoints = [{}{}] ({here})",
        names(&files),
        list.join(", "),
        if files.len() > TOLD { ", .." } else { "" }
    )
}

/// What to do where a folder holds several series.
fn several(folder: &Path, series: &[Vec<(PathBuf, NumberedName)>]) -> String {
    let listed: Vec<String> = series.iter().map(|series| format!("{} files `{}`", series.len(), series[0].1.glob())).collect();
    let proposal = series.iter().max_by_key(|series| series.len()).map_or_else(String::new, |series| series[0].1.glob());
    format!(
        "expected one series of checkpoints, found {}: choose one, as in only = \"{proposal}.*\", or list the files ({})",
        listed.join(" and "),
        folder.display()
    )
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The names of `paths`, only the first if there are many.
fn names(paths: &[PathBuf]) -> String {
    if paths.is_empty() {
        return "none".into();
    }
    let more = paths.len().saturating_sub(TOLD);
    let listed: Vec<String> = paths.iter().take(TOLD).map(|path| format!("`{}`", file_name(path))).collect();
    format!("{}{}", listed.join(", "), if more > 0 { format!(" and {more} more") } else { String::new() })
}

#[cfg(test)]
mod tests;
