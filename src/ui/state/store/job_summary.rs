//! [`JobSummary`]: the state of a job as text.

use super::{Job, JobState};
use crate::ui::state::number;

/// State of a job, for the header of the panel that will show its result.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JobSummary {
    /// The state as text.
    pub text: String,
    /// Share done while the job runs.
    pub progress: Option<f32>,
    /// Whether it failed.
    pub failed: bool,
}

/// The summary of a job; `None` when it is finished.
pub fn job_summary(job: Option<&Job>) -> Option<JobSummary> {
    let quiet = |text: &str| Some(JobSummary { text: text.into(), ..JobSummary::default() });
    let Some(job) = job else { return quiet("not asked for") };
    match &job.state {
        JobState::Done => None,
        JobState::CheckingCache => quiet("looking for results"),
        JobState::Waiting => quiet("waiting"),
        JobState::Cancelled => quiet("cancelled"),
        JobState::Interrupted => Some(JobSummary { text: "interrupted: the worker ended".into(), progress: None, failed: true }),
        JobState::Failed(message) => Some(JobSummary { text: message.clone(), progress: None, failed: true }),
        JobState::Paused => Some(JobSummary { text: "paused".into(), progress: Some(job.progress.fraction()), failed: false }),
        JobState::Running => Some(JobSummary { text: progress_text(job), progress: Some(job.progress.fraction()), failed: false }),
    }
}

/// The progress of a running job: `123 of 441 cells · 12 s left`.
pub fn progress_text(job: &Job) -> String {
    let progress = &job.progress;
    if progress.total == 0 {
        return if progress.message.is_empty() { "starting".into() } else { progress.message.clone() };
    }
    let done = format!("{} of {} {}", number::count(progress.done), number::count(progress.total), progress.unit);
    match progress.eta_secs {
        Some(seconds) if seconds.is_finite() => format!("{done} · {} left", number::duration(seconds)),
        _ => done,
    }
}
