//! The choice of the state dict when a checkpoint's file has several.

use egui::containers::menu::MenuButton;
use egui::{RichText, Role as WidgetRole, Ui, WidgetInfo};

use crate::ui::command::{CheckpointCommand, Command};
use crate::ui::style::theme;
use crate::ui::style::widget::assumed;
use flatland_core::result::Inspection;
use flatland_core::session::CheckpointEntry;

/// Draws the state dict that is read as a button; its menu reads another one instead or opens it as well. Nothing for a single state dict.
pub(super) fn show(ui: &mut Ui, checkpoint: &CheckpointEntry, inspection: &Inspection, commands: &mut Vec<Command>) {
    if inspection.state_dicts.len() < 2 {
        return;
    }
    let name = &checkpoint.name;
    let is_assumed = checkpoint.weights.is_none();
    let present = inspection.weights.as_ref().or(checkpoint.weights.as_ref()).map_or("choose", String::as_str);
    let shown = [format!("weights: {present}"), format!("one of {}", inspection.state_dicts.len())];
    let button = MenuButton::from_button(egui::Button::new(assumed::list(ui, &shown, is_assumed)).frame_when_inactive(false));
    let (response, _) = button.ui(ui, |ui| {
        let head = |ui: &mut Ui, text: &str| drop(ui.label(RichText::new(text).font(theme::small()).color(theme::of(ui).weak)));
        let mut push = |ui: &mut Ui, command| {
            commands.push(Command::Checkpoint(name.clone(), command));
            ui.close();
        };
        head(ui, "State dict that is read");
        for key in &inspection.state_dicts {
            if ui.selectable_label(key == present && !is_assumed, key).clicked() {
                push(ui, CheckpointCommand::Weights(key.clone()));
            }
        }
        ui.separator();
        for key in inspection.state_dicts.iter().filter(|key| *key != present) {
            if ui.button(format!("Open {key} beside it")).clicked() {
                push(ui, CheckpointCommand::OpenBeside(key.clone()));
            }
        }
    });
    let accessible_label = assumed::accessible_label(&format!("Weights of {name}: {present}"), is_assumed);
    response.widget_info(|| WidgetInfo::labeled(WidgetRole::Button, true, &accessible_label));
    let hint = format!("The file contains {} state dicts: {}", inspection.state_dicts.len(), inspection.state_dicts.join(", "));
    response.on_hover_text(if is_assumed { format!("{}\n{hint}", assumed::ASSUMED) } else { hint });
}
