//! Executes the commands on runs: reads their folder, controls them, starts them. Runs are separate processes and continue when the
//! window closes.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::App;
use crate::ui::command::RunCommand;
use crate::ui::state::run::draft::Draft;
use crate::ui::state::run::runs::{Form, run_name};
use crate::ui::state::run::runs_found::RunsFound;
use crate::ui::state::store::JobState;
use crate::ui::state::unused_name;
use crate::ui::work::run_watch::RunWatch;
use flatland_core::job::{JobSpec, MethodInfo, RunFolder, runs};
use flatland_core::session::{CheckpointEntry, NetworkChoice, Tab};

/// Seconds between two reads of the folder while a run is in progress.
const ACTIVE_INTERVAL: f64 = 1.0;
/// Seconds between two reads otherwise: runs may be started by other programs.
const IDLE_INTERVAL: f64 = 4.0;

impl App {
    /// Sets the folder of the runs for sessions that do not name one.
    pub fn with_runs_folder(mut self, folder: PathBuf) -> Self {
        self.state.runs.default = folder;
        self
    }

    /// Reads the run directories when it is time, on another thread.
    pub(in crate::ui) fn watch_runs(&mut self) {
        let root = self.state.session.view.runs.as_ref().unwrap_or(&self.state.runs.default);
        if *root != self.state.runs.root {
            let root = root.clone();
            self.state.runs.set_folder(root.clone());
            if self.run_watch.is_some() {
                self.run_watch = Some(Box::new(RunWatch::new(root)));
            }
        }
        let under_way = self.state.runs.run_list.has_active_run();
        if self.state.runs.run_list.was_read && !under_way && self.state.session.view.tab != Tab::RUNS {
            return;
        }
        let now = self.ctx.input(|input| input.time);
        if now < self.state.runs.due {
            return self.ctx.request_repaint_after(Duration::from_secs_f64(self.state.runs.due - now));
        }
        if let Some(mut watch) = self.run_watch.take() {
            let read = move || {
                let found = watch.read_changes();
                (watch, found)
            };
            self.spawn(read, |app, (watch, found)| app.runs_read(*watch, found));
        }
    }

    /// Applies what was read; the result for a folder that is no longer shown is dropped.
    pub(in crate::ui) fn runs_read(&mut self, watch: RunWatch, found: RunsFound) {
        let now = self.ctx.input(|input| input.time);
        if watch.root() != self.state.runs.root {
            self.run_watch = Some(Box::new(RunWatch::new(self.state.runs.root.clone())));
            self.state.runs.due = now;
            return;
        }
        self.run_watch = Some(Box::new(watch));
        self.state.runs.run_list.update(found);
        self.state.runs.due = now + if self.state.runs.run_list.has_active_run() { ACTIVE_INTERVAL } else { IDLE_INTERVAL };
    }

    pub(in crate::ui) fn run_command(&mut self, command: RunCommand) {
        let run_list = &mut self.state.runs.run_list;
        match command {
            RunCommand::Choose(dir, on) => run_list.choose(&dir, on),
            RunCommand::ChooseOnly(dir) => {
                run_list.chosen.clear();
                run_list.choose(&dir, true);
            }
            RunCommand::ChooseAll(on) => {
                let dirs: Vec<PathBuf> = run_list.runs.keys().cloned().collect();
                dirs.iter().for_each(|dir| run_list.choose(dir, on));
            }
            RunCommand::New => {
                let method = self.state.runs.methods.first().map_or("erm", |method| method.key.as_str());
                self.state.runs.form = Some(Form { draft: Draft::new(&self.state.session, method), repeats: None });
                self.ask_for_methods();
            }
            RunCommand::Repeat(dir) => {
                let Some(run) = run_list.runs.get(&dir) else { return };
                let draft = Draft::repeat(&run.view.config, &self.state.session);
                self.state.runs.form = Some(Form { draft, repeats: Some(run.view.name()) });
                self.ask_for_methods();
            }
            RunCommand::CloseForm => self.state.runs.form = None,
            RunCommand::Time => self.time_run(),
            RunCommand::Start => self.start_run(),
            RunCommand::Ask(dir, control) => {
                self.spawn(move || runs::ask(&dir, control).map_err(|error| error.to_string()), Self::run_request_sent);
            }
            RunCommand::Resume(dir) => {
                let options = self.state.runs.options.clone();
                self.spawn(move || runs::resume(&dir, &options).map(drop).map_err(|error| error.to_string()), Self::run_request_sent);
            }
            RunCommand::AddToSession { dir, best } => self.add_run_to_session(&dir, best),
            RunCommand::LookInto(folder) => self.state.session.view.runs = Some(std::path::absolute(&folder).unwrap_or(folder)),
        }
    }

