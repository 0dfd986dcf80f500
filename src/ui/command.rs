//! [`Command`]: everything a person can make the window do. Panels and views push them; [`super::App`] runs them in one place.

use std::path::PathBuf;

use egui::ThemePreference;

use super::scatter::command::ScatterCommand;
use crate::job::{Control, JobId};
use crate::result::Quantity;
use crate::session::{FigureFormat, Role, Tab};

/// What a path is opened as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OpenAs {
    /// A session when it ends in `.toml`, else a checkpoint.
    #[default]
    SessionOrCheckpoint,
    /// A dataset of this role.
    Dataset(Role),
}

impl OpenAs {
    /// As shown to people.
    pub fn label(self) -> String {
        match self {
            OpenAs::SessionOrCheckpoint => "Checkpoint or session".into(),
            OpenAs::Dataset(role) => format!("Dataset, {}", role.label()),
        }
    }
}

/// One act.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Opens files or folders, in this order.
    Open(Vec<PathBuf>, OpenAs),
    /// Asks the desktop for files to open.
    OpenDialog(OpenAs),
    /// Closes the checkpoint of this name.
    RemoveCheckpoint(String),
    /// Closes the dataset of this name.
    RemoveDataset(String),
    /// Stops a job.
    Cancel(JobId),
    /// Lets a running job pause, or go on.
    Pause(JobId, bool),
    /// Asks for a failed, cancelled or interrupted job again.
    Retry(JobId),
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
    /// Light, dark or as the system.
    SetTheme(ThemePreference),
    /// Takes the message away.
    DismissMessage,
    /// Something about a run.
    Run(RunCommand),
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
