//! [`Item`]s: all commands that are available now, in one list. Keyboard, palette, shortcut list and menus are made from it.

mod checkpoints;
pub mod figure;
mod landscape;
mod scatter;
mod view;

use egui::KeyboardShortcut;

use super::{Close, Command, OpenAs, RunCommand, shortcut};
use crate::ui::state::State;
use crate::ui::state::memory::Leftover;
use crate::ui::state::store::{JobState, analysis_of, title};
use flatland_core::job::{Analysis, JobId};
use flatland_core::session::Role;

/// Section of an item in the menus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// Files.
    Session,
    /// Open checkpoints and datasets, undo and redo.
    Edit,
    /// What is shown and how.
    View,
    /// Figures and their export.
    Figure,
    /// Analyses and runs.
    Work,
    /// Help.
    Help,
}

impl Section {
    /// All sections in the order in which they are shown.
    pub const ALL: [Section; 6] = [Section::Session, Section::Edit, Section::View, Section::Figure, Section::Work, Section::Help];

    /// Name shown in the window.
    pub fn label(self) -> &'static str {
        match self {
            Section::Session => "Session",
            Section::Edit => "Edit",
            Section::View => "View",
            Section::Figure => "Figure",
            Section::Work => "Work",
            Section::Help => "Help",
        }
    }
}

/// An entry of a menu or of the palette.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Its section.
    pub section: Section,
    /// Its submenu; empty = none.
    pub submenu: &'static str,
    /// Name shown in the window; it is understandable outside of its menu too.
    pub name: String,
    /// The command that it executes.
    pub command: Command,
    /// Why the command is not available now; `None` = available.
    pub unavailable: Option<String>,
    /// For a switch or one of several choices: whether it is on or chosen.
    pub chosen: bool,
    /// Its shortcuts; the first one is shown.
    pub shortcuts: &'static [KeyboardShortcut],
}

impl Item {
    fn new(section: Section, name: impl Into<String>, command: Command) -> Self {
        let shortcuts = shortcut::of(&command);
        Self { section, submenu: "", name: name.into(), command, unavailable: None, chosen: false, shortcuts }
    }

    fn under(self, submenu: &'static str) -> Self {
        Self { submenu, ..self }
    }

    fn only_if(self, can: bool, otherwise: &str) -> Self {
        if can { self } else { Self { unavailable: Some(otherwise.into()), ..self } }
    }

    fn chosen(self, chosen: bool) -> Self {
        Self { chosen, ..self }
    }

    /// The text of its first shortcut.
    pub fn keys(&self) -> Option<String> {
        self.shortcuts.first().map(shortcut::text)
    }
}

/// All commands for the present state; those that are not available have the reason.
pub fn list(state: &State) -> Vec<Item> {
    let parts = [
        session_items(state),
        edit_items(state),
        checkpoints::checkpoint_items(state),
        view::view_items(state),
        landscape::landscape_items(state),
        scatter::scatter_items(state),
        figure::figure_items(state),
        work_items(state),
        help_items(),
    ];
    parts.into_iter().flatten().collect()
}

fn session_items(state: &State) -> Vec<Item> {
    let item = |name: &str, command| Item::new(Section::Session, name, command);
    let empty = state.is_empty();
    let mut items = vec![
        item("New session", Command::NewSession).only_if(!empty || state.document.file.is_some(), "nothing is open"),
        item("Open session or checkpoints…", Command::OpenDialog(OpenAs::ByContent)),
    ];
    for role in Role::ALL {
        let name = format!("Open images as {}…", role.label());
        items.push(item(&name, Command::OpenDialog(OpenAs::Dataset(role))).under("Open images"));
    }
    for recent in &state.memory.recents {
        let name = format!("Open recent {}", short(&recent.path));
        let open = Command::Open(vec![recent.path.clone()], OpenAs::ByContent);
        items.push(item(&name, open).under("Open recent").only_if(!recent.missing, "the file does not exist"));
    }
    for left in state.memory.leftovers.iter().filter(|left| left.unsaved) {
        let name = format!("Bring back unsaved {}", leftover_name(left));
        let restore = item(&name, Command::Restore(left.id.clone())).under("Bring back unsaved");
        items.push(restore.only_if(left.error.is_none(), left.error.as_deref().unwrap_or_default()));
    }
    items.push(item("Open the demo", Command::OpenDemo));
    items.push(item("Save", Command::Save).only_if(!state.equals_saved(), "everything is saved"));
    items.push(item("Save as…", Command::SaveDialog));
    items.push(item("Close window", Command::Close(Close::Ask)));
    items
}

