//! [`ExportLine`]: where the current view goes as a figure.

use std::path::{Path, PathBuf};

use flatland_core::session::Tab;

/// What the line holds.
#[derive(Debug)]
pub struct ExportLine {
    /// Whether it is shown.
    pub open: bool,
    /// The file; the ending decides the format.
    pub path: String,
    /// Whether a picture's numbers are written beside it, as CSV.
    pub with_data: bool,
    /// The file that is written over without a word: this tab wrote it, or said that it is there.
    pub own: Option<(PathBuf, Tab)>,
    /// The name that was suggested last, without an ending.
    suggested: String,
    /// Whether the field is to have the focus: the line was opened just now.
    pub takes_focus: bool,
}

impl Default for ExportLine {
    fn default() -> Self {
        Self { open: false, path: String::new(), with_data: true, own: None, suggested: String::new(), takes_focus: false }
    }
}

impl ExportLine {
    /// Shows or hides the line; one that is shown is ready to be typed into.
    pub fn toggle(&mut self, name: &str) {
        self.open = !self.open;
        self.takes_focus = self.open;
        if self.open && self.path.trim().is_empty() {
            self.path = format!("{name}.svg");
            self.suggested = name.into();
        }
    }

    /// What is drawn is now called `name`: a path that still ends in the last suggestion takes it up, in its folder and format.
    pub fn suggest(&mut self, name: &str) {
        if self.suggested != name {
            let path = Path::new(&self.path);
            if path.file_stem().is_some_and(|stem| *stem == *self.suggested) {
                let ending = path.extension().map(|ending| format!(".{}", ending.to_string_lossy())).unwrap_or_default();
                self.path = path.with_file_name(format!("{name}{ending}")).display().to_string();
            }
            self.suggested = name.into();
        }
    }
}
