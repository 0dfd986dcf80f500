//! [`App`]: the window's state, and the one place where commands become deeds.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use egui::Context;

use super::bench::Bench;
use super::command::{Command, OpenAs};
use super::figure_export::Export;
use super::loader::{self, Finished, Opened};
use super::panel::{checkpoints, export, open};
use super::run_commands::Runs;
use super::store::{JobState, Store};
use super::theme;
use super::view::{embedding, energy, hessian, landscape, runs, sharpness};
use super::{finish, log, meter, origin};
use crate::job::runs::RunOptions;
use crate::job::{Background, JobId};
use crate::result::Quantity;
use crate::session::{CheckpointEntry, DatasetEntry, Role, Session, Tab};

/// A line for the person at the bottom of the window.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Message {
    pub(super) text: String,
    pub(super) is_error: bool,
}

/// What the person looks at and how.
pub(super) struct Views {
    pub(super) tab: Tab,
    pub(super) dataset: Option<String>,
    pub(super) quantity: Option<Quantity>,
    pub(super) difference: bool,
    pub(super) score: String,
    pub(super) hidden: BTreeSet<Role>,
    pub(super) landscape: landscape::State,
    pub(super) sharpness: sharpness::State,
    pub(super) hessian: hessian::State,
    pub(super) embedding: embedding::State,
    pub(super) energy: energy::State,
    pub(super) runs: runs::State,
}

/// The window.
pub struct App {
    pub(super) ctx: Context,
    pub(super) session: Session,
    /// Grows when another session is opened; late answers to an older one are dropped.
    pub(super) generation: u64,
    pub(super) store: Store,
    pub(super) bench: Bench,
    pub(super) background: Background<Finished>,
    pub(super) runs: Runs,
    pub(super) views: Views,
    pub(super) open: open::State,
    pub(super) checkpoints: checkpoints::State,
    pub(super) log: log::Log,
    pub(super) meter: meter::Meter,
    pub(super) stretch: finish::Stretch,
    pub(super) export: export::State,
    pub(super) message: Option<Message>,
    pub(super) commands: Vec<Command>,
}

