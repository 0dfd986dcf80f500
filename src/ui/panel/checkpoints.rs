//! The list of open checkpoints: colour, name, architecture and size, or why the file is refused. A row can be dragged to another place,
//! renamed, hidden, made the baseline, and closed.

use egui::containers::menu::MenuButton;
use egui::text::{CCursor, CCursorRange};
use egui::text_edit::TextEditState;
use egui::{Align, Id, Key, Layout, Modifiers, Rect, Response, RichText, Role as WidgetRole, TextEdit, Ui, UiBuilder, Vec2, WidgetInfo};

use super::{architecture, network_check, program_values, weights};
use crate::figure::number::fixed;
use crate::ui::command::{CheckpointCommand, Command};
use crate::ui::state::number::count;
use crate::ui::state::programs::{fitting, is_own_program};
use crate::ui::state::store::{JobState, Store};
use crate::ui::style::theme;
use crate::ui::style::widget::controls::{error_text, quiet_button, section, small_text};
use crate::ui::style::widget::icon::Icon;
use crate::ui::style::widget::reorder::Moved;
use crate::ui::style::widget::{assumed, icon, reorder, swatch};
use flatland_core::result::Inspection;
use flatland_core::session::{
    Assumption, COLORS, CheckpointEntry, InputTransform, NetworkChoice, Normalization, NormalizationPreset, Session,
};

/// Height of a row, points.
const ROW: f32 = 22.0;
/// Height of the second line of a row, points.
const LINE: f32 = 16.0;

/// State of the list.
#[derive(Debug, Default)]
pub struct State {
    /// The checkpoint that is being renamed, and the typed name.
    renaming: Option<(String, String)>,
}

/// Draws the list.
pub fn show(ui: &mut Ui, session: &Session, store: &Store, state: &mut State, commands: &mut Vec<Command>) {
    section(ui, "Checkpoints", Some(session.checkpoints.len()));
    if session.checkpoints.is_empty() {
        small_text(ui, "None yet. Drop files anywhere, or give a path above.");
    }
    let colors = session.colors();
    for (i, (checkpoint, color)) in session.checkpoints.iter().zip(colors).enumerate() {
        let baseline = session.landscape_baseline().map(|name| name == checkpoint.name);
        row(ui, state, &Row { checkpoint, color, baseline }, commands);
        if checkpoint.hidden {
            continue;
        }
        ui.indent(("checkpoint", i), |ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            match store.inspection(checkpoint) {
                Some(inspection) => {
                    report(ui, checkpoint, inspection, &fitting(checkpoint, session, store), commands);
                    if let (None, Some(check)) = (&inspection.error, store.check(checkpoint)) {
                        network_check::show(ui, checkpoint, check, commands);
                    }
                }
                None => match store.inspection_job(checkpoint).map(|job| &job.state) {
                    Some(JobState::Failed(message)) => {
                        error_text(ui, message);
                    }
                    Some(JobState::Interrupted) => {
                        small_text(ui, "not read: the worker ended");
                    }
                    Some(JobState::Cancelled) => {
                        small_text(ui, "not read: it was cancelled");
                    }
                    Some(JobState::CheckingCache | JobState::Waiting | JobState::Running | JobState::Paused | JobState::Done) | None => {
                        reading(ui, checkpoint, store.was_read(checkpoint), commands);
                    }
                },
            }
        });
    }
}

/// Draws that the file is being read, with the normalization of its inputs, greyed, if it was read before.
fn reading(ui: &mut Ui, checkpoint: &CheckpointEntry, was_read: bool, commands: &mut Vec<Command>) {
    if !was_read {
        small_text(ui, "reading…");
        return;
    }
    ui.allocate_ui_with_layout(Vec2::new(ui.available_width(), LINE), Layout::right_to_left(Align::Center), |ui| {
        ui.spacing_mut().interact_size.y = LINE;
        ui.add_enabled_ui(false, |ui| normalization(ui, checkpoint, commands));
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| small_text(ui, "reading…"));
    });
}

struct Row<'a> {
    checkpoint: &'a CheckpointEntry,
    color: usize,
    /// Whether it is the baseline; `None` when differences have no baseline.
    baseline: Option<bool>,
}

