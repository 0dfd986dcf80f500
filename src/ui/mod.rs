//! The window. Deliberately absent: tensors, blocking IO, mathematics.
//!
//! Gestures become [`command::Command`]s, which [`App`] runs in one place: an edit of the session, or a job for the worker.
//! What comes back goes into the [`store::Store`], and every view draws from (session, store).

mod answers;
mod app;
mod bench;
mod checkpoint_commands;
mod closing;
mod command;
mod command_list;
mod comparison;
mod dataset_commands;
mod document;
mod figure_export;
mod finish;
mod gpu;
mod history;
mod landscape_commands;
mod loader;
mod log;
mod machine;
mod memory;
mod meter;
mod origin;
mod panel;
mod queue;
mod remember;
mod run;
mod run_commands;
mod scatter;
mod shell;
mod shortcut;
mod store;
#[cfg(test)]
mod tests;
pub mod theme;
mod typefaces;
mod view;
mod widget;

use std::path::PathBuf;

pub use app::App;
pub use bench::{Bench, Heard, Worker};
pub use memory::keeper::Keeper;
pub use memory::{Memory, Preferences};

use flatland_core::job::runs::RunOptions;
use flatland_core::job::{Device, WorkerHandle, WorkerOptions};
use flatland_core::result::state_root;
use flatland_core::session::Tab;

/// Opens the window on these sessions and checkpoints, or on what was open last, and returns when it is closed. It shows `tab`, else the
/// one that the session was left on.
///
/// # Errors
/// When there is no display or no graphics adapter.
pub fn run(paths: Vec<PathBuf>, tab: Option<Tab>, worker: WorkerOptions) -> anyhow::Result<()> {
    let viewport = egui::ViewportBuilder::default()
        .with_title("Flatland")
        .with_app_id("flatland")
        .with_inner_size([1480.0, 920.0])
        .with_min_inner_size([820.0, 560.0]);
    let options = eframe::NativeOptions { viewport, ..Default::default() };
    let create = move |cc: &eframe::CreationContext<'_>| {
        let ctx = cc.egui_ctx.clone();
        let runs = RunOptions { device: Device::Auto, worker: worker.clone() };
        let handle = WorkerHandle::start(worker, move || ctx.request_repaint());
        let root = state_root();
        let keeper = Keeper::at(&root, Preferences::load(&root));
        let app = App::new(&cc.egui_ctx, Bench::new(Box::new(handle)), runs, paths, tab);
        let app = app.with_runs_in(run::place::default_root());
        Ok(Box::new(app.remembering(keeper)) as Box<dyn eframe::App>)
    };
    eframe::run_native("Flatland", options, Box::new(create)).map_err(|error| anyhow::anyhow!("cannot open the window: {error}"))
}
