//! The path field and the button beside it: opens anything without a file dialog and without drag and drop.

use std::path::PathBuf;

use egui::{Key, RichText, TextEdit, Ui};

use crate::ui::command::{Command, OpenAs};
use crate::ui::style::theme;
use crate::ui::style::widget::controls::{menu, small_text};
use flatland_core::session::Role;

/// State of the path field.
#[derive(Debug, Default)]
pub struct State {
    path: String,
    open_as: OpenAs,
}

impl State {
    /// The kind of thing that a path is opened as.
    pub fn open_as(&self) -> OpenAs {
        self.open_as
    }
}

/// Draws the field.
pub fn show(ui: &mut Ui, state: &mut State, commands: &mut Vec<Command>) {
    let label = ui.label(RichText::new("Path to open").font(theme::small()).color(theme::of(ui).weak));
    ui.add_space(2.0);
    let field = ui.add(
        TextEdit::singleline(&mut state.path)
            .hint_text("checkpoint, session or images")
            .desired_width(f32::INFINITY)
            .margin(egui::Margin::symmetric(8, 5)),
    );
    let field = field.labelled_by(label.id);
    let entered = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
    ui.horizontal(|ui| {
        let chosen = state.open_as.label();
        menu(ui, &chosen, "What the path is opened as", |ui| {
            for choice in std::iter::once(OpenAs::ByContent).chain(Role::ALL.map(OpenAs::Dataset)) {
                if ui.selectable_label(state.open_as == choice, choice.label()).clicked() {
                    state.open_as = choice;
                    ui.close();
                }
            }
        });
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if ui.button("Open…").on_hover_text("Choose files, or open the path above").clicked() {
                if state.path.trim().is_empty() { commands.push(Command::OpenDialog(state.open_as)) } else { submit(state, commands) }
            }
        });
    });
    if entered {
        submit(state, commands);
    }
    if !state.path.is_empty() {
        small_text(ui, "Enter opens it");
    }
}

fn submit(state: &mut State, commands: &mut Vec<Command>) {
    let path = state.path.trim().trim_matches(['"', '\'']);
    if path.is_empty() {
        return;
    }
    let path = match (path.strip_prefix("~/"), std::env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(path),
    };
    commands.push(Command::Open(vec![path], state.open_as));
    state.path.clear();
}
