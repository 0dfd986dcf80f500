//! [`Store`]: all requested jobs and all results, by checkpoint and dataset. It is read by views only.

mod differences;
mod job;
mod job_summary;
mod names;
mod partial;
mod unreadable;

use std::path::PathBuf;
use std::sync::Arc;

use indexmap::IndexMap;

use flatland_core::job::{Analysis, CheckpointSource, JobEvent, JobId, JobOutput, JobSpec, LandscapeJob, RunConfig, Trial};
use flatland_core::result::{
    Embedding, HessianSpectrum, Inspection, LandscapeBand, LossSurface, Map, NetworkCheck, ScoreDifference, ScoreTable, SharpnessCurve,
};
use flatland_core::session::{CheckpointEntry, NetworkChoice, PickedCell};
pub use job::{Job, JobState, Progress, analysis_of, dataset_of, subject_of, title};
pub use job_summary::{JobSummary, job_summary, progress_text};
pub use partial::Partial;

/// A surface that may still be incomplete.
#[derive(Clone, Debug)]
pub struct Landscape {
    /// The surface.
    pub surface: Arc<LossSurface>,
    /// Grows with every change, so that pictures of it know when they are out of date.
    pub revision: u64,
}

/// The losses of single images at a node of a landscape.
#[derive(Clone, Debug)]
pub struct CellLosses {
    /// The node.
    pub cell: PickedCell,
    /// Name of the dataset.
    pub dataset: String,
    /// A loss per image, or why there are none.
    pub losses: Result<Vec<f32>, String>,
}

/// The points of an embedding, while t-SNE runs or finished.
#[derive(Clone, Debug)]
pub enum Points {
    /// t-SNE is running.
    Live {
        /// Iteration.
        iteration: usize,
        /// Coordinates.
        xy: Vec<[f32; 2]>,
        /// Role key of each point.
        roles: Vec<String>,
    },
    /// Finished.
    Finished(Arc<Embedding>),
}

/// A result read from its files.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "it is boxed while it is passed from the file to the store")]
pub enum Loaded {
    /// From `landscape.npz`.
    Landscape(LossSurface),
    /// The same for several random planes, with `landscape_band.npz`.
    Planes(LossSurface, LandscapeBand),
    /// From `hessian.json`.
    Hessian(HessianSpectrum),
    /// From `sharpness.json`.
    Sharpness(SharpnessCurve),
    /// From `embedding.npz`.
    Embedding(Embedding),
    /// From `scores.json` and `scores.npz`.
    Scores(ScoreTable),
}

/// The surface that a job fills; a new one when there is none with its axes. Its revision grows.
fn surface<'a>(landscapes: &'a mut IndexMap<(String, String), Landscape>, job: &LandscapeJob, revision: &mut u64) -> &'a mut LossSurface {
    let key = (job.checkpoint.name.clone(), job.dataset.source.name.clone());
    let fresh = || Arc::new(LossSurface::pending(job.alpha.clone(), job.beta.clone(), job.planned_manifest()));
    let entry = landscapes.entry(key).or_insert_with(|| Landscape { surface: fresh(), revision: 0 });
    if entry.surface.alpha != job.alpha || entry.surface.beta != job.beta {
        entry.surface = fresh();
    }
    *revision += 1;
    entry.revision = *revision;
    Arc::make_mut(&mut entry.surface)
}

