//! What the window does about runs: looks for them, asks things of them, starts them. Runs are processes of their own; nothing
//! ends when the window does.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::app::{App, unused};
use super::command::RunCommand;
use super::loader::{Asked, Finished};
use super::run::book::Book;
use super::run::draft::Draft;
use super::run::watch::{Sight, Watch};
use super::store::JobState;
use super::view::runs::{Form, name_of};
use flatland_core::job::runs::{self, RunOptions};
use flatland_core::job::{JobSpec, MethodInfo, RunFolder};
use flatland_core::session::{CheckpointEntry, Tab};

/// Seconds between two looks while a run is under way.
const OFTEN: f64 = 1.0;
/// Seconds between two looks otherwise: runs may be started from elsewhere.
const SELDOM: f64 = 4.0;

/// What the window knows of runs.
pub(super) struct Runs {
    pub(super) book: Book,
    /// The folder that is looked into.
    pub(super) root: PathBuf,
    /// Where they are unless the session says where.
    default: PathBuf,
    /// What the worker can train with; empty until it has said so.
    pub(super) methods: Vec<MethodInfo>,
    pub(super) options: RunOptions,
    /// `None` while a thread has it.
    watch: Option<Box<Watch>>,
    /// When to look again, in the window's seconds.
    due: f64,
}

impl Runs {
    /// Runs in `runs/` of the present folder, as those of the command line.
    pub(super) fn new(options: RunOptions) -> Self {
        let root = std::path::absolute("runs").unwrap_or_else(|_| "runs".into());
        let watch = Some(Box::new(Watch::new(root.clone())));
        Self { book: Book::default(), watch, default: root.clone(), root, methods: Vec::new(), options, due: 0.0 }
    }

    /// Looks into another folder from now on.
    fn look_into(&mut self, root: PathBuf) {
        self.root = root;
        self.book.clear();
        if self.watch.is_some() {
            self.watch = Some(Box::new(Watch::new(self.root.clone())));
        }
        self.due = 0.0;
    }
}

impl App {
    /// A window whose runs are in this folder, unless the session says where.
    pub fn with_runs_in(mut self, folder: PathBuf) -> Self {
        self.runs.default = folder;
        self
    }

    /// Looks into the run directories when it is time, on another thread.
    pub(super) fn watch_runs(&mut self) {
        let root = self.session.view.runs.as_ref().unwrap_or(&self.runs.default);
        if *root != self.runs.root {
            let root = root.clone();
            self.runs.look_into(root);
        }
        let under_way = self.runs.book.is_anything_under_way();
        if self.runs.book.looked && !under_way && self.session.view.tab != Tab::Runs {
            return;
        }
        let now = self.ctx.input(|input| input.time);
        if now < self.runs.due {
            return self.ctx.request_repaint_after(Duration::from_secs_f64(self.runs.due - now));
        }
        if let Some(mut watch) = self.runs.watch.take() {
            self.spawn(move || {
                let sight = watch.look();
                Finished::Looked(watch, sight)
            });
        }
    }

    /// Takes in what was found; what was found in a folder that has been left is dropped.
    pub(super) fn looked(&mut self, watch: Watch, sight: Sight) {
        let now = self.ctx.input(|input| input.time);
        if watch.root() != self.runs.root {
            self.runs.watch = Some(Box::new(Watch::new(self.runs.root.clone())));
            self.runs.due = now;
            return;
        }
        self.runs.watch = Some(Box::new(watch));
        self.runs.book.see(sight);
        self.runs.due = now + if self.runs.book.is_anything_under_way() { OFTEN } else { SELDOM };
    }

