//! Executes the commands on open checkpoints.

use std::path::PathBuf;

use super::App;
use crate::ui::command::CheckpointCommand;
use crate::ui::state::{stem, unused_name};
use crate::ui::work::dialog;
use flatland_core::job::JobId;
use flatland_core::result::Loadable;
use flatland_core::session::{Assumption, CheckpointEntry};

impl App {
    /// Opens a checkpoint, and reports the assumed normalization of its inputs.
    pub(in crate::ui) fn add_checkpoint(&mut self, path: PathBuf, weights: Option<String>) {
        // The file may have changed since it was read.
        self.state.store.forget_inspection(&path);
        let requested = weights.as_ref().map_or_else(|| stem(&path), |key| format!("{} ({key})", stem(&path)));
        let name = unused_name(&requested, |name| self.state.session.checkpoints.iter().any(|checkpoint| checkpoint.name == name));
        // A checkpoint was most likely trained with the same normalization as the others; its row shows it and can change it.
        let normalization = self.state.session.checkpoints.first().map(|checkpoint| checkpoint.normalization).unwrap_or_default();
        // A message about assumptions on images opened at the same time is more important.
        if self.state.message.is_none() {
            self.state.inform(format!(
                "{name}: its inputs are assumed to be normalized as {}. Change this in its row at the left.",
                normalization.label()
            ));
        }
        let assumed = [Assumption::Normalization].into();
        self.state.session.add_checkpoint(CheckpointEntry { name, path, weights, normalization, assumed, ..CheckpointEntry::default() });
    }

    pub(in crate::ui) fn checkpoint_command(&mut self, name: &str, command: CheckpointCommand) {
        let Some(index) = self.state.session.position(name) else { return };
        match command {
            CheckpointCommand::TakePlaceOf(other) => {
                if let Some(to) = self.state.session.position(&other) {
                    self.state.session.move_checkpoint(name, to);
                }
            }
            CheckpointCommand::MoveBy(by) => self.state.session.move_checkpoint(name, index.saturating_add_signed(by)),
            CheckpointCommand::Rename(to) => match self.state.session.rename_checkpoint(name, &to) {
                Ok(()) => {
                    self.checkpoint_renamed(name, to.trim());
                    self.replan();
                    self.ask_differences();
                }
                Err(error) => self.state.report_error(error),
            },
            CheckpointCommand::Hide(hidden) => self.state.session.checkpoints[index].hidden = hidden,
            CheckpointCommand::Baseline => {
                self.state.session.landscape.baseline = Some(name.to_owned());
                self.ask_differences();
            }
            CheckpointCommand::Normalize(normalization) => {
                self.state.session.checkpoints[index].state_normalization(normalization);
                self.replan();
            }
            CheckpointCommand::Prepare(input) => {
                self.state.session.checkpoints[index].input = input;
                self.replan();
            }
            CheckpointCommand::Architecture(architecture) => {
                self.state.session.checkpoints[index].state_architecture(architecture);
                self.replan();
            }
            CheckpointCommand::Program(program) => {
                self.state.session.checkpoints[index].state_program(program);
                self.program_stated(index);
            }
            CheckpointCommand::Features(value) => {
                self.state.session.checkpoints[index].features = value;
                self.program_stated(index);
            }
            CheckpointCommand::Output(output) => {
                self.state.session.checkpoints[index].output = output;
                self.program_stated(index);
            }
            CheckpointCommand::ChooseProgram => {
                let name = name.to_owned();
                self.ask(dialog::open_program, move |app, path| app.program_chosen(name, &path));
            }
            CheckpointCommand::ReadAs(Loadable { architecture, ignore }) => {
                let entry = &mut self.state.session.checkpoints[index];
                entry.state_architecture(Some(architecture));
                entry.ignore = ignore;
                self.replan();
            }
            CheckpointCommand::Color(color) => self.state.session.recolor_checkpoint(name, color),
            CheckpointCommand::Weights(key) => {
                self.state.session.checkpoints[index].weights = Some(key);
                self.replan();
            }
            CheckpointCommand::OpenBeside(key) => {
                self.state.session.open_beside(index, key);
                self.replan();
            }
        }
    }

    /// After the user stated the program of the checkpoint at `index`, its features or its output.
    fn program_stated(&mut self, index: usize) {
        let entry = &self.state.session.checkpoints[index];
        let (path, choice) = (entry.path.clone(), entry.choice());
        // It may have been read in this way before, by assumption.
        self.remember_program(&path, &choice);
        self.replan();
    }

    pub(in crate::ui) fn remove_checkpoint(&mut self, name: &str) {
        if let Some(entry) = self.state.session.remove_checkpoint(name) {
            self.forget_checkpoint(&entry);
            self.ask_differences();
            self.replan();
        }
    }

    /// Moves what is known about a checkpoint to its new name.
    pub(in crate::ui) fn checkpoint_renamed(&mut self, from: &str, to: &str) {
        self.state.store.rename_checkpoint(from, to);
        self.state.scatter.rename_checkpoint(from, to);
    }

    /// Ends the jobs of a closed checkpoint and removes what they computed.
    pub(in crate::ui) fn forget_checkpoint(&mut self, entry: &CheckpointEntry) {
        let ids: Vec<JobId> = self.state.store.jobs.keys().copied().collect();
        let is_read_by = |other: &CheckpointEntry| other.path == entry.path && other.choice() == entry.choice();
        self.state.store.forget_checkpoint(entry, self.state.session.checkpoints.iter().any(is_read_by));
        for id in ids.into_iter().filter(|id| !self.state.store.jobs.contains_key(id)) {
            self.worker.cancel(id);
        }
    }
}
