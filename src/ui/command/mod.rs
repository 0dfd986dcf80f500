//! [`Command`]: everything a person can make the window do, as data. Panels and tabs push commands; [`crate::ui::update`] executes them.

mod act;
mod id;
pub mod landscape;
pub mod list;
pub mod scatter;
pub mod shortcut;

use std::path::PathBuf;

use landscape::LandscapeCommand;
use scatter::ScatterCommand;

use crate::ui::state::memory::ThemeChoice;
use flatland_core::job::{Control, JobId};
use flatland_core::result::{Loadable, Quantity};
use flatland_core::session::{DatasetEntry, Extents, FigureFormat, FigureSettings, Link, Normalization, Role, Tab};

/// What a path is opened as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OpenAs {
    /// A session when it ends in `.toml`, images when it is a folder or holds them, else a checkpoint.
    #[default]
    ByContent,
    /// A dataset of this role.
    Dataset(Role),
}

impl OpenAs {
    /// As shown to people.
    pub fn label(self) -> String {
        match self {
            OpenAs::ByContent => "Any file or folder".into(),
            OpenAs::Dataset(role) => format!("Dataset, {}", role.label()),
        }
    }
}

/// What to do about closing the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Close {
    /// Close it; ask first when work is under way.
    Ask,
    /// Close it and let runs go on.
    Keep,
    /// Stop runs and analyses, then close it.
    Stop,
    /// Stay.
    Stay,
}

/// One act.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Starts with nothing open.
    NewSession,
    /// Opens the bundled demo.
    OpenDemo,
    /// Writes the session into its file, or asks for one where it has none.
    Save,
    /// Asks the desktop where to write the session.
    SaveDialog,
    /// Writes the session into this file, which is its own from then on.
    SaveAs(PathBuf),
    /// Brings back what was left unsaved in this slot.
    Restore(String),
    /// Removes what was left unsaved in this slot.
    Forget(String),
    /// Goes back before the last act.
    Undo,
    /// Does again what was undone.
    Redo,
    /// Shows or hides the command palette.
    TogglePalette,
    /// Shows or hides the list of shortcuts.
    ToggleShortcuts,
    /// Closes what is open above or beside the view.
    Back,
    /// Makes everything larger.
    ZoomIn,
    /// Makes everything smaller.
    ZoomOut,
    /// Makes everything as large as it was designed.
    ZoomReset,
    /// Closes the window, or stays.
    Close(Close),
    /// Lets all panels share something, or no longer.
    SetLink(Link, bool),
    /// Opens files or folders, in this order.
    Open(Vec<PathBuf>, OpenAs),
    /// Asks the desktop for files to open.
    OpenDialog(OpenAs),
    /// Closes the checkpoint of this name.
    RemoveCheckpoint(String),
    /// Something else about a checkpoint, by its name.
    Checkpoint(String, CheckpointCommand),
    /// Shows the loss over several random planes in the place of S(ρ), or S(ρ) again.
    ShowPlanes(bool),
    /// Compares checkpoints only in what differs, or in everything.
    OnlyDifferences(bool),
    /// Gives the session settings of the Hessian, so that it is computed.
    AddHessian,
    /// Puts a text into the clipboard; the first says what it is.
    CopyText(&'static str, String),
    /// Closes the dataset of this name.
    RemoveDataset(String),
    /// Puts another in the place of the dataset of this name: another role, limit, split, corruption or name.
    ChangeDataset(String, Box<DatasetEntry>),
    /// Opens a dataset as it is said here.
    AddDataset(Box<DatasetEntry>),
    /// Stops a job.
    Cancel(JobId),
    /// Lets a running job pause, or go on.
    Pause(JobId, bool),
    /// Asks for a failed, cancelled or interrupted job again.
    Retry(JobId),
    /// Moves a waiting job to the front of the queue.
    Prioritize(JobId),
    /// Shows or hides the log.
    ToggleLog,
    /// Starts the worker anew and asks again for what was interrupted.
    RestartWorker,
    /// Shows a tab.
    Show(Tab),
    /// Draws landscapes and sharpness on this dataset.
    SelectDataset(String),
    /// Draws landscapes of this quantity, of the loss when it is none.
    SelectQuantity(Option<Quantity>),
    /// Draws the differences of losses to the baseline's in the place of the losses, or the losses again.
    ShowDifference(bool),
    /// Draws the histograms of this score.
    SelectScore(String),
    /// Shows sharpness over ρ/‖θ‖ instead of ρ.
    ShowRelative(bool),
    /// Something about the scatter or the selection.
    Scatter(ScatterCommand),
    /// Shows or hides the export line.
    ToggleExport,
    /// Writes the current view as a figure.
    Export(PathBuf),
    /// Asks the desktop where to write the current view.
    ExportDialog(FigureFormat),
    /// Puts the current view into the clipboard as an image.
    CopyFigure,
    /// Which part of the plots of a tab is seen.
    SetExtents(Tab, Extents),
    /// Gives the session's figures this size, type and ground.
    ChangeFigure(Box<FigureSettings>),
    /// Light, dark or as the system.
    SetTheme(ThemeChoice),
    /// Takes the message away.
    DismissMessage,
    /// Something about a run.
    Run(RunCommand),
    /// Something about how landscapes are shown.
    Landscape(LandscapeCommand),
}

/// One act about a checkpoint.
#[derive(Clone, Debug, PartialEq)]
pub enum CheckpointCommand {
    /// Moves it to the place of another in the order of the panels.
    TakePlaceOf(String),
    /// Moves it by so many places.
    MoveBy(isize),
    /// Gives it another name.
    Rename(String),
    /// Draws it no longer, or again.
    Hide(bool),
    /// Takes differences to it.
    Baseline,
    /// Gives it the colour of this index.
    Color(usize),
    /// Normalizes its inputs so.
    Normalize(Normalization),
    /// Reads it as this network, or as the one that is inferred.
    Architecture(Option<String>),
    /// Reads it as the network of this name without the tensors that these globs mean.
    ReadAs(Loadable),
    /// Reads the state dict of this key of its file.
    Weights(String),
    /// Opens the state dict of this key of its file as a checkpoint beside it.
    OpenBeside(String),
}

/// One act about runs; runs are named by their directories.
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
    /// Closes the form.
    CloseForm,
    /// Times a few steps of what the form says.
    Time,
    /// Starts what the form says.
    Start,
    /// Asks something of the process of a run.
    Ask(PathBuf, Control),
    /// Goes on with a run that nobody is at.
    Resume(PathBuf),
    /// Opens the weights of a run as a checkpoint of the session.
    AddToSession {
        /// The run.
        dir: PathBuf,
        /// Those of the best epoch, else the latest.
        best: bool,
    },
    /// Looks for runs in this folder.
    LookInto(PathBuf),
}
