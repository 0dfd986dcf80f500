//! Executes the commands on open datasets, and replaces the demo when the user opens own files.

use std::path::PathBuf;

use super::App;
use crate::ui::state::{stem, unused_name};
use crate::ui::work::inspect_path::Opened;
use flatland_core::session::{DatasetEntry, FIRST_LOOK, Role};

impl App {
    /// Opens images; without a role, with the most likely one, and reports it.
    pub(in crate::ui) fn add_dataset(&mut self, path: PathBuf, role: Option<Role>) {
        let name = unused_name(&stem(&path), |name| self.state.session.datasets.iter().any(|dataset| dataset.name == name));
        let guessed = role.is_none();
        let role = role.unwrap_or_else(|| self.state.session.likely_role(&path));
        let entry = if guessed { DatasetEntry::guessed(name, path, role) } else { DatasetEntry::opened(name, path, role) };
        let taken = entry.limit.map_or("all its images".into(), |_| format!("at most {FIRST_LOOK} images for a first look"));
        let said = if guessed { format!("assumed to be {}", role.label()) } else { format!("opened as {}", role.label()) };
        self.state.inform(format!("{}: {said}, {taken}. Change both in its row at the left.", entry.name));
        self.state.session.datasets.push(entry);
    }

    pub(in crate::ui) fn change_dataset(&mut self, name: &str, entry: DatasetEntry) {
        match self.state.session.change_dataset(name, entry) {
            Ok(()) => self.replan(),
            Err(error) => self.state.report_error(error),
        }
    }

    /// Closes the unchanged demo when the user opens own files: the demo's small networks cannot read other images.
    pub(in crate::ui) fn close_demo(&mut self, opened: &[Opened]) {
        let own = opened.iter().any(|one| matches!(one, Opened::Checkpoint(..) | Opened::Dataset(..)));
        if own && self.state.shows_unchanged_demo() {
            self.new_session();
            self.state.inform("This is a new session. The demo is in the menu Session.");
        }
    }
}
