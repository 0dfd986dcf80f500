//! Executes commands on the state, and applies the results of the worker and of background threads.
//!
//! [`App`] is the state with what commands need to be executed. Each file executes the commands on one subject.

mod busy_period;
mod checkpoint;
mod closing;
mod dataset;
mod document;
mod fallback_fonts;
mod figure;
mod jobs;
mod landscape;
mod memory;
mod open;
mod programs;
mod results;
mod run;
mod scatter;
mod worker;

use std::path::PathBuf;

use egui::Context;

use crate::ui::command::{Command, OpenAs};
use crate::ui::panel::Panels;
use crate::ui::state::closing::Closing;
use crate::ui::state::palette::Palette;
use crate::ui::state::store::JobState;
use crate::ui::state::{State, unused_name};
use crate::ui::style::theme;
use crate::ui::view::Tabs;
use crate::ui::work::dialog::{self, DialogResult};
use crate::ui::work::inspect_path::inspect_path;
use crate::ui::work::machine::{graphics, resident_memory};
use crate::ui::work::memory::queue::{Finished, MemoryQueue, Task};
use crate::ui::work::run_watch::RunWatch;
use crate::ui::work::worker_client::WorkerClient;
use flatland_core::job::Background;
use flatland_core::job::runs::RunOptions;
use flatland_core::session::{DatasetEntry, Tab};

/// Message when the desktop has no file dialog.
const NO_DIALOG: &str = "No file dialog answered: expected a desktop portal or the program zenity. Paths can be typed: at the left to open, \
                         in the export line to export, and after `save as` in the palette (Ctrl+K) to save.";

/// The result of a background thread: a function that applies it to the window.
type Answer = Box<dyn FnOnce(&mut App) + Send>;

/// The window: its state, its tabs, the worker, and the background threads.
pub struct App {
    pub(in crate::ui) ctx: Context,
    pub(in crate::ui) state: State,
    pub(in crate::ui) tabs: Tabs,
    pub(in crate::ui) panels: Panels,
    pub(in crate::ui) worker: WorkerClient,
    pub(in crate::ui) background: Background<Answer>,
    pub(in crate::ui) memory_queue: MemoryQueue,
    /// Threads that write the memory: the window waits for them when it closes.
    pub(in crate::ui) memory_work: Background<Finished>,
    /// `None` while a thread uses it.
    pub(in crate::ui) run_watch: Option<Box<RunWatch>>,
    /// Commands that were pushed and are not executed yet.
    pub(in crate::ui) commands: Vec<Command>,
}

impl App {
    /// A window that opens these paths (sessions and checkpoints) with this worker, and starts runs with these options. It shows `tab`, if
    /// any, instead of the session's tab. It has no memory: see [`App::with_memory`].
    pub fn new(ctx: &Context, worker: WorkerClient, runs: RunOptions, paths: Vec<PathBuf>, tab: impl Into<Option<Tab>>) -> Self {
        theme::install(ctx);
        // Zooming is done by commands.
        ctx.options_mut(|options| options.zoom_with_keyboard = false);
        let (tab, tabs) = (tab.into(), Tabs::default());
        let mut state = State::new(runs, tabs.titles());
        state.session.view.tab = tab.clone().unwrap_or_default();
        state.first_tab = tab;
        let run_watch = Some(Box::new(RunWatch::new(state.runs.root.clone())));
        let commands = if paths.is_empty() { Vec::new() } else { vec![Command::Open(paths, OpenAs::ByContent)] };
        Self {
            ctx: ctx.clone(),
            state,
            tabs,
            panels: Panels::default(),
            worker,
            background: Background::default(),
            memory_queue: MemoryQueue::default(),
            memory_work: Background::default(),
            run_watch,
            commands,
        }
    }

