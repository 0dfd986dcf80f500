//! The dialogs of the desktop: which files to open, where to write. Each waits for the person, so each runs on a thread of its own.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::ui::command::OpenAs;

/// What a dialog gave.
pub enum Chosen<T> {
    /// This.
    This(T),
    /// It was closed.
    Nothing,
    /// The desktop has no dialog.
    NoDialog,
}

/// Asks the desktop for files (for datasets also folders) to open.
pub fn open(open_as: OpenAs) -> Chosen<Vec<PathBuf>> {
    let dialog = rfd::FileDialog::new().set_title(open_as.label());
    let chosen = || match open_as {
        OpenAs::ByContent => dialog.pick_files(),
        OpenAs::Dataset(_) => dialog.pick_folder().map(|folder| vec![folder]),
    };
    asked(chosen)
}

/// Asks the desktop where to write a figure.
pub fn export(name: &str, extension: &str) -> Chosen<PathBuf> {
    let dialog = rfd::FileDialog::new().set_title("Export view").set_file_name(format!("{name}.{extension}"));
    asked(|| dialog.save_file())
}

/// Asks the desktop where to write the session.
pub fn save(name: &str, folder: Option<&Path>) -> Chosen<PathBuf> {
    let dialog = rfd::FileDialog::new().set_title("Save session as").set_file_name(name).add_filter("Session", &["toml"]);
    let dialog = match folder {
        Some(folder) => dialog.set_directory(folder),
        None => dialog,
    };
    asked(|| dialog.save_file())
}

/// Asks where to write the selected images as a table. Where the desktop has no dialog, nothing is said: the path can be typed beside.
pub fn export_selection() -> Chosen<PathBuf> {
    let dialog = rfd::FileDialog::new().set_title("Export selection").set_file_name("selection.csv");
    dialog.save_file().map_or(Chosen::Nothing, Chosen::This)
}

/// What a dialog gave. Where there is none to ask, that comes faster than anybody closes one.
fn asked<T>(dialog: impl FnOnce() -> Option<T>) -> Chosen<T> {
    const TOO_FAST: Duration = Duration::from_millis(150);
    let start = Instant::now();
    match dialog() {
        Some(found) => Chosen::This(found),
        None if start.elapsed() < TOO_FAST => Chosen::NoDialog,
        None => Chosen::Nothing,
    }
}
