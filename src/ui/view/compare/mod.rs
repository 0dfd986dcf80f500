//! The compare tab: what each checkpoint is, the run that wrote it and what was measured on it, side by side; only differences, or all.

mod figure;

use egui::{Align2, Grid, Label, RichText, Role as WidgetRole, ScrollArea, Sense, Ui, Vec2, WidgetInfo};

use super::Scene;
use crate::figure::ComparisonRow as Row;
use crate::figure::table::FormattedTable;
use crate::ui::command::Command;
use crate::ui::state::comparison::{rows, table};
use crate::ui::style::theme;
use crate::ui::style::widget::controls::menu;
use crate::ui::style::widget::reading::{chip, empty};
use crate::ui::style::widget::swatch;
use crate::ui::view::{Drafts, TabInfo, TabView};
use crate::ui::work::export::Export;

/// Largest width of a value, points; the tooltip has the whole value.
const WIDEST: f32 = 260.0;

/// The tab; it has no state.
pub struct CompareTab;

impl TabView for CompareTab {
    fn info(&self) -> TabInfo {
        TabInfo {
            key: "compare",
            title: "Compare",
            analysis: None,
            links: &[],
            empty_sentence: Some("Open two checkpoints to see in what they differ."),
            has_controls: false,
        }
    }

    fn draw(&mut self, ui: &mut Ui, scene: &mut Scene<'_>, _: &mut Drafts<'_>) {
        draw(ui, scene);
    }

    fn figure(&self, scene: &Scene<'_>) -> Option<Export> {
        figure::of(scene)
    }
}

fn draw(ui: &mut Ui, scene: &mut Scene<'_>) {
    let only = scene.session.view.compare.only_differences;
    let rows = rows(scene.session, scene.store, only);
    ui.horizontal(|ui| {
        let accent = theme::of(ui).accent;
        if chip(ui, accent, "Only what differs", only).clicked() {
            scene.commands.push(Command::OnlyDifferences(!only));
        }
        copy(ui, scene, &rows);
    });
    ui.add_space(8.0);
    if rows.is_empty() {
        return empty(ui, "They are equal in everything that is known so far.");
    }
    ScrollArea::both().auto_shrink([false, false]).show(ui, |ui| grid(ui, scene, &rows));
}

fn grid(ui: &mut Ui, scene: &mut Scene<'_>, rows: &[Row]) {
    let palette = theme::of(ui);
    let baseline = scene.session.landscape_baseline();
    Grid::new("comparison of checkpoints").spacing([26.0, 5.0]).show(ui, |ui| {
        ui.label("");
        for (color, entry) in scene.session.shown() {
            ui.horizontal(|ui| {
                ui.spacing_mut().item_spacing.x = 7.0;
                swatch::square(ui, theme::checkpoint(ui, color));
                ui.label(RichText::new(&entry.name).font(theme::heading()).color(palette.strong));
                if baseline == Some(entry.name.as_str()) {
                    ui.label(RichText::new("baseline").font(theme::small()).color(palette.weak));
                }
            });
        }
        ui.end_row();
        let mut group = "";
        for row in rows {
            if row.group != group {
                group = &row.group;
                title(ui, group);
                ui.end_row();
            }
            ui.label(RichText::new(&row.label).color(palette.weak));
            for value in &row.values {
                let text = value.as_deref().unwrap_or("–");
                let color = if value.is_some() { palette.text } else { palette.weak };
                ui.scope(|ui| {
                    ui.set_max_width(WIDEST);
                    let label = Label::new(RichText::new(text).color(color)).truncate().sense(Sense::hover()).selectable(true);
                    ui.add(label);
                });
            }
            ui.end_row();
        }
    });
}

/// The title of a group of rows.
fn title(ui: &mut Ui, text: &str) {
    let (rect, response) = ui.allocate_exact_size(Vec2::new(1.0, 24.0), Sense::hover());
    ui.painter().text(rect.left_bottom(), Align2::LEFT_BOTTOM, text, theme::small(), theme::of(ui).weak);
    response.widget_info(|| WidgetInfo::labeled(WidgetRole::Label, true, text));
}

/// Copies the table as text.
fn copy(ui: &mut Ui, scene: &mut Scene<'_>, rows: &[Row]) {
    type Writer = fn(&FormattedTable) -> String;
    let formats: [(&str, &str, Writer); 3] = [
        ("Markdown", "the table as Markdown", FormattedTable::markdown),
        ("LaTeX", "the table as LaTeX", FormattedTable::latex),
        ("CSV", "the table as CSV", FormattedTable::csv),
    ];
    menu(ui, "Copy as", "The table as it is shown", |ui| {
        for (name, what, write) in formats {
            if ui.button(name).clicked() {
                scene.commands.push(Command::CopyText(what, write(&table(scene.session, rows))));
                ui.close();
            }
        }
    });
}