fn row(ui: &mut Ui, state: &mut State, row: &Row<'_>, commands: &mut Vec<Command>) {
    let CheckpointEntry { name, path, hidden, .. } = row.checkpoint;
    let (_, rect) = ui.allocate_space(Vec2::new(ui.available_width(), ROW));
    let buttons = 20.0 * if row.baseline.is_some() { 3.0 } else { 2.0 } + 8.0;
    let mut close = false;
    let mut push = |command| commands.push(Command::Checkpoint(name.clone(), command));
    let renaming = state.renaming.as_ref().is_some_and(|(of, _)| of == name);
    let drag_handle = if renaming { None } else { Some(drag_handle(ui, rect.with_max_x(rect.right() - buttons), name, &mut push)) };
    if let Some(response) = drag_handle {
        let response = response.on_hover_text(format!("{}\nDrag or Alt+↑↓ to reorder, F2 to rename", path.display()));
        response.context_menu(|ui| menu(ui, state, row, &mut push));
        let key = (response.has_focus() || response.hovered()) && ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::F2));
        if response.double_clicked() || key {
            state.renaming = Some((name.clone(), name.clone()));
        }
    }
    let mut line = ui.new_child(UiBuilder::new().max_rect(rect).layout(Layout::right_to_left(Align::Center)));
    line.spacing_mut().item_spacing.x = 0.0;
    if quiet_button(&mut line, "×", &format!("Close checkpoint {name}")).clicked() {
        close = true;
    }
    if icon::button(&mut line, Icon::Eye, !hidden, &format!("{} {name}", if *hidden { "Show" } else { "Hide" })).clicked() {
        push(CheckpointCommand::Hide(!hidden));
    }
    if let Some(is) = row.baseline {
        let words = if is { format!("{name} is the baseline") } else { format!("Make {name} the baseline") };
        if icon::button(&mut line, Icon::Flag, is, &words).clicked() && !is {
            push(CheckpointCommand::Baseline);
        }
    }
    line.add_space(4.0);
    line.with_layout(Layout::left_to_right(Align::Center), |ui| {
        ui.spacing_mut().item_spacing.x = 8.0;
        let palette = theme::of(ui);
        let color = theme::checkpoint(ui, row.color);
        swatch::square(ui, if *hidden { color.gamma_multiply(0.4) } else { color });
        if renaming {
            rename(ui, state, &mut push);
        } else {
            let text = RichText::new(name).color(if *hidden { palette.weak } else { palette.strong });
            ui.add(egui::Label::new(text).truncate().sense(egui::Sense::empty()));
        }
    });
    if close {
        commands.push(Command::RemoveCheckpoint(name.clone()));
    }
}

/// The part of a row by which it is dragged.
fn drag_handle(ui: &Ui, rect: Rect, name: &str, push: &mut impl FnMut(CheckpointCommand)) -> Response {
    let (response, moved) = reorder::handle(ui, rect, "checkpoint row", name, true);
    match moved {
        Some(Moved::By(by)) => push(CheckpointCommand::MoveBy(by)),
        Some(Moved::To(other)) => push(CheckpointCommand::TakePlaceOf(other)),
        None => {}
    }
    if response.hovered() || response.has_focus() || response.dragged() {
        ui.painter().rect_filled(rect.expand2(Vec2::new(4.0, 0.0)), 3.0, theme::of(ui).hover);
    }
    response.widget_info(|| WidgetInfo::labeled(WidgetRole::Button, true, format!("Checkpoint {name}")));
    response
}

