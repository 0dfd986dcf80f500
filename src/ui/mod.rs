//! The window. It contains no tensors, no blocking IO and no mathematics.
//!
//! User input becomes `command::Command`s, which [`App`] executes in one place: an edit of the session, or a job for the worker.
//! Results of jobs go into the `state::store::Store`, and every tab draws from (session, store).
//!
//! | Layer | Promise |
//! |---|---|
//! | `state` | everything the window shows and knows, as plain data; no egui |
//! | `command` | all actions of the window, as data: one list for menus, palette, shortcuts and tests |
//! | `style` | theme, widgets, GPU passes |
//! | `work` | work outside of the window's thread: the worker, files, dialogs |
//! | `view`, `panel` | draw from the state and push commands |
//! | `update` | executes commands on the state, and applies results |
//! | `app` | connects them: the order of a frame, keys, dropped files, closing |
//!
//! Each imports only those above it; `view` and `panel` do not import each other. `tests/architecture/` holds this.

mod app;
mod command;
mod panel;
mod state;
mod style;
#[cfg(test)]
mod tests;
mod update;
mod view;
mod work;

use std::path::PathBuf;

pub use state::memory::Preferences;
pub use state::worker_event::WorkerEvent;
pub use style::theme;
pub use update::App;
pub use work::memory::Memory;
pub use work::memory::queue::MemoryQueue;
pub use work::worker_client::{Worker, WorkerClient};

use flatland_core::job::runs::RunOptions;
use flatland_core::job::{Device, WorkerHandle, WorkerOptions};
use flatland_core::result::state_root;
use flatland_core::session::Tab;

/// The keys of the tabs, in the order in which they are shown.
pub fn tab_keys() -> Vec<&'static str> {
    view::keys()
}

/// Opens the window and returns when it is closed. It opens these sessions and checkpoints; without paths, what was open last. It shows
/// `tab`; without it, the tab that the session was left on.
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
        let app = App::new(&cc.egui_ctx, WorkerClient::new(Box::new(handle)), runs, paths, tab);
        let app = app.with_runs_folder(work::runs_root::default_root());
        Ok(Box::new(app.with_memory(MemoryQueue::at(&root), Preferences::load(&root))) as Box<dyn eframe::App>)
    };
    eframe::run_native("Flatland", options, Box::new(create)).map_err(|error| anyhow::anyhow!("cannot open the window: {error}"))
}
