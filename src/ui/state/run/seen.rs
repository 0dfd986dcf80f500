//! [`Sight`]: what was found in the folder of the runs.

use std::path::PathBuf;
use std::sync::Arc;

use super::metrics::Metrics;
use flatland_core::job::RunView;

/// What a look has found.
#[derive(Debug)]
pub struct Sight {
    /// Every run that is there.
    pub dirs: Vec<PathBuf>,
    /// Those of which something is new.
    pub changed: Vec<(RunView, Arc<Metrics>, Saved)>,
    /// Run directories that cannot be read, and why.
    pub unreadable: Vec<(PathBuf, String)>,
}

/// Which weights a run has saved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Saved {
    /// Of the best epoch.
    pub best: bool,
    /// The latest.
    pub last: bool,
}
