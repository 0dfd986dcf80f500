//! [`RunsFound`]: what was read from the folder of the runs.

use std::path::PathBuf;
use std::sync::Arc;

use super::metrics::Metrics;
use flatland_core::job::RunView;

/// The result of reading the folder of the runs.
#[derive(Debug)]
pub struct RunsFound {
    /// All run directories.
    pub dirs: Vec<PathBuf>,
    /// The runs that have changed.
    pub changed: Vec<(RunView, Arc<Metrics>, SavedWeights)>,
    /// Run directories that cannot be read, and the reasons.
    pub unreadable: Vec<(PathBuf, String)>,
}

/// Which weights a run has saved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SavedWeights {
    /// Those of the best epoch.
    pub best: bool,
    /// The latest ones.
    pub last: bool,
}
