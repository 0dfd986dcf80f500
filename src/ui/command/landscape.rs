//! [`LandscapeCommand`]: commands about how landscapes are shown.

use flatland_core::session::{Camera, ColorSettings, CutAxis, ErrorShown, InputAxes, LandscapeForm, LandscapeView, PickedCell};

/// A command about landscapes.
#[derive(Clone, Debug, PartialEq)]
pub enum LandscapeCommand {
    /// Draws landscapes as maps or as surfaces.
    Form(LandscapeForm),
    /// Sets the camera of a checkpoint's surface; of all surfaces when cameras are linked.
    Camera {
        /// The checkpoint whose panel was turned.
        checkpoint: String,
        /// Whether cameras are linked.
        linked: bool,
        /// The new camera.
        camera: Camera,
    },
    /// Sets the colours of a quantity.
    Colors(String, ColorSettings),
    /// Shows or hides the values on contour lines.
    ContourLabels(bool),
    /// Shows or hides the status of the cells on the maps.
    Status(bool),
    /// Shows standard errors instead of values, or the values.
    Error(Option<ErrorShown>),
    /// Shows or hides error bands around sections.
    ErrorBands(bool),
    /// Draws the sections along this axis.
    Cut(CutAxis),
    /// Picks a node to show its details; `None` closes them.
    Pick(Option<PickedCell>),
    /// Reads the losses of the single images at a node.
    OpenCell {
        /// The node.
        cell: PickedCell,
        /// Name of the dataset.
        dataset: String,
    },
    /// Computes landscapes in input space around an image, along these directions, instead of landscapes of the weights.
    AroundImage {
        /// Name of the image's dataset.
        dataset: String,
        /// Position of the image in the dataset.
        image: usize,
        /// The directions.
        axes: InputAxes,
    },
    /// Computes the line between two checkpoints, with its barrier, instead of the present landscape.
    LineBetween {
        /// Name of the checkpoint at t = 0.
        from: String,
        /// Name of the checkpoint at t = 1.
        to: String,
    },
    /// Computes landscapes of the weights again, over random directions.
    AroundWeights,
    /// Writes the weights at a node and opens them as a checkpoint.
    KeepCell {
        /// The node.
        cell: PickedCell,
        /// Name of the dataset.
        dataset: String,
    },
}

impl LandscapeCommand {
    /// Name of the undo step, shown after "Undo".
    pub fn undo_name(&self) -> &'static str {
        match self {
            LandscapeCommand::Form(_) => "draw maps or surfaces",
            LandscapeCommand::Camera { .. } => "turn surfaces",
            LandscapeCommand::Colors(..) => "change the colours",
            LandscapeCommand::ContourLabels(_) => "show or hide contour values",
            LandscapeCommand::Status(_) => "show or hide the status of cells",
            LandscapeCommand::Error(_) => "show errors or values",
            LandscapeCommand::ErrorBands(_) => "show or hide error bands",
            LandscapeCommand::Cut(_) => "change the direction of sections",
            LandscapeCommand::AroundImage { .. } => "compute landscapes around an image",
            LandscapeCommand::LineBetween { .. } => "compute the line between two checkpoints",
            LandscapeCommand::AroundWeights => "compute landscapes of the weights",
            LandscapeCommand::Pick(_) | LandscapeCommand::OpenCell { .. } | LandscapeCommand::KeepCell { .. } => "pick a cell",
        }
    }

    /// Applies the command to the view. Commands that start jobs change nothing here.
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
            | LandscapeCommand::LineBetween { .. }
            | LandscapeCommand::AroundWeights => {}
        }
    }
}
