//! [`RunState`]: `state.json` of a run directory, and [`Control`]: the commands to the process that trains in it.

use serde::{Deserialize, Serialize};

/// What a run is doing. Written by the process that trains, never by the window or the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// Waits for its device.
    Queued,
    /// Training.
    Running,
    /// Paused at a step; its state is saved and its device free for others.
    Paused,
    /// Was asked to stop and saves.
    Stopping,
    /// Finished.
    Done,
    /// Failed; `message` says why.
    Failed,
    /// Stopped on request; can be resumed.
    Cancelled,
    /// Its process has ended without a last state; can be resumed. Never written to a file: it follows from a lock that no process holds.
    Interrupted,
}

impl RunStatus {
    /// As in files: `queued`, ...
    pub fn key(self) -> &'static str {
        match self {
            RunStatus::Queued => "queued",
            RunStatus::Running => "running",
            RunStatus::Paused => "paused",
            RunStatus::Stopping => "stopping",
            RunStatus::Done => "done",
            RunStatus::Failed => "failed",
            RunStatus::Cancelled => "cancelled",
            RunStatus::Interrupted => "interrupted",
        }
    }

    /// Whether a process works on it.
    pub fn is_under_way(self) -> bool {
        matches!(self, RunStatus::Queued | RunStatus::Running | RunStatus::Paused | RunStatus::Stopping)
    }
}

/// How a run is; written about once a second while its process lives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunState {
    /// Process that runs it; 0 = none yet.
    pub pid: u32,
    /// When this was written, in seconds since 1970.
    pub heartbeat: f64,
    /// What it is doing.
    pub status: RunStatus,
    /// When the run was last started or resumed, in seconds since 1970: its place in the queue of its device.
    #[serde(default)]
    pub asked: f64,
    /// `cpu` or `cuda:N`, once known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// Epochs done.
    pub epoch: usize,
    /// Steps done.
    pub step: usize,
    /// Steps in all; 0 while unknown.
    pub steps: usize,
    /// Seconds of training so far, over all processes of the run; without queueing and pauses.
    #[serde(default)]
    pub elapsed_secs: f64,
    /// Seconds left, from the recent steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eta_secs: Option<f64>,
    /// Images (ID and outliers) a second, over the recent steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub images_per_sec: Option<f64>,
    /// Why it failed, or what it waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What was assumed or left out when its data were loaded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl RunState {
    /// The state of a run that is started now.
    pub fn queued(now: f64) -> Self {
        Self {
            pid: 0,
            heartbeat: now,
            status: RunStatus::Queued,
            asked: now,
            device: None,
            epoch: 0,
            step: 0,
            steps: 0,
            elapsed_secs: 0.0,
            eta_secs: None,
            images_per_sec: None,
            message: None,
            notes: Vec::new(),
        }
    }
}

/// A command to a run under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Control {
    /// Finish this step, save, pause.
    Pause,
    /// Go on after a pause.
    Resume,
    /// Finish this step, save, end; can be resumed.
    Stop,
    /// End at once (SIGKILL); what was not saved is done again when the run is resumed.
    Kill,
}
