//! Slow work of the window, as values: what runs on [`flatland_core::job::Background`], and what comes back.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::command::OpenAs;
use super::memory::Memory;
use super::memory::keeper::Report;
use super::run::watch::{Sight, Watch};
use super::scatter::Found;
use super::store::{CellLosses, Loaded};
use super::typefaces::Looked;
use flatland_core::job::{
    Analysis, Control, JobId, JobSpec, LandscapeJob, Named, PlanError, PlanOptions, RunConfig, RunFolder, check_paths, is_whole,
    plan_cached, runs,
};
use flatland_core::result::{
    Embedding, HessianSpectrum, LandscapeBand, LossDifference, LossRows, LossSurface, NetworkCheck, ResultError, SAMPLE_LOSSES,
    ScoreDifference, ScoreTable, SharpnessCurve, cell_cache, write_atomic,
};
use flatland_core::session::{PickedCell, Session, SessionError, split_weights};

/// What slow work gives.
pub enum Finished {
    /// Paths that were asked for, looked at.
    Opened(Vec<Opened>),
    /// Jobs of the session of this number, and what cannot be planned.
    Planned {
        /// Which session (older ones are not heard).
        generation: u64,
        /// The jobs.
        jobs: Vec<JobSpec>,
        /// What to tell.
        complaints: Vec<String>,
    },
    /// What lay in a job's folder; `complete` when nothing is left to compute.
    Loaded {
        /// The job.
        id: JobId,
        /// The result.
        loaded: Option<Box<Loaded>>,
        /// Whether nothing is left to compute.
        complete: bool,
        /// Why what should be there could not be read.
        error: Option<String>,
    },
    /// What is known so far of a job that runs.
    LoadedPartly(JobId, Box<Loaded>),
    /// Whether the network of a job has the statistics that it was trained with.
    Checked(JobId, Box<NetworkCheck>),
    /// The loss of a checkpoint on a dataset less the baseline's, or why there is no such difference.
    Differed((String, String), Result<Box<LossSurface>, String>),
    /// The losses of single images at a node of a landscape.
    CellLosses(CellLosses),
    /// Accuracies and AUROCs of a checkpoint less the baseline's.
    ScoresDiffered(String, Arc<ScoreDifference>),
    /// Paths chosen in a dialog.
    Chosen(Vec<PathBuf>, OpenAs),
    /// Where to export, chosen in a dialog.
    ExportPath(PathBuf),
    /// The runs that checkpoints come from, by file.
    Origins(Vec<(PathBuf, RunConfig)>),
    /// The desktop has no dialog.
    NoDialog,
    /// A dialog that was closed.
    Nothing,
    /// The folder of the runs was looked into.
    Looked(Box<Watch>, Sight),
    /// Something was asked of a run: what to tell, or why it was refused.
    RunAsked(Result<Asked, String>),
    /// Something for the scatter.
    Scatter(Found),
    /// A figure was written, or why not.
    Exported(Result<PathBuf, String>),
    /// A figure was drawn for the clipboard, or why not.
    Copied(Result<egui::ColorImage, String>),
    /// Where to write the session of this number, chosen in a dialog.
    SavePath(u64, PathBuf),
    /// The session of this number was written, or why not.
    Saved(u64, Saved),
    /// The memory has done what it was asked for.
    Remembered(Box<Memory>, Box<Report>),
    /// All runs were told to stop; what went wrong.
    RunsStopped(Vec<String>),
    /// Fonts for characters of names.
    Typefaces(Vec<Looked>),
}

/// What saving may write over.
pub enum Over {
    /// Whatever is there: somebody was asked.
    Anything,
    /// The file when it still holds this session.
    Known(Box<Session>),
    /// No file.
    Nothing,
}

/// What became of saving.
pub enum Saved {
    /// Written, as it was then.
    Written(PathBuf, Box<Session>),
    /// The file is not as it was when it was opened; it was left as it is.
    Foreign(PathBuf),
    /// Why it could not be written.
    Failed(String),
}

