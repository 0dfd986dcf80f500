//! [`Item`]s: everything that a person can do now, in one list. Keyboard, palette, shortcut sheet and menus are made from it.

mod checkpoints;
mod landscape;
mod scatter;
mod view;

use super::app::App;
use super::command::{Close, Command, OpenAs, RunCommand};
use super::panel::figure::{WIDTHS, theme_label};
use super::store::{JobState, analysis_of};
use super::{panel::jobs, shortcut};
use flatland_core::job::{Analysis, JobId};
use flatland_core::session::{FigureFormat, FigureSettings, Role, Theme};

/// Where an item stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// Files.
    Session,
    /// What is open, and the way back.
    Edit,
    /// What is seen and how.
    View,
    /// Pictures and numbers that leave.
    Figure,
    /// Analyses and runs.
    Work,
    /// How to find all this.
    Help,
}

impl Section {
    /// All of them in the order in which they stand.
    pub const ALL: [Section; 6] = [Section::Session, Section::Edit, Section::View, Section::Figure, Section::Work, Section::Help];

    /// As shown to people.
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

/// Something that can be done.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Where it stands.
    pub section: Section,
    /// The submenu that it stands in; empty = none.
    pub submenu: &'static str,
    /// As shown to people, also out of its place.
    pub name: String,
    /// What it gives.
    pub command: Command,
    /// Why it cannot be done now.
    pub unavailable: Option<String>,
    /// Of what is one of several, or on or off: whether this is the present choice.
    pub chosen: bool,
}

impl Item {
    fn new(section: Section, name: impl Into<String>, command: Command) -> Self {
        Self { section, submenu: "", name: name.into(), command, unavailable: None, chosen: false }
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

    /// Its first keys, as shown to people.
    pub fn keys(&self) -> Option<String> {
        shortcut::shown(&self.command)
    }
}

impl App {
    /// Everything that a person can do now, and what cannot be done now with the reason.
    pub(super) fn command_list(&self) -> Vec<Item> {
        let parts = [
            self.session_items(),
            self.edit_items(),
            self.checkpoint_items(),
            self.view_items(),
            self.landscape_items(),
            self.scatter_items(),
            self.figure_items(),
            self.work_items(),
            help_items(),
        ];
        parts.into_iter().flatten().collect()
    }

    fn session_items(&self) -> Vec<Item> {
        let item = |name: &str, command| Item::new(Section::Session, name, command);
        let empty = self.is_empty();
        let mut items = vec![
            item("New session", Command::NewSession).only_if(!empty || self.document.file.is_some(), "nothing is open"),
            item("Open session or checkpoints…", Command::OpenDialog(OpenAs::ByContent)),
        ];
        for role in Role::ALL {
            let name = format!("Open images as {}…", role.label());
            items.push(item(&name, Command::OpenDialog(OpenAs::Dataset(role))).under("Open images"));
        }
        for recent in &self.keeper.recents {
            let name = format!("Open recent {}", short(&recent.path));
            let open = Command::Open(vec![recent.path.clone()], OpenAs::ByContent);
            items.push(item(&name, open).under("Open recent").only_if(!recent.missing, "nothing is there now"));
        }
        for left in self.keeper.left.iter().filter(|left| left.unsaved) {
            let name = format!("Bring back unsaved {}", left_name(left));
            let restore = item(&name, Command::Restore(left.id.clone())).under("Bring back unsaved");
            items.push(restore.only_if(left.error.is_none(), left.error.as_deref().unwrap_or_default()));
        }
        items.push(item("Open the demo", Command::OpenDemo));
        items.push(item("Save", Command::Save).only_if(!self.is_as_saved(), "everything is saved"));
        items.push(item("Save as…", Command::SaveDialog));
        items.push(item("Close window", Command::Close(Close::Ask)));
        items
    }

    fn edit_items(&self) -> Vec<Item> {
        let item = |name: String, command| Item::new(Section::Edit, name, command);
        let (undoes, redoes) = (self.history.undoes(), self.history.redoes());
        let mut items = vec![
            item(format!("Undo {}", undoes.unwrap_or_default()).trim().into(), Command::Undo).only_if(undoes.is_some(), "nothing to undo"),
            item(format!("Redo {}", redoes.unwrap_or_default()).trim().into(), Command::Redo)
                .only_if(redoes.is_some(), "nothing was undone"),
        ];
        for checkpoint in &self.session.checkpoints {
            let command = Command::RemoveCheckpoint(checkpoint.name.clone());
            items.push(item(format!("Close checkpoint {}", checkpoint.name), command).under("Close checkpoint"));
        }
        for dataset in &self.session.datasets {
            let command = Command::RemoveDataset(dataset.name.clone());
            items.push(item(format!("Close dataset {}", dataset.name), command).under("Close dataset"));
        }
        items
    }

