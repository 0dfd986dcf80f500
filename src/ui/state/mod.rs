//! What is shown and known, as plain data. No egui, no files, no threads: [`crate::ui::update`] changes it, panels and tabs draw from it.

pub mod closing;
pub mod comparison;
pub mod cursor;
pub mod document;
pub mod export_line;
pub mod history;
pub mod log;
pub mod memory;
pub mod meter;
pub mod number;
pub mod palette;
pub mod queue;
pub mod run;
pub mod scatter;
pub mod scores;
pub mod store;
pub mod stretch;
pub mod typefaces;
pub mod worker_event;

use std::path::Path;

use closing::Closing;
use document::{DEMO, Document, Recalling};
use export_line::ExportLine;
use flatland_core::job::runs::RunOptions;
use flatland_core::job::{JobId, now};
use flatland_core::result::Quantity;
use flatland_core::session::{Role, Session, Tab};
use history::History;
use log::Log;
use memory::{Kept, Remembered};
use meter::Meter;
use palette::Palette;
use run::runs::Runs;
use scatter::Scatter;
use store::{JobState, Store, analysis_of};
use stretch::Stretch;
use typefaces::Typefaces;

/// A line for the person at the bottom of the window.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    pub text: String,
    pub is_error: bool,
}

/// A tab by its key, and what it is called.
#[derive(Clone, Debug, PartialEq)]
pub struct TabTitle {
    /// Its key.
    pub tab: Tab,
    /// As shown to people.
    pub title: &'static str,
}

/// Everything that the window shows and knows.
pub struct State {
    /// What the person has open.
    pub session: Session,
    /// The session as a file.
    pub document: Document,
    /// What can be undone.
    pub history: History,
    /// Preferences, recent files, and what earlier windows left.
    pub memory: Remembered,
    /// What the memory was asked for and has not given yet.
    pub recalling: Option<Recalling>,
    /// The tabs that there are, in the order in which they stand.
    pub tabs: Vec<TabTitle>,
    /// The tab that was asked for at the start, whatever the session says.
    pub first_tab: Option<Tab>,
    /// Grows with every plan; late answers to an older one are dropped.
    pub generation: u64,
    /// Jobs and results.
    pub store: Store,
    /// How the worker ended, while it is not running.
    pub worker_ended: Option<String>,
    /// Runs, and the form of a new one.
    pub runs: Runs,
    /// The points of the embedding, and the selection.
    pub scatter: Scatter,
    /// What jobs did and what the worker wrote.
    pub log: Log,
    /// Memory and devices.
    pub meter: Meter,
    /// The time in which the worker has been busy.
    pub stretch: Stretch,
    /// The export line.
    pub export: ExportLine,
    /// The command palette, while it is open.
    pub palette: Option<Palette>,
    /// Whether the list of shortcuts is shown.
    pub shortcuts: bool,
    /// How far the window is with closing.
    pub closing: Closing,
    /// Whether all runs have been told to stop.
    pub runs_told: bool,
    /// Whether the window ends with its analyses stopped.
    pub stopped: bool,
    /// Whether analyses that are not finished wait to be asked for: they were stopped when the window was closed.
    pub holds: bool,
    /// The line at the bottom.
    pub message: Option<Message>,
    /// Fonts for names that the window's own cannot show.
    pub typefaces: Typefaces,
}

impl State {
    /// Nothing is open; runs are started with these options, and the window has these tabs.
    pub fn new(runs: RunOptions, tabs: Vec<TabTitle>) -> Self {
        Self {
            session: Session::default(),
            document: Document::default(),
            history: History::default(),
            memory: Remembered::default(),
            recalling: None,
            tabs,
            first_tab: None,
            generation: 0,
            store: Store::default(),
            worker_ended: None,
            runs: Runs::new(runs),
            scatter: Scatter::default(),
            log: Log::default(),
            meter: Meter::default(),
            stretch: Stretch::default(),
            export: ExportLine::default(),
            palette: None,
            shortcuts: false,
            closing: Closing::No,
            runs_told: false,
            stopped: false,
            holds: false,
            message: None,
            typefaces: Typefaces::default(),
        }
    }

