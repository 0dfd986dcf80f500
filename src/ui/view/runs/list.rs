//! The list of runs: state and progress of each, and its actions.

use std::path::PathBuf;

use egui::{
    Align, Color32, CornerRadius, Label, Layout, Rect, Response, RichText, Role as WidgetRole, ScrollArea, Sense, Stroke, StrokeKind,
    TextEdit, Ui, Vec2, WidgetInfo,
};

use super::Scene;
use crate::ui::command::{Command, RunCommand};
use crate::ui::state::number::{count, duration};
use crate::ui::state::run::run_list::Run;
use crate::ui::style::theme;
use crate::ui::style::widget::controls::{error_text, quiet_button, small_text};
use flatland_core::job::{Control, MethodInfo, RunStatus, RunView};

/// State of the list between frames.
#[derive(Default)]
pub struct State {
    /// The run under the pointer; its curves are highlighted.
    pub hovered: Option<PathBuf>,
    /// The typed folder.
    folder: Option<String>,
}

/// Draws the list.
pub fn show(ui: &mut Ui, scene: &mut Scene<'_>, state: &mut State) {
    ui.horizontal(|ui| {
        if ui.button("New run…").on_hover_text("Fine-tune a checkpoint").clicked() {
            scene.commands.push(Command::Run(RunCommand::New));
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let all = scene.run_list.chosen.len() < scene.run_list.runs.len();
            let (text, name) = if all { ("All", "Choose all runs") } else { ("None", "Choose no run") };
            if !scene.run_list.runs.is_empty() && quiet_button(ui, text, name).clicked() {
                scene.commands.push(Command::Run(RunCommand::ChooseAll(all)));
            }
        });
    });
    folder(ui, scene, state);
    ui.add_space(4.0);
    let mut hovered = None;
    ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        for run in scene.run_list.listed() {
            let on = scene.run_list.chosen.contains(&run.view.dir);
            let row = ui.scope(|ui| entry(ui, scene.methods, run, on, scene.commands)).response;
            if row.contains_pointer() {
                hovered = Some(run.view.dir.clone());
            }
            let y = row.rect.bottom() + 5.0;
            ui.painter().hline(row.rect.x_range(), y, Stroke::new(1.0, theme::of(ui).grid));
            ui.add_space(11.0);
        }
        for (dir, message) in &scene.run_list.unreadable {
            error_text(ui, message).on_hover_text(dir.display().to_string());
        }
    });
    if state.hovered != hovered {
        state.hovered = hovered;
        ui.ctx().request_repaint();
    }
}

/// Draws the folder of the runs.
fn folder(ui: &mut Ui, scene: &mut Scene<'_>, state: &mut State) {
    let root = scene.root.display().to_string();
    let mut text = state.folder.take().unwrap_or_else(|| root.clone());
    ui.horizontal(|ui| {
        let label = ui.label(RichText::new("in").font(theme::small()).color(theme::of(ui).weak));
        let field = TextEdit::singleline(&mut text).font(theme::small()).desired_width(f32::INFINITY).margin(egui::Margin::symmetric(6, 3));
        let field = ui.add(field).labelled_by(label.id).on_hover_text("The folder of the runs; Enter opens another one");
        if field.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter)) && !text.trim().is_empty() && text != root {
            scene.commands.push(Command::Run(RunCommand::LookInto(PathBuf::from(text.trim()))));
        } else if field.has_focus() {
            state.folder = Some(text);
        }
    });
}

fn entry(ui: &mut Ui, methods: &[MethodInfo], run: &Run, on: bool, commands: &mut Vec<Command>) {
    let palette = theme::of(ui);
    let (view, name) = (&run.view, run.view.name());
    let mut push = |command: RunCommand| commands.push(Command::Run(command));
    ui.horizontal(|ui| {
        let clicked = swatch(ui, theme::checkpoint(ui, run.color), on, &name);
        if clicked.clicked() {
            if ui.input(|input| input.modifiers.command) {
                push(RunCommand::ChooseOnly(view.dir.clone()));
            } else {
                push(RunCommand::Choose(view.dir.clone(), !on));
            }
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let color = match view.status {
                RunStatus::Failed | RunStatus::Interrupted => palette.error,
                RunStatus::Running | RunStatus::Stopping => palette.accent,
                RunStatus::Queued | RunStatus::Paused | RunStatus::Done | RunStatus::Cancelled => palette.weak,
            };
            ui.label(RichText::new(view.status.key()).font(theme::small()).color(color));
            dot(ui, view.status, color);
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let text = RichText::new(&name).color(if on { palette.strong } else { palette.text });
                let label = ui.add(Label::new(text).truncate().sense(Sense::click())).on_hover_text(view.dir.display().to_string());
                if label.clicked() {
                    push(RunCommand::Choose(view.dir.clone(), !on));
                }
            });
        });
    });
    ui.indent(("run", &view.dir), |ui| {
        if view.status.is_under_way() {
            bar(ui, fraction(view), view.status == RunStatus::Running);
        }
        small_text(ui, &format!("{} · {}", method_name(methods, &view.config.method.name), progress_text(view)));
        if let Some(message) = &view.state.message {
            if matches!(view.status, RunStatus::Failed | RunStatus::Interrupted) {
                error_text(ui, message);
            } else {
                small_text(ui, message).on_hover_text(message);
            }
        }
        ui.horizontal(|ui| {
            ui.spacing_mut().button_padding = Vec2::new(5.0, 1.0);
            ui.spacing_mut().interact_size.y = 20.0;
            ui.spacing_mut().item_spacing.x = 4.0;
            for action in actions(run) {
                let response = quiet_button(ui, action.text, &format!("{} {name}", action.about));
                if response.clicked() {
                    push(action.command);
                }
            }
        });
    });
}

