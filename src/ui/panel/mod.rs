//! The left side (what is open, and the jobs), and dialogs above the views: palette, shortcuts, questions. Panels draw from the session and
//! the store, and push commands.

pub mod architecture;
pub mod checkpoints;
pub mod closing;
pub mod datasets;
pub mod export;
pub mod figure;
pub mod jobs;
pub mod links;
pub mod log;
pub mod menus;
pub mod meter;
mod more_images;
pub mod network_check;
pub mod open;
pub mod palette;
mod program_values;
pub mod shortcuts;
pub mod start;
pub mod tabs;
mod weights;

/// State of the panels that is kept from frame to frame.
#[derive(Debug, Default)]
pub struct Panels {
    /// The path field.
    pub open: open::State,
    /// The list of checkpoints.
    pub checkpoints: checkpoints::State,
    /// The list of datasets.
    pub datasets: datasets::State,
}