/// All jobs and results.
#[derive(Debug, Default)]
pub struct Store {
    /// All jobs, in the order in which they were requested.
    pub jobs: IndexMap<JobId, Job>,
    /// Contents of checkpoint files, by path and how the file was read.
    pub inspections: IndexMap<(PathBuf, NetworkChoice), Inspection>,
    /// The run that wrote a checkpoint file, where there is one.
    pub origins: IndexMap<PathBuf, RunConfig>,
    /// Loss surfaces by checkpoint and dataset.
    pub landscapes: IndexMap<(String, String), Landscape>,
    /// Losses minus the baseline's, by checkpoint and dataset.
    pub differences: IndexMap<(String, String), Landscape>,
    /// Statistics over several random planes, by checkpoint and dataset.
    pub bands: IndexMap<(String, String), Arc<LandscapeBand>>,
    /// Sharpness curves by checkpoint and dataset.
    pub sharpness: IndexMap<(String, String), SharpnessCurve>,
    /// Hessian spectra by checkpoint and dataset.
    pub hessians: IndexMap<(String, String), Arc<HessianSpectrum>>,
    /// Embeddings by checkpoint.
    pub embeddings: IndexMap<String, Points>,
    /// Score tables by checkpoint.
    pub scores: IndexMap<String, Arc<ScoreTable>>,
    /// Whether networks have the statistics that they were trained with, by what was read.
    pub checks: Vec<(CheckpointSource, NetworkCheck)>,
    /// Partial results by job.
    pub partial: IndexMap<JobId, Partial>,
    /// Losses at the node that was opened last.
    pub cell_losses: Option<CellLosses>,
    /// Accuracies and AUROCs minus the baseline's, by checkpoint; `None` while they are being computed.
    pub score_differences: IndexMap<String, Option<Arc<ScoreDifference>>>,
    /// Trials that timed the steps of a run, the latest last.
    pub trials: Vec<Trial>,
    /// The job that is stopped so that another one runs first; it will wait in the queue again.
    pub preempted: Option<JobId>,
    /// The job that the user stops, until it has ended.
    pub stopping: Option<JobId>,
    /// The baseline of the differences.
    baseline: Option<String>,
    last_id: JobId,
    revision: u64,
}

impl Store {
    /// Adds a job and returns its id.
    pub fn add(&mut self, spec: JobSpec, state: JobState) -> JobId {
        self.last_id += 1;
        self.jobs.insert(self.last_id, Job { spec, state, progress: Progress::default(), warnings: Vec::new(), priority: 0 });
        self.last_id
    }

    /// Moves a waiting job to the front of the queue.
    pub fn prioritize(&mut self, id: JobId) {
        let first = self.jobs.values().map(|job| job.priority).max().unwrap_or(0) + 1;
        if let Some(job) = self.jobs.get_mut(&id) {
            job.priority = first;
        }
    }

    /// The job of an analysis of a checkpoint, on a dataset if the analysis has one.
    pub fn job(&self, analysis: Analysis, checkpoint: &str, dataset: Option<&str>) -> Option<(JobId, &Job)> {
        let matches = |job: &Job| {
            analysis_of(&job.spec) == Some(analysis)
                && subject_of(&job.spec) == checkpoint
                && (dataset.is_none() || dataset_of(&job.spec).is_none() || dataset_of(&job.spec) == dataset)
        };
        self.jobs.iter().rev().find(|(_, job)| matches(job)).map(|(id, job)| (*id, job))
    }

    /// Whether a checkpoint, as it is read and normalized now, has the statistics that it was trained with; `None` when not checked.
    pub fn check(&self, entry: &CheckpointEntry) -> Option<&NetworkCheck> {
        let is_of = |source: &CheckpointSource| {
            let is_fed_alike = source.normalization == entry.normalization && source.input == entry.input;
            source.path == entry.path && source.choice() == entry.choice() && is_fed_alike
        };
        self.checks.iter().rev().find(|(source, _)| is_of(source)).map(|(_, check)| check)
    }

    /// Stores the check of the network of a job.
    pub fn insert_check(&mut self, id: JobId, check: NetworkCheck) {
        let Some(source) = self.jobs.get(&id).and_then(|job| job.spec.checkpoint()).cloned() else { return };
        self.checks.retain(|(known, _)| *known != source);
        self.checks.push((source, check));
    }

    /// What was read from a checkpoint's file.
    pub fn inspection(&self, entry: &CheckpointEntry) -> Option<&Inspection> {
        self.inspections.get(&(entry.path.clone(), entry.choice()))
    }

    /// Whether the file of a checkpoint was read, as the entry says now or in another way.
    pub fn was_read(&self, entry: &CheckpointEntry) -> bool {
        self.inspections.keys().any(|(path, _)| *path == entry.path)
    }

    /// The job that inspects a checkpoint's file.
    pub fn inspection_job(&self, entry: &CheckpointEntry) -> Option<&Job> {
        let is_of = |spec: &JobSpec| matches!(spec, JobSpec::Inspect { path, choice } if *path == entry.path && *choice == entry.choice());
        self.jobs.values().rev().find(|job| is_of(&job.spec))
    }

