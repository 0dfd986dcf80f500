//! Sends requests to the processes of runs.

use std::path::{Path, PathBuf};

use flatland_core::job::{Control, RunFolder, runs};

/// Requests runs to finish their step, save and end; returns error messages. A run that has ended in the meantime is no error.
pub fn stop_runs(dirs: Vec<PathBuf>) -> Vec<String> {
    let is_under_way = |dir: &Path| RunFolder::new(dir).state().is_ok_and(|(_, status)| status.is_under_way());
    dirs.iter().filter_map(|dir| runs::ask(dir, Control::Stop).err().filter(|_| is_under_way(dir))).map(|error| error.to_string()).collect()
}
