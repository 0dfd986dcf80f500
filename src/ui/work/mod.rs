//! Work outside of the window's thread: the worker, files, dialogs. Functions block; [`crate::ui::update`] runs them on other threads and
//! applies their results to the state.

pub mod dialog;
pub mod export;
pub mod inspect_path;
pub mod machine;
pub mod memory;
pub mod origin;
pub mod plan;
pub mod results;
pub mod run_watch;
pub mod runs_root;
pub mod save;
pub mod selection_export;
pub mod stop_runs;
pub mod worker_client;