    /// Whether the file of a job was read and is no checkpoint of a known network, or the user has to choose the network first.
    pub fn is_refused(&self, spec: &JobSpec) -> bool {
        let inspection = spec.checkpoint().and_then(|checkpoint| self.inspections.get(&(checkpoint.path.clone(), checkpoint.choice())));
        inspection.is_some_and(|inspection| inspection.error.is_some() || inspection.question.is_some())
    }

    /// The trial that was requested last.
    pub fn trial_job(&self) -> Option<&Job> {
        self.jobs.values().rev().find(|job| matches!(job.spec, JobSpec::Pace { .. }))
    }

    /// Applies an event of the worker to a job. Returns the folder to read when the job has written one.
    pub fn apply(&mut self, id: JobId, event: JobEvent) -> Option<PathBuf> {
        let job = self.jobs.get_mut(&id)?;
        match event {
            JobEvent::Started | JobEvent::Resumed => job.state = JobState::Running,
            JobEvent::Paused => job.state = JobState::Paused,
            JobEvent::Progress { done, total, unit, message, eta_secs } => {
                job.progress = Progress { done, total, unit, message, eta_secs };
            }
            JobEvent::Warning { message } => job.warnings.push(message),
            // The log has it, and the result contains it.
            JobEvent::Note { .. } => {}
            JobEvent::Cells { cells } => {
                if let JobSpec::Landscape(landscape) = &job.spec {
                    let surface = surface(&mut self.landscapes, landscape, &mut self.revision);
                    cells.iter().for_each(|cell| surface.set(cell));
                }
            }
            JobEvent::Estimate { loss, std_error } => {
                if let JobSpec::Landscape(landscape) = &job.spec {
                    let number = |x: Option<f32>| x.map_or(f64::NAN, f64::from);
                    let map = |values: Vec<Option<f32>>| values.into_iter().map(number).collect::<Vec<f64>>();
                    let estimate = Map { value: map(loss), std_error: map(std_error) };
                    let surface = surface(&mut self.landscapes, landscape, &mut self.revision);
                    if estimate.value.len() == surface.count.len() && estimate.std_error.len() == surface.count.len() {
                        surface.estimate = Some(estimate);
                    }
                }
            }
            JobEvent::Cost { seconds, .. } => job.progress.eta_secs = Some(seconds),
            JobEvent::Sharpness { point } => {
                if let JobSpec::Sharpness(sharpness) = &job.spec {
                    let key = (sharpness.checkpoint.name.clone(), sharpness.dataset.source.name.clone());
                    let curve = self.sharpness.entry(key.clone()).or_insert_with(|| SharpnessCurve {
                        checkpoint: key.0.clone(),
                        dataset: key.1.clone(),
                        bound: sharpness.settings.estimator.bound().into(),
                        ..Default::default()
                    });
                    curve.points.retain(|p| p.rho != point.rho);
                    curve.points.push(point);
                    curve.points.sort_by(|a, b| a.rho.total_cmp(&b.rho));
                }
            }
            JobEvent::Positions { iteration, xy, roles } => {
                let name = subject_of(&job.spec);
                let known = match self.embeddings.get_mut(&name) {
                    Some(Points::Live { roles, .. }) => std::mem::take(roles),
                    Some(Points::Finished(_)) | None => Vec::new(),
                };
                let roles = if roles.is_empty() { known } else { roles };
                self.embeddings.insert(name, Points::Live { iteration, xy, roles });
            }
            JobEvent::Done { output } => {
                job.state = JobState::Done;
                match output {
                    JobOutput::Folder { path } => return Some(path),
                    JobOutput::Inspection(inspection) => {
                        if let JobSpec::Inspect { path, choice } = &job.spec {
                            self.inspections.insert((path.clone(), choice.clone()), *inspection);
                        }
                    }
                    JobOutput::Pace(pace) => {
                        if let JobSpec::Pace { run, .. } = &job.spec {
                            self.trials.push(Trial { run: (**run).clone(), pace });
                        }
                    }
                    JobOutput::Methods { .. } | JobOutput::Conformance(_) | JobOutput::Checkpoint { .. } => {}
                }
            }
            // It is read from its files first.
            JobEvent::Partial { .. } => {}
            JobEvent::Failed { message } => {
                job.state = JobState::Failed(message);
                self.partial.shift_remove(&id);
            }
            JobEvent::Cancelled if self.preempted.take_if(|preempted| *preempted == id).is_some() => job.state = JobState::Waiting,
            JobEvent::Cancelled => {
                self.stopping.take_if(|stopping| *stopping == id);
                job.state = JobState::Cancelled;
                self.partial.shift_remove(&id);
            }
        }
        None
    }

