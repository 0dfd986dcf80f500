//! [`Command`]: all actions of the window, as data. Panels and tabs push commands; [`crate::ui::update`] executes them.

pub mod landscape;
pub mod list;
pub mod scatter;
pub mod shortcut;
mod undo_step;

use std::path::PathBuf;

use landscape::LandscapeCommand;
use scatter::ScatterCommand;

use crate::ui::state::memory::ThemeChoice;
use flatland_core::job::{Control, JobId};
use flatland_core::result::{Loadable, Quantity};
use flatland_core::session::{
    DatasetEntry, Extents, FigureFormat, FigureSettings, InputTransform, Link, NetworkChoice, Normalization, Role, Tab,
};

/// The kind of thing that a path is opened as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OpenAs {
    /// A session if it ends in `.toml`, images if it is a folder or contains them, else a checkpoint.
    #[default]
    ByContent,
    /// A dataset of this role.
    Dataset(Role),
}

impl OpenAs {
    /// Name shown in the window.
    pub fn label(self) -> String {
        match self {
            OpenAs::ByContent => "Any file or folder".into(),
            OpenAs::Dataset(role) => format!("Dataset, {}", role.label()),
        }
    }
}

/// A step of closing the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Close {
    /// Close the window; ask first when jobs or runs are in progress.
    Ask,
    /// Close the window; runs continue.
    Keep,
    /// Stop runs and analyses, then close the window.
    Stop,
    /// Do not close the window.
    Stay,
}

/// An action of the window.
#[derive(Clone, Debug, PartialEq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Command {
    /// Starts an empty session.
    NewSession,
    /// Opens the bundled demo.
    OpenDemo,
    /// Writes the session to its file, or asks for a file if it has none.
    Save,
    /// Shows the file dialog for saving the session.
    SaveDialog,
    /// Writes the session to this file, which becomes the session's file.
    SaveAs(PathBuf),
    /// Restores the unsaved session in this slot.
    Restore(String),
    /// Removes the unsaved session in this slot.
    Forget(String),
    /// Undoes the last step.
    Undo,
    /// Redoes the step that was undone last.
    Redo,
    /// Shows or hides the command palette.
    TogglePalette,
    /// Shows or hides the list of shortcuts.
    ToggleShortcuts,
    /// Closes the topmost dialog, panel or card.
    Back,
    /// Zooms in.
    ZoomIn,
    /// Zooms out.
    ZoomOut,
    /// Resets the zoom.
    ZoomReset,
    /// A step of closing the window.
    Close(Close),
    /// Links or unlinks a property of all panels.
    SetLink(Link, bool),
    /// Opens files or folders, in this order.
    Open(Vec<PathBuf>, OpenAs),
    /// Shows the file dialog for opening files.
    OpenDialog(OpenAs),
    /// Closes the checkpoint of this name.
    RemoveCheckpoint(String),
    /// Changes the checkpoint of this name.
    Checkpoint(String, CheckpointCommand),
    /// Shows the loss over several random planes instead of S(ρ), or S(ρ) again.
    ShowPlanes(bool),
    /// Compares only what differs between checkpoints, or everything.
    OnlyDifferences(bool),
    /// Adds settings of the Hessian to the session, so that it is computed.
    AddHessian,
    /// Copies a text to the clipboard; the first argument names it.
    CopyText(&'static str, String),
    /// Closes the dataset of this name.
    RemoveDataset(String),
    /// Replaces the dataset of this name: another role, limit, split, corruption or name.
    ChangeDataset(String, Box<DatasetEntry>),
    /// Opens this dataset.
    AddDataset(Box<DatasetEntry>),
    /// Stops a job.
    Cancel(JobId),
    /// Pauses a running job, or resumes it.
    Pause(JobId, bool),
    /// Requests a failed, cancelled or interrupted job again.
    Retry(JobId),
    /// Moves a waiting job to the front of the queue.
    Prioritize(JobId),
    /// Shows or hides the log.
    ToggleLog,
    /// Restarts the worker and requests interrupted jobs again.
    RestartWorker,
    /// Shows a tab.
    Show(Tab),
    /// Shows landscapes and sharpness on this dataset.
    SelectDataset(String),
    /// Shows landscapes of this quantity; `None` = the loss.
    SelectQuantity(Option<Quantity>),
    /// Shows differences to the baseline's losses instead of the losses, or the losses again.
    ShowDifference(bool),
    /// Shows the histograms of this score.
    SelectScore(String),
    /// Shows sharpness over ρ/‖θ‖ instead of ρ.
    ShowRelative(bool),
    /// A command about the scatter or the selection.
    Scatter(ScatterCommand),
    /// Shows or hides the export line.
    ToggleExport,
    /// Writes the current view as a figure.
    Export(PathBuf),
    /// Shows the file dialog for exporting the current view.
    ExportDialog(FigureFormat),
    /// Copies the current view to the clipboard as an image.
    CopyFigure,
    /// Sets the visible part of the plots of a tab.
    SetExtents(Tab, Extents),
    /// Sets size, type size and background of the session's figures.
    ChangeFigure(Box<FigureSettings>),
    /// Sets the theme.
    SetTheme(ThemeChoice),
    /// Removes the message.
    DismissMessage,
    /// A command about runs.
    Run(RunCommand),
    /// A command about how landscapes are shown.
    Landscape(LandscapeCommand),
}

