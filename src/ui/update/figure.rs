//! Executes the commands that export or copy the current view as a figure.

use std::path::PathBuf;

use egui::ColorImage;

use super::App;
use crate::ui::work::export::Export;

impl App {
    /// The current view as a figure; reports an error when there is nothing to draw.
    pub(in crate::ui) fn figure(&mut self) -> Option<Export> {
        let export = self.tabs.figure(&mut self.state);
        if export.is_none() {
            self.state.report_error("nothing to export yet: nothing that this view shows is finished");
        }
        export
    }

    /// Writes the current view; an existing file is overwritten only with `over`.
    pub(in crate::ui) fn write_figure(&mut self, path: PathBuf, over: bool) {
        let with_data = self.state.export.with_data;
        if let Some(export) = self.figure() {
            self.spawn(move || export.write(&path, with_data, over), Self::exported);
        }
    }

    /// Handles the result of writing a file.
    pub(in crate::ui) fn exported(&mut self, written: Result<PathBuf, String>) {
        match written {
            Ok(path) => {
                let boxes = self.state.fallback_fonts.missing_message().map_or(String::new(), |error| format!("; {error}"));
                self.state.inform(format!("Written: {}{boxes}", path.display()));
            }
            Err(error) => self.state.report_error(error),
        }
    }

    /// Handles the result of drawing a figure for the clipboard.
    pub(in crate::ui) fn figure_copied(&mut self, drawn: Result<ColorImage, String>) {
        match drawn {
            Ok(image) => {
                self.state.inform(format!("Copied: an image of {} × {} pixels", image.size[0], image.size[1]));
                self.ctx.copy_image(image);
            }
            Err(error) => self.state.report_error(error),
        }
    }
}