    pub(super) fn run_command(&mut self, command: RunCommand) {
        let book = &mut self.runs.book;
        match command {
            RunCommand::Choose(dir, on) => book.choose(&dir, on),
            RunCommand::ChooseOnly(dir) => {
                book.chosen.clear();
                book.choose(&dir, true);
            }
            RunCommand::ChooseAll(on) => {
                let dirs: Vec<PathBuf> = book.runs.keys().cloned().collect();
                dirs.iter().for_each(|dir| book.choose(dir, on));
            }
            RunCommand::New => {
                let method = self.runs.methods.first().map_or("erm", |method| method.key.as_str());
                self.views.runs.form = Some(Form { draft: Draft::new(&self.session, method), repeats: None });
                self.ask_for_methods();
            }
            RunCommand::Repeat(dir) => {
                let Some(run) = book.runs.get(&dir) else { return };
                let draft = Draft::repeat(&run.view.config, &self.session);
                self.views.runs.form = Some(Form { draft, repeats: Some(run.view.name()) });
                self.ask_for_methods();
            }
            RunCommand::CloseForm => self.views.runs.form = None,
            RunCommand::Time => self.time_run(),
            RunCommand::Start => self.start_run(),
            RunCommand::Ask(dir, control) => {
                self.spawn(move || Finished::RunAsked(runs::ask(&dir, control).map(|()| Asked::Told).map_err(|error| error.to_string())));
            }
            RunCommand::Resume(dir) => {
                let options = self.runs.options.clone();
                self.spawn(move || {
                    Finished::RunAsked(runs::resume(&dir, &options).map(|()| Asked::Told).map_err(|error| error.to_string()))
                });
            }
            RunCommand::AddToSession { dir, best } => self.add_run_to_session(&dir, best),
            RunCommand::LookInto(folder) => self.session.view.runs = Some(std::path::absolute(&folder).unwrap_or(folder)),
        }
    }

    /// Asks the worker what it can train with, once.
    pub(super) fn ask_for_methods(&mut self) {
        let asked = self.store.jobs.values().any(|job| job.spec == JobSpec::Methods && job.state.is_open());
        if self.runs.methods.is_empty() && !asked {
            self.store.add(JobSpec::Methods, JobState::Waiting);
        }
    }

    /// The worker has said what it can train with.
    pub(super) fn know_methods(&mut self, methods: Vec<MethodInfo>) {
        if let (Some(form), Some(first)) = (&mut self.views.runs.form, methods.first())
            && !methods.iter().any(|method| method.key == form.draft.method)
        {
            form.draft.method = first.key.clone();
        }
        self.runs.methods = methods;
    }

    /// Asks the worker to time a few steps of what the form says.
    fn time_run(&mut self) {
        let Some(form) = &self.views.runs.form else { return };
        if let Ok((run, _)) = form.draft.check(&self.runs.methods, &|_| false) {
            let device = self.runs.options.device;
            self.store.add(JobSpec::Pace { run: Box::new(run), device }, JobState::Waiting);
        }
    }

    fn start_run(&mut self) {
        let Some(form) = &self.views.runs.form else { return };
        let taken = |name: &str| self.runs.book.runs.contains_key(&self.runs.root.join(name));
        // The form says what is wrong.
        let Ok((run, name)) = form.draft.check(&self.runs.methods, &taken) else { return };
        let (dir, options) = (self.runs.root.join(name), self.runs.options.clone());
        self.spawn(move || {
            let started = runs::start(&run, &dir, &options);
            Finished::RunAsked(started.map(|folder| Asked::Started(folder.path().into())).map_err(|error| error.to_string()))
        });
    }

    pub(super) fn run_asked(&mut self, answer: Result<Asked, String>) {
        self.runs.due = 0.0;
        match answer {
            Ok(Asked::Started(dir)) => {
                self.views.runs.form = None;
                // A window that is opened elsewhere finds it again.
                let root = &mut self.session.view.runs;
                *root = root.take().or_else(|| dir.parent().map(Path::to_owned));
                self.tell(format!("Started: {}", dir.display()));
            }
            Ok(Asked::Told) => {}
            Err(error) => self.complain(error),
        }
    }

    fn add_run_to_session(&mut self, dir: &std::path::Path, best: bool) {
        let Some(run) = self.runs.book.runs.get(dir) else { return };
        let folder = RunFolder::new(dir);
        let path = if best { folder.best_weights() } else { folder.last_weights() };
        if let Some(open) = self.session.checkpoints.iter().find(|checkpoint| checkpoint.path == path) {
            let text = format!("{} is open already", open.name);
            return self.tell(text);
        }
        let name = unused(&name_of(dir), |name| self.session.checkpoints.iter().any(|checkpoint| checkpoint.name == name));
        let (architecture, normalization) = (run.view.config.architecture.clone(), run.view.config.normalization);
        let which = if best { "its best weights, by accuracy on the watched ID images" } else { "its last weights" };
        self.tell(format!("{name} has joined the session with {which}"));
        self.session.add_checkpoint(CheckpointEntry { name, path, architecture, normalization, ..CheckpointEntry::default() });
        self.replan();
    }
}
