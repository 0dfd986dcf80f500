//! [`App`]: the window's state, and the one place where commands become deeds.

use std::path::{Path, PathBuf};

use egui::Context;

use super::bench::Bench;
use super::closing::Closing;
use super::command::{Command, OpenAs};
use super::document::{Document, Recalling};
use super::figure_export::Export;
use super::history::{Act, History};
use super::loader::{self, Finished, Opened};
use super::memory::keeper::{Keeper, Task};
use super::panel::{checkpoints, datasets, export, open, palette};
use super::run_commands::Runs;
use super::scatter::Scatter;
use super::store::{JobState, Store};
use super::theme;
use super::typefaces::Typefaces;
use super::view::{energy, hessian, landscape, runs, scatter, sharpness};
use super::{finish, log, meter, origin};
use flatland_core::job::runs::RunOptions;
use flatland_core::job::{Background, JobId};
use flatland_core::result::Quantity;
use flatland_core::session::{DatasetEntry, Role, Session, Tab};

/// A line for the person at the bottom of the window.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Message {
    pub(super) text: String,
    pub(super) is_error: bool,
}

/// What the views remember from frame to frame, and nobody would miss at the next start. What one would is in the session's view.
#[derive(Default)]
pub(super) struct Views {
    pub(super) landscape: landscape::State,
    pub(super) sharpness: sharpness::State,
    pub(super) hessian: hessian::State,
    pub(super) scatter: scatter::State,
    pub(super) energy: energy::State,
    pub(super) runs: runs::State,
}

/// The window.
pub struct App {
    pub(super) ctx: Context,
    pub(super) session: Session,
    /// The session as a file.
    pub(super) document: Document,
    pub(super) history: History,
    pub(super) keeper: Keeper,
    /// What the memory was asked for and has not given yet.
    pub(super) recalling: Option<Recalling>,
    /// The tab that was asked for at the start, whatever the session says.
    pub(super) first_tab: Option<Tab>,
    /// Grows with every plan; late answers to an older one are dropped.
    pub(super) generation: u64,
    pub(super) store: Store,
    pub(super) bench: Bench,
    pub(super) background: Background<Finished>,
    pub(super) runs: Runs,
    pub(super) scatter: Scatter,
    pub(super) views: Views,
    pub(super) open: open::State,
    pub(super) checkpoints: checkpoints::State,
    pub(super) datasets: datasets::State,
    pub(super) log: log::Log,
    pub(super) meter: meter::Meter,
    pub(super) stretch: finish::Stretch,
    pub(super) export: export::State,
    /// The command palette, while it is open.
    pub(super) palette: Option<palette::State>,
    /// Whether the list of shortcuts is shown.
    pub(super) shortcuts: bool,
    pub(super) closing: Closing,
    /// Whether all runs have been told to stop.
    pub(super) runs_told: bool,
    /// Whether the window ends with its analyses stopped.
    pub(super) stopped: bool,
    /// Whether analyses that are not finished wait to be asked for: they were stopped when the window was closed.
    pub(super) holds: bool,
    pub(super) message: Option<Message>,
    /// Fonts for names that the window's own cannot show.
    pub(super) typefaces: Typefaces,
    pub(super) commands: Vec<Command>,
}

impl App {
    /// A window that opens these paths (sessions and checkpoints) with this worker, and starts runs in this way. It shows `tab`, whatever
    /// the session says, and remembers nothing: see [`App::remembering`].
    pub fn new(ctx: &Context, bench: Bench, runs: RunOptions, paths: Vec<PathBuf>, tab: impl Into<Option<Tab>>) -> Self {
        theme::install(ctx);
        // Zoom is one of the commands.
        ctx.options_mut(|options| options.zoom_with_keyboard = false);
        let tab = tab.into();
        let mut session = Session::default();
        session.view.tab = tab.unwrap_or_default();
        let commands = if paths.is_empty() { Vec::new() } else { vec![Command::Open(paths, OpenAs::ByContent)] };
        Self {
            ctx: ctx.clone(),
            session,
            document: Document::default(),
            history: History::default(),
            keeper: Keeper::default(),
            recalling: None,
            first_tab: tab,
            generation: 0,
            store: Store::default(),
            bench,
            background: Background::default(),
            runs: Runs::new(runs),
            scatter: Scatter::default(),
            views: Views::default(),
            open: open::State::default(),
            checkpoints: checkpoints::State::default(),
            datasets: datasets::State::default(),
            log: log::Log::default(),
            meter: meter::Meter::default(),
            stretch: finish::Stretch::default(),
            export: export::State::default(),
            palette: None,
            shortcuts: false,
            closing: Closing::No,
            runs_told: false,
            stopped: false,
            holds: false,
            message: None,
            typefaces: Typefaces::default(),
            commands,
        }
    }

