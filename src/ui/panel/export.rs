//! The export line: where the current view goes as a figure.

use std::path::{Path, PathBuf};

use egui::{Key, TextEdit, Ui};

use crate::ui::command::Command;
use crate::ui::theme;
use flatland_core::session::{FigureFormat, Tab};

/// What the line holds.
#[derive(Debug)]
pub struct State {
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
    takes_focus: bool,
}

impl Default for State {
    fn default() -> Self {
        Self { open: false, path: String::new(), with_data: true, own: None, suggested: String::new(), takes_focus: false }
    }
}

impl State {
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
    fn suggest(&mut self, name: &str) {
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

/// Room for what stands in the line beside the path.
const BUTTONS: f32 = 560.0;

/// Draws the line for what is called `name`.
pub fn show(ui: &mut Ui, state: &mut State, name: &str, commands: &mut Vec<Command>) {
    state.suggest(name);
    ui.horizontal_wrapped(|ui| {
        let room = ui.available_width() - BUTTONS;
        let label = ui.colored_label(theme::of(ui).weak, "Export to");
        let field =
            ui.add(TextEdit::singleline(&mut state.path).desired_width(room.clamp(140.0, 380.0)).margin(egui::Margin::symmetric(8, 5)));
        let field = field.labelled_by(label.id);
        if std::mem::take(&mut state.takes_focus) {
            field.request_focus();
        }
        let entered = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        if (ui.button("Write").on_hover_text("The ending decides: .svg, .pdf, .png, or the numbers alone as .csv or .npz").clicked()
            || entered)
            && !state.path.trim().is_empty()
        {
            commands.push(Command::Export(PathBuf::from(state.path.trim())));
        }
        for (format, name) in [(FigureFormat::Svg, "SVG…"), (FigureFormat::Pdf, "PDF…"), (FigureFormat::Png, "PNG…")] {
            if ui.button(name).on_hover_text("Choose where").clicked() {
                commands.push(Command::ExportDialog(format));
            }
        }
        ui.checkbox(&mut state.with_data, "and its data").on_hover_text("The numbers that are drawn, beside the picture, as .csv");
        if ui.button("Copy image").on_hover_text("The picture, into the clipboard").clicked() {
            commands.push(Command::CopyFigure);
        }
        if super::quiet_button(ui, "×", "Close the export line").clicked() {
            commands.push(Command::ToggleExport);
        }
    });
}