impl App {
    /// A window that opens these paths (sessions and checkpoints) with this worker, and starts runs in this way.
    pub fn new(ctx: &Context, bench: Bench, runs: RunOptions, paths: Vec<PathBuf>, tab: Tab) -> Self {
        theme::install(ctx);
        let commands = if paths.is_empty() { Vec::new() } else { vec![Command::Open(paths, OpenAs::SessionOrCheckpoint)] };
        Self {
            ctx: ctx.clone(),
            session: Session::default(),
            generation: 0,
            store: Store::default(),
            bench,
            background: Background::default(),
            runs: Runs::new(runs),
            views: Views {
                tab,
                dataset: None,
                quantity: None,
                difference: false,
                score: "energy".into(),
                hidden: BTreeSet::new(),
                landscape: landscape::State::default(),
                sharpness: sharpness::State::default(),
                hessian: hessian::State::default(),
                embedding: embedding::State::default(),
                energy: energy::State::default(),
                runs: runs::State::default(),
            },
            open: open::State::default(),
            checkpoints: checkpoints::State::default(),
            log: log::Log::default(),
            meter: meter::Meter::default(),
            stretch: finish::Stretch::default(),
            export: export::State::default(),
            message: None,
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
        let chosen = self.views.dataset.clone().filter(|name| self.session.datasets.iter().any(|dataset| dataset.name == *name));
        let of_settings = self.session.landscape.datasets.first().cloned();
        let by_role = |role: Role| self.session.datasets.iter().find(|dataset| dataset.role == role).map(|dataset| dataset.name.clone());
        chosen.or(of_settings).or_else(|| by_role(Role::Id)).or_else(|| by_role(Role::Train))
    }

    /// Runs a command.
    pub(super) fn execute(&mut self, command: Command) {
        match command {
            Command::Open(paths, open_as) => {
                self.spawn(move || Finished::Opened(paths.into_iter().map(|path| loader::open(path, open_as)).collect()))
            }
            Command::OpenDialog(open_as) => self.spawn_waiting(move || loader::ask_open(open_as)),
            Command::RemoveCheckpoint(name) => self.remove_checkpoint(&name),
            Command::Checkpoint(name, command) => self.checkpoint_command(&name, command),
            Command::ToggleLink(link) => self.session.links.toggle(link),
            Command::ShowPlanes(planes) => self.session.sharpness_view.planes = planes,
            Command::OnlyDifferences(only) => self.session.compare.only_differences = only,
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
                self.session.datasets.retain(|dataset| dataset.name != name);
                self.session.landscape.datasets.retain(|dataset| *dataset != name);
                self.session.sharpness.datasets.retain(|dataset| *dataset != name);
                self.session.embedding.datasets.retain(|dataset| *dataset != name);
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
            Command::Show(tab) => self.views.tab = tab,
            Command::SelectDataset(name) => {
                self.views.dataset = Some(name);
                self.replan();
            }
            Command::SelectQuantity(quantity) => (self.views.quantity, self.views.difference) = (quantity, false),
            Command::ShowDifference(difference) => {
                (self.views.quantity, self.views.difference) = (None, difference);
                self.ask_differences();
            }
            Command::SelectScore(score) => self.views.score = score,
            Command::ShowRelative(relative) => self.session.sharpness.relative = relative,
            Command::ToggleRole(role) => {
                if !self.views.hidden.remove(&role) {
                    self.views.hidden.insert(role);
                }
            }
            Command::ToggleExport => {
                self.export.open = !self.export.open;
                if self.export.path.is_empty() {
                    self.export.path = format!("{}.svg", self.figure_name());
                }
            }
            Command::Export(path) => self.write_figure(path),
            Command::ExportDialog(format) => {
                let name = self.figure_name();
                self.spawn_waiting(move || loader::ask_export(&name, format.extension()));
            }
            Command::CopyFigure => {
                if let Some(export) = self.figure() {
                    self.spawn(move || Finished::Copied(export.image()));
                }
            }
            Command::SetTheme(theme) => self.ctx.set_theme(theme),
            Command::DismissMessage => self.message = None,
            Command::Run(command) => self.run_command(command),
        }
    }

    fn figure_name(&self) -> String {
        format!("flatland-{}", self.views.tab.label().to_lowercase())
    }

    /// The current view as a figure; complains when there is nothing to draw.
    fn figure(&mut self) -> Option<Export> {
        let dataset = self.dataset();
        let export = match self.views.tab {
            Tab::Runs => self.views.runs.plots.figure(&self.runs.book.shown()).map(|figure| Export::runs(&self.session, figure)),
            Tab::Landscape if self.views.difference => Export::differences(&self.session, &self.store, &dataset.unwrap_or_default()),
            tab => Export::of(tab, &self.session, &self.store, dataset.as_deref(), self.views.quantity, &self.views.score),
        };
        if export.is_none() {
            self.complain("nothing to export yet: this view has no finished result");
        }
        export
    }

    fn write_figure(&mut self, path: PathBuf) {
        let with_data = self.export.with_data;
        if let Some(export) = self.figure() {
            self.spawn(move || Finished::Exported(export.write(&path, with_data)));
        }
    }

    pub(super) fn set_state(&mut self, id: JobId, state: JobState) {
        if let Some(job) = self.store.jobs.get_mut(&id) {
            job.state = state;
        }
    }

    fn cancel(&mut self, id: JobId) {
        if !self.bench.cancel(id) {
            self.set_state(id, JobState::Cancelled);
        }
    }

    /// Plans the session's jobs in the background; those that are new will be asked for.
    pub(super) fn replan(&mut self) {
        let (session, generation) = (self.session.clone(), self.generation);
        let datasets: Vec<String> = self.views.dataset.clone().into_iter().collect();
        let paths: Vec<PathBuf> = session.checkpoints.iter().map(|checkpoint| checkpoint.path.clone()).collect();
        self.spawn(move || Finished::Origins(origin::origins(paths)));
        self.spawn(move || {
            let (jobs, complaints) = loader::plan(&session, &datasets);
            Finished::Planned { generation, jobs, complaints }
        });
    }

    pub(super) fn opened(&mut self, opened: Vec<Opened>) {
        let something = opened.iter().any(|one| !matches!(one, Opened::Failed(_)));
        for one in opened {
            match one {
                Opened::Session(path, session) => self.open_session(&path, *session),
                Opened::Checkpoint(path) => self.add_checkpoint(path),
                Opened::Dataset(path, role) => self.add_dataset(path, role),
                Opened::Failed(message) => self.complain(message),
            }
        }
        if something {
            self.replan();
        }
    }

    fn open_session(&mut self, path: &Path, session: Session) {
        let ids: Vec<JobId> = self.store.jobs.keys().copied().collect();
        for id in ids {
            self.bench.cancel(id);
        }
        self.store.clear();
        self.session = session;
        self.generation += 1;
        self.ctx.send_viewport_cmd(egui::ViewportCommand::Title(format!("{} – Flatland", stem(path))));
        self.views.dataset = None;
    }

    fn add_checkpoint(&mut self, path: PathBuf) {
        let name = unused(&stem(&path), |name| self.session.checkpoints.iter().any(|checkpoint| checkpoint.name == name));
        // A checkpoint beside others was most likely trained on the same normalization; a session file can say otherwise.
        let normalization = self.session.checkpoints.first().map(|checkpoint| checkpoint.normalization).unwrap_or_default();
        self.session.add_checkpoint(CheckpointEntry { name, path, normalization, ..CheckpointEntry::default() });
    }

    fn add_dataset(&mut self, path: PathBuf, role: Role) {
        let name = unused(&stem(&path), |name| self.session.datasets.iter().any(|dataset| dataset.name == name));
        self.session.datasets.push(DatasetEntry {
            name,
            role,
            path,
            format: None,
            split: None,
            limit: None,
            first: None,
            corruption: None,
        });
    }
}

/// The file's name without its ending, as a name to show.
fn stem(path: &Path) -> String {
    path.file_stem().map_or_else(|| path.display().to_string(), |stem| stem.to_string_lossy().into_owned())
}

/// `name`, or `name 2`, `name 3`, ... whichever is not taken.
pub(super) fn unused(name: &str, taken: impl Fn(&str) -> bool) -> String {
    if !taken(name) {
        return name.into();
    }
    (2..).map(|n| format!("{name} {n}")).find(|name| !taken(name)).unwrap_or_default()
}