    pub(super) fn spawn(&mut self, work: impl FnOnce() -> Finished + Send + 'static) {
        let ctx = self.ctx.clone();
        self.background.spawn(work, move || ctx.request_repaint());
    }

    pub(super) fn spawn_waiting(&mut self, work: impl FnOnce() -> Finished + Send + 'static) {
        let ctx = self.ctx.clone();
        self.background.spawn_waiting(work, move || ctx.request_repaint());
    }

    pub(super) fn tell(&mut self, text: impl Into<String>) {
        self.message = Some(Message { text: text.into(), is_error: false });
    }

    /// A complaint; those that were not dismissed stay above it.
    pub(super) fn complain(&mut self, text: impl Into<String>) {
        let text = text.into();
        match &mut self.message {
            Some(message) if message.is_error && message.text.contains(&text) => {}
            Some(message) if message.is_error => message.text = format!("{}\n{text}", message.text),
            _ => self.message = Some(Message { text, is_error: true }),
        }
    }

    /// The dataset of landscapes and sharpness: the chosen one, else the one that is planned for.
    pub(super) fn dataset(&self) -> Option<String> {
        let chosen = self.session.view.dataset.clone().filter(|name| self.session.datasets.iter().any(|dataset| dataset.name == *name));
        let of_settings = self.session.landscape.datasets.first().cloned();
        let by_role = |role: Role| self.session.datasets.iter().find(|dataset| dataset.role == role).map(|dataset| dataset.name.clone());
        chosen.or(of_settings).or_else(|| by_role(Role::Id)).or_else(|| by_role(Role::Train))
    }

    /// What landscapes show in the place of the loss.
    pub(super) fn quantity(&self) -> Option<Quantity> {
        let key = self.session.view.quantity.as_deref()?;
        Quantity::ALL.into_iter().find(|quantity| quantity.key() == key)
    }

    /// Whether something is open above or beside the view. The form of a new run is not meant: what was typed into it stays.
    pub(super) fn has_something_open(&self) -> bool {
        self.palette.is_some() || self.shortcuts || self.closing == Closing::Asked || self.export.open || self.message.is_some()
    }

    /// Closes the topmost of what is open; the message at last.
    fn back(&mut self) {
        if self.closing == Closing::Asked {
            self.closing = Closing::No;
        } else if self.palette.is_some() || self.shortcuts {
            (self.palette, self.shortcuts) = (None, false);
        } else if self.export.open {
            self.export.open = false;
        } else {
            self.message = None;
        }
    }

    /// Runs a command; what it changes in the session can be undone.
    pub(super) fn execute(&mut self, command: Command) {
        let (act, before) = (Act::of(&command), self.session.clone());
        let is_step = matches!(
            command,
            Command::Undo | Command::Redo | Command::NewSession | Command::Restore(_) | Command::OpenDemo | Command::Open(..)
        );
        self.run(command);
        if !is_step {
            self.record(act, before);
        }
    }

