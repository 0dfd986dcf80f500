//! The numbers made of the scores, with their standard errors over the images: below a histogram, within it, and in words.

use egui::{Align2, Color32, Rect, RichText, Stroke, Ui, Vec2, pos2};

use super::{Entry, label};
use crate::figure::number::{percent, percent_with_error};
use crate::result::ScoreTable;
use crate::ui::theme;
use crate::ui::view::cell;
use crate::ui::widget::axes::Canvas;

/// Height of a row.
pub(super) const ROW: f32 = 21.0;

/// A share and its standard error.
type Measured = (Option<f64>, Option<f64>);

/// Accuracy, AUROC and FPR@95 of a dataset.
fn of(table: &ScoreTable, score: &str, dataset: &str) -> [Measured; 3] {
    let (detection, error) = (table.detection(score, dataset), table.std_error(score, dataset));
    [table.accuracy(dataset).unzip(), (detection.map(|d| d.auroc), error.auroc), (detection.map(|d| d.fpr95), error.fpr95)]
}

/// In %, as far as there is room: with the error, else without.
fn text(ui: &Ui, (value, error): Measured, room: f32) -> String {
    let whole = percent_with_error(value, error);
    match value {
        None => "–".into(),
        Some(_) if width(ui, &whole) <= room => whole,
        Some(_) => percent(value),
    }
}

/// Accuracy, AUROC and FPR@95 per dataset; the names from `names` on, where this is the first table of its row.
pub(super) fn table(ui: &mut Ui, rect: Rect, names: Option<f32>, table: Option<&ScoreTable>, score: &str, entries: &[Entry]) {
    let palette = theme::of(ui);
    let line = |k: usize| Rect::from_min_size(rect.min + Vec2::new(0.0, k as f32 * ROW), Vec2::new(rect.width(), ROW));
    let room = rect.width() / 3.0;
    let part = |row: Rect, c: usize| Rect::from_min_size(pos2(row.left() + room * c as f32, row.top()), Vec2::new(room, row.height()));
    for (c, title) in ["Accuracy", "AUROC", "FPR@95"].into_iter().enumerate() {
        cell(ui, part(line(0), c), true, RichText::new(title).font(theme::small()).color(palette.weak));
    }
    if let Some(left) = names {
        cell(
            ui,
            line(0).with_min_x(left).with_max_x(rect.left() - 8.0),
            false,
            RichText::new("in %").font(theme::small()).color(palette.weak),
        );
    }
    for (k, Entry { name, color }) in entries.iter().enumerate() {
        let row = line(k + 1);
        ui.painter().hline(names.unwrap_or(row.left())..=row.right(), row.top(), Stroke::new(1.0, palette.grid));
        if let Some(left) = names {
            ui.painter().circle_filled(pos2(left + 4.0, row.center().y), 3.5, *color);
            cell(ui, row.with_min_x(left + 13.0).with_max_x(rect.left() - 4.0), false, RichText::new(name).color(palette.text));
        }
        for (c, measured) in table.map_or([(None, None); 3], |table| of(table, score, name)).into_iter().enumerate() {
            let color = if measured.0.is_some() { palette.text } else { palette.weak };
            let text = text(ui, measured, room - 6.0);
            cell(ui, part(row, c), true, RichText::new(text).color(color));
        }
    }
}

/// AUROC and FPR@95 within the histogram, where there is no room for the table: in the corner that high scores leave empty.
pub(super) fn within(ui: &Ui, canvas: &Canvas, table: &ScoreTable, score: &str, entries: &[Entry]) {
    let corner = canvas.rect().right_top() + Vec2::new(-8.0, 6.0);
    let line = |k: usize, text: &str, color: Color32| {
        canvas.painter.text(corner + Vec2::new(0.0, 14.0 * k as f32), Align2::RIGHT_TOP, text, theme::small(), color);
    };
    let judged: Vec<&Entry> = entries.iter().filter(|entry| table.detection(score, &entry.name).is_some()).collect();
    if !judged.is_empty() {
        line(0, "AUROC · FPR@95, %", theme::of(ui).weak);
    }
    for (k, entry) in judged.into_iter().enumerate() {
        let [_, auroc, fpr95] = of(table, score, &entry.name).map(|(value, error)| percent_with_error(value, error));
        line(k + 1, &format!("{auroc} · {fpr95}"), entry.color);
    }
}

/// Width of a text in the size of the table.
pub(super) fn width(ui: &Ui, text: &str) -> f32 {
    ui.painter().layout_no_wrap(text.into(), theme::body(), Color32::PLACEHOLDER).size().x
}

/// What a panel shows, for who cannot see it.
pub(super) fn summary(name: &str, score: &str, table: Option<&ScoreTable>) -> String {
    let Some(table) = table else { return format!("Histogram of {name}, nothing computed yet") };
    let told = |dataset: &String| {
        let [_, auroc, _] = of(table, score, dataset);
        Some(format!("{dataset} AUROC {} %", percent_with_error(Some(auroc.0?), auroc.1)))
    };
    let numbers: Vec<String> = table.scores.get(score).into_iter().flat_map(|of| of.keys()).filter_map(told).collect();
    format!("Histogram of the {} score of {name}, {} datasets, {}", label(score), table.roles.len(), numbers.join(", "))
}