    /// Stores a result that was read from its files.
    pub fn insert(&mut self, id: JobId, loaded: Loaded) {
        let Some(job) = self.jobs.get(&id) else { return };
        let (checkpoint, dataset) = (subject_of(&job.spec), dataset_of(&job.spec).unwrap_or_default().to_owned());
        self.partial.shift_remove(&id);
        match loaded {
            Loaded::Landscape(surface) => self.insert_surface((checkpoint, dataset), surface),
            Loaded::Planes(surface, band) => {
                self.bands.insert((checkpoint.clone(), dataset.clone()), Arc::new(band));
                self.insert_surface((checkpoint, dataset), surface);
            }
            Loaded::Hessian(spectrum) => drop(self.hessians.insert((checkpoint, dataset), Arc::new(spectrum))),
            Loaded::Sharpness(curve) => drop(self.sharpness.insert((checkpoint, dataset), curve)),
            Loaded::Embedding(embedding) => {
                self.embeddings.insert(checkpoint, Points::Finished(Arc::new(embedding)));
            }
            Loaded::Scores(table) => {
                // The checkpoint may be the baseline.
                self.score_differences.clear();
                self.scores.insert(checkpoint, Arc::new(table));
            }
        }
    }

    fn insert_surface(&mut self, key: (String, String), surface: LossSurface) {
        self.revision += 1;
        // The checkpoint may be the baseline.
        self.differences.retain(|(_, on), _| *on != key.1);
        self.landscapes.insert(key, Landscape { surface: Arc::new(surface), revision: self.revision });
    }

    /// Marks the jobs that the worker did not finish before it ended: running, waiting, and failed because it ended.
    pub fn interrupt(&mut self, exit_reason: &str) {
        self.partial.clear();
        for job in self.jobs.values_mut() {
            if matches!(&job.state, JobState::Running | JobState::Paused | JobState::Waiting)
                || job.state == JobState::Failed(exit_reason.into())
            {
                job.state = JobState::Interrupted;
            }
        }
    }

    /// Removes a job and what it computed.
    pub fn forget(&mut self, id: JobId) {
        let Some(job) = self.jobs.shift_remove(&id) else { return };
        self.partial.shift_remove(&id);
        let name = subject_of(&job.spec);
        let key = (name.clone(), dataset_of(&job.spec).unwrap_or_default().to_owned());
        match analysis_of(&job.spec) {
            Some(Analysis::Landscape) => {
                self.differences.retain(|(_, on), _| *on != key.1);
                self.landscapes.shift_remove(&key);
                self.bands.shift_remove(&key);
            }
            Some(Analysis::Sharpness) => drop(self.sharpness.shift_remove(&key)),
            Some(Analysis::Embedding) => drop(self.embeddings.shift_remove(&name)),
            Some(Analysis::Scores) => {
                self.score_differences.clear();
                self.scores.shift_remove(&name);
            }
            Some(Analysis::Hessian) => drop(self.hessians.shift_remove(&key)),
            None => {}
        }
    }

    /// Removes what a job computed and records the reason.
    pub fn refuse(&mut self, id: JobId, reason: &str) {
        let Some(job) = self.jobs.get(&id).cloned() else { return };
        self.forget(id);
        self.jobs.insert(id, Job { state: JobState::Failed(reason.into()), ..job });
    }

    /// Removes everything; ids of jobs are not used again.
    pub fn clear(&mut self) {
        *self = Self { last_id: self.last_id, revision: self.revision, ..Self::default() };
    }
}
