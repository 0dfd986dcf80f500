//! The left side: what is open and what is being done; and what stands above everything: palette, shortcuts, questions. Panels draw from the session and the store and push commands.

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
pub mod shortcuts;
pub mod start;
pub mod tabs;
mod weights;

/// What the panels remember from frame to frame.
#[derive(Debug, Default)]
pub struct Panels {
    /// The field of paths.
    pub open: open::State,
    /// The list of checkpoints.
    pub checkpoints: checkpoints::State,
    /// The list of datasets.
    pub datasets: datasets::State,
}
