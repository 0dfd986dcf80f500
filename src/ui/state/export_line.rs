//! [`ExportLine`]: the file to which the current view is exported as a figure.

use std::path::{Path, PathBuf};

use flatland_core::session::Tab;

/// State of the export line.
#[derive(Debug)]
pub struct ExportLine {
    /// Whether the line is shown.
    pub open: bool,
    /// The path of the file; its extension decides the format.
    pub path: String,
    /// Whether the numbers of a figure are written beside it as CSV.
    pub with_data: bool,
    /// The file that may be overwritten without asking, and its tab: the tab wrote it, or said that it exists.
    pub overwritable: Option<(PathBuf, Tab)>,
    /// The name that was suggested last, without an extension.
    suggested: String,
    /// Whether the text field gets the focus in this frame: the line was just opened.
    pub requests_focus: bool,
}

impl Default for ExportLine {
    fn default() -> Self {
        Self { open: false, path: String::new(), with_data: true, overwritable: None, suggested: String::new(), requests_focus: false }
    }
}

impl ExportLine {
    /// Shows or hides the line. When it is shown, the text field gets the focus.
    pub fn toggle(&mut self, name: &str) {
        self.open = !self.open;
        self.requests_focus = self.open;
        if self.open && self.path.trim().is_empty() {
            self.path = format!("{name}.svg");
            self.suggested = name.into();
        }
    }

    /// Suggests `name` as the file name. A path that still ends in the last suggestion is renamed; its folder and format stay.
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
