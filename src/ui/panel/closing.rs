//! The question before the window closes while work is under way.

use egui::{Context, Id, Modal, Response, RichText, Ui};

use crate::ui::command::{Close, Command};
use crate::ui::theme;

/// Draws it; gives the answer. Esc stays.
pub fn show(ctx: &Context, analyses: usize, runs: usize, stopping: bool) -> Option<Command> {
    let mut answer = None;
    let modal = Modal::new(Id::unique("closing")).frame(super::dialog_frame(ctx)).show(ctx, |ui| {
        ui.set_width(440.0);
        if stopping {
            super::dialog_title(ui, "Stopping…");
            ui.label("Runs save their step, analyses keep what they have.");
            return;
        }
        super::dialog_title(ui, &format!("{} under way", what(analyses, runs)));
        if runs > 0 {
            ui.label("Runs go on without the window.");
        }
        if analyses > 0 {
            ui.label("Analyses need it: what they have is kept, the rest is computed when the session is opened again.");
        }
        ui.add_space(12.0);
        ui.horizontal(|ui| {
            let keep = button(ui, &mut answer, "Keep running", "Close the window; runs go on", Close::Keep);
            if ui.memory(|memory| memory.focused().is_none()) {
                keep.request_focus();
            }
            button(ui, &mut answer, "Stop and close", "Runs save and end and can be resumed; analyses wait until they are asked for again", Close::Stop);
            button(ui, &mut answer, "Cancel", "Leave the window open (Esc)", Close::Stay);
        });
    });
    if modal.should_close() && !stopping {
        answer = Some(Close::Stay);
    }
    answer.map(Command::Close)
}

fn button(ui: &mut Ui, answer: &mut Option<Close>, text: &str, about: &str, close: Close) -> Response {
    let response = ui.button(RichText::new(text).color(theme::of(ui).strong)).on_hover_text(about);
    if response.clicked() {
        *answer = Some(close);
    }
    response
}

fn what(analyses: usize, runs: usize) -> String {
    let count = |n: usize, one: &str, many: &str| match n {
        0 => None,
        1 => Some(format!("1 {one}")),
        n => Some(format!("{n} {many}")),
    };
    let parts: Vec<String> = [count(runs, "run", "runs"), count(analyses, "analysis", "analyses")].into_iter().flatten().collect();
    let verb = if analyses + runs == 1 { "is" } else { "are" };
    format!("{} {verb}", parts.join(" and "))
}