    /// Whether there are changes that no file has. What is merely looked at otherwise is no change, but is kept and saved too.
    pub fn unsaved(&self) -> bool {
        !self.session.same_but_view(&self.document.saved)
    }

    /// Whether saving would change nothing, not even how things are looked at.
    pub fn is_as_saved(&self) -> bool {
        self.document.file.is_some() && self.session == self.document.saved
    }

    /// Whether the bundled demo is open, as it came.
    pub fn shows_untouched_demo(&self) -> bool {
        self.document.file.is_none() && self.document.name == DEMO && !self.unsaved()
    }

    /// Whether nothing is open.
    pub fn is_empty(&self) -> bool {
        self.session.checkpoints.is_empty() && self.session.datasets.is_empty()
    }

    /// What is open, to be kept.
    pub fn kept(&self, closed: bool) -> Kept {
        Kept {
            file: self.document.file.clone(),
            name: self.document.name.clone(),
            unsaved: self.unsaved(),
            closed,
            stopped: closed && self.stopped,
            time: now(),
            session: self.session.clone(),
        }
    }

    /// Whether something would be missed if it were not kept: changes, and how the session of a file is looked at.
    pub fn is_worth_keeping(&self) -> bool {
        self.unsaved() || (self.document.file.is_some() && !self.session.view.same_but_tab(&self.document.saved.view))
    }

    pub fn tell(&mut self, text: impl Into<String>) {
        self.message = Some(Message { text: text.into(), is_error: false });
    }

    /// A complaint; those that were not dismissed stay above it.
    pub fn complain(&mut self, text: impl Into<String>) {
        let text = text.into();
        match &mut self.message {
            Some(message) if message.is_error && message.text.contains(&text) => {}
            Some(message) if message.is_error => message.text = format!("{}\n{text}", message.text),
            _ => self.message = Some(Message { text, is_error: true }),
        }
    }

    /// The dataset of landscapes and sharpness: the chosen one, else the one that is planned for.
    pub fn dataset(&self) -> Option<String> {
        let chosen = self.session.view.dataset.clone().filter(|name| self.session.datasets.iter().any(|dataset| dataset.name == *name));
        let of_settings = self.session.landscape.datasets.first().cloned();
        let by_role = |role: Role| self.session.datasets.iter().find(|dataset| dataset.role == role).map(|dataset| dataset.name.clone());
        chosen.or(of_settings).or_else(|| by_role(Role::Id)).or_else(|| by_role(Role::Train))
    }

    /// What landscapes show in the place of the loss.
    pub fn quantity(&self) -> Option<Quantity> {
        let key = self.session.view.quantity.as_deref()?;
        Quantity::ALL.into_iter().find(|quantity| quantity.key() == key)
    }

    /// Whether something is open above or beside the view. The form of a new run is not meant: what was typed into it stays.
    pub fn has_something_open(&self) -> bool {
        self.palette.is_some() || self.shortcuts || self.closing == Closing::Asked || self.export.open || self.message.is_some()
    }

    pub fn figure_name(&self) -> String {
        format!("flatland-{}", self.session.view.tab.key())
    }

    pub fn set_state(&mut self, id: JobId, state: JobState) {
        if let Some(job) = self.store.jobs.get_mut(&id) {
            job.state = state;
        }
    }

    /// Analyses and runs that are under way.
    pub fn under_way(&self) -> (usize, usize) {
        let analyses = self.store.jobs.values().filter(|job| job.state.is_open() && analysis_of(&job.spec).is_some()).count();
        let runs = self.runs.book.runs.values().filter(|run| run.view.status.is_under_way()).count();
        (analyses, runs)
    }
}

/// The file's name without its ending, as a name to show.
pub fn stem(path: &Path) -> String {
    path.file_stem().map_or_else(|| path.display().to_string(), |stem| stem.to_string_lossy().into_owned())
}

/// `name`, or `name 2`, `name 3`, ... whichever is not taken.
pub fn unused(name: &str, taken: impl Fn(&str) -> bool) -> String {
    if !taken(name) {
        return name.into();
    }
    (2..).map(|n| format!("{name} {n}")).find(|name| !taken(name)).unwrap_or_default()
}
