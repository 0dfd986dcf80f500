//! Controls that several tabs share: the choice of the dataset, and notes on what is measured.

use egui::Ui;

use super::Scene;
use crate::ui::command::Command;
use crate::ui::style::theme;
use crate::ui::style::widget::controls::menu;
use flatland_core::session::LossSettings;

/// The menu of the dataset on which the loss is measured.
pub fn dataset_menu(ui: &mut Ui, scene: &mut Scene<'_>, dataset: &str) {
    ui.colored_label(theme::of(ui).weak, "Measured on");
    menu(ui, dataset, "Another dataset is computed when it is chosen", |ui| {
        for entry in scene.session.datasets.iter().filter(|entry| entry.role.has_classes()) {
            let text = format!("{} ({})", entry.name, entry.role.label());
            if ui.selectable_label(entry.name == dataset, text).clicked() {
                scene.commands.push(Command::SelectDataset(entry.name.clone()));
                ui.close();
            }
        }
    });
}

/// A line of secondary text, cut at its end.
pub fn note(ui: &mut Ui, text: &str) {
    let text = egui::RichText::new(text).color(theme::of(ui).weak);
    ui.add(egui::Label::new(text).truncate());
}

/// The loss, if it is not plain cross-entropy, as the end of a note.
pub fn loss_note(loss: &LossSettings) -> String {
    loss.description().map_or(String::new(), |loss| format!("; loss: {loss}"))
}

/// The parameters that are varied, if these are not all, as the end of a note.
pub fn layers_note(layers: &[String]) -> String {
    if layers.is_empty() { String::new() } else { format!("; only {} are varied", layers.join(", ")) }
}