/// What was done about a run.
pub enum Asked {
    /// It was started in this directory.
    Started(PathBuf),
    /// Its process was told.
    Told,
}

/// A path, looked at.
pub enum Opened {
    /// A session file.
    Session(PathBuf, Box<Session>),
    /// A file that may be a checkpoint, and the state dict in it that is meant.
    Checkpoint(PathBuf, Option<String>),
    /// Images; without a role where nobody said one.
    Dataset(PathBuf, Option<flatland_core::session::Role>),
    /// Cannot be opened.
    Failed(String),
}

/// Looks at a path: whether it is there, and whether it is a session, images or something else.
pub fn open(path: PathBuf, open_as: OpenAs) -> Opened {
    let path = std::path::absolute(&path).unwrap_or(path);
    let (path, weights) = split_weights(&path);
    let Ok(metadata) = std::fs::metadata(&path) else {
        return Opened::Failed(format!("expected a file or folder, found nothing there ({})", path.display()));
    };
    if weights.is_some() {
        return Opened::Checkpoint(path, weights);
    }
    match open_as {
        OpenAs::Dataset(role) => Opened::Dataset(path, Some(role)),
        OpenAs::ByContent if metadata.is_dir() || flatland_core::data::looks_like_images(&path) => Opened::Dataset(path, None),
        OpenAs::ByContent if path.extension().is_some_and(|extension| extension == "toml") => match Session::load(&path) {
            Ok(session) => Opened::Session(path, Box::new(session)),
            Err(error) => Opened::Failed(error.to_string()),
        },
        OpenAs::ByContent => Opened::Checkpoint(path, None),
    }
}

/// The jobs of a session with their places in the cache. What an analysis lacks is no complaint: its tab says it.
pub fn plan(session: &Session, datasets: &[String]) -> (Vec<JobSpec>, Vec<String>) {
    let (mut jobs, mut complaints) = (Vec::new(), Vec::new());
    jobs.extend(
        session.checkpoints.iter().map(|checkpoint| JobSpec::Inspect { path: checkpoint.path.clone(), choice: checkpoint.choice() }),
    );
    if session.checkpoints.is_empty() {
        return (jobs, complaints);
    }
    for analysis in Analysis::of(session) {
        // Sharpness on several datasets is shown side by side, whichever is chosen.
        let is_chosen = analysis.is_per_dataset() && !(analysis == Analysis::Sharpness && session.sharpness.datasets.len() > 1);
        let options = PlanOptions {
            datasets: if is_chosen { datasets.to_vec() } else { Vec::new() },
            cells: Some(cell_cache()),
            ..PlanOptions::default()
        };
        match plan_cached(session, analysis, &options) {
            Ok(planned) => jobs.extend(planned),
            Err(PlanError::Lacks { .. }) => {}
            Err(error) => complaints.push(error.to_string()),
        }
    }
    if let Err(error) = check_paths(&jobs) {
        complaints.push(error.to_string());
    }
    complaints.dedup();
    (jobs, complaints)
}

/// Reads what lies in a job's folder; `None` when nothing does.
pub fn load(id: JobId, spec: &JobSpec) -> Finished {
    match spec.out().and_then(|folder| read(spec, folder)) {
        None => Finished::Loaded { id, loaded: None, complete: false, error: None },
        Some(Ok((loaded, complete))) => Finished::Loaded { id, loaded: Some(Box::new(loaded)), complete, error: None },
        Some(Err(error)) => Finished::Loaded { id, loaded: None, complete: false, error: Some(error.to_string()) },
    }
}

/// Reads what lies beside a job's result of its network's statistics; nothing where there is none.
pub fn check(id: JobId, folder: &Path) -> Finished {
    match NetworkCheck::load(folder) {
        Ok(check) => Finished::Checked(id, Box::new(check)),
        Err(_) => Finished::Nothing,
    }
}

