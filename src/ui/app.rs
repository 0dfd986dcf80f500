//! [`App`]: the window's state, and the one place where commands become deeds.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use egui::Context;

use super::bench::{Bench, Heard};
use super::command::{Command, OpenAs};
use super::figure_export::Export;
use super::loader::{self, Finished, Opened};
use super::panel::{export, open};
use super::run_commands::Runs;
use super::store::{JobState, Store, analysis_of, dataset_of};
use super::theme;
use super::view::{analysis, embedding, energy, landscape, runs, sharpness};
use crate::job::runs::RunOptions;
use crate::job::{Analysis, Background, JobEvent, JobId, JobOutput, JobSpec};
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
    pub(super) score: String,
    pub(super) hidden: BTreeSet<Role>,
    pub(super) landscape: landscape::State,
    pub(super) sharpness: sharpness::State,
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
                score: "energy".into(),
                hidden: BTreeSet::new(),
                landscape: landscape::State::default(),
                sharpness: sharpness::State::default(),
                embedding: embedding::State::default(),
                energy: energy::State::default(),
                runs: runs::State::default(),
            },
            open: open::State::default(),
            export: export::State::default(),
            message: None,
            commands,
        }
    }

    pub(super) fn spawn(&mut self, work: impl FnOnce() -> Finished + Send + 'static) {
        let ctx = self.ctx.clone();
        self.background.spawn(work, move || ctx.request_repaint());
    }

    fn spawn_waiting(&mut self, work: impl FnOnce() -> Finished + Send + 'static) {
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
            Command::SelectQuantity(quantity) => self.views.quantity = quantity,
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

    fn set_state(&mut self, id: JobId, state: JobState) {
        if let Some(job) = self.store.jobs.get_mut(&id) {
            job.state = state;
        }
    }

    fn cancel(&mut self, id: JobId) {
        if !self.bench.cancel(id) {
            self.set_state(id, JobState::Cancelled);
        }
    }

    fn remove_checkpoint(&mut self, name: &str) {
        let Some(position) = self.session.checkpoints.iter().position(|checkpoint| checkpoint.name == name) else { return };
        let entry = self.session.checkpoints.remove(position);
        let ids: Vec<JobId> = self.store.jobs.keys().copied().collect();
        self.store.forget_checkpoint(&entry.name, &entry.path);
        for id in ids.into_iter().filter(|id| !self.store.jobs.contains_key(id)) {
            self.bench.cancel(id);
        }
    }

    /// Plans the session's jobs in the background; those that are new will be asked for.
    pub(super) fn replan(&mut self) {
        let (session, generation) = (self.session.clone(), self.generation);
        let datasets: Vec<String> = self.views.dataset.clone().into_iter().collect();
        self.spawn(move || {
            let (jobs, complaints) = loader::plan(&session, &datasets);
            Finished::Planned { generation, jobs, complaints }
        });
    }

    fn opened(&mut self, opened: Vec<Opened>) {
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
        self.session.checkpoints.push(CheckpointEntry { name, path, architecture: None, normalization });
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

    /// Takes in the jobs that are new; what was asked of other data or with other settings is moot.
    fn planned(&mut self, specs: Vec<JobSpec>) {
        let open = |name: &str| self.session.datasets.iter().any(|dataset| dataset.name == name);
        let same = |a: &JobSpec, b: &JobSpec| {
            let checkpoint = |spec: &JobSpec| spec.checkpoint().map(|checkpoint| checkpoint.name.clone());
            analysis_of(a) == analysis_of(b) && checkpoint(a) == checkpoint(b) && dataset_of(a) == dataset_of(b)
        };
        let is_moot = |job: &JobSpec| match dataset_of(job) {
            _ if analysis_of(job).is_none() || specs.contains(job) => false,
            // Landscapes and curves on datasets that are not chosen now stay.
            Some(dataset) => !open(dataset) || specs.iter().any(|spec| same(spec, job)),
            None => true,
        };
        let moot: Vec<JobId> = self.store.jobs.iter().filter(|(_, job)| is_moot(&job.spec)).map(|(id, _)| *id).collect();
        for id in moot {
            self.bench.cancel(id);
            self.store.forget(id);
        }
        for spec in specs {
            if self.store.jobs.values().any(|job| job.spec == spec) {
                continue;
            }
            if spec.out().is_some() {
                let id = self.store.add(spec.clone(), JobState::Looking);
                self.spawn(move || loader::load(id, &spec));
            } else {
                self.store.add(spec, JobState::Waiting);
            }
        }
    }

    pub(super) fn finished(&mut self, finished: Finished) {
        match finished {
            Finished::Opened(opened) => self.opened(opened),
            Finished::Planned { generation, jobs, complaints } => {
                if generation == self.generation {
                    self.planned(jobs);
                    if !complaints.is_empty() {
                        self.complain(complaints.join("\n"));
                    }
                }
            }
            Finished::Loaded { id, loaded, complete, error } => {
                if let Some(loaded) = loaded {
                    self.store.insert(id, *loaded);
                }
                if self.store.jobs.get(&id).is_some_and(|job| job.state == JobState::Looking) {
                    // What cannot be read is computed anew.
                    self.set_state(id, if complete { JobState::Done } else { JobState::Waiting });
                } else if let Some(error) = error {
                    self.set_state(id, JobState::Failed(error));
                }
            }
            Finished::Chosen(paths, open_as) => self.execute(Command::Open(paths, open_as)),
            Finished::ExportPath(path) => self.execute(Command::Export(path)),
            Finished::Nothing => {}
            Finished::Looked(watch, sight) => self.looked(*watch, sight),
            Finished::RunAsked(answer) => self.run_asked(answer),
            Finished::Exported(Ok(path)) => self.tell(format!("Written: {}", path.display())),
            Finished::Exported(Err(error)) | Finished::Copied(Err(error)) => self.complain(error),
            Finished::Copied(Ok(image)) => {
                self.tell(format!("Copied: an image of {} × {} pixels", image.size[0], image.size[1]));
                self.ctx.copy_image(image);
            }
        }
    }

    pub(super) fn heard(&mut self, heard: Heard) {
        match heard {
            Heard::Job(id, event) => {
                if let JobEvent::Done { output: JobOutput::Methods { methods } } = &event {
                    self.know_methods(methods.clone());
                }
                let reread = self.store.apply(id, event).is_some();
                if let (true, Some(spec)) = (reread, self.store.jobs.get(&id).map(|job| job.spec.clone())) {
                    self.spawn(move || loader::load(id, &spec));
                }
            }
            Heard::Died(message) => self.store.interrupt(&message),
        }
    }

    /// Gives the worker its next job: what reads checkpoints first, then what the present tab shows, then the rest in order.
    pub(super) fn dispatch(&mut self) {
        if !self.bench.is_free() || self.store.jobs.values().any(|job| job.state == JobState::Looking) {
            return;
        }
        let dataset = self.dataset();
        let rank = |spec: &JobSpec| match analysis_of(spec) {
            None => 0,
            Some(of) if Some(of) == analysis(self.views.tab) && (dataset_of(spec).is_none() || dataset_of(spec) == dataset.as_deref()) => 1,
            Some(Analysis::Landscape) => 2,
            Some(Analysis::Scores) => 3,
            Some(Analysis::Sharpness) => 4,
            Some(Analysis::Embedding) => 5,
            Some(Analysis::Hessian) => 6,
        };
        let waiting = self.store.jobs.iter().filter(|(_, job)| job.state == JobState::Waiting);
        let next = waiting.min_by_key(|(id, job)| (rank(&job.spec), **id)).map(|(id, job)| (*id, job.spec.clone()));
        if let Some((id, spec)) = next {
            self.set_state(id, JobState::Running);
            self.bench.submit(id, spec);
        }
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
