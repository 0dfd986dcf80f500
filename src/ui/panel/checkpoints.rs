//! The open checkpoints: colour, name, architecture and size, or why the file is refused.

use egui::{Align, Layout, RichText, Ui};

use super::{aside, complaint, quiet_button, section};
use crate::result::Inspection;
use crate::session::Session;
use crate::ui::command::Command;
use crate::ui::store::{JobState, Store};
use crate::ui::theme;
use crate::ui::widget::number::count;
use crate::ui::widget::swatch;

/// Draws the list.
pub fn show(ui: &mut Ui, session: &Session, store: &Store, commands: &mut Vec<Command>) {
    section(ui, "Checkpoints", Some(session.checkpoints.len()));
    if session.checkpoints.is_empty() {
        aside(ui, "None yet. Give a path above, or drop files here.");
    }
    for (i, checkpoint) in session.checkpoints.iter().enumerate() {
        ui.horizontal(|ui| {
            let color = theme::checkpoint(ui, i);
            swatch::square(ui, color);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if quiet_button(ui, "×", &format!("Close checkpoint {}", checkpoint.name)).clicked() {
                    commands.push(Command::RemoveCheckpoint(checkpoint.name.clone()));
                }
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    let name = RichText::new(&checkpoint.name).color(theme::of(ui).strong);
                    ui.add(egui::Label::new(name).truncate()).on_hover_text(checkpoint.path.display().to_string());
                });
            });
        });
        ui.indent(("checkpoint", i), |ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            match store.inspections.get(&checkpoint.path) {
                Some(inspection) => report(ui, inspection),
                None => match store.inspection_job(&checkpoint.path).map(|job| &job.state) {
                    Some(JobState::Failed(message)) => {
                        complaint(ui, message);
                    }
                    Some(JobState::Interrupted) => {
                        aside(ui, "not read: the worker ended");
                    }
                    _ => {
                        aside(ui, "reading…");
                    }
                },
            }
        });
    }
}

/// Architecture, classes and parameters in one line, what does not fit in more.
fn report(ui: &mut Ui, inspection: &Inspection) {
    if let Some(error) = &inspection.error {
        complaint(ui, error);
        return;
    }
    let parameters = format!("{} parameters", count(inspection.parameters.unsigned_abs()));
    let classes = inspection.classes.map(|classes| format!("{classes} classes"));
    let architecture = inspection.architecture.clone().unwrap_or_else(|| "unknown architecture".into());
    let facts: Vec<String> = [Some(architecture), classes, Some(parameters)].into_iter().flatten().collect();
    aside(ui, &facts.join(" · ")).on_hover_ui(|ui| details(ui, inspection));
    let lacking = [("missing", &inspection.missing), ("unexpected", &inspection.unexpected), ("of another shape", &inspection.mismatched)];
    for (what, names) in lacking.into_iter().filter(|(_, names)| !names.is_empty()) {
        complaint(ui, &format!("{} tensors {what}: {}", names.len(), names.iter().take(3).cloned().collect::<Vec<_>>().join(", ")));
    }
}

fn details(ui: &mut Ui, inspection: &Inspection) {
    ui.label(inspection.file.display().to_string());
    let container = inspection.container.as_deref().unwrap_or("unknown container");
    ui.label(format!("{container}, {} tensors", inspection.tensors.len()));
    if let Some([channels, height, width]) = inspection.input {
        ui.label(format!("input {channels} × {height} × {width}"));
    }
    for note in &inspection.notes {
        ui.label(note);
    }
}
