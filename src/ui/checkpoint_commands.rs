//! What a person does to an open checkpoint.

use super::app::App;
use super::command::CheckpointCommand;
use crate::job::JobId;
use crate::session::CheckpointEntry;

impl App {
    pub(super) fn checkpoint_command(&mut self, name: &str, command: CheckpointCommand) {
        let Some(place) = self.session.position(name) else { return };
        match command {
            CheckpointCommand::TakePlaceOf(other) => {
                if let Some(to) = self.session.position(&other) {
                    self.session.move_checkpoint(name, to);
                }
            }
            CheckpointCommand::MoveBy(by) => self.session.move_checkpoint(name, place.saturating_add_signed(by)),
            CheckpointCommand::Rename(to) => match self.session.rename_checkpoint(name, &to) {
                Ok(()) => {
                    self.checkpoint_renamed(name, to.trim());
                    self.replan();
                    self.ask_differences();
                }
                Err(error) => self.complain(error),
            },
            CheckpointCommand::Hide(hidden) => self.session.checkpoints[place].hidden = hidden,
            CheckpointCommand::Baseline => {
                self.session.landscape.baseline = Some(name.to_owned());
                self.ask_differences();
            }
            CheckpointCommand::Normalize(normalization) => {
                self.session.checkpoints[place].normalization = normalization;
                self.replan();
            }
            CheckpointCommand::Color(color) => self.session.recolor_checkpoint(name, color),
        }
    }

    pub(super) fn remove_checkpoint(&mut self, name: &str) {
        if let Some(entry) = self.session.remove_checkpoint(name) {
            self.forget_checkpoint(&entry);
            self.ask_differences();
            self.replan();
        }
    }

    /// Carries what is known of a checkpoint over to its new name.
    pub(super) fn checkpoint_renamed(&mut self, from: &str, to: &str) {
        self.store.rename_checkpoint(from, to);
        self.scatter.rename_checkpoint(from, to);
    }

    /// Ends the jobs of a checkpoint that is not open any more and forgets what they computed.
    pub(super) fn forget_checkpoint(&mut self, entry: &CheckpointEntry) {
        let ids: Vec<JobId> = self.store.jobs.keys().copied().collect();
        self.store.forget_checkpoint(&entry.name, &entry.path);
        for id in ids.into_iter().filter(|id| !self.store.jobs.contains_key(id)) {
            self.bench.cancel(id);
        }
    }
}
