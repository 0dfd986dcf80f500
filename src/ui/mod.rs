//! The window. Deliberately absent: tensors, blocking IO, mathematics.
//!
//! Gestures become [`command::Command`]s, which [`App`] runs in one place: an edit of the session, or a job for the worker.
//! What comes back goes into the [`store::Store`], and every view draws from (session, store).

mod answers;
mod app;
mod bench;
mod checkpoint_commands;
mod command;
mod comparison;
mod figure_export;
mod finish;
mod loader;
mod log;
mod meter;
mod origin;
mod panel;
mod queue;
mod run;
mod run_commands;
mod shell;
mod store;
#[cfg(test)]
mod tests;
pub mod theme;
mod view;
mod widget;

use std::path::PathBuf;

pub use app::App;
pub use bench::{Bench, Heard, Worker};

use crate::job::runs::RunOptions;
use crate::job::{Device, WorkerHandle, WorkerOptions};
use crate::session::Tab;

/// Opens the window on these sessions and checkpoints and returns when it is closed.
///
/// # Errors
/// When there is no display or no graphics adapter.
pub fn run(paths: Vec<PathBuf>, tab: Tab, worker: WorkerOptions) -> anyhow::Result<()> {
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
        Ok(Box::new(App::new(&cc.egui_ctx, Bench::new(Box::new(handle)), runs, paths, tab)) as Box<dyn eframe::App>)
    };
    eframe::run_native("Flatland", options, Box::new(create)).map_err(|error| anyhow::anyhow!("cannot open the window: {error}"))
}