/// Reads what a job that runs wrote into `folder` of what it knows. Nothing where the job has ended and taken it away.
pub fn load_partial(id: JobId, spec: &JobSpec, folder: &Path) -> Finished {
    match read(spec, folder) {
        Some(Ok((loaded, _))) => Finished::LoadedPartly(id, Box::new(loaded)),
        Some(Err(_)) | None => Finished::Nothing,
    }
}

/// The result of `spec` in `folder`, and whether nothing is left to compute; `None` when it is not there.
fn read(spec: &JobSpec, folder: &Path) -> Option<Result<(Loaded, bool), ResultError>> {
    let name = spec.checkpoint().map(|checkpoint| checkpoint.name.as_str()).unwrap_or_default();
    let present = |file: &str| folder.join(file).is_file();
    match spec {
        JobSpec::Landscape(job) if present("landscape.npz") => Some(landscape(spec, job, folder)),
        JobSpec::Hessian(_) if present("hessian.json") => {
            Some(HessianSpectrum::load(folder).map(|spectrum| (Loaded::Hessian(spectrum.named(spec)), true)))
        }
        JobSpec::Sharpness(job) if present("sharpness.json") => Some(SharpnessCurve::load(folder).map(|curve| {
            let curve = curve.named(spec);
            let complete = curve.points.len() >= job.settings.rho.len();
            (Loaded::Sharpness(curve), complete)
        })),
        JobSpec::Embedding(_) if present("embedding.npz") => {
            Some(Embedding::load(folder).map(|embedding| (Loaded::Embedding(embedding.named(spec)), true)))
        }
        JobSpec::Score(_) if present("scores.json") => {
            Some(ScoreTable::load(folder, name).map(|table| (Loaded::Scores(table.named(spec)), true)))
        }
        _ => None,
    }
}

/// The surface of a job, and the band of its planes where it has several; whether nothing is left to compute.
fn landscape(spec: &JobSpec, job: &LandscapeJob, folder: &Path) -> Result<(Loaded, bool), ResultError> {
    let surface = LossSurface::load(folder)?.named(spec);
    let complete = is_whole(job, &surface);
    if job.plane.planes < 2 {
        return Ok((Loaded::Landscape(surface), complete));
    }
    // It is written when the last plane is done.
    let band = LandscapeBand::load(folder).ok().filter(|band| band.manifest.seeds.len() == job.plane.planes);
    Ok(match band {
        Some(band) => (Loaded::Planes(surface, band.named(spec)), complete),
        None => (Loaded::Landscape(surface), false),
    })
}

/// The surface in folder `own` less that in `base`, the `baseline`'s, image by image.
pub fn difference(key: (String, String), own: &Path, base: &Path, baseline: &str) -> Finished {
    let read = |folder: &Path| LossSurface::load(folder).map_err(|error| error.to_string());
    let work = || {
        let (a, b) = (read(own)?, read(base)?);
        let mut surface = LossDifference::between((&a, own), (&b, base))?.surface(&a, &b, baseline);
        (surface.manifest.checkpoint, surface.manifest.dataset) = key.clone();
        Ok(Box::new(surface))
    };
    let difference = work();
    Finished::Differed(key, difference)
}

/// Reads the losses of single images at the node of a surface whose results lie in `folder`.
pub fn cell_losses(surface: &LossSurface, folder: &Path, cell: PickedCell, dataset: String) -> CellLosses {
    let path = folder.join(SAMPLE_LOSSES);
    let read = || {
        let node = |axis: &[f64], value: f64| axis.iter().position(|node| *node == value);
        let at = node(&surface.alpha, cell.alpha).zip(node(&surface.beta, cell.beta));
        let (i, j) = at.ok_or_else(|| format!("expected a node of the grid, found α = {}, β = {}", cell.alpha, cell.beta))?;
        let k = i * surface.beta.len() + j;
        let shape = [surface.alpha.len(), surface.beta.len(), surface.manifest.samples];
        let rows = LossRows::open_npy(&path, shape).ok_or_else(|| {
            format!(
                "expected the losses of single images beside the landscape, found none of this grid ({}); older results have none",
                path.display()
            )
        });
        let row = rows?.read(k, surface.loss[k]);
        row.ok_or_else(|| format!("expected losses whose mean is that of the cell, found others ({})", path.display()))
    };
    CellLosses { losses: read(), cell: cell.clone(), dataset }
}

