//! The order in which jobs are given to the worker.

use crate::ui::state::store::{Job, JobState, Store, analysis_of, dataset_of};
use flatland_core::job::{Analysis, JobId};

/// What the user looks at; it is computed first.
#[derive(Clone, Copy, Debug)]
pub struct Focus<'a> {
    /// The analysis of the shown tab.
    pub analysis: Option<Analysis>,
    /// The chosen dataset.
    pub dataset: Option<&'a str>,
}

/// The waiting jobs, the next one first: jobs moved to the front (the latest first), inspections of checkpoints, jobs of the shown tab,
/// then the rest by analysis and in the order in which they were requested.
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
