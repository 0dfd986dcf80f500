//! In which order jobs go to the worker.

use crate::ui::state::store::{Job, JobState, Store, analysis_of, dataset_of};
use flatland_core::job::{Analysis, JobId};

/// What the person looks at: it is computed first.
#[derive(Clone, Copy, Debug)]
pub struct Focus<'a> {
    /// The analysis of the present tab.
    pub analysis: Option<Analysis>,
    /// The dataset that is chosen.
    pub dataset: Option<&'a str>,
}

/// The jobs that wait, the next one first: what was moved to the front (the latest first), what reads checkpoints, what the present tab
/// shows, then the rest by analysis and in the order in which it was asked for.
pub fn waiting<'a>(store: &'a Store, focus: Focus<'_>) -> Vec<(JobId, &'a Job)> {
    let rank = |job: &Job| match analysis_of(&job.spec) {
        None => 0,
        Some(of) if Some(of) == focus.analysis && (dataset_of(&job.spec).is_none() || dataset_of(&job.spec) == focus.dataset) => 1,
        Some(Analysis::Landscape) => 2,
        Some(Analysis::Scores) => 3,
        Some(Analysis::Sharpness) => 4,
        Some(Analysis::Embedding) => 5,
        Some(Analysis::Hessian) => 6,
    };
    let waiting = store.jobs.iter().filter(|(_, job)| job.state == JobState::Waiting);
    let mut waiting: Vec<(JobId, &Job)> = waiting.map(|(id, job)| (*id, job)).collect();
    waiting.sort_by_key(|(id, job)| (std::cmp::Reverse(job.priority), rank(job), *id));
    waiting
}
