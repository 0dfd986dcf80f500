//! Reads checkpoints of unknown networks as exported programs with the same tensors, and remembers the programs that users choose.

use std::path::Path;

use indexmap::IndexMap;

use super::App;
use crate::ui::command::{CheckpointCommand, Command};
use crate::ui::state::history::UndoStep;
use crate::ui::state::memory::RememberedProgram;
use crate::ui::state::programs::{self, AssumedProgram, Reason};
use crate::ui::work::memory::queue::Task;
use flatland_core::result::TensorSet;
use flatland_core::session::{Assumption, CheckpointEntry, NetworkChoice, architecture_label, is_program};

/// Most files named in one message.
const NAMED: usize = 3;

impl App {
    /// After the file at `path` was read by `choice`: reads its checkpoint, or every checkpoint if the file is a program, as the program that
    /// is assumed for it.
    pub(in crate::ui) fn assume_programs(&mut self, path: &Path, choice: &NetworkChoice) {
        let is_of_program = path.to_str().is_some_and(is_program);
        // Others keep their network, so that an undone assumption is not made again.
        let is_concerned = |entry: &&CheckpointEntry| is_of_program || (entry.path == path && entry.choice() == *choice);
        let (session, store, remembered) = (&self.state.session, &self.state.store, &self.state.memory.programs);
        let found: Vec<(CheckpointEntry, AssumedProgram)> = session
            .checkpoints
            .iter()
            .filter(is_concerned)
            .filter_map(|entry| Some((entry.clone(), programs::assumed(entry, session, store, remembered)?)))
            .collect();
        let Some((first, program)) = found.first() else { return };
        let others = if found.len() > 1 { format!(" and {} more", found.len() - 1) } else { String::new() };
        let step = UndoStep::separate(format!("read {}{others} as {}", first.name, label(&program.network)));
        let before = self.state.session.clone();
        for (entry, program) in &found {
            let entries = &mut self.state.session.checkpoints;
            let entry = entries.iter_mut().find(|other| other.name == entry.name);
            entry.into_iter().for_each(|entry| entry.assume_program(program.network.clone()));
        }
        self.record(step, before);
        if !self.state.message.as_ref().is_some_and(|message| message.is_error) {
            self.state.inform(message(&found));
        }
        // Analyses that the user stopped stay stopped.
        let on_hold = self.state.analyses_on_hold;
        self.replan();
        self.state.analyses_on_hold = on_hold;
    }

    /// Remembers the program of `choice` for the tensors of the file at `path`, if the user chose it and the file can be read as it.
    pub(in crate::ui) fn remember_program(&mut self, path: &Path, choice: &NetworkChoice) {
        let is_of = |entry: &CheckpointEntry| entry.path == path && entry.choice() == *choice;
        let is_stated = |entry: &CheckpointEntry| is_of(entry) && !entry.assumed.contains(&Assumption::Architecture);
        if !choice.is_program() || !self.state.session.checkpoints.iter().any(is_stated) {
            return;
        }
        let inspection = |choice: &NetworkChoice| self.state.store.inspections.get(&(path.to_owned(), choice.clone()));
        let Some(read) = inspection(choice).filter(|inspection| inspection.error.is_none()) else { return };
        // The next file with these tensors is looked up before it is read as a program.
        let before = NetworkChoice { architecture: None, features: None, output: None, ..choice.clone() };
        let known = inspection(&before).filter(|inspection| !inspection.tensors.is_empty()).unwrap_or(read);
        let tensors = TensorSet::of(&known.tensors);
        let program = RememberedProgram { tensors: tensors.key(), network: choice.network_of(path) };
        if tensors.is_empty() || self.state.memory.programs.contains(&program) {
            return;
        }
        program.clone().put_first(&mut self.state.memory.programs);
        self.memory_queue.push(Task::RememberProgram(Box::new(program)));
    }

    /// Reads the checkpoint `name` as the exported program at `path`, which was chosen in the dialog.
    pub(in crate::ui) fn program_chosen(&mut self, name: String, path: &Path) {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string();
        if is_program(&path) {
            self.execute(Command::Checkpoint(name, CheckpointCommand::Program(NetworkChoice::named(path))));
        } else {
            self.state.report_error(format!(
                "{name} is read as before: expected an exported program, a file that ends in .pt2 or .onnx, found {path}"
            ));
        }
    }
}

fn label(network: &NetworkChoice) -> &str {
    architecture_label(network.architecture.as_deref().unwrap_or_default())
}

/// Which files are read as which programs, and why: a sentence for each program.
fn message(found: &[(CheckpointEntry, AssumedProgram)]) -> String {
    let mut files: IndexMap<(&str, Reason), Vec<String>> = IndexMap::new();
    for (entry, program) in found {
        let name = entry.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        files.entry((label(&program.network), program.reason)).or_default().push(name);
    }
    let sentence = |((program, reason), files): (&(&str, Reason), &Vec<String>)| {
        let is_one = files.len() == 1;
        let (verb, whose) = if is_one { ("is", "its") } else { ("are", "their") };
        let why = match reason {
            Reason::Open => format!(": {whose} tensors are those of that program"),
            Reason::Remembered => ", which was chosen for tensors of the same names and shapes before".into(),
        };
        format!("{} {verb} read as {program}{why}", listed(files))
    };
    files.iter().map(sentence).collect::<Vec<_>>().join("\n")
}

/// `a`, `a and b`, `a, b and c`, `a, b, c and 2 more`.
fn listed(names: &[String]) -> String {
    let (first, rest) = names.split_at(names.len().min(NAMED));
    match (first, rest) {
        ([.., _], [_, ..]) => format!("{} and {} more", first.join(", "), rest.len()),
        ([head @ .., last], []) if !head.is_empty() => format!("{} and {last}", head.join(", ")),
        (names, _) => names.join(", "),
    }
}
