//! The choice of features and logits among the values of an exported program.

use egui::containers::menu::MenuButton;
use egui::{RichText, Role as WidgetRole, ScrollArea, Ui, WidgetInfo};

use super::architecture::choice_buttons;
use crate::ui::command::{CheckpointCommand, Command};
use crate::ui::style::theme;
use crate::ui::style::widget::assumed;
use crate::ui::style::widget::controls::error_text;
use flatland_core::result::{ProgramValue, ProgramValues};
use flatland_core::session::CheckpointEntry;

/// Largest height of a menu, points.
const MENU: f32 = 320.0;

/// What is chosen.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Choice {
    Features,
    Output,
}

impl Choice {
    fn label(self) -> &'static str {
        match self {
            Choice::Features => "Features",
            Choice::Output => "Output",
        }
    }

    fn command(self, value: Option<String>) -> CheckpointCommand {
        match self {
            Choice::Features => CheckpointCommand::Features(value),
            Choice::Output => CheckpointCommand::Output(value),
        }
    }
}

/// Draws which values are features and logits as buttons, whose menus have the others. Nothing where there is one candidate for each.
pub fn show(ui: &mut Ui, checkpoint: &CheckpointEntry, values: &ProgramValues, commands: &mut Vec<Command>) {
    let features = (Choice::Features, &values.features, checkpoint.features.as_deref());
    let output = (Choice::Output, &values.outputs, checkpoint.output.as_deref());
    for (choice, candidates, stated) in [features, output] {
        if candidates.len() > 1 || stated.is_some() {
            button(ui, checkpoint, choice, candidates, stated, commands);
        }
    }
}

fn button(
    ui: &mut Ui,
    checkpoint: &CheckpointEntry,
    choice: Choice,
    candidates: &[ProgramValue],
    stated: Option<&str>,
    commands: &mut Vec<Command>,
) {
    let name = &checkpoint.name;
    let used = candidates.iter().find(|value| value.used).map(described);
    let shown = used.as_deref().or(stated).unwrap_or("choose");
    let is_assumed = stated.is_none();
    let text = [format!("{}: {shown}", choice.label())];
    let button = MenuButton::from_button(egui::Button::new(assumed::list(ui, &text, is_assumed)).frame_when_inactive(false));
    let (response, _) = button.ui(ui, |ui| {
        let head = match choice {
            Choice::Features => "Value that is the features",
            Choice::Output => "Output that is the logits",
        };
        ui.label(RichText::new(head).font(theme::small()).color(theme::of(ui).weak));
        ScrollArea::vertical().max_height(MENU).show(ui, |ui| {
            for value in candidates {
                let chosen = stated == Some(value.name.as_str());
                let default = if value.default { ", default" } else { "" };
                let can = value.width.is_some();
                let entry = ui.add_enabled(can, egui::Button::selectable(chosen, format!("{}{default}", described(value))));
                let entry = entry.on_disabled_hover_text("Expected the shape [images, classes]");
                if entry.clicked() {
                    commands.push(Command::Checkpoint(name.clone(), choice.command(Some(value.name.clone()))));
                    ui.close();
                }
            }
        });
        if stated.is_some() && candidates.iter().any(|value| value.default) {
            ui.separator();
            if ui.button("The default").clicked() {
                commands.push(Command::Checkpoint(name.clone(), choice.command(None)));
                ui.close();
            }
        }
    });
    let said = format!("{} of {name}: {shown}", choice.label());
    response.widget_info(|| WidgetInfo::labeled(WidgetRole::Button, true, assumed::accessible_label(&said, is_assumed)));
    let hint = match choice {
        Choice::Features => "The penultimate features, for embeddings and for scores that need features",
        Choice::Output => "The output of the program that is the logits",
    };
    response.on_hover_text(if is_assumed { format!("{}\n{hint}", assumed::ASSUMED) } else { hint.into() });
}

/// Draws the question that a refused program leaves open, with a button for each answer: which output is the logits, or which value the
/// features.
pub fn question(ui: &mut Ui, checkpoint: &CheckpointEntry, values: &ProgramValues, commands: &mut Vec<Command>) {
    let is_open = !values.outputs.iter().any(|value| value.used);
    let (choice, text, candidates) = match is_open {
        true => (Choice::Output, "Its program has several outputs. Which one is the logits?", &values.outputs),
        false => (Choice::Features, "Which value of its program is the features?", &values.features),
    };
    error_text(ui, text);
    let possible = candidates.iter().filter(|value| value.width.is_some());
    let answer = |value: &ProgramValue| (described(value), choice.command(Some(value.name.clone())));
    choice_buttons(ui, checkpoint, possible.map(answer), commands);
    if choice == Choice::Features {
        choice_buttons(ui, checkpoint, std::iter::once(("The default".to_owned(), choice.command(None))), commands);
    }
}

/// `linear (10)`: the name and D.
fn described(value: &ProgramValue) -> String {
    value.width.map_or_else(|| value.name.clone(), |width| format!("{} ({width})", value.name))
}
