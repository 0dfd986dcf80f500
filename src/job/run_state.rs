//! [`RunState`]: `state.json` of a run directory, for whoever wants to know how a run is.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::result::ResultError;

/// What a run is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// Training, as long as the heartbeat is fresh; killed otherwise.
    Running,
    /// Finished.
    Done,
    /// Gave up; `message` says why.
    Failed,
    /// Stopped on request.
    Cancelled,
}

/// How a run is; written about once a second while it runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunState {
    /// Process that runs it.
    pub pid: u32,
    /// When this was written, in seconds since 1970.
    pub heartbeat: f64,
    /// What it is doing.
    pub status: RunStatus,
    /// Epochs done.
    pub epoch: usize,
    /// Steps done.
    pub step: usize,
    /// Steps in all.
    pub steps: usize,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

impl RunState {
    /// Name of the file in its run directory.
    pub const FILE: &str = "state.json";

    /// Reads the state of the run directory `dir`.
    ///
    /// # Errors
    /// When there is none or it is not a state.
    pub fn load(dir: &Path) -> Result<Self, ResultError> {
        let path = dir.join(Self::FILE);
        let text = std::fs::read_to_string(&path).map_err(|source| ResultError::Io { action: "read", source, path: path.clone() })?;
        serde_json::from_str(&text).map_err(|error| ResultError::Invalid { message: format!("not the state of a run: {error}"), path })
    }
}
