//! [`Job`]: the work that was asked for, and how it goes.

use std::path::Path;

use flatland_core::job::{Analysis, JobSpec};

/// Where a job is in its life.
#[derive(Clone, Debug, PartialEq)]
pub enum JobState {
    /// Its result is being looked for in the cache.
    Looking,
    /// In the window's queue.
    Waiting,
    /// In the worker.
    Running,
    /// In the worker, which waits.
    Paused,
    /// Finished, or found in the cache.
    Done,
    /// Gave up, with the reason.
    Failed(String),
    /// Stopped on request.
    Cancelled,
    /// The worker died under it.
    Interrupted,
}

impl JobState {
    /// Whether something still happens or will happen.
    pub fn is_open(&self) -> bool {
        matches!(self, JobState::Looking | JobState::Waiting | JobState::Running | JobState::Paused)
    }
}

/// The last progress a job reported.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    /// Units done.
    pub done: u64,
    /// Units in all.
    pub total: u64,
    /// What a unit is.
    pub unit: String,
    /// What is being done.
    pub message: String,
    /// Seconds left.
    pub eta_secs: Option<f64>,
}

impl Progress {
    /// Share done, 0 to 1.
    pub fn fraction(&self) -> f32 {
        if self.total == 0 { 0.0 } else { (self.done as f64 / self.total as f64).clamp(0.0, 1.0) as f32 }
    }
}

/// A job and how it goes.
#[derive(Clone, Debug)]
pub struct Job {
    /// The work.
    pub spec: JobSpec,
    /// Where it is in its life.
    pub state: JobState,
    /// How far it is.
    pub progress: Progress,
    /// What it warned of.
    pub warnings: Vec<String>,
    /// Grows with every job that is moved to the front of the queue; 0 = was not.
    pub priority: u64,
}

/// Which analysis a job is; `None` for inspections.
pub fn analysis_of(spec: &JobSpec) -> Option<Analysis> {
    match spec {
        JobSpec::Landscape(_) => Some(Analysis::Landscape),
        JobSpec::Sharpness(_) => Some(Analysis::Sharpness),
        JobSpec::Hessian(_) => Some(Analysis::Hessian),
        JobSpec::Embedding(_) => Some(Analysis::Embedding),
        JobSpec::Score(_) => Some(Analysis::Scores),
        JobSpec::Inspect { .. } | JobSpec::Methods | JobSpec::Pace { .. } | JobSpec::Weights(_) | JobSpec::Conformance(_) => None,
    }
}

/// What a job is about: the checkpoint's name, or the file or folder name.
pub fn subject_of(spec: &JobSpec) -> String {
    let file_name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    match spec {
        JobSpec::Inspect { path, .. } => file_name(path),
        JobSpec::Pace { run, .. } => run.method.name.clone(),
        _ => spec.checkpoint().map(|checkpoint| checkpoint.name.clone()).unwrap_or_default(),
    }
}

/// The dataset's name that a job is about, where it is about one.
pub fn dataset_of(spec: &JobSpec) -> Option<&str> {
    match spec {
        JobSpec::Landscape(job) => Some(&job.dataset.source.name),
        JobSpec::Sharpness(job) => Some(&job.dataset.source.name),
        JobSpec::Hessian(job) => Some(&job.dataset.source.name),
        _ => None,
    }
}

/// What a job is: `Landscape · ERM`.
pub fn title(spec: &JobSpec) -> String {
    let what = match analysis_of(spec) {
        Some(Analysis::Landscape) => "Landscape",
        Some(Analysis::Sharpness) => "Sharpness",
        Some(Analysis::Hessian) => "Hessian",
        Some(Analysis::Embedding) => "Embedding",
        Some(Analysis::Scores) => "Scores",
        None if matches!(spec, JobSpec::Methods) => return "Methods of training".into(),
        None if matches!(spec, JobSpec::Pace { .. }) => "Timing steps",
        None if matches!(spec, JobSpec::Weights(_)) => "Writing weights",
        None => "Reading",
    };
    format!("{what} · {}", subject_of(spec))
}
