//! [`RunList`]: the runs of a folder, which of them are chosen, and their colours.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::{IndexMap, IndexSet};

use crate::ui::state::run::metrics::Metrics;
use crate::ui::state::run::runs_found::{RunsFound, SavedWeights};
use flatland_core::job::RunView;

/// A fine-tuning run.
#[derive(Clone, Debug)]
pub struct Run {
    /// Content of its directory.
    pub view: RunView,
    /// What it has measured.
    pub metrics: Arc<Metrics>,
    /// The weights that it has saved.
    pub saved: SavedWeights,
    /// Index of its colour; it is the same until the window is closed.
    pub color: usize,
    /// Grows with every change, so that curves know when they are out of date.
    pub revision: u64,
}

/// The runs of a folder.
#[derive(Debug, Default)]
pub struct RunList {
    /// The runs by directory, in the order in which they were first found.
    pub runs: IndexMap<PathBuf, Run>,
    /// Runs whose curves are drawn.
    pub chosen: IndexSet<PathBuf>,
    /// Directories that cannot be read, and the reasons.
    pub unreadable: Vec<(PathBuf, String)>,
    /// Whether the folder has been read.
    pub was_read: bool,
    colors: usize,
    revision: u64,
}

/// Number of runs that are chosen at the start.
const CHOSEN: usize = 6;

impl RunList {
    /// Updates the list with the runs found. Runs found first are chosen up to a limit, and every run that appears later is chosen.
    pub fn update(&mut self, found: RunsFound) {
        self.runs.retain(|dir, _| found.dirs.contains(dir));
        self.chosen.retain(|dir| found.dirs.contains(dir));
        let mut changed = found.changed;
        // Older runs come first, so that they get the same colours at the next start.
        changed.sort_by(|(a, ..), (b, ..)| a.state.asked.total_cmp(&b.state.asked).then_with(|| a.dir.cmp(&b.dir)));
        let newest = changed.len().saturating_sub(CHOSEN);
        for (i, (view, metrics, saved)) in changed.into_iter().enumerate() {
            self.revision += 1;
            let revision = self.revision;
            let dir = view.dir.clone();
            if let Some(run) = self.runs.get_mut(&dir) {
                *run = Run { view, metrics, saved, color: run.color, revision };
                continue;
            }
            let color = self.colors;
            self.colors += 1;
            self.runs.insert(dir.clone(), Run { view, metrics, saved, color, revision });
            if self.was_read || i >= newest {
                self.chosen.insert(dir);
            }
        }
        self.unreadable = found.unreadable;
        self.was_read = true;
    }

    /// Whether any run has a process.
    pub fn has_active_run(&self) -> bool {
        self.runs.values().any(|run| run.view.status.is_under_way())
    }

    /// Runs in the order of the list: running ones first, then the newest.
    pub fn listed(&self) -> Vec<&Run> {
        let mut runs: Vec<&Run> = self.runs.values().collect();
        runs.sort_by(|a, b| {
            let key = |run: &Run| (!run.view.status.is_under_way(), -run.view.state.asked);
            let ((a_over, a_asked), (b_over, b_asked)) = (key(a), key(b));
            a_over.cmp(&b_over).then(a_asked.total_cmp(&b_asked)).then_with(|| a.view.dir.cmp(&b.view.dir))
        });
        runs
    }

    /// The chosen runs in the order of their colours.
    pub fn shown(&self) -> Vec<&Run> {
        let mut runs: Vec<&Run> = self.runs.values().filter(|run| self.chosen.contains(&run.view.dir)).collect();
        runs.sort_by_key(|run| run.color);
        runs
    }

    /// Chooses a run, or removes it from the choice.
    pub fn choose(&mut self, dir: &Path, on: bool) {
        if on {
            self.chosen.insert(dir.into());
        } else {
            self.chosen.shift_remove(dir);
        }
    }

    /// Removes all runs; used when another folder is read.
    pub fn clear(&mut self) {
        *self = Self { revision: self.revision, ..Self::default() };
    }
}
