//! The export line: where the current view goes as a figure.

use std::path::PathBuf;

use egui::{Key, TextEdit, Ui};

use crate::session::FigureFormat;
use crate::ui::command::Command;
use crate::ui::theme;

/// What the line holds.
#[derive(Debug)]
pub struct State {
    /// Whether it is shown.
    pub open: bool,
    /// The file; the ending decides the format.
    pub path: String,
    /// Whether a picture's numbers are written beside it, as CSV.
    pub with_data: bool,
}

impl Default for State {
    fn default() -> Self {
        Self { open: false, path: String::new(), with_data: true }
    }
}

/// Draws the line.
pub fn show(ui: &mut Ui, state: &mut State, commands: &mut Vec<Command>) {
    ui.horizontal(|ui| {
        let label = ui.colored_label(theme::of(ui).weak, "Export to");
        let field = ui.add(TextEdit::singleline(&mut state.path).desired_width(380.0).margin(egui::Margin::symmetric(8, 5)));
        let field = field.labelled_by(label.id);
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
