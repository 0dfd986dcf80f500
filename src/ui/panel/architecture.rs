//! The network of a checkpoint: inferred, assumed or chosen, and the choice among other networks that its tensors fit.

use egui::containers::menu::MenuButton;
use egui::{RichText, Role as WidgetRole, Ui, WidgetInfo};

use crate::ui::command::{CheckpointCommand, Command};
use crate::ui::style::theme;
use crate::ui::style::widget::assumed;
use crate::ui::style::widget::controls::error_text;
use flatland_core::result::{Inspection, Loadable};
use flatland_core::session::CheckpointEntry;

/// Draws the network as a button; its menu has the other networks with the same tensors.
pub fn button(ui: &mut Ui, checkpoint: &CheckpointEntry, inspection: &Inspection, commands: &mut Vec<Command>) {
    let (name, architecture) = (&checkpoint.name, inspection.architecture.as_deref().unwrap_or("unknown network"));
    // The inspection assumes something for every network; there is a choice only if another network has the same tensors.
    let is_assumed = checkpoint.architecture.is_none() && !inspection.assumed.is_empty() && !inspection.ambiguous.is_empty();
    let button = egui::Button::new(assumed::value(ui, architecture, is_assumed)).frame_when_inactive(false);
    let (response, _) = MenuButton::from_button(button).ui(ui, |ui| choices(ui, checkpoint, inspection, commands));
    let accessible_label = format!("Network of {name}: {}", assumed::accessible_label(architecture, is_assumed));
    response.widget_info(|| WidgetInfo::labeled(WidgetRole::Button, true, &accessible_label));
    response.on_hover_ui(|ui| tooltip(ui, is_assumed, checkpoint, inspection));
}

fn choices(ui: &mut Ui, checkpoint: &CheckpointEntry, inspection: &Inspection, commands: &mut Vec<Command>) {
    let weak = theme::of(ui).weak;
    let mut choose = |ui: &mut Ui, text: &str, chosen: bool, architecture: Option<String>| {
        if ui.selectable_label(chosen, text).clicked() {
            if !chosen {
                commands.push(Command::Checkpoint(checkpoint.name.clone(), CheckpointCommand::Architecture(architecture)));
            }
            ui.close();
        }
    };
    ui.label(RichText::new("Read as").font(theme::small()).color(weak));
    for network in inspection.architecture.iter().chain(&inspection.ambiguous) {
        choose(ui, network, checkpoint.architecture.as_ref() == Some(network), Some(network.clone()));
    }
    choose(ui, "As inferred from its tensors", checkpoint.architecture.is_none(), None);
}

/// Draws what is known and what is assumed, line by line.
fn tooltip(ui: &mut Ui, is_assumed: bool, checkpoint: &CheckpointEntry, inspection: &Inspection) {
    ui.label(match (is_assumed, checkpoint.architecture.is_some()) {
        (true, _) => assumed::ASSUMED,
        (false, true) => "The network, as chosen",
        (false, false) => "The network, inferred from its tensors",
    });
    for known in &inspection.certain {
        ui.label(format!("{}: {}", known.what, known.value));
    }
    if !inspection.assumed.is_empty() {
        ui.label("Assumed, since tensors do not show it:");
        for assumed in &inspection.assumed {
            ui.label(format!("{}: {}", assumed.what, assumed.value));
        }
    }
    if !inspection.ambiguous.is_empty() {
        ui.label(format!("The same tensors have: {}", inspection.ambiguous.join(", ")));
    }
}

/// Draws the question that must be answered before anything is computed, and its choices.
pub fn question(ui: &mut Ui, checkpoint: &CheckpointEntry, inspection: &Inspection, commands: &mut Vec<Command>) {
    error_text(ui, "Its tensors fit several networks. Which is it?").on_hover_text(inspection.question.as_deref().unwrap_or_default());
    let networks = inspection.architecture.iter().chain(&inspection.ambiguous);
    choice_buttons(ui, checkpoint, networks.map(|name| (name.clone(), CheckpointCommand::Architecture(Some(name.clone())))), commands);
}

/// Draws the networks as which a refused file can be read.
pub fn alternatives(ui: &mut Ui, checkpoint: &CheckpointEntry, inspection: &Inspection, commands: &mut Vec<Command>) {
    let label = |way: &Loadable| match way.ignore.is_empty() {
        true => format!("Read as {}", way.architecture),
        false => format!("Read as {} without {}", way.architecture, way.ignore.join(", ")),
    };
    let mut ways: Vec<(String, CheckpointCommand)> =
        inspection.loadable.iter().map(|way| (label(way), CheckpointCommand::ReadAs(way.clone()))).collect();
    if checkpoint.architecture.is_some() {
        ways.push(("Infer the network".into(), CheckpointCommand::Architecture(None)));
    }
    choice_buttons(ui, checkpoint, ways.into_iter(), commands);
}

/// Draws choices as buttons.
pub fn choice_buttons(
    ui: &mut Ui,
    of: &CheckpointEntry,
    choices: impl Iterator<Item = (String, CheckpointCommand)>,
    commands: &mut Vec<Command>,
) {
    ui.horizontal_wrapped(|ui| {
        for (label, command) in choices {
            let response = ui.button(RichText::new(&label).font(theme::small()));
            response.widget_info(|| WidgetInfo::labeled(WidgetRole::Button, true, format!("{label}: {}", of.name)));
            if response.clicked() {
                commands.push(Command::Checkpoint(of.name.clone(), command));
            }
        }
    });
}
