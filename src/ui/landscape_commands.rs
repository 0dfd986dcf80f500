//! What a person can do to the way landscapes are shown, and how it is done.

use super::app::App;
use super::loader::{self, Finished};
use crate::job::Analysis;
use crate::session::{Camera, ColorSettings, CutAxis, ErrorShown, LandscapeForm, LandscapeView, PickedCell};

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
            LandscapeCommand::Pick(_) | LandscapeCommand::OpenCell { .. } => "pick a cell",
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
            LandscapeCommand::OpenCell { .. } => {}
        }
    }
}

impl App {
    pub(super) fn landscape_command(&mut self, command: LandscapeCommand) {
        match command {
            LandscapeCommand::OpenCell { cell, dataset } => self.open_cell(cell, dataset),
            edit => edit.edit(&mut self.session.view.landscape),
        }
    }

    fn open_cell(&mut self, cell: PickedCell, dataset: String) {
        let folder = self.store.job(Analysis::Landscape, &cell.checkpoint, Some(&dataset)).and_then(|(_, job)| job.spec.out());
        let surface = self.store.landscapes.get(&(cell.checkpoint.clone(), dataset.clone())).map(|found| found.surface.clone());
        let (Some(folder), Some(surface)) = (folder.map(std::path::Path::to_owned), surface) else {
            return self.complain(format!("expected a landscape of {} on {dataset}, found none", cell.checkpoint));
        };
        self.spawn(move || Finished::CellLosses(loader::cell_losses(&surface, &folder, cell, dataset)));
    }
}
