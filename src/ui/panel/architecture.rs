//! Which network a checkpoint is: inferred, assumed or chosen, and the choice among the others that its tensors fit.

use egui::containers::menu::MenuButton;
use egui::{RichText, Role as WidgetRole, Ui, WidgetInfo};

use super::complaint;
use crate::result::{Inspection, Loadable};
use crate::session::CheckpointEntry;
use crate::ui::command::{CheckpointCommand, Command};
use crate::ui::theme;

/// What a quiet mark beside the name says.
const ASSUMED: &str = "assumed";

/// The network as a button that offers the others with the same tensors.
pub fn button(ui: &mut Ui, checkpoint: &CheckpointEntry, inspection: &Inspection, commands: &mut Vec<Command>) {
    let (name, architecture) = (&checkpoint.name, inspection.architecture.as_deref().unwrap_or("unknown network"));
    let mark = mark(checkpoint, inspection);
    let text = RichText::new(format!("{architecture}{}  ▾", mark.map_or(String::new(), |mark| format!(" ({mark})"))));
    let button = egui::Button::new(text.font(theme::small()).color(theme::of(ui).weak)).frame_when_inactive(false);
    let (response, _) = MenuButton::from_button(button).ui(ui, |ui| choices(ui, checkpoint, inspection, commands));
    response.widget_info(|| WidgetInfo::labeled(WidgetRole::Button, true, format!("Network of {name}: {architecture}")));
    response.on_hover_ui(|ui| tell(ui, checkpoint, inspection));
}

/// `assumed` where tensors leave a choice that nobody made.
fn mark(checkpoint: &CheckpointEntry, inspection: &Inspection) -> Option<&'static str> {
    (checkpoint.architecture.is_none() && !inspection.assumed.is_empty() && !inspection.ambiguous.is_empty()).then_some(ASSUMED)
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
    let inferred = if checkpoint.architecture.is_none() { inspection.architecture.as_deref() } else { None };
    let text = inferred.map_or("as inferred".to_owned(), |inferred| format!("{inferred}, as inferred"));
    choose(ui, &text, checkpoint.architecture.is_none(), None);
    let known = inspection.architecture.iter().filter(|known| inferred != Some(known.as_str()));
    for other in known.chain(&inspection.ambiguous) {
        choose(ui, other, checkpoint.architecture.as_ref() == Some(other), Some(other.clone()));
    }
}

/// What is known and what is assumed, line by line.
fn tell(ui: &mut Ui, checkpoint: &CheckpointEntry, inspection: &Inspection) {
    let chosen = checkpoint.architecture.is_some();
    ui.label(if chosen { "The network, as chosen" } else { "The network, as its tensors tell" });
    for known in &inspection.certain {
        ui.label(format!("{}: {}", known.what, known.value));
    }
    if !inspection.assumed.is_empty() {
        ui.label("Assumed, because tensors do not tell:");
        for assumed in &inspection.assumed {
            ui.label(format!("{}: {}", assumed.what, assumed.value));
        }
    }
    if !inspection.ambiguous.is_empty() {
        ui.label(format!("The same tensors have: {}", inspection.ambiguous.join(", ")));
    }
}

/// What has to be chosen before anything is computed: the sentence and the choices.
pub fn question(ui: &mut Ui, checkpoint: &CheckpointEntry, inspection: &Inspection, commands: &mut Vec<Command>) {
    complaint(ui, "Its tensors fit several networks. Which is it?").on_hover_text(inspection.question.as_deref().unwrap_or_default());
    let networks = inspection.architecture.iter().chain(&inspection.ambiguous);
    offer(ui, checkpoint, networks.map(|name| (name.clone(), CheckpointCommand::Architecture(Some(name.clone())))), commands);
}

/// The networks that a refused file can be read as.
pub fn ways_out(ui: &mut Ui, checkpoint: &CheckpointEntry, inspection: &Inspection, commands: &mut Vec<Command>) {
    let label = |way: &Loadable| match way.ignore.is_empty() {
        true => format!("Read as {}", way.architecture),
        false => format!("Read as {} without {}", way.architecture, way.ignore.join(", ")),
    };
    let mut ways: Vec<(String, CheckpointCommand)> =
        inspection.loadable.iter().map(|way| (label(way), CheckpointCommand::ReadAs(way.clone()))).collect();
    if checkpoint.architecture.is_some() {
        ways.push(("Infer the network".into(), CheckpointCommand::Architecture(None)));
    }
    offer(ui, checkpoint, ways.into_iter(), commands);
}

fn offer(ui: &mut Ui, of: &CheckpointEntry, choices: impl Iterator<Item = (String, CheckpointCommand)>, commands: &mut Vec<Command>) {
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
