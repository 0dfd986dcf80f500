//! What happens off the window's thread: the worker, files, dialogs. Each function blocks; [`crate::ui::update`] runs it on another thread and
//! changes the state by what it gives.

pub mod dialog;
pub mod export;
pub mod machine;
pub mod memory;
pub mod open;
pub mod origin;
pub mod plan;
pub mod results;
pub mod run_place;
pub mod run_watch;
pub mod runs;
pub mod save;
pub mod selection_export;
pub mod worker_client;
