//! The question before the window is closed while jobs or runs are in progress.

use egui::{Context, Id, Modal, Response, RichText, Ui};

use crate::ui::command::{Close, Command};
use crate::ui::style::theme;
use crate::ui::style::widget::controls;

/// Draws the dialog; returns the answer. Esc keeps the window open.
pub fn show(ctx: &Context, analyses: usize, runs: usize, stopping: bool) -> Option<Command> {
    let mut answer = None;
    let modal = Modal::new(Id::unique("closing")).frame(controls::dialog_frame(ctx)).show(ctx, |ui| {
        ui.set_width(520.0);
        if stopping {
            controls::dialog_title(ui, "Stopping…");
            ui.label("Runs save their step, analyses keep what they have.");
            return;
        }
        controls::dialog_title(ui, &format!("{} under way", what(analyses, runs)));
        ui.spacing_mut().item_spacing.y = 10.0;
        // Analyses need the window's worker and end with it.
        let keep = if runs > 0 { "Keep running" } else { "Go on next time" };
        let [of_runs, of_analyses] = [
            (runs, "Runs go on without the window."),
            (analyses, "When the session is opened again, landscapes go on\nwhere they are, and other analyses begin again."),
        ];
        let keep = choice(ui, &mut answer, keep, [of_runs, of_analyses], Close::Keep);
        if ui.memory(|memory| memory.focused().is_none()) {
            keep.request_focus();
        }
        let [of_runs, of_analyses] =
            [(runs, "Runs save and end; they can be resumed."), (analyses, "Analyses wait until they are asked for again.")];
        choice(ui, &mut answer, "Stop and close", [of_runs, of_analyses], Close::Stop);
        choice(ui, &mut answer, "Cancel", [(1, "The window stays."), (0, "")], Close::Stay);
    });
    if modal.should_close() && !stopping {
        answer = Some(Close::Stay);
    }
    answer.map(Command::Close)
}

/// Draws a button, and beside it what it does to analyses and runs.
fn choice(ui: &mut Ui, answer: &mut Option<Close>, text: &str, does: [(usize, &str); 2], close: Close) -> Response {
    let palette = theme::of(ui);
    let does: Vec<&str> = does.into_iter().filter(|(n, _)| *n > 0).map(|(_, what)| what).collect();
    ui.horizontal(|ui| {
        let button = egui::Button::new(RichText::new(text).color(palette.strong)).min_size(egui::vec2(124.0, 26.0));
        let response = ui.add(button);
        if response.clicked() {
            *answer = Some(close);
        }
        ui.add_space(6.0);
        ui.add(egui::Label::new(RichText::new(does.join("\n")).color(palette.text)));
        response
    })
    .inner
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