/// An action on a run.
struct RunAction {
    text: &'static str,
    about: &'static str,
    command: RunCommand,
}

/// The actions on a run in its present state.
fn actions(run: &Run) -> Vec<RunAction> {
    let dir = || run.view.dir.clone();
    let ask = |text, about, control| RunAction { text, about, command: RunCommand::Ask(dir(), control) };
    let mut actions = match run.view.status {
        RunStatus::Running => vec![ask("Pause", "Pause run", Control::Pause)],
        RunStatus::Paused => vec![ask("Resume", "Resume run", Control::Resume)],
        RunStatus::Queued | RunStatus::Stopping | RunStatus::Done => Vec::new(),
        RunStatus::Failed | RunStatus::Cancelled | RunStatus::Interrupted => {
            vec![RunAction { text: "Resume", about: "Resume run", command: RunCommand::Resume(dir()) }]
        }
    };
    if matches!(run.view.status, RunStatus::Queued | RunStatus::Running | RunStatus::Paused) {
        actions.push(ask("Stop", "Stop after this step and keep run", Control::Stop));
    }
    if run.view.status.is_under_way() {
        actions.push(ask("Kill", "Kill run", Control::Kill));
    }
    if run.saved.best {
        actions.push(RunAction {
            text: "Add best",
            about: "Add to session the best weights of run",
            command: RunCommand::AddToSession { dir: dir(), best: true },
        });
    }
    // The last weights are offered if the last epoch was not the best one; while a run is in progress, only the best ones are offered.
    if run.saved.last && (!run.saved.best || run.view.status == RunStatus::Done) {
        actions.push(RunAction {
            text: "Add last",
            about: "Add to session the last weights of run",
            command: RunCommand::AddToSession { dir: dir(), best: false },
        });
    }
    actions.push(RunAction { text: "Repeat…", about: "Repeat with changes run", command: RunCommand::Repeat(dir()) });
    actions
}

fn method_name(methods: &[MethodInfo], key: &str) -> String {
    methods.iter().find(|method| method.key == key).map_or_else(|| key.into(), |method| method.name.clone())
}

fn fraction(view: &RunView) -> f32 {
    if view.state.steps == 0 { 0.0 } else { (view.state.step as f32 / view.state.steps as f32).clamp(0.0, 1.0) }
}

/// The progress of a run: `epoch 3 of 10 · 12 s · about 40 s left`.
pub fn progress_text(view: &RunView) -> String {
    let state = &view.state;
    let mut words = Vec::new();
    match view.config.epochs {
        Some(epochs) if view.config.max_steps.is_none() => words.push(format!("epoch {} of {epochs}", state.epoch)),
        _ if state.steps > 0 => words.push(format!("step {} of {}", count(state.step as u64), count(state.steps as u64))),
        _ => words.push(format!("step {}", count(state.step as u64))),
    }
    if state.elapsed_secs > 0.0 {
        words.push(duration(state.elapsed_secs));
    }
    if let (RunStatus::Running, Some(left)) = (view.status, state.eta_secs.filter(|left| left.is_finite())) {
        words.push(format!("about {} left", duration(left)));
    }
    words.join(" · ")
}

/// The colour of a run: a filled square while its curves are shown.
fn swatch(ui: &mut Ui, color: Color32, on: bool, name: &str) -> Response {
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(16.0), Sense::click());
    let square = Rect::from_center_size(rect.center(), Vec2::splat(11.0));
    if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(rect, CornerRadius::same(3), theme::of(ui).hover);
    }
    if on {
        ui.painter().rect_filled(square, 2.0, color);
    } else {
        ui.painter().rect_stroke(square, 2.0, Stroke::new(1.5, color), StrokeKind::Inside);
    }
    response.widget_info(|| WidgetInfo::selected(WidgetRole::CheckBox, true, on, format!("Show run {name}")));
    response.on_hover_text("Shows its curves; with Ctrl, only its curves")
}

/// A disc that shows the state: filled while the run is in progress, a ring while it waits or after it was stopped.
fn dot(ui: &mut Ui, status: RunStatus, color: Color32) {
    let (rect, _) = ui.allocate_exact_size(Vec2::splat(8.0), Sense::hover());
    match status {
        RunStatus::Running | RunStatus::Stopping | RunStatus::Done | RunStatus::Failed => {
            ui.painter().circle_filled(rect.center(), 3.5, color)
        }
        RunStatus::Queued | RunStatus::Paused | RunStatus::Cancelled | RunStatus::Interrupted => {
            ui.painter().circle_stroke(rect.center(), 3.0, Stroke::new(1.2, color))
        }
    };
}

/// A thin progress bar.
fn bar(ui: &mut Ui, fraction: f32, moves: bool) {
    let palette = theme::of(ui);
    let (rect, response) = ui.allocate_exact_size(Vec2::new(ui.available_width(), 5.0), Sense::hover());
    let rail = Rect::from_center_size(rect.center(), Vec2::new(rect.width(), 2.0));
    ui.painter().rect_filled(rail, 1.0, palette.hairline);
    let color = if moves { palette.accent } else { palette.weak };
    ui.painter().rect_filled(Rect::from_min_size(rail.min, Vec2::new(rail.width() * fraction, 2.0)), 1.0, color);
    response.widget_info(|| WidgetInfo::labeled(WidgetRole::ProgressIndicator, true, format!("{:.0} % done", 100.0 * fraction)));
}
