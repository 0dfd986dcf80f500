//! [`Job`]: a requested job and its progress.

use std::path::Path;

use flatland_core::job::{Analysis, JobSpec};

/// State of a job.
#[derive(Clone, Debug, PartialEq)]
pub enum JobState {
    /// Its result is being searched in the cache.
    CheckingCache,
    /// It waits in the window's queue.
    Waiting,
    /// The worker is running it.
    Running,
    /// The worker has it, paused.
    Paused,
    /// It is finished, or its result was found in the cache.
    Done,
    /// It failed, with the reason.
    Failed(String),
    /// It was stopped by the user.
    Cancelled,
    /// The worker ended during the job.
    Interrupted,
}

impl JobState {
    /// Whether the job is not finished.
    pub fn is_open(&self) -> bool {
        matches!(self, JobState::CheckingCache | JobState::Waiting | JobState::Running | JobState::Paused)
    }
}

/// The last reported progress of a job.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    /// Units done.
    pub done: u64,
    /// Total number of units.
    pub total: u64,
    /// Name of a unit.
    pub unit: String,
    /// What is being done.
    pub message: String,
    /// Remaining seconds.
    pub eta_secs: Option<f64>,
}

impl Progress {
    /// Share done, 0 to 1.
    pub fn fraction(&self) -> f32 {
        if self.total == 0 { 0.0 } else { (self.done as f64 / self.total as f64).clamp(0.0, 1.0) as f32 }
    }
}

/// A job with its state and progress.
#[derive(Clone, Debug)]
pub struct Job {
    /// What to compute.
    pub spec: JobSpec,
    /// Its state.
    pub state: JobState,
    /// Its progress.
    pub progress: Progress,
    /// Its warnings.
    pub warnings: Vec<String>,
    /// Grows with every job that is moved to the front of the queue; 0 = not moved.
    pub priority: u64,
}

/// The analysis of a job; `None` for inspections.
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

/// The subject of a job: the name of the checkpoint, or of the file or folder.
pub fn subject_of(spec: &JobSpec) -> String {
    let file_name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    match spec {
        JobSpec::Inspect { path, .. } => file_name(path),
        JobSpec::Pace { run, .. } => run.method.name.clone(),
        JobSpec::Methods
        | JobSpec::Landscape(_)
        | JobSpec::Weights(_)
        | JobSpec::Sharpness(_)
        | JobSpec::Hessian(_)
        | JobSpec::Embedding(_)
        | JobSpec::Score(_)
        | JobSpec::Conformance(_) => spec.checkpoint().map(|checkpoint| checkpoint.name.clone()).unwrap_or_default(),
    }
}

/// The name of the dataset of a job; `None` for jobs without one.
pub fn dataset_of(spec: &JobSpec) -> Option<&str> {
    match spec {
        JobSpec::Landscape(job) => Some(&job.dataset.source.name),
        JobSpec::Sharpness(job) => Some(&job.dataset.source.name),
        JobSpec::Hessian(job) => Some(&job.dataset.source.name),
        JobSpec::Inspect { .. }
        | JobSpec::Methods
        | JobSpec::Pace { .. }
        | JobSpec::Weights(_)
        | JobSpec::Embedding(_)
        | JobSpec::Score(_)
        | JobSpec::Conformance(_) => None,
    }
}

/// The title of a job: `Landscape · ERM`.
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