/// The text field in place of the name. Enter sets the new name; Escape and a click elsewhere keep the old one.
fn rename(ui: &mut Ui, state: &mut State, push: &mut impl FnMut(CheckpointCommand)) {
    let Some((of, text)) = &mut state.renaming else { return };
    let id = Id::unique(("rename checkpoint", &of));
    let label = ui.add(egui::Label::new("").sense(egui::Sense::empty()));
    let edit = TextEdit::singleline(text).id(id).desired_width(f32::INFINITY).margin(egui::Margin::symmetric(4, 1));
    let field = ui.add(edit).labelled_by(label.id);
    label.widget_info(|| WidgetInfo::labeled(WidgetRole::Label, true, format!("New name of {of}")));
    let is_new = !ui.data(|data| data.get_temp::<bool>(id).unwrap_or(false));
    if is_new {
        field.request_focus();
        // The old name is selected, so that typing replaces it.
        let mut typed = TextEditState::load(ui.ctx(), id).unwrap_or_default();
        typed.cursor.set_char_range(Some(CCursorRange::two(CCursor::default(), CCursor::new(text.chars().count()))));
        typed.store(ui.ctx(), id);
        ui.data_mut(|data| data.insert_temp(id, true));
    } else if field.lost_focus() || !field.has_focus() {
        if ui.input(|input| input.key_pressed(Key::Enter)) && text.trim() != of {
            push(CheckpointCommand::Rename(text.clone()));
        }
        ui.data_mut(|data| data.remove::<bool>(id));
        state.renaming = None;
    }
}

/// The menu of a checkpoint.
fn menu(ui: &mut Ui, state: &mut State, row: &Row<'_>, push: &mut impl FnMut(CheckpointCommand)) {
    let name = &row.checkpoint.name;
    let mut entry = |ui: &mut Ui, text: &str, command: CheckpointCommand| {
        if ui.button(text).clicked() {
            push(command);
            ui.close();
        }
    };
    entry(ui, "Move up", CheckpointCommand::MoveBy(-1));
    entry(ui, "Move down", CheckpointCommand::MoveBy(1));
    let hidden = row.checkpoint.hidden;
    entry(ui, if hidden { "Show" } else { "Hide" }, CheckpointCommand::Hide(!hidden));
    if row.baseline == Some(false) {
        entry(ui, "Make the baseline", CheckpointCommand::Baseline);
    }
    if ui.button("Rename  F2").clicked() {
        state.renaming = Some((name.clone(), name.clone()));
        ui.close();
    }
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        for color in 0..COLORS {
            let shown = theme::checkpoint(ui, color);
            let response = swatch::square(ui, shown).interact(egui::Sense::click());
            response
                .widget_info(|| WidgetInfo::selected(WidgetRole::RadioButton, true, color == row.color, format!("Colour {}", color + 1)));
            if color == row.color {
                ui.painter().rect_stroke(response.rect.expand(2.0), 2.0, (1.0, theme::of(ui).strong), egui::StrokeKind::Middle);
            }
            if response.clicked() {
                push(CheckpointCommand::Color(color));
                ui.close();
            }
        }
    });
}

/// Draws architecture, classes and parameters in one line (details in the tooltip), and the normalization of the inputs, which no file
/// contains. `programs` are the open ones with its tensors.
fn report(ui: &mut Ui, checkpoint: &CheckpointEntry, inspection: &Inspection, programs: &[NetworkChoice], commands: &mut Vec<Command>) {
    weights::show(ui, checkpoint, inspection, commands);
    if let Some(error) = &inspection.error {
        error_text(ui, error);
        if let Some(values) = &inspection.program {
            program_values::question(ui, checkpoint, values, commands);
        }
        architecture::alternatives(ui, checkpoint, inspection, programs, commands);
        return;
    }
    if inspection.question.is_some() {
        architecture::question(ui, checkpoint, inspection, commands);
    }
    let parameters = format!("{} parameters", count(inspection.parameters.unsigned_abs()));
    let classes = inspection.classes.map(|classes| format!("{classes} classes"));
    // There is nothing to choose if no other network has these tensors.
    let has_choice = !inspection.ambiguous.is_empty() || !programs.is_empty() || checkpoint.architecture.is_some();
    let architecture = inspection.architecture.clone().unwrap_or_else(|| "unknown architecture".into());
    let architecture = Some(architecture).filter(|_| !has_choice);
    let facts: Vec<String> = [architecture, classes, Some(parameters)].into_iter().flatten().collect();
    let wanted = ui.available_width();
    ui.allocate_ui_with_layout(Vec2::new(wanted, LINE), Layout::right_to_left(Align::Center), |ui| {
        ui.spacing_mut().interact_size.y = LINE;
        normalization(ui, checkpoint, commands);
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            if has_choice && inspection.question.is_none() {
                ui.spacing_mut().item_spacing.x = 0.0;
                architecture::button(ui, checkpoint, inspection, programs, commands);
                small_text(ui, " · ");
            }
            small_text(ui, &facts.join(" · ")).on_hover_ui(|ui| details(ui, inspection));
        });
    });
    if let Some(values) = &inspection.program {
        program_values::show(ui, checkpoint, values, commands);
    }
    // What an exported program does not tell: which features are used, tensors that no operation reads.
    let is_program = is_own_program(checkpoint) || checkpoint.choice().is_program();
    for note in inspection.notes.iter().filter(|_| is_program) {
        small_text(ui, note);
    }
    let lacking = [("missing", &inspection.missing), ("unexpected", &inspection.unexpected), ("of another shape", &inspection.mismatched)];
    for (what, names) in lacking.into_iter().filter(|(_, names)| !names.is_empty()) {
        error_text(ui, &format!("{} tensors {what}: {}", names.len(), names.iter().take(3).cloned().collect::<Vec<_>>().join(", ")));
    }
}