impl Command {
    /// Id of the command without its arguments; it never changes: `save_as`.
    pub fn id(&self) -> &'static str {
        self.into()
    }
}

/// A command on a checkpoint.
#[derive(Clone, Debug, PartialEq)]
pub enum CheckpointCommand {
    /// Moves it to the place of another checkpoint in the order of the panels.
    TakePlaceOf(String),
    /// Moves it by this number of places.
    MoveBy(isize),
    /// Renames it.
    Rename(String),
    /// Hides it, or shows it again.
    Hide(bool),
    /// Makes it the baseline of differences.
    Baseline,
    /// Sets its colour by index.
    Color(usize),
    /// Sets the normalization of its inputs.
    Normalize(Normalization),
    /// Sets how images are brought to the size of its input; `None` = Flatland's own way.
    Prepare(Option<InputTransform>),
    /// Reads it as this network; `None` = as the inferred one.
    Architecture(Option<String>),
    /// Reads it as this exported program, with its features and output.
    Program(NetworkChoice),
    /// Takes the value of this name of its exported program as features; `None` = the input of its last affine map.
    Features(Option<String>),
    /// Takes the output of this name of its exported program as logits; `None` = its only one.
    Output(Option<String>),
    /// Shows the file dialog for choosing the exported program that it is read as.
    ChooseProgram,
    /// Reads it as the network of this name, without the tensors that these globs match.
    ReadAs(Loadable),
    /// Reads the state dict of this key.
    Weights(String),
    /// Opens the state dict of this key as a second checkpoint.
    OpenBeside(String),
}

/// A command about runs; a run is named by its directory.
#[derive(Clone, Debug, PartialEq)]
pub enum RunCommand {
    /// Shows or hides the curves of a run.
    Choose(PathBuf, bool),
    /// Shows the curves of this run only.
    ChooseOnly(PathBuf),
    /// Shows or hides all curves.
    ChooseAll(bool),
    /// Opens the form of a new run.
    New,
    /// Opens the form with the settings of this run.
    Repeat(PathBuf),
    /// Closes the form of a new run.
    CloseForm,
    /// Times a few steps of the run in the form.
    Time,
    /// Starts the run in the form.
    Start,
    /// Sends a request to the process of a run.
    Ask(PathBuf, Control),
    /// Resumes a run that has no process.
    Resume(PathBuf),
    /// Opens the weights of a run as a checkpoint of the session.
    AddToSession {
        /// The run.
        dir: PathBuf,
        /// The weights of the best epoch, else the latest weights.
        best: bool,
    },
    /// Reads the runs of this folder.
    LookInto(PathBuf),
}
