//! The network of a checkpoint: inferred, assumed or chosen, and the choice among other networks that its tensors fit.

use egui::containers::menu::MenuButton;
use egui::{RichText, Role as WidgetRole, Ui, WidgetInfo};

use crate::ui::command::{CheckpointCommand, Command};
use crate::ui::state::programs::is_own_program;
use crate::ui::style::theme;
use crate::ui::style::widget::assumed;
use crate::ui::style::widget::controls::error_text;
use flatland_core::result::{Inspection, Loadable};
use flatland_core::session::{Assumption, CheckpointEntry, NetworkChoice, architecture_label, is_program};

/// Text of the entry that opens the file dialog.
const CHOOSE_PROGRAM: &str = "An exported program (.pt2)…";

/// Draws the network as a button; its menu has the other networks with the same tensors, also the open `programs`.
pub fn button(ui: &mut Ui, checkpoint: &CheckpointEntry, inspection: &Inspection, programs: &[NetworkChoice], commands: &mut Vec<Command>) {
    let (name, architecture) = (&checkpoint.name, inspection.architecture.as_deref().unwrap_or("unknown network"));
    // The inspection assumes something for every network; there is a choice only if another network has the same tensors.
    let is_inferred = checkpoint.architecture.is_none() && !inspection.assumed.is_empty() && !inspection.ambiguous.is_empty();
    let is_assumed = is_inferred || checkpoint.assumed.contains(&Assumption::Architecture);
    let button = egui::Button::new(assumed::value(ui, architecture, is_assumed)).frame_when_inactive(false);
    let (response, _) = MenuButton::from_button(button).ui(ui, |ui| choices(ui, checkpoint, inspection, programs, commands));
    let accessible_label = format!("Network of {name}: {}", assumed::accessible_label(architecture, is_assumed));
    response.widget_info(|| WidgetInfo::labeled(WidgetRole::Button, true, &accessible_label));
    response.on_hover_ui(|ui| tooltip(ui, is_assumed, checkpoint, inspection));
}

fn choices(ui: &mut Ui, checkpoint: &CheckpointEntry, inspection: &Inspection, programs: &[NetworkChoice], commands: &mut Vec<Command>) {
    let weak = theme::of(ui).weak;
    let mut choose = |ui: &mut Ui, text: &str, chosen: bool, command: CheckpointCommand| {
        let response = ui.selectable_label(chosen, text);
        let response = if let Some(path) = path_of(&command) { response.on_hover_text(path) } else { response };
        if response.clicked() {
            if !chosen {
                commands.push(Command::Checkpoint(checkpoint.name.clone(), command));
            }
            ui.close();
        }
    };
    ui.label(RichText::new("Read as").font(theme::small()).color(weak));
    let (is_own, present) = (is_own_program(checkpoint), checkpoint.choice());
    // The report names a program by its file.
    let named = inspection.architecture.iter().filter(|_| !is_own && !present.is_program());
    for network in named.chain(&inspection.ambiguous) {
        let command = CheckpointCommand::Architecture(Some(network.clone()));
        choose(ui, network, checkpoint.architecture.as_ref() == Some(network), command);
    }
    let is_stated = !checkpoint.assumed.contains(&Assumption::Architecture);
    let is_listed = programs.iter().any(|program| program.architecture == present.architecture);
    let present = present.is_program().then(|| present.network_of(&checkpoint.path));
    for program in present.iter().filter(|_| !is_listed).chain(programs) {
        let chosen = is_stated && program.architecture == checkpoint.architecture;
        choose(ui, program_label(program), chosen, CheckpointCommand::Program(program.clone()));
    }
    let inferred =
        if checkpoint.path.to_str().is_some_and(is_program) { "As the program in its file" } else { "As inferred from its tensors" };
    choose(ui, inferred, checkpoint.architecture.is_none(), CheckpointCommand::Architecture(None));
    ui.separator();
    choose(ui, CHOOSE_PROGRAM, false, CheckpointCommand::ChooseProgram);
}

fn program_label(program: &NetworkChoice) -> &str {
    architecture_label(program.architecture.as_deref().unwrap_or_default())
}

/// The path of the program that a command chooses.
fn path_of(command: &CheckpointCommand) -> Option<&str> {
    if let CheckpointCommand::Program(program) = command { program.architecture.as_deref() } else { None }
}

/// Draws what is known and what is assumed, line by line.
fn tooltip(ui: &mut Ui, is_assumed: bool, checkpoint: &CheckpointEntry, inspection: &Inspection) {
    ui.label(match (is_assumed, checkpoint.architecture.is_some()) {
        (true, _) => assumed::ASSUMED,
        (false, true) => "The network, as chosen",
        (false, false) => "The network, inferred from its tensors",
    });
    if let Some(path) = checkpoint.architecture.as_deref().filter(|_| checkpoint.choice().is_program()) {
        ui.label(path);
    }
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

/// Draws the networks as which a refused file can be read, also the open `programs` with its tensors.
pub fn alternatives(
    ui: &mut Ui,
    checkpoint: &CheckpointEntry,
    inspection: &Inspection,
    programs: &[NetworkChoice],
    commands: &mut Vec<Command>,
) {
    if programs.len() > 1 {
        error_text(ui, "Its tensors are those of several open programs. Which is it?");
    }
    let label = |way: &Loadable| match way.ignore.is_empty() {
        true => format!("Read as {}", way.architecture),
        false => format!("Read as {} without {}", way.architecture, way.ignore.join(", ")),
    };
    let as_program = |program: &NetworkChoice| (format!("Read as {}", program_label(program)), CheckpointCommand::Program(program.clone()));
    let loadable = inspection.loadable.iter().map(|way| (label(way), CheckpointCommand::ReadAs(way.clone())));
    let mut ways: Vec<(String, CheckpointCommand)> = programs.iter().map(as_program).chain(loadable).collect();
    if checkpoint.architecture.is_some() {
        ways.push(("Infer the network".into(), CheckpointCommand::Architecture(None)));
    }
    // A file without tensors is no checkpoint of any network.
    if (!inspection.tensors.is_empty() && !is_own_program(checkpoint)) || checkpoint.choice().is_program() {
        ways.push((CHOOSE_PROGRAM.into(), CheckpointCommand::ChooseProgram));
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
            let response = if let Some(path) = path_of(&command) { response.on_hover_text(path) } else { response };
            if response.clicked() {
                commands.push(Command::Checkpoint(of.name.clone(), command));
            }
        }
    });
}
