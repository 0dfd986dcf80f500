//! [`RunWatch`]: reads the run directories, on a background thread.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;

use crate::ui::state::run::metrics::Metrics;
use crate::ui::state::run::runs_found::{RunsFound, SavedWeights};
use flatland_core::job::RunView;
use flatland_core::job::runs::{Follower, directories};

/// The run directories of a folder, and how far each has been read.
#[derive(Debug)]
pub struct RunWatch {
    root: PathBuf,
    followers: IndexMap<PathBuf, Follower>,
}

impl RunWatch {
    /// Watches this folder; nothing is read yet.
    pub fn new(root: PathBuf) -> Self {
        Self { root, followers: IndexMap::new() }
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Reads what has changed. Blocks for files.
    pub fn read_changes(&mut self) -> RunsFound {
        let dirs = directories(&self.root);
        let (mut changed, mut unreadable) = (Vec::new(), Vec::new());
        self.followers.retain(|dir, _| dirs.contains(dir));
        for dir in &dirs {
            let read = match self.followers.get_mut(dir) {
                Some(follower) => follower.poll(),
                None => Follower::open(dir).map(|follower| {
                    self.followers.insert(dir.clone(), follower);
                    true
                }),
            };
            match read {
                Ok(false) => {}
                Ok(true) => changed.extend(self.followers.get(dir).map(seen)),
                Err(error) => unreadable.push((dir.clone(), error.to_string())),
            }
        }
        RunsFound { dirs, changed, unreadable }
    }
}

fn seen(follower: &Follower) -> (RunView, Arc<Metrics>, SavedWeights) {
    let view = &follower.view;
    let metrics = Metrics::of(&view.metrics, &follower.step_lines, &follower.timing_lines);
    let folder = follower.folder();
    let saved = SavedWeights { best: folder.best_weights().is_file(), last: folder.last_weights().is_file() };
    (RunView { metrics: Vec::new(), ..view.clone() }, Arc::new(metrics), saved)
}
