//! The tabs. Each tab is a folder that implements [`TabView`], and one line in [`registry`]. Tabs of analyses draw a row of equal panels, one
//! per checkpoint, from the [`Scene`]. They change neither session nor results: user input becomes commands.

pub mod compare;
pub mod dataset_menu;
pub mod embedding;
pub mod energy;
mod found;
mod gesture;
mod header;
pub mod hessian;
pub mod landscape;
mod memo;
pub mod registry;
pub mod runs;
mod scene;
pub mod sharpness;
mod tab;

pub use header::panel_header;
pub use registry::Tabs;
pub use scene::{Drafts, Scene};
pub use tab::TabView;