    fn figure_items(&self) -> Vec<Item> {
        let item = |name: String, command| Item::new(Section::Figure, name, command);
        let mut items = vec![item("Export line".into(), Command::ToggleExport).chosen(self.export.open)];
        for format in FigureFormat::ALL {
            let name = format!("Export this view as {}…", format.extension().to_uppercase());
            items.push(item(name, Command::ExportDialog(format)));
        }
        items.push(item("Copy image of this view".into(), Command::CopyFigure));
        let present = &self.session.figure;
        let figure = |name: String, submenu, figure: FigureSettings| {
            let chosen = figure == *present;
            item(name, Command::ChangeFigure(Box::new(figure))).under(submenu).chosen(chosen)
        };
        for (name, width_mm) in WIDTHS {
            items.push(figure(format!("Figures of {name}, {width_mm} mm"), "Width", FigureSettings { width_mm, ..present.clone() }));
        }
        for theme in Theme::ALL {
            let name = format!("Figures on a {}", theme_label(theme).to_lowercase());
            items.push(figure(name, "Ground", FigureSettings { theme, ..present.clone() }));
        }
        let letters = FigureSettings { letters: !present.letters, ..present.clone() };
        items.push(figure("Panel letters in figures".into(), "", letters).chosen(present.letters));
        items
    }

    fn work_items(&self) -> Vec<Item> {
        let item = |name: String, command| Item::new(Section::Work, name, command);
        let form = self.views.runs.form.is_some();
        let mut items = vec![
            item("New run…".into(), Command::Run(RunCommand::New)).only_if(!form, "the form is open"),
            item("Time a few steps of the new run".into(), Command::Run(RunCommand::Time)).only_if(form, "no form of a new run is open"),
            item("Start the new run".into(), Command::Run(RunCommand::Start)).only_if(form, "no form of a new run is open"),
            item("Close the form of a new run".into(), Command::Run(RunCommand::CloseForm)).only_if(form, "no form of a new run is open"),
            item("Log".into(), Command::ToggleLog).chosen(self.log.open),
            item("Restart worker".into(), Command::RestartWorker).only_if(self.bench.death().is_some(), "the worker is well"),
            item("Dismiss message".into(), Command::DismissMessage).only_if(self.message.is_some(), "there is none"),
        ];
        items.extend(
            self.store.jobs.iter().flat_map(|(id, job)| self.job_items(*id, &jobs::title(&job.spec), &job.state, analysis_of(&job.spec))),
        );
        items
    }

    fn job_items(&self, id: JobId, title: &str, state: &JobState, analysis: Option<Analysis>) -> Vec<Item> {
        let item = |name: String, command, submenu| Item::new(Section::Work, name, command).under(submenu);
        let mut items = Vec::new();
        match state {
            JobState::Waiting => items.push(item(format!("Next {title}"), Command::Prioritize(id), "Move to the front")),
            JobState::Running => items.push(item(format!("Pause {title}"), Command::Pause(id, true), "Pause")),
            JobState::Paused => items.push(item(format!("Go on with {title}"), Command::Pause(id, false), "Pause")),
            JobState::Failed(_) | JobState::Interrupted | JobState::Cancelled => {
                items.push(item(format!("Run again {title}"), Command::Retry(id), "Run again"));
            }
            _ => {}
        }
        if state.is_open() && analysis.is_some() {
            items.push(item(format!("Cancel {title}"), Command::Cancel(id), "Cancel"));
        }
        items
    }
}

/// `save as PATH`, where somebody typed that: for desktops without a dialog.
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

/// A path as short as it can be told from others: the last folder and the file.
pub fn short(path: &std::path::Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    match path.parent().and_then(|folder| folder.file_name()) {
        Some(folder) => format!("{}/{name}", folder.to_string_lossy()),
        None => name.into_owned(),
    }
}

/// What was left unsaved, as shown to people: `study, 3 checkpoints`.
pub fn left_name(left: &super::memory::Left) -> String {
    if left.error.is_some() {
        return format!("{}, cannot be read", left.name);
    }
    let plural = if left.checkpoints == 1 { "" } else { "s" };
    format!("{}, {} checkpoint{plural}", left.name, left.checkpoints)
}