    /// Requests the list of methods from the worker, once.
    pub(in crate::ui) fn ask_for_methods(&mut self) {
        let asked = self.state.store.jobs.values().any(|job| job.spec == JobSpec::Methods && job.state.is_open());
        if self.state.runs.methods.is_empty() && !asked {
            self.state.store.add(JobSpec::Methods, JobState::Waiting);
        }
    }

    /// Stores the methods that the worker can train with.
    pub(in crate::ui) fn set_methods(&mut self, methods: Vec<MethodInfo>) {
        if let (Some(form), Some(first)) = (&mut self.state.runs.form, methods.first())
            && !methods.iter().any(|method| method.key == form.draft.method)
        {
            form.draft.method = first.key.clone();
        }
        self.state.runs.methods = methods;
    }

    /// Requests the worker to time a few steps of the run in the form.
    fn time_run(&mut self) {
        let Some(form) = &self.state.runs.form else { return };
        if let Ok((run, _)) = form.draft.check(&self.state.runs.methods, &|_| false) {
            let device = self.state.runs.options.device;
            self.state.store.add(JobSpec::Pace { run: Box::new(run), device }, JobState::Waiting);
        }
    }

    fn start_run(&mut self) {
        let Some(form) = &self.state.runs.form else { return };
        let taken = |name: &str| self.state.runs.run_list.runs.contains_key(&self.state.runs.root.join(name));
        // The form shows what is wrong.
        let Ok((run, name)) = form.draft.check(&self.state.runs.methods, &taken) else { return };
        let (dir, options) = (self.state.runs.root.join(name), self.state.runs.options.clone());
        let start = move || runs::start(&run, &dir, &options).map(|folder| folder.path().to_owned()).map_err(|error| error.to_string());
        self.spawn(start, Self::run_started);
    }

    /// Handles the result of starting a run.
    fn run_started(&mut self, started: Result<PathBuf, String>) {
        self.state.runs.due = 0.0;
        match started {
            Ok(dir) => {
                self.state.runs.form = None;
                // The folder is stored in the session, so that a window started elsewhere finds it.
                let root = &mut self.state.session.view.runs;
                *root = root.take().or_else(|| dir.parent().map(Path::to_owned));
                self.state.inform(format!("Started: {}", dir.display()));
            }
            Err(error) => self.state.report_error(error),
        }
    }

    /// Handles the result of a request to the process of a run.
    fn run_request_sent(&mut self, sent: Result<(), String>) {
        self.state.runs.due = 0.0;
        if let Err(error) = sent {
            self.state.report_error(error);
        }
    }

    fn add_run_to_session(&mut self, dir: &std::path::Path, best: bool) {
        let Some(run) = self.state.runs.run_list.runs.get(dir) else { return };
        let folder = RunFolder::new(dir);
        let path = if best { folder.best_weights() } else { folder.last_weights() };
        if let Some(open) = self.state.session.checkpoints.iter().find(|checkpoint| checkpoint.path == path) {
            let text = format!("{} is open already", open.name);
            return self.state.inform(text);
        }
        let name = unused_name(&run_name(dir), |name| self.state.session.checkpoints.iter().any(|checkpoint| checkpoint.name == name));
        let config = &run.view.config;
        let NetworkChoice { architecture, features, output, .. } = config.choice();
        let (normalization, input) = (config.normalization, config.input);
        let which = if best { "its best weights, by accuracy on the watched ID images" } else { "its last weights" };
        self.state.inform(format!("Added {name} to the session with {which}"));
        self.state.session.add_checkpoint(CheckpointEntry {
            name,
            path,
            architecture,
            features,
            output,
            normalization,
            input,
            ..CheckpointEntry::default()
        });
        self.replan();
    }
}
