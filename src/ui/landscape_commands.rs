//! What a person can do to the way landscapes are shown, and how it is done.

use super::app::{App, unused};
use super::history::Act;
use super::loader::{self, Finished};
use super::store::JobState;
use crate::figure::number::fixed;
use flatland_core::job::{Analysis, JobSpec, WeightsJob};
use flatland_core::result::{content_key, safe_name, state_root};
use flatland_core::session::{
    Axes, Camera, CheckpointEntry, ColorSettings, CutAxis, ErrorShown, InputAxes, InputPlane, LandscapeForm, LandscapeSettings,
    LandscapeView, PickedCell, Tab,
};

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

impl App {
    pub(super) fn landscape_command(&mut self, command: LandscapeCommand) {
        match command {
            LandscapeCommand::OpenCell { cell, dataset } => self.open_cell(cell, dataset),
            LandscapeCommand::KeepCell { cell, dataset } => self.keep_cell(&cell, &dataset),
            LandscapeCommand::AroundImage { dataset, image, axes } => {
                let plane = InputPlane { image, axes: Some(axes), ..InputPlane::default() };
                self.session.view.dataset = Some(dataset);
                self.look_over(Axes::Input(plane));
            }
            LandscapeCommand::AroundWeights => self.look_over(Axes::default()),
            edit => edit.edit(&mut self.session.view.landscape),
        }
    }

    /// Computes landscapes over this plane, with no setting that has a meaning on another alone.
    fn look_over(&mut self, plane: Axes) {
        let before = &self.session.landscape;
        let (grid, baseline, datasets) = (before.grid, before.baseline.clone(), before.datasets.clone());
        self.session.landscape = LandscapeSettings { grid, baseline, datasets, plane, ..LandscapeSettings::default() };
        let view = &mut self.session.view;
        (view.tab, view.quantity, view.difference, view.landscape.picked) = (Tab::Landscape, None, false, None);
        view.see_all(Tab::Landscape);
        self.replan();
    }

    /// Asks for the weights at a node, in a place that is named by what they are of: they are in the session, so they are no cache.
    fn keep_cell(&mut self, cell: &PickedCell, dataset: &str) {
        let job = self.store.job(Analysis::Landscape, &cell.checkpoint, Some(dataset)).map(|(_, job)| &job.spec);
        let Some(JobSpec::Landscape(landscape)) = job else {
            return self.complain(format!("expected a landscape of {} on {dataset}, found none", cell.checkpoint));
        };
        let (landscape, at) = (landscape.clone(), [cell.alpha, cell.beta]);
        let folder = content_key(&format!("{at:?} {}", landscape.out.display()), &[landscape.checkpoint.path.as_path()]);
        let name = format!("{} at {} {}.safetensors", cell.checkpoint, fixed(cell.alpha, 2), fixed(cell.beta, 2));
        let file = state_root().join("weights").join(folder).join(safe_name(&name));
        self.store.add(JobSpec::Weights(Box::new(WeightsJob { landscape, at, file })), JobState::Waiting);
    }

    /// Opens the weights at a node, which have been written.
    pub(super) fn cell_kept(&mut self, job: &WeightsJob) {
        let before = self.session.clone();
        let source = &job.landscape.checkpoint;
        let name = format!("{} at ({}, {})", source.name, fixed(job.at[0], 2), fixed(job.at[1], 2));
        if self.session.checkpoints.iter().any(|checkpoint| checkpoint.path == job.file) {
            return self.tell(format!("{name} is open already"));
        }
        let name = unused(&name, |name| self.session.checkpoints.iter().any(|checkpoint| checkpoint.name == name));
        let (path, architecture, normalization) = (job.file.clone(), source.architecture.clone(), source.normalization);
        self.session.add_checkpoint(CheckpointEntry { name: name.clone(), path, architecture, normalization, ..Default::default() });
        self.record(Act::alone(format!("open {name}")), before);
        self.tell(format!("{name} is a checkpoint of this session now; all analyses follow"));
        self.replan();
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
