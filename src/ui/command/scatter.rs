//! [`ScatterCommand`]: commands about the scatter and the selection.

use std::path::PathBuf;

use crate::ui::state::scatter::ImageKey;
use flatland_core::session::{Category, ColorBy, Pane, SelectMode, Selection, Tool};

/// A command about the scatter or the selection.
#[derive(Clone, Debug, PartialEq)]
pub enum ScatterCommand {
    /// Sets what gives points their colour.
    ColorBy(ColorBy),
    /// Shows the density of points instead of points, or points again.
    ShowDensity(bool),
    /// Hides or shows a category.
    Toggle(Category),
    /// Shows only this category among those of its field.
    ShowOnly(Category),
    /// Shows every category.
    ShowAll,
    /// Sets what a drag does.
    Tool(Tool),
    /// Opens or closes the pane of selected images.
    Pane(Pane),
    /// Selects the shown points of a checkpoint within an outline in the plane.
    SelectWithin(String, Vec<[f64; 2]>, SelectMode),
    /// Selects the images whose score for a checkpoint is in a closed range.
    SelectScore(String, String, [f64; 2], SelectMode),
    /// Selects the images of a category for any checkpoint.
    SelectCategory(Category, SelectMode),
    /// Selects these images.
    Select(Selection, SelectMode),
    /// Selects the images that a search finds.
    Search(String, SelectMode),
    /// Selects all images.
    SelectAll,
    /// Inverts the selection.
    Invert,
    /// Clears the selection.
    Clear,
    /// Pins the card of an image for a checkpoint; `None` closes it.
    Pin(Option<(String, ImageKey)>),
    /// Writes the selection as CSV.
    Export(PathBuf),
    /// Shows the file dialog for exporting the selection.
    ExportDialog,
}

impl ScatterCommand {
    /// Name of the undo step, shown after "Undo".
    pub fn undo_name(&self) -> &'static str {
        match self {
            Self::ColorBy(_) => "choose the colour of points",
            Self::ShowDensity(_) => "show points or their density",
            Self::Toggle(_) | Self::ShowOnly(_) | Self::ShowAll => "show or hide points",
            Self::Tool(_) => "choose the tool",
            Self::Pane(_) => "open or close the pane",
            Self::Clear => "select nothing",
            Self::Invert => "invert the selection",
            Self::SelectWithin(..)
            | Self::SelectScore(..)
            | Self::SelectCategory(..)
            | Self::Select(..)
            | Self::Search(..)
            | Self::SelectAll
            | Self::Pin(_)
            | Self::Export(_)
            | Self::ExportDialog => "select images",
        }
    }
}
