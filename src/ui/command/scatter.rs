//! [`ScatterCommand`]: everything that can be done to the scatter and the selection.

use std::path::PathBuf;

use crate::ui::state::scatter::ImageKey;
use flatland_core::session::{Category, ColorBy, Pane, SelectMode, Selection, Tool};

/// One act.
#[derive(Clone, Debug, PartialEq)]
pub enum ScatterCommand {
    /// What gives points their colour.
    ColorBy(ColorBy),
    /// Draws how many points lie where in the place of points, or points again.
    ShowDensity(bool),
    /// Hides or shows a category.
    Toggle(Category),
    /// Shows a category alone among those of its field.
    ShowOnly(Category),
    /// Shows every category.
    ShowAll,
    /// What a drag does.
    Tool(Tool),
    /// Opens or closes the pane of selected images.
    Pane(Pane),
    /// Selects the shown points of a checkpoint within an outline of the plane.
    SelectWithin(String, Vec<[f64; 2]>, SelectMode),
    /// Selects the images whose score under a checkpoint lies in a closed range.
    SelectScore(String, String, [f64; 2], SelectMode),
    /// Selects the images of a category under any checkpoint.
    SelectCategory(Category, SelectMode),
    /// Selects these images.
    Select(Selection, SelectMode),
    /// Selects what a search finds.
    Search(String, SelectMode),
    /// Selects everything that is there.
    SelectAll,
    /// Selects what is not selected, and nothing else.
    Invert,
    /// Selects nothing.
    Clear,
    /// Keeps the card of an image as seen under a checkpoint, or puts it away.
    Pin(Option<(String, ImageKey)>),
    /// Writes the selection as CSV.
    Export(PathBuf),
    /// Asks the desktop where to write the selection.
    ExportDialog,
}

impl ScatterCommand {
    /// As it stands behind "Undo".
    pub fn act(&self) -> &'static str {
        match self {
            Self::ColorBy(_) => "choose the colour of points",
            Self::ShowDensity(_) => "show points or their density",
            Self::Toggle(_) | Self::ShowOnly(_) | Self::ShowAll => "show or hide points",
            Self::Tool(_) => "choose the tool",
            Self::Pane(_) => "open or close the pane",
            Self::Clear => "select nothing",
            Self::Invert => "turn the selection around",
            _ => "select images",
        }
    }
}
