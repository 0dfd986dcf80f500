//! Everything the window shows and knows, as plain data. No egui, no files, no threads: [`crate::ui::update`] changes it, panels and tabs
//! draw from it.

pub mod busy_period;
pub mod closing;
pub mod comparison;
pub mod cursor;
pub mod document;
pub mod export_line;
pub mod fallback_fonts;
pub mod history;
pub mod log;
pub mod memory;
pub mod meter;
pub mod number;
pub mod palette;
pub mod programs;
pub mod queue;
pub mod run;
pub mod scatter;
pub mod scores;
pub mod store;
pub mod worker_event;

use std::path::Path;

use busy_period::BusyPeriod;
use closing::Closing;
use document::{DEMO, Document, Restoring};
use export_line::ExportLine;
use fallback_fonts::FallbackFonts;
use flatland_core::job::runs::RunOptions;
use flatland_core::job::{JobId, now};
use flatland_core::result::Quantity;
use flatland_core::session::{Role, Session, Tab};
use history::History;
use log::Log;
use memory::{KeptSession, MemoryState};
use meter::Meter;
use palette::Palette;
use run::runs::Runs;
use scatter::Scatter;
use store::{JobState, Store, analysis_of};

/// A message to the user at the bottom of the window.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    pub text: String,
    pub is_error: bool,
}

/// The key and the title of a tab.
#[derive(Clone, Debug, PartialEq)]
pub struct TabTitle {
    /// Its key.
    pub tab: Tab,
    /// Name shown in the window.
    pub title: &'static str,
}

/// Everything that the window shows and knows.
#[derive(Default)]
pub struct State {
    /// The open session.
    pub session: Session,
    /// The file of the session.
    pub document: Document,
    /// The steps that can be undone.
    pub history: History,
    /// Preferences, recent files, and sessions that earlier windows left.
    pub memory: MemoryState,
    /// What was requested from the memory and has not arrived yet.
    pub restoring: Option<Restoring>,
    /// All tabs, in the order in which they are shown.
    pub tabs: Vec<TabTitle>,
    /// The tab requested at the start; it has priority over the session's.
    pub first_tab: Option<Tab>,
    /// Grows with every plan of jobs; late answers to an older plan are dropped.
    pub generation: u64,
    /// Jobs and results.
    pub store: Store,
    /// Why the worker ended; `None` while it is running.
    pub worker_ended: Option<String>,
    /// Fine-tuning runs, and the form of a new run.
    pub runs: Runs,
    /// The points of the embedding, and the selection.
    pub scatter: Scatter,
    /// Events of jobs and output of the worker.
    pub log: Log,
    /// Memory and devices in use.
    pub meter: Meter,
    /// The period during which the worker has been busy.
    pub busy_period: BusyPeriod,
    /// The export line.
    pub export: ExportLine,
    /// The command palette, while it is open.
    pub palette: Option<Palette>,
    /// Whether the list of shortcuts is shown.
    pub shortcuts: bool,
    /// Progress of closing the window.
    pub closing: Closing,
    /// Whether all runs were asked to stop.
    pub runs_asked_to_stop: bool,
    /// Whether the window is closed with its analyses stopped.
    pub stopped: bool,
    /// Whether unfinished analyses wait until the user starts them: they were stopped when the window was closed.
    pub analyses_on_hold: bool,
    /// The message at the bottom.
    pub message: Option<Message>,
    /// Fonts for names that the window's own fonts cannot show.
    pub fallback_fonts: FallbackFonts,
}

impl State {
    /// A state with nothing open; runs are started with these options, and the window has these tabs.
    pub fn new(runs: RunOptions, tabs: Vec<TabTitle>) -> Self {
        Self { runs: Runs::new(runs), tabs, ..Self::default() }
    }

    /// Whether there are changes that no file has. Changes of the view alone do not count, but they are kept and saved too.
    pub fn unsaved(&self) -> bool {
        !self.session.same_but_view(&self.document.saved)
    }

    /// Whether saving would change nothing, not even the view.
    pub fn equals_saved(&self) -> bool {
        self.document.file.is_some() && self.session == self.document.saved
    }

    /// Whether the bundled demo is open and unchanged.
    pub fn shows_unchanged_demo(&self) -> bool {
        self.document.file.is_none() && self.document.name == DEMO && !self.unsaved()
    }

    /// Whether no session, checkpoint or dataset is open.
    pub fn is_empty(&self) -> bool {
        self.session.checkpoints.is_empty() && self.session.datasets.is_empty()
    }

    /// The open session in the form in which it is kept.
    pub fn kept_session(&self, closed: bool) -> KeptSession {
        KeptSession {
            file: self.document.file.clone(),
            name: self.document.name.clone(),
            unsaved: self.unsaved(),
            closed,
            stopped: closed && self.stopped,
            time: now(),
            session: self.session.clone(),
        }
    }

    /// Whether the session has something to keep: changes, or the view of a session that has a file.
    pub fn is_worth_keeping(&self) -> bool {
        self.unsaved() || (self.document.file.is_some() && !self.session.view.same_but_tab(&self.document.saved.view))
    }

    pub fn inform(&mut self, text: impl Into<String>) {
        self.message = Some(Message { text: text.into(), is_error: false });
    }

    /// Shows an error. Errors that were not dismissed stay above it.
    pub fn report_error(&mut self, text: impl Into<String>) {
        let text = text.into();
        match &mut self.message {
            Some(message) if message.is_error && message.text.contains(&text) => {}
            Some(message) if message.is_error => message.text = format!("{}\n{text}", message.text),
            _ => self.message = Some(Message { text, is_error: true }),
        }
    }

    /// The dataset on which landscapes and sharpness are shown: the chosen one, else the one that is planned for.
    pub fn dataset(&self) -> Option<String> {
        let chosen = self.session.view.dataset.clone().filter(|name| self.session.datasets.iter().any(|dataset| dataset.name == *name));
        let of_settings = self.session.landscape.datasets.first().cloned();
        let by_role = |role: Role| self.session.datasets.iter().find(|dataset| dataset.role == role).map(|dataset| dataset.name.clone());
        chosen.or(of_settings).or_else(|| by_role(Role::Id)).or_else(|| by_role(Role::Train))
    }

    /// The quantity that landscapes show instead of the loss.
    pub fn quantity(&self) -> Option<Quantity> {
        let key = self.session.view.quantity.as_deref()?;
        Quantity::SHOWN.into_iter().find(|quantity| quantity.key() == key)
    }

    /// Whether a dialog, panel or card is open above or beside the view. The form of a new run does not count: its content must stay.
    pub fn has_dialog_open(&self) -> bool {
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

    /// Numbers of analyses and of runs that are in progress.
    pub fn counts_in_progress(&self) -> (usize, usize) {
        let analyses = self.store.jobs.values().filter(|job| job.state.is_open() && analysis_of(&job.spec).is_some()).count();
        let runs = self.runs.run_list.runs.values().filter(|run| run.view.status.is_under_way()).count();
        (analyses, runs)
    }
}

/// The file name without its extension, as a name to show.
pub fn stem(path: &Path) -> String {
    path.file_stem().map_or_else(|| path.display().to_string(), |stem| stem.to_string_lossy().into_owned())
}

/// The first of `name`, `name 2`, `name 3`, ... that is not taken.
pub fn unused_name(name: &str, taken: impl Fn(&str) -> bool) -> String {
    if !taken(name) {
        return name.into();
    }
    (2..).map(|n| format!("{name} {n}")).find(|name| !taken(name)).unwrap_or_default()
}
