//! [`Tab`]: the views between which the person changes.

use serde::{Deserialize, Serialize};

/// A view of the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tab {
    /// L over a plane.
    #[default]
    Landscape,
    /// S(ρ).
    Sharpness,
    /// Spectra of the Hessian.
    Hessian,
    /// Features on the plane.
    Embedding,
    /// Histograms of scores.
    Energy,
    /// What the checkpoints are, side by side.
    Compare,
    /// Fine-tuning runs.
    Runs,
}

impl Tab {
    /// All of them in the order in which they stand.
    pub const ALL: [Tab; 7] = [Tab::Landscape, Tab::Sharpness, Tab::Hessian, Tab::Embedding, Tab::Energy, Tab::Compare, Tab::Runs];

    /// As shown to people.
    pub fn label(self) -> &'static str {
        match self {
            Tab::Landscape => "Landscape",
            Tab::Sharpness => "Sharpness",
            Tab::Hessian => "Hessian",
            Tab::Embedding => "Embedding",
            Tab::Energy => "Energy",
            Tab::Compare => "Compare",
            Tab::Runs => "Runs",
        }
    }
}
