//! [`LandscapeCommand`]: what a person can do to the way landscapes are shown.

use flatland_core::session::{Camera, ColorSettings, CutAxis, ErrorShown, InputAxes, LandscapeForm, LandscapeView, PickedCell};

/// One act about landscapes.
#[derive(Clone, Debug, PartialEq)]
pub enum LandscapeCommand {
    /// Draws maps or surfaces.
    Form(LandscapeForm),
    /// Looks from here at the surface of a checkpoint, at all where cameras are linked.
    Camera {
        /// Whose panel was turned.
        checkpoint: String,
        /// Whether cameras are linked.
        linked: bool,
        /// From where.
        camera: Camera,
    },
    /// Sets the colours of a quantity.
    Colors(String, ColorSettings),
    /// Writes values upon contour lines or not.
    ContourLabels(bool),
    /// Lays the status of the cells over the maps or not.
    Status(bool),
    /// Shows standard errors in the place of values, or the values.
    Error(Option<ErrorShown>),
    /// Draws bands around sections or not.
    ErrorBands(bool),
    /// Draws the sections along this axis.
    Cut(CutAxis),
    /// Looks at a node closely, or no more.
    Pick(Option<PickedCell>),
    /// Reads the losses of the single images at a node.
    OpenCell {
        /// The node.
        cell: PickedCell,
        /// Name of the dataset.
        dataset: String,
    },
    /// Computes landscapes in input space around an image, along these directions, in the place of those of weights.
    AroundImage {
        /// Name of its dataset.
        dataset: String,
        /// Its position there.
        image: usize,
        /// The directions.
        axes: InputAxes,
    },
    /// Computes landscapes of the weights again, over random directions.
    AroundWeights,
    /// Has the weights at a node written, as a checkpoint of the session.
    KeepCell {
        /// The node.
        cell: PickedCell,
        /// Name of the dataset.
        dataset: String,
    },
}

impl LandscapeCommand {
    /// As it stands behind "Undo".
    pub fn act(&self) -> &'static str {
        match self {
            LandscapeCommand::Form(_) => "draw maps or surfaces",
            LandscapeCommand::Camera { .. } => "turn surfaces",
            LandscapeCommand::Colors(..) => "change the colours",
            LandscapeCommand::ContourLabels(_) => "show or hide contour values",
            LandscapeCommand::Status(_) => "show or hide the status of cells",
            LandscapeCommand::Error(_) => "show errors or values",
            LandscapeCommand::ErrorBands(_) => "show or hide error bands",
            LandscapeCommand::Cut(_) => "turn the section",
            LandscapeCommand::AroundImage { .. } => "look around an image",
            LandscapeCommand::AroundWeights => "look at the weights again",
            LandscapeCommand::Pick(_) | LandscapeCommand::OpenCell { .. } | LandscapeCommand::KeepCell { .. } => "pick a cell",
        }
    }

    /// Does to the view what the command says; what asks for work changes nothing there.
    pub fn edit(self, view: &mut LandscapeView) {
        match self {
            LandscapeCommand::Form(form) => view.form = form,
            LandscapeCommand::Camera { checkpoint, linked, camera } => view.set_camera(&checkpoint, linked, camera),
            LandscapeCommand::Colors(quantity, settings) => view.set_colors(&quantity, settings),
            LandscapeCommand::ContourLabels(shown) => view.contour_labels = shown,
            LandscapeCommand::Status(shown) => view.status = shown,
            LandscapeCommand::Error(shown) => view.error = shown,
            LandscapeCommand::ErrorBands(shown) => view.error_bands = shown,
            LandscapeCommand::Cut(axis) => view.cut = axis,
            LandscapeCommand::Pick(cell) => view.picked = cell,
            LandscapeCommand::OpenCell { .. }
            | LandscapeCommand::KeepCell { .. }
            | LandscapeCommand::AroundImage { .. }
            | LandscapeCommand::AroundWeights => {}
        }
    }
}
