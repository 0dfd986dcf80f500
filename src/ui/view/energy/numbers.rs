//! The metrics computed from the scores, with their standard errors over the images: below a histogram, inside of it, and as text.

use egui::{Align2, Color32, Id, Rect, RichText, Sense, Stroke, Ui, Vec2, pos2};

use super::{Entry, label};
use crate::figure::number::{UNDEFINED, percent, percent_with_error};
use crate::ui::state::number::count;
use crate::ui::style::theme;
use crate::ui::style::widget::axes::Canvas;
use crate::ui::style::widget::reading::{cell, reading};
use flatland_core::result::{ScoreTable, capital, score_definition};

/// Height of a row, points.
pub(super) const ROW: f32 = 21.0;

/// A metric of a dataset.
#[derive(Clone, Copy)]
enum Measured {
    /// It was not requested.
    Absent,
    /// It was requested but is not defined.
    Undefined,
    /// A share and its standard error.
    Share(f64, Option<f64>),
}

/// Accuracy, AUROC and FPR@95 of a dataset.
fn of(table: &ScoreTable, score: &str, dataset: &str) -> [Measured; 3] {
    let measured = |number: Option<(f64, Option<f64>)>, lacks: bool| match number {
        Some((share, error)) => Measured::Share(share, error),
        None if lacks => Measured::Undefined,
        None => Measured::Absent,
    };
    let (detection, error) = (table.detection(score, dataset), table.std_error(score, dataset));
    let lacks = table.lacks_detection(score, dataset);
    [
        measured(table.accuracy(dataset).map(|(share, error)| (share, Some(error))), table.lacks_accuracy(dataset)),
        measured(detection.map(|d| (d.auroc, error.auroc)), lacks),
        measured(detection.map(|d| (d.fpr95, error.fpr95)), lacks),
    ]
}

/// Text in %, with the error if there is space for it.
fn text(ui: &Ui, measured: Measured, room: f32) -> String {
    match measured {
        Measured::Absent => "–".into(),
        Measured::Undefined => UNDEFINED.into(),
        Measured::Share(share, error) => {
            let whole = percent_with_error(Some(share), error);
            if width(ui, &whole) <= room { whole } else { percent(Some(share)) }
        }
    }
}

/// Labels of the columns.
const COLUMNS: [(&str, &str); 3] = [("Accuracy", "accuracy"), ("AUROC", "auroc"), ("FPR@95", "fpr95")];

/// Every metric of a dataset against ID data, or why it is not defined.
fn rows(table: &ScoreTable, score: &str, dataset: &str) -> Vec<(Option<Color32>, String, String)> {
    let mut rows = Vec::new();
    let mut push = |name: &str, value: String| rows.push((None, name.to_owned(), value));
    if let Some(broken) = table.non_finite.get(dataset) {
        push("Images whose logits are not finite", count(*broken as u64));
    }
    if let Some(tied) = table.tied.get(dataset) {
        push("Images with several largest logits", count(*tied as u64));
    }
    let detection = table.detection(score, dataset);
    if let Some(detection) = detection {
        let share = |value: f64| format!("{} %", percent(Some(value)));
        push("FPR@95, ID positive", share(detection.fpr95_id_positive));
        push("AUPR, ID positive", share(detection.aupr_in));
        push("AUPR, OOD positive", share(detection.aupr_out));
        if let Some(rate) = table.base_rate.get(dataset) {
            push("Base rate: share of OOD", share(*rate));
        }
    }
    if let Some(reason) = table.why_no_detection(score, dataset) {
        push("No detection", reason);
    }
    rows
}