    fn run(&mut self, command: Command) {
        match command {
            Command::NewSession => self.new_session(),
            Command::OpenDemo => self.open_demo(),
            Command::Save => self.save(),
            Command::SaveDialog => self.save_dialog(),
            Command::SaveAs(path) => self.save_as(path, false),
            Command::Restore(slot) => self.restore(slot),
            Command::Forget(slot) => self.keeper.ask(Task::Forget(slot)),
            Command::Undo => self.step(true),
            Command::Redo => self.step(false),
            Command::TogglePalette => self.palette = if self.palette.is_some() { None } else { Some(palette::State::default()) },
            Command::ToggleShortcuts => self.shortcuts = !self.shortcuts,
            Command::Back => self.back(),
            Command::ZoomIn => self.prefer(|preferences| preferences.zoom = preferences.zoomed(true)),
            Command::ZoomOut => self.prefer(|preferences| preferences.zoom = preferences.zoomed(false)),
            Command::ZoomReset => self.prefer(|preferences| preferences.zoom = 1.0),
            Command::Close(close) => self.close(close),
            Command::SetLink(link, on) => self.session.view.set_link(link, on),
            Command::SetExtents(tab, extents) => self.session.view.set_extents(tab, extents),
            Command::Open(paths, open_as) => {
                // What was wrong with an earlier attempt is no longer of interest.
                self.message = None;
                self.spawn(move || Finished::Opened(paths.into_iter().map(|path| loader::open(path, open_as)).collect()))
            }
            Command::OpenDialog(open_as) => self.spawn_waiting(move || loader::ask_open(open_as)),
            Command::RemoveCheckpoint(name) => self.remove_checkpoint(&name),
            Command::Checkpoint(name, command) => self.checkpoint_command(&name, command),
            Command::ShowPlanes(planes) => self.session.view.sharpness.planes = planes,
            Command::OnlyDifferences(only) => self.session.view.compare.only_differences = only,
            Command::AddHessian => {
                self.session.hessian.get_or_insert_default();
                self.replan();
            }
            Command::CopyText(what, text) => {
                self.ctx.copy_text(text);
                self.tell(format!("Copied: {what}"));
            }
            Command::Prioritize(id) => self.store.prioritize(id),
            Command::ToggleLog => self.log.open = !self.log.open,
            Command::RemoveDataset(name) => {
                self.session.remove_dataset(&name);
                self.replan();
            }
            Command::ChangeDataset(name, entry) => self.change_dataset(&name, *entry),
            Command::AddDataset(entry) => {
                let taken = |name: &str| self.session.datasets.iter().any(|dataset| dataset.name == name);
                let name = unused(&entry.name, taken);
                self.session.datasets.push(DatasetEntry { name, ..*entry });
                self.replan();
            }
            Command::Cancel(id) => self.cancel(id),
            Command::Pause(id, paused) => self.bench.pause(id, paused),
            Command::Retry(id) => self.set_state(id, JobState::Waiting),
            Command::RestartWorker => {
                self.bench.restart();
                for job in self.store.jobs.values_mut().filter(|job| job.state == JobState::Interrupted) {
                    job.state = JobState::Waiting;
                }
            }
            Command::Show(tab) => self.session.view.tab = tab,
            Command::SelectDataset(name) => {
                self.session.view.dataset = Some(name);
                self.replan();
            }
            Command::SelectQuantity(quantity) => {
                let view = &mut self.session.view;
                (view.quantity, view.difference) = (quantity.map(|quantity| quantity.key().into()), false);
            }
            Command::ShowDifference(difference) => {
                (self.session.view.quantity, self.session.view.difference) = (None, difference);
                self.ask_differences();
            }
            Command::SelectScore(score) => {
                self.session.view.score = score;
                self.session.view.see_all(Tab::Energy);
            }
            Command::ShowRelative(relative) => {
                self.session.sharpness.relative = relative;
                self.session.view.see_all(Tab::Sharpness);
            }
            Command::Scatter(command) => self.scatter_command(command),
            Command::ToggleExport => self.export.toggle(&self.figure_name()),
            Command::Export(path) => {
                let this = Some((path.clone(), self.session.view.tab));
                let over = std::mem::replace(&mut self.export.own, this.clone()) == this;
                self.write_figure(path, over);
            }
            Command::ExportDialog(format) => {
                let name = self.figure_name();
                self.spawn_waiting(move || loader::ask_export(&name, format.extension()));
            }
            Command::CopyFigure => {
                if let Some(export) = self.figure() {
                    self.spawn(move || Finished::Copied(export.image()));
                }
            }
            Command::ChangeFigure(figure) => self.session.figure = *figure,
            Command::SetTheme(theme) => self.set_theme(theme),
            Command::DismissMessage => self.message = None,
            Command::Run(command) => self.run_command(command),
            Command::Landscape(command) => self.landscape_command(command),
        }
    }