/// Draws the normalization of the inputs and how they are resized as a button; its menu has the other choices.
fn normalization(ui: &mut Ui, checkpoint: &CheckpointEntry, commands: &mut Vec<Command>) {
    let (name, present, input) = (&checkpoint.name, checkpoint.normalization, checkpoint.input);
    let shown = if present == Normalization::Preset(NormalizationPreset::None) { "[0, 1]" } else { present.label() };
    let is_assumed = checkpoint.assumed.contains(&Assumption::Normalization);
    let values: Vec<String> = std::iter::once(shown.to_owned()).chain(input.as_ref().map(InputTransform::label)).collect();
    let button = MenuButton::from_button(egui::Button::new(assumed::list(ui, &values, is_assumed)).frame_when_inactive(false));
    let (response, _) = button.ui(ui, |ui| {
        ui.label(RichText::new("Inputs normalized as").font(theme::small()).color(theme::of(ui).weak));
        for choice in present.choices() {
            let response = ui.selectable_label(choice == present && !is_assumed, choice.label());
            if response.on_hover_text(constants(choice)).clicked() {
                commands.push(Command::Checkpoint(name.clone(), CheckpointCommand::Normalize(choice)));
                ui.close();
            }
        }
        ui.separator();
        ui.label(RichText::new("Images resized as by").font(theme::small()).color(theme::of(ui).weak));
        for choice in InputTransform::choices(input) {
            let label = choice.as_ref().map_or_else(|| "Flatland, to fill the input".into(), InputTransform::label);
            if ui.selectable_label(choice == input, label).on_hover_text(resizing(choice)).clicked() {
                commands.push(Command::Checkpoint(name.clone(), CheckpointCommand::Prepare(choice)));
                ui.close();
            }
        }
    });
    let said = input.map(|input| format!(", resized as by {}", input.label())).unwrap_or_default();
    let accessible_label = assumed::accessible_label(&format!("Normalization of {name}: {}{said}", present.label()), is_assumed);
    let is_enabled = ui.is_enabled();
    response.widget_info(|| WidgetInfo::labeled(WidgetRole::Button, is_enabled, &accessible_label));
    let hint = format!("Normalization of the inputs, as in training\n{}\nImages: {}", constants(present), resizing(input));
    response.on_hover_text(if is_assumed { format!("{}\n{hint}", assumed::ASSUMED) } else { hint });
}

fn constants(normalization: Normalization) -> String {
    let (mean, std) = normalization.values();
    let line = |values: &[f64]| values.iter().map(|value| fixed(*value, 4)).collect::<Vec<_>>().join(", ");
    format!("mean {}\nstd {}", line(&mean), line(&std))
}

/// What is done to images before they are normalized.
fn resizing(input: Option<InputTransform>) -> String {
    input.map_or_else(|| "scaled to fill the network's input, then its centre".into(), |input| input.describe())
}

fn details(ui: &mut Ui, inspection: &Inspection) {
    ui.label(inspection.file.display().to_string());
    let container = inspection.container.as_deref().unwrap_or("unknown container");
    ui.label(format!("{container}, {} tensors", inspection.tensors.len()));
    if let Some(input) = inspection.input_label(" × ") {
        ui.label(format!("input {input}"));
    }
    for note in &inspection.notes {
        ui.label(note);
    }
}
