//! Compares the chosen runs: the settings in which they differ, and the last value of each metric.

use egui::{Align, Grid, Layout, RichText, ScrollArea, Ui};

use crate::ui::state::run::difference::differing;
use crate::ui::state::run::metrics::{Group, appearance};
use crate::ui::state::run::run_list::Run;
use crate::ui::style::theme;
use crate::ui::style::widget::swatch;

/// Draws both tables.
pub fn show(ui: &mut Ui, runs: &[&Run]) {
    let palette = theme::of(ui);
    let configs: Vec<_> = runs.iter().map(|run| &run.view.config).collect();
    let rows = differing(&configs);
    let last = last_values(runs);
    if runs.is_empty() || (rows.is_empty() && last.is_empty()) {
        return;
    }
    ScrollArea::horizontal().id_salt("comparison").auto_shrink([false, true]).show(ui, |ui| {
        Grid::new("comparison of runs").num_columns(runs.len() + 1).spacing([22.0, 3.0]).show(ui, |ui| {
            ui.label("");
            for run in runs {
                ui.horizontal(|ui| {
                    swatch::square(ui, theme::checkpoint(ui, run.color));
                    ui.label(RichText::new(run.view.name()).color(palette.strong));
                });
            }
            ui.end_row();
            if !last.is_empty() {
                title(ui, "Last values");
                ui.end_row();
            }
            for row in &last {
                ui.label(RichText::new(&row.label).color(palette.weak));
                for (k, value) in row.values.iter().enumerate() {
                    let color = if row.best == Some(k) { palette.strong } else { palette.text };
                    let text = RichText::new(value).color(color);
                    ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                        ui.label(if row.best == Some(k) { text.underline() } else { text })
                    });
                }
                ui.end_row();
            }
            if !rows.is_empty() {
                title(ui, "Settings that differ");
                ui.end_row();
            }
            for row in &rows {
                ui.label(RichText::new(&row.field).color(palette.weak));
                for value in &row.values {
                    let text = value.as_deref().unwrap_or("–");
                    let color = if value.is_some() { palette.text } else { palette.weak };
                    ui.add(egui::Label::new(RichText::new(text).color(color)).selectable(true));
                }
                ui.end_row();
            }
        });
    });
    if runs.len() > 1 && rows.is_empty() {
        ui.colored_label(palette.weak, "These runs have the same settings.");
    }
    ui.add_space(12.0);
}

/// The title of a part of the table.
fn title(ui: &mut Ui, text: &str) {
    ui.label(RichText::new(text).font(theme::small()).color(theme::of(ui).weak));
}

/// The last value of a metric in each run.
struct Last {
    label: String,
    values: Vec<String>,
    /// The run with the best value, if it is better than all others.
    best: Option<usize>,
}

/// The last values of losses, accuracies and detection metrics.
fn last_values(runs: &[&Run]) -> Vec<Last> {
    let names: indexmap::IndexSet<&str> = runs.iter().flat_map(|run| run.metrics.names()).collect();
    let mut metrics: Vec<_> = names.into_iter().map(|name| (name, appearance(name))).collect();
    metrics.sort_by_key(|(_, appearance)| appearance.group);
    metrics.retain(|(_, appearance)| appearance.group != Group::Optimizer);
    let row = |(name, appearance): (&str, crate::ui::state::run::metrics::Appearance)| {
        let values: Vec<Option<f64>> = runs.iter().map(|run| run.metrics.last(name)).collect();
        let text = |value: Option<f64>| match value {
            None => "–".into(),
            Some(value) => appearance.value(value),
        };
        let best = appearance.lower_is_better.and_then(|lower| best(&values, lower));
        let values = values.into_iter().map(text).collect();
        Last { label: appearance.label, values, best }
    };
    metrics.into_iter().map(row).collect()
}

/// Index of the best of at least two values; `None` if several are equal.
fn best(values: &[Option<f64>], lower: bool) -> Option<usize> {
    let sign = if lower { 1.0 } else { -1.0 };
    let mut known: Vec<(usize, f64)> =
        values.iter().enumerate().filter_map(|(k, v)| Some((k, sign * (*v)?))).filter(|(_, v)| v.is_finite()).collect();
    known.sort_by(|a, b| a.1.total_cmp(&b.1));
    match known.as_slice() {
        [first, second, ..] if first.1 < second.1 => Some(first.0),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_is_alone_and_there_are_others() {
        assert_eq!(best(&[Some(0.2), Some(0.1), None], true), Some(1));
        assert_eq!(best(&[Some(0.2), Some(0.1), None], false), Some(0));
        assert_eq!(best(&[Some(0.2), Some(0.2)], true), None);
        assert_eq!(best(&[Some(0.2), None, Some(f64::NAN)], true), None);
    }
}