    /// Runs slow work on a background thread, then applies its result by `then`.
    fn spawn<T: Send + 'static>(&mut self, work: impl FnOnce() -> T + Send + 'static, then: impl FnOnce(&mut App, T) + Send + 'static) {
        let ctx = self.ctx.clone();
        self.background.spawn(move || answer(work, then), move || ctx.request_repaint());
    }

    /// Runs work that may wait for the user on a thread of its own.
    fn spawn_waiting(&mut self, work: impl FnOnce() + Send + 'static) {
        let ctx = self.ctx.clone();
        self.background.spawn_waiting(move || answer(work, |_, ()| {}), move || ctx.request_repaint());
    }

    /// Shows a dialog of the desktop, then applies the choice.
    fn ask<T: Send + 'static>(
        &mut self,
        dialog: impl FnOnce() -> DialogResult<T> + Send + 'static,
        then: impl FnOnce(&mut App, T) + Send + 'static,
    ) {
        let ctx = self.ctx.clone();
        let chosen = move |app: &mut App, chosen: DialogResult<T>| match chosen {
            DialogResult::Chosen(value) => then(app, value),
            DialogResult::Cancelled => {}
            DialogResult::NoDialog => app.state.report_error(NO_DIALOG),
        };
        self.background.spawn_waiting(move || answer(dialog, chosen), move || ctx.request_repaint());
    }

    /// Measures the memory of the window and the worker at intervals.
    fn measure_memory(&mut self) {
        if self.state.meter.is_due(self.ctx.input(|input| input.time)) {
            self.state.meter.graphics = graphics();
            self.state.meter.window = resident_memory(None);
            self.state.meter.worker = self.worker.pid().and_then(|pid| resident_memory(Some(pid)));
        }
    }

    /// Executes the pushed commands, and applies all results that have arrived.
    pub(in crate::ui) fn advance(&mut self) {
        for command in std::mem::take(&mut self.commands) {
            self.execute(command);
        }
        while let Some(answer) = self.background.try_next() {
            match answer {
                Ok(change) => change(self),
                Err(error) => self.state.report_error(error),
            }
        }
        self.receive_memory();
        while let Some(event) = self.worker.next_event() {
            self.worker_event(event);
        }
        self.state.worker_ended = self.worker.exit_reason().map(str::to_owned);
        self.measure_memory();
        self.refresh_scatter();
        self.search_fallback_fonts();
        self.dispatch();
        self.update_busy_period();
        self.watch_runs();
        self.confirm_closing();
        self.update_memory();
    }

    /// Executes a command; its changes of the session can be undone.
    pub(in crate::ui) fn execute(&mut self, command: Command) {
        let (step, before) = (command.undo_step(), self.state.session.clone());
        let is_step = matches!(
            command,
            Command::Undo | Command::Redo | Command::NewSession | Command::Restore(_) | Command::OpenDemo | Command::Open(..)
        );
        self.run(command);
        if !is_step {
            self.record(step, before);
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
            Command::Forget(slot) => self.memory_queue.push(Task::Remove(slot)),
            Command::Undo => self.step(true),
            Command::Redo => self.step(false),
            Command::TogglePalette => self.state.palette = if self.state.palette.is_some() { None } else { Some(Palette::default()) },
            Command::ToggleShortcuts => self.state.shortcuts = !self.state.shortcuts,
            Command::Back => self.close_topmost(),
            Command::ZoomIn => self.change_preferences(|preferences| preferences.zoom = preferences.zoomed(true)),
            Command::ZoomOut => self.change_preferences(|preferences| preferences.zoom = preferences.zoomed(false)),
            Command::ZoomReset => self.change_preferences(|preferences| preferences.zoom = 1.0),
            Command::Close(close) => self.close(close),
            Command::SetLink(link, on) => self.state.session.view.set_link(link, on),
            Command::SetExtents(tab, extents) => self.state.session.view.set_extents(tab, extents),
            Command::Open(paths, open_as) => {
                // The error of an earlier attempt is out of date.
                self.state.message = None;
                self.spawn(move || paths.into_iter().map(|path| inspect_path(path, open_as)).collect(), Self::opened);
            }
            Command::OpenDialog(open_as) => {
                self.ask(move || dialog::open(open_as), move |app, paths| app.execute(Command::Open(paths, open_as)));
            }
            Command::RemoveCheckpoint(name) => self.remove_checkpoint(&name),
            Command::Checkpoint(name, command) => self.checkpoint_command(&name, command),
            Command::ShowPlanes(planes) => self.state.session.view.sharpness.planes = planes,
            Command::OnlyDifferences(only) => self.state.session.view.compare.only_differences = only,
            Command::AddHessian => {
                self.state.session.hessian.get_or_insert_default();
                self.replan();
            }
            Command::CopyText(what, text) => {
                self.ctx.copy_text(text);
                self.state.inform(format!("Copied: {what}"));
            }
            Command::Prioritize(id) => self.state.store.prioritize(id),
            Command::ToggleLog => self.state.log.open = !self.state.log.open,
            Command::RemoveDataset(name) => {
                self.state.session.remove_dataset(&name);
                self.replan();
            }
            Command::ChangeDataset(name, entry) => self.change_dataset(&name, *entry),
            Command::AddDataset(entry) => {
                let taken = |name: &str| self.state.session.datasets.iter().any(|dataset| dataset.name == name);
                let name = unused_name(&entry.name, taken);
                self.state.session.datasets.push(DatasetEntry { name, ..*entry });
                self.replan();
            }
            Command::Cancel(id) => self.cancel(id),
            Command::Pause(id, paused) => self.worker.pause(id, paused),
            Command::Retry(id) => self.retry(id),
            Command::RestartWorker => {
                self.worker.restart();
                for job in self.state.store.jobs.values_mut().filter(|job| job.state == JobState::Interrupted) {
                    job.state = JobState::Waiting;
                }
            }
            Command::Show(tab) => self.state.session.view.tab = tab,
            Command::SelectDataset(name) => {
                self.state.session.view.dataset = Some(name);
                self.replan();
            }
            Command::SelectQuantity(quantity) => {
                let view = &mut self.state.session.view;
                (view.quantity, view.difference) = (quantity.map(|quantity| quantity.key().into()), false);
            }
            Command::ShowDifference(difference) => {
                (self.state.session.view.quantity, self.state.session.view.difference) = (None, difference);
                self.ask_differences();
            }
            Command::SelectScore(score) => {
                self.state.session.view.score = score;
                self.state.session.view.see_all(Tab::ENERGY);
            }
            Command::ShowRelative(relative) => {
                self.state.session.sharpness.relative = relative;
                self.state.session.view.see_all(Tab::SHARPNESS);
            }
            Command::Scatter(command) => self.scatter_command(command),
            Command::ToggleExport => self.state.export.toggle(&self.state.figure_name()),
            Command::Export(path) => {
                let this = Some((path.clone(), self.state.session.view.tab.clone()));
                let over = std::mem::replace(&mut self.state.export.overwritable, this.clone()) == this;
                self.write_figure(path, over);
            }
            Command::ExportDialog(format) => {
                let name = self.state.figure_name();
                self.ask(move || dialog::export(&name, format.extension()), |app, path| app.write_figure(path, true));
            }
            Command::CopyFigure => {
                if let Some(export) = self.figure() {
                    self.spawn(move || export.image(), Self::figure_copied);
                }
            }
            Command::ChangeFigure(figure) => self.state.session.figure = *figure,
            Command::SetTheme(theme) => self.set_theme(theme),
            Command::DismissMessage => self.state.message = None,
            Command::Run(command) => self.run_command(command),
            Command::Landscape(command) => self.landscape_command(command),
        }
    }

    /// Closes the topmost of what is open; the message last.
    fn close_topmost(&mut self) {
        if self.state.closing == Closing::Asked {
            self.state.closing = Closing::No;
        } else if self.state.palette.is_some() || self.state.shortcuts {
            (self.state.palette, self.state.shortcuts) = (None, false);
        } else if self.state.export.open {
            self.state.export.open = false;
        } else {
            self.state.message = None;
        }
    }
}

/// Runs the work; returns the function that applies its result.
fn answer<T: Send + 'static>(work: impl FnOnce() -> T, then: impl FnOnce(&mut App, T) + Send + 'static) -> Answer {
    let value = work();
    Box::new(move |app: &mut App| then(app, value))
}
