//! The file dialogs of the desktop. Each waits for the user, so each runs on its own thread.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::ui::command::OpenAs;

/// The result of a dialog.
pub enum DialogResult<T> {
    /// The user chose this.
    Chosen(T),
    /// The user closed the dialog.
    Cancelled,
    /// The desktop has no dialog.
    NoDialog,
}

/// Shows the dialog for opening files (for datasets also folders).
pub fn open(open_as: OpenAs) -> DialogResult<Vec<PathBuf>> {
    let dialog = rfd::FileDialog::new().set_title(open_as.label());
    let chosen = || match open_as {
        OpenAs::ByContent => dialog.pick_files(),
        OpenAs::Dataset(_) => dialog.pick_folder().map(|folder| vec![folder]),
    };
    run_dialog(chosen)
}

/// Shows the dialog for choosing an exported program.
pub fn open_program() -> DialogResult<PathBuf> {
    let dialog = rfd::FileDialog::new().set_title("Exported program").add_filter("Exported program", &["pt2", "onnx"]);
    run_dialog(|| dialog.pick_file())
}

/// Shows the dialog for exporting a figure.
pub fn export(name: &str, extension: &str) -> DialogResult<PathBuf> {
    let dialog = rfd::FileDialog::new().set_title("Export view").set_file_name(format!("{name}.{extension}"));
    run_dialog(|| dialog.save_file())
}

/// Shows the dialog for saving the session.
pub fn save(name: &str, folder: Option<&Path>) -> DialogResult<PathBuf> {
    let dialog = rfd::FileDialog::new().set_title("Save session as").set_file_name(name).add_filter("Session", &["toml"]);
    let dialog = match folder {
        Some(folder) => dialog.set_directory(folder),
        None => dialog,
    };
    run_dialog(|| dialog.save_file())
}

/// Shows the dialog for exporting the selected images as a table. A missing dialog is not reported, since the path can be typed.
pub fn export_selection() -> DialogResult<PathBuf> {
    let dialog = rfd::FileDialog::new().set_title("Export selection").set_file_name("selection.csv");
    dialog.save_file().map_or(DialogResult::Cancelled, DialogResult::Chosen)
}

/// Runs a dialog. A desktop without dialogs answers faster than a user can close one.
fn run_dialog<T>(dialog: impl FnOnce() -> Option<T>) -> DialogResult<T> {
    const MIN_DIALOG_TIME: Duration = Duration::from_millis(150);
    let start = Instant::now();
    match dialog() {
        Some(found) => DialogResult::Chosen(found),
        None if start.elapsed() < MIN_DIALOG_TIME => DialogResult::NoDialog,
        None => DialogResult::Cancelled,
    }
}