/// Draws accuracy, AUROC and FPR@95 per dataset; with the names from `names` on if this is the first table of its row.
pub(super) fn table(ui: &mut Ui, rect: Rect, names: Option<f32>, table: Option<&ScoreTable>, score: &str, entries: &[Entry]) {
    let palette = theme::of(ui);
    let line = |k: usize| Rect::from_min_size(rect.min + Vec2::new(0.0, k as f32 * ROW), Vec2::new(rect.width(), ROW));
    let room = rect.width() / 3.0;
    let part = |row: Rect, c: usize| Rect::from_min_size(pos2(row.left() + room * c as f32, row.top()), Vec2::new(room, row.height()));
    for (c, (title, key)) in COLUMNS.into_iter().enumerate() {
        let place = part(line(0), c);
        cell(ui, place, true, RichText::new(title).font(theme::small()).color(palette.weak));
        let tip = ui.interact(place, Id::unique((rect.left().to_bits(), rect.top().to_bits(), key)), Sense::hover());
        tip.on_hover_text(capital(score_definition(key)));
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
        let numbers = table.map_or([Measured::Absent; 3], |table| of(table, score, name));
        for (c, measured) in numbers.into_iter().enumerate() {
            let color = if matches!(measured, Measured::Share(..)) { palette.text } else { palette.weak };
            let text = text(ui, measured, room - 6.0);
            cell(ui, part(row, c), true, RichText::new(text).color(color));
        }
        let measured = table.map(|table| rows(table, score, name)).filter(|rows| !rows.is_empty());
        if let Some(measured) = measured {
            let id = Id::unique(("numbers", row.left().to_bits(), row.top().to_bits()));
            if ui.interact(row, id, Sense::hover()).hovered() {
                let title = format!("{name} against ID by {}. AUPR: trapezoidal rule, not average precision", label(score));
                reading(ui, id, &title, &measured);
            }
        }
    }
}

/// Draws AUROC and FPR@95 inside of the histogram if there is no space for the table: in the corner where high scores have low density.
pub(super) fn within(ui: &Ui, canvas: &Canvas, table: &ScoreTable, score: &str, entries: &[Entry]) {
    let corner = canvas.rect().right_top() + Vec2::new(-8.0, 6.0);
    let line = |k: usize, text: &str, color: Color32| {
        canvas.painter.text(corner + Vec2::new(0.0, 14.0 * k as f32), Align2::RIGHT_TOP, text, theme::small(), color);
    };
    let asked = |entry: &&Entry| table.detection(score, &entry.name).is_some() || table.lacks_detection(score, &entry.name);
    let judged: Vec<&Entry> = entries.iter().filter(asked).collect();
    if !judged.is_empty() {
        line(0, "AUROC · FPR@95, %", theme::of(ui).weak);
    }
    for (k, entry) in judged.into_iter().enumerate() {
        let text = match of(table, score, &entry.name) {
            [_, Measured::Share(auroc, a), Measured::Share(fpr95, f)] => {
                format!("{} · {}", percent_with_error(Some(auroc), a), percent_with_error(Some(fpr95), f))
            }
            [_, Measured::Absent | Measured::Undefined | Measured::Share(..), _] => UNDEFINED.into(),
        };
        line(k + 1, &text, entry.color);
    }
}

/// Width of a text in the size of the table.
pub(super) fn width(ui: &Ui, text: &str) -> f32 {
    ui.painter().layout_no_wrap(text.into(), theme::body(), Color32::PLACEHOLDER).size().x
}

/// Text of a panel for screen readers.
pub(super) fn summary(name: &str, score: &str, table: Option<&ScoreTable>) -> String {
    let Some(table) = table else { return format!("Histogram of {name}, nothing computed yet") };
    let measured = |dataset: &String| match of(table, score, dataset)[1] {
        Measured::Share(auroc, error) => Some(format!("{dataset} AUROC {} %", percent_with_error(Some(auroc), error))),
        Measured::Undefined => Some(format!("{dataset} AUROC {UNDEFINED}")),
        Measured::Absent => None,
    };
    let numbers: Vec<String> = table.scores.get(score).into_iter().flat_map(|of| of.keys()).filter_map(measured).collect();
    format!("Histogram of the {} score of {name}, {} datasets, {}", label(score), table.roles.len(), numbers.join(", "))
}
