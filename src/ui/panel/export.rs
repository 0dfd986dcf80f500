//! The export line: exports the current view as a figure.

use std::path::PathBuf;

use egui::{Key, TextEdit, Ui};

use crate::ui::command::Command;
use crate::ui::state::export_line::ExportLine;
use crate::ui::style::theme;
use crate::ui::style::widget::controls;
use flatland_core::session::FigureFormat;

/// Width of the controls beside the path, points.
const BUTTONS: f32 = 560.0;

/// Draws the line; `name` is the suggested file name.
pub fn show(ui: &mut Ui, state: &mut ExportLine, name: &str, commands: &mut Vec<Command>) {
    state.suggest(name);
    ui.horizontal_wrapped(|ui| {
        let room = ui.available_width() - BUTTONS;
        let label = ui.colored_label(theme::of(ui).weak, "Export to");
        let field =
            ui.add(TextEdit::singleline(&mut state.path).desired_width(room.clamp(140.0, 380.0)).margin(egui::Margin::symmetric(8, 5)));
        let field = field.labelled_by(label.id);
        if std::mem::take(&mut state.requests_focus) {
            field.request_focus();
        }
        let entered = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        if (ui.button("Write").on_hover_text("The extension decides: .svg, .pdf, .png, or the numbers alone as .csv or .npz").clicked()
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
        if controls::quiet_button(ui, "×", "Close the export line").clicked() {
            commands.push(Command::ToggleExport);
        }
    });
}