/// Asks the desktop for files (for datasets also folders) to open.
pub fn ask_open(open_as: OpenAs) -> Finished {
    let dialog = rfd::FileDialog::new().set_title(open_as.label());
    let chosen = || match open_as {
        OpenAs::ByContent => dialog.pick_files(),
        OpenAs::Dataset(_) => dialog.pick_folder().map(|folder| vec![folder]),
    };
    asked(chosen, |paths| Finished::Chosen(paths, open_as))
}

/// Asks the desktop where to write a figure.
pub fn ask_export(name: &str, extension: &str) -> Finished {
    let dialog = rfd::FileDialog::new().set_title("Export view").set_file_name(format!("{name}.{extension}"));
    asked(|| dialog.save_file(), Finished::ExportPath)
}

/// Asks the desktop where to write the session of this number.
pub fn ask_save(number: u64, name: &str, folder: Option<&Path>) -> Finished {
    let dialog = rfd::FileDialog::new().set_title("Save session as").set_file_name(name).add_filter("Session", &["toml"]);
    let dialog = match folder {
        Some(folder) => dialog.set_directory(folder),
        None => dialog,
    };
    asked(|| dialog.save_file(), |path| Finished::SavePath(number, path))
}

/// What a dialog gave. Where there is none to ask, that comes faster than anybody closes one.
fn asked<T>(dialog: impl FnOnce() -> Option<T>, chosen: impl FnOnce(T) -> Finished) -> Finished {
    const TOO_FAST: Duration = Duration::from_millis(150);
    let start = Instant::now();
    match dialog() {
        Some(found) => chosen(found),
        None if start.elapsed() < TOO_FAST => Finished::NoDialog,
        None => Finished::Nothing,
    }
}

/// Where a session that shall lie at `path` is written, absolute, and whether the ending was added: with another it could not be opened
/// again.
pub fn session_path(path: PathBuf) -> (PathBuf, bool) {
    let path = std::path::absolute(&path).unwrap_or(path);
    if path.extension().is_some_and(|extension| extension == "toml") {
        return (path, false);
    }
    let mut name = path.into_os_string();
    name.push(".toml");
    (name.into(), true)
}

/// Writes the session to [`session_path`], when it can be opened again and what is there may be written over.
pub fn save(path: PathBuf, session: Session, over: Over) -> Saved {
    if let Err(message) = session.check() {
        return Saved::Failed(format!("not saved, it could not be opened again: {message} ({})", path.display()));
    }
    match over {
        Over::Known(known) => match Session::load(&path) {
            Ok(found) if found == *known => {}
            Err(SessionError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {}
            Ok(_) | Err(_) => return Saved::Foreign(path),
        },
        Over::Nothing if path.exists() => {
            let message = "not saved: expected a name without a file, or one with its ending `.toml` to write over it, found the file";
            return Saved::Failed(format!("{message} ({})", path.display()));
        }
        Over::Nothing | Over::Anything => {}
    }
    let folder = path.parent().unwrap_or(Path::new("/"));
    let written = session.to_toml(folder).map_err(|error| format!("cannot write the session: {error} ({})", path.display()));
    let written = written.and_then(|text| write_atomic(&path, text.as_bytes()).map_err(|error| error.to_string()));
    written.map_or_else(Saved::Failed, |()| Saved::Written(path, Box::new(session)))
}

/// Tells runs to finish their step, save and end; gives what went wrong. A run that has ended meanwhile is no trouble.
pub fn stop_runs(dirs: Vec<PathBuf>) -> Vec<String> {
    let is_under_way = |dir: &Path| RunFolder::new(dir).state().is_ok_and(|(_, status)| status.is_under_way());
    dirs.iter().filter_map(|dir| runs::ask(dir, Control::Stop).err().filter(|_| is_under_way(dir))).map(|error| error.to_string()).collect()
}