fn edit_items(state: &State) -> Vec<Item> {
    let item = |name: String, command| Item::new(Section::Edit, name, command);
    let (undo_name, redo_name) = (state.history.undo_name(), state.history.redo_name());
    let mut items = vec![
        item(format!("Undo {}", undo_name.unwrap_or_default()).trim().into(), Command::Undo)
            .only_if(undo_name.is_some(), "nothing to undo"),
        item(format!("Redo {}", redo_name.unwrap_or_default()).trim().into(), Command::Redo)
            .only_if(redo_name.is_some(), "nothing was undone"),
    ];
    for checkpoint in &state.session.checkpoints {
        let command = Command::RemoveCheckpoint(checkpoint.name.clone());
        items.push(item(format!("Close checkpoint {}", checkpoint.name), command).under("Close checkpoint"));
    }
    for dataset in &state.session.datasets {
        let command = Command::RemoveDataset(dataset.name.clone());
        items.push(item(format!("Close dataset {}", dataset.name), command).under("Close dataset"));
    }
    items
}

fn work_items(state: &State) -> Vec<Item> {
    let item = |name: String, command| Item::new(Section::Work, name, command);
    let form = state.runs.form.is_some();
    let mut items = vec![
        item("New run…".into(), Command::Run(RunCommand::New)).only_if(!form, "the form is open"),
        item("Time a few steps of the new run".into(), Command::Run(RunCommand::Time)).only_if(form, "no form of a new run is open"),
        item("Start the new run".into(), Command::Run(RunCommand::Start)).only_if(form, "no form of a new run is open"),
        item("Close the form of a new run".into(), Command::Run(RunCommand::CloseForm)).only_if(form, "no form of a new run is open"),
        item("Log".into(), Command::ToggleLog).chosen(state.log.open),
        item("Restart worker".into(), Command::RestartWorker).only_if(state.worker_ended.is_some(), "the worker is running"),
        item("Dismiss message".into(), Command::DismissMessage).only_if(state.message.is_some(), "there is no message"),
    ];
    items.extend(state.store.jobs.iter().flat_map(|(id, job)| job_items(*id, &title(&job.spec), &job.state, analysis_of(&job.spec))));
    items
}

fn job_items(id: JobId, title: &str, state: &JobState, analysis: Option<Analysis>) -> Vec<Item> {
    let item = |name: String, command, submenu| Item::new(Section::Work, name, command).under(submenu);
    let mut items = Vec::new();
    match state {
        JobState::Waiting => items.push(item(format!("Next {title}"), Command::Prioritize(id), "Move to the front")),
        JobState::Running => items.push(item(format!("Pause {title}"), Command::Pause(id, true), "Pause")),
        JobState::Paused => items.push(item(format!("Go on with {title}"), Command::Pause(id, false), "Pause")),
        JobState::Failed(_) | JobState::Interrupted | JobState::Cancelled => {
            items.push(item(format!("Run again {title}"), Command::Retry(id), "Run again"));
        }
        JobState::CheckingCache | JobState::Done => {}
    }
    if state.is_open() && analysis.is_some() {
        items.push(item(format!("Cancel {title}"), Command::Cancel(id), "Cancel"));
    }
    items
}

/// `save as PATH` typed into the palette: for desktops without a file dialog.
pub fn save_item(typed: &str) -> Option<Item> {
    let typed = typed.trim_start();
    let path = typed.get(..8).filter(|words| words.eq_ignore_ascii_case("save as ")).map(|_| typed[8..].trim())?;
    let command = Command::SaveAs(path.into());
    (!path.is_empty()).then(|| Item::new(Section::Session, format!("Save as {path}"), command))
}

fn help_items() -> Vec<Item> {
    vec![
        Item::new(Section::Help, "Find a command…", Command::TogglePalette),
        Item::new(Section::Help, "Keyboard shortcuts", Command::ToggleShortcuts),
    ]
}

/// The last folder and the file name of a path.
pub fn short(path: &std::path::Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    match path.parent().and_then(|folder| folder.file_name()) {
        Some(folder) => format!("{}/{name}", folder.to_string_lossy()),
        None => name.into_owned(),
    }
}

/// The name of a session that was left unsaved: `study, 3 checkpoints`.
pub fn leftover_name(left: &Leftover) -> String {
    if left.error.is_some() {
        return format!("{}, cannot be read", left.name);
    }
    let plural = if left.checkpoints == 1 { "" } else { "s" };
    format!("{}, {} checkpoint{plural}", left.name, left.checkpoints)
}
