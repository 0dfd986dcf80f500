//! The log, below the views: filtered by text and level, and copied. Only visible lines are drawn.

use egui::{Align, Label, Layout, RichText, ScrollArea, TextEdit, Ui, Vec2};

use crate::ui::command::Command;
use crate::ui::state::log::{Level, Line, Log, clock};
use crate::ui::state::number::count;
use crate::ui::style::theme;
use crate::ui::style::widget::controls::{menu, quiet_button};

const ROW: f32 = 17.0;
/// Widths of the columns of time, level and job, points.
const COLUMNS: [f32; 3] = [58.0, 62.0, 170.0];

/// Draws the log.
pub fn show(ui: &mut Ui, log: &mut Log, commands: &mut Vec<Command>) {
    let palette = theme::of(ui);
    ui.horizontal(|ui| {
        ui.label(RichText::new("Log").font(theme::heading()).color(palette.strong));
        ui.add_space(8.0);
        let label = ui.label(RichText::new("Filter").color(palette.weak));
        let field = TextEdit::singleline(&mut log.filter).hint_text("text or job").desired_width(200.0);
        ui.add(field.margin(egui::Margin::symmetric(8, 3))).labelled_by(label.id);
        let min_level = log.min_level;
        menu(ui, min_level.and_above(), "Which lines are shown", |ui| {
            for level in Level::ALL {
                if ui.selectable_label(level == min_level, level.and_above()).clicked() {
                    log.min_level = level;
                    ui.close();
                }
            }
        });
        let shown = log.matching().len();
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if quiet_button(ui, "×", "Close the log").clicked() {
                commands.push(Command::ToggleLog);
            }
            if quiet_button(ui, "Clear", "Remove all lines").clicked() {
                log.clear();
            }
            if quiet_button(ui, "Copy", "Copy the lines shown").clicked() {
                commands.push(Command::CopyText("the log", log.copy()));
            }
            let text = format!("{} of {} lines", count(shown as u64), count(log.len() as u64));
            ui.label(RichText::new(text).font(theme::small()).color(palette.weak));
        });
    });
    ui.add_space(4.0);
    let places = log.matching().to_vec();
    if places.is_empty() {
        let text = if log.len() == 0 {
            "Nothing yet: events of jobs and output of the worker appear here."
        } else {
            "No line matches the filter."
        };
        ui.colored_label(palette.weak, text);
    }
    ui.spacing_mut().item_spacing.y = 0.0;
    ScrollArea::vertical().auto_shrink([false, false]).stick_to_bottom(true).show_rows(ui, ROW, places.len(), |ui, rows| {
        for line in places.get(rows).unwrap_or_default().iter().filter_map(|place| log.line(*place)) {
            row(ui, line);
        }
    });
}

fn row(ui: &mut Ui, line: &Line) {
    let palette = theme::of(ui);
    let color = match line.level {
        Level::Error => palette.error,
        Level::Warning => palette.strong,
        Level::Info => palette.text,
        Level::Output => palette.weak,
    };
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 8.0;
        let cells = [(clock(line.time), palette.weak), (line.level.label().to_owned(), color), (line.job.clone(), palette.weak)];
        for ((text, color), width) in cells.into_iter().zip(COLUMNS) {
            let label = Label::new(RichText::new(text).font(theme::small()).color(color)).truncate();
            ui.allocate_ui_with_layout(Vec2::new(width, ROW), Layout::left_to_right(Align::Center), |ui| {
                ui.set_min_width(width);
                ui.add(label)
            });
        }
        let text = RichText::new(&line.text).font(theme::small()).color(color);
        ui.add(Label::new(text).truncate().selectable(true)).on_hover_text(&line.text);
    });
}