    pub(super) fn figure_name(&self) -> String {
        format!("flatland-{}", self.session.view.tab.label().to_lowercase())
    }

    /// The current view as a figure; complains when there is nothing to draw.
    fn figure(&mut self) -> Option<Export> {
        let dataset = self.dataset();
        let export = match self.session.view.tab {
            Tab::Runs => self.views.runs.plots.figure(&self.runs.book.shown()).map(|figure| Export::runs(&self.session, figure)),
            Tab::Landscape if self.session.view.difference => Export::differences(&self.session, &self.store, &dataset.unwrap_or_default()),
            tab => Export::of(tab, &self.session, &self.store, dataset.as_deref(), self.quantity(), &self.session.view.score),
        };
        if export.is_none() {
            self.complain("nothing to export yet: nothing that this view shows is finished");
        }
        export
    }

    /// Writes the current view; what is there already only with `over`.
    pub(super) fn write_figure(&mut self, path: PathBuf, over: bool) {
        let with_data = self.export.with_data;
        if let Some(export) = self.figure() {
            self.spawn(move || Finished::Exported(export.write(&path, with_data, over)));
        }
    }

    pub(super) fn set_state(&mut self, id: JobId, state: JobState) {
        if let Some(job) = self.store.jobs.get_mut(&id) {
            job.state = state;
        }
    }

    pub(super) fn cancel(&mut self, id: JobId) {
        self.store.stepping_aside.take_if(|aside| *aside == id);
        if self.bench.cancel(id) {
            self.store.stopping = Some(id);
        } else {
            self.set_state(id, JobState::Cancelled);
        }
    }

    /// Plans the session's jobs in the background; those that are new will be asked for.
    pub(super) fn replan(&mut self) {
        self.generation += 1;
        self.holds = false;
        let (session, generation) = (self.session.clone(), self.generation);
        // A view may name a dataset that has been closed since.
        let is_open = |name: &String| session.datasets.iter().any(|dataset| dataset.name == *name);
        let datasets: Vec<String> = session.view.dataset.clone().into_iter().filter(is_open).collect();
        let paths: Vec<PathBuf> = session.checkpoints.iter().map(|checkpoint| checkpoint.path.clone()).collect();
        self.spawn(move || Finished::Origins(origin::origins(paths)));
        self.spawn(move || {
            let (jobs, complaints) = loader::plan(&session, &datasets);
            Finished::Planned { generation, jobs, complaints }
        });
    }

    pub(super) fn opened(&mut self, opened: Vec<Opened>) {
        self.leave_demo(&opened);
        for one in opened {
            let before = self.session.clone();
            match one {
                Opened::Session(path, session) => self.open_session(path, *session),
                Opened::Checkpoint(path, weights) => {
                    let act = Act::alone(format!("open checkpoint {}", stem(&path)));
                    self.add_checkpoint(path, weights);
                    self.record(act, before);
                    self.replan();
                }
                Opened::Dataset(path, role) => {
                    let act = Act::alone(format!("open images {}", stem(&path)));
                    self.add_dataset(path, role);
                    self.record(act, before);
                    self.replan();
                }
                Opened::Failed(message) => self.complain(message),
            }
        }
    }
}

/// The file's name without its ending, as a name to show.
pub(super) fn stem(path: &Path) -> String {
    path.file_stem().map_or_else(|| path.display().to_string(), |stem| stem.to_string_lossy().into_owned())
}

/// `name`, or `name 2`, `name 3`, ... whichever is not taken.
pub(super) fn unused(name: &str, taken: impl Fn(&str) -> bool) -> String {
    if !taken(name) {
        return name.into();
    }
    (2..).map(|n| format!("{name} {n}")).find(|name| !taken(name)).unwrap_or_default()
}
