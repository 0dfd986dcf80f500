//! The file dialogs of the desktop. Each waits for the user, so each runs on its own thread.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::ui::command::OpenAs;

/// The result of a dialog.
pub enum Chosen<T> {
    /// The user chose this.
    This(T),
    /// The user closed the dialog.
    Nothing,
    /// The desktop has no dialog.
    NoDialog,
}

/// Shows the dialog for opening files (for datasets also folders).
pub fn open(open_as: OpenAs) -> Chosen<Vec<PathBuf>> {
    let dialog = rfd::FileDialog::new().set_title(open_as.label());
    let chosen = || match open_as {
        OpenAs::ByContent => dialog.pick_files(),
        OpenAs::Dataset(_) => dialog.pick_folder().map(|folder| vec![folder]),
    };
    asked(chosen)
}

/// Shows the dialog for exporting a figure.
pub fn export(name: &str, extension: &str) -> Chosen<PathBuf> {
    let dialog = rfd::FileDialog::new().set_title("Export view").set_file_name(format!("{name}.{extension}"));
    asked(|| dialog.save_file())
}

/// Shows the dialog for saving the session.
pub fn save(name: &str, folder: Option<&Path>) -> Chosen<PathBuf> {
    let dialog = rfd::FileDialog::new().set_title("Save session as").set_file_name(name).add_filter("Session", &["toml"]);
    let dialog = match folder {
        Some(folder) => dialog.set_directory(folder),
        None => dialog,
    };
    asked(|| dialog.save_file())
}

/// Shows the dialog for exporting the selected images as a table. A missing dialog is not reported, since the path can be typed.
pub fn export_selection() -> Chosen<PathBuf> {
    let dialog = rfd::FileDialog::new().set_title("Export selection").set_file_name("selection.csv");
    dialog.save_file().map_or(Chosen::Nothing, Chosen::This)
}

/// Runs a dialog. A desktop without dialogs answers faster than a user can close one.
fn asked<T>(dialog: impl FnOnce() -> Option<T>) -> Chosen<T> {
    const TOO_FAST: Duration = Duration::from_millis(150);
    let start = Instant::now();
    match dialog() {
        Some(found) => Chosen::This(found),
        None if start.elapsed() < TOO_FAST => Chosen::NoDialog,
        None => Chosen::Nothing,
    }
}
