//! The energy tab: densities of a detection score per dataset on shared bins, and under each the numbers made of them.

use std::sync::Arc;

use egui::{Align2, Color32, Id, Rect, RichText, Role as WidgetRole, Shape, Stroke, Ui, Vec2, WidgetInfo, pos2};

use super::linked::{Cursor, Linked};
use super::{Scene, brush, cell, chip, empty, faded, panel_header, reading, standing};
use crate::figure::number::{percent, significant};
use crate::job::Analysis;
use crate::metric::Histogram;
use crate::result::{ScoreDifference, ScoreTable};
use crate::ui::scatter::Scatter;
use crate::ui::theme;
use crate::ui::widget::axes::{Axes, Axis, Canvas, Scale, SharedView};
use crate::ui::widget::grid::{Spacing, layout_above_tables};
use crate::ui::widget::number::{count, share, signed};

const SPACE: Spacing = Spacing { left: 56.0, right: 8.0, header: 44.0, footer: 50.0, below: 0.0, gap: 16.0 };
const ROW: f32 = 21.0;

/// What the tab remembers between frames.
#[derive(Default)]
pub struct State {
    view: Linked<SharedView>,
    brush: brush::State,
    /// The bin under the pointer.
    cursor: Cursor<usize>,
    /// Histograms of what they were made from: the tables (by address) and the score.
    cache: Option<(Vec<usize>, String, Arc<Bins>)>,
}

/// Histograms on shared bins.
struct Bins {
    histogram: Histogram,
    /// (checkpoint, dataset, role key) of each series.
    series: Vec<(String, String, String)>,
    top: f64,
}

/// The scores that the tables hold.
pub fn scores(scene: &Scene<'_>) -> Vec<String> {
    scene.store.scores.values().next().map(|table| table.scores.keys().cloned().collect()).unwrap_or_default()
}

/// Names of the datasets with their colours, in order: those of one role get lighter one after the other.
fn colors(ui: &Ui, table: &ScoreTable) -> Vec<(String, String, Color32)> {
    let mut seen: Vec<&str> = Vec::new();
    let canvas = theme::of(ui).canvas;
    table
        .roles
        .iter()
        .map(|(name, role)| {
            let nth = seen.iter().filter(|other| *other == role).count();
            seen.push(role);
            let strength = [1.0, 0.62, 0.4][nth.min(2)];
            (name.clone(), role.clone(), faded(theme::role_key(ui, role), canvas, strength))
        })
        .collect()
}

/// The legend: one entry per dataset.
pub fn legend(ui: &mut Ui, scene: &Scene<'_>) {
    let Some(table) = scene.store.scores.values().next() else { return };
    for (name, _, color) in colors(ui, table) {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            super::super::widget::swatch::disc(ui, color);
            ui.label(name);
        });
    }
}

/// The switch between scores.
pub fn switch(ui: &mut Ui, scene: &mut Scene<'_>, chosen: &str) {
    for name in scores(scene) {
        let color = theme::of(ui).accent;
        if chip(ui, color, &label(&name), name == chosen).clicked() {
            scene.commands.push(super::super::command::Command::SelectScore(name));
        }
    }
}

/// A score's name as shown to people.
pub fn label(score: &str) -> String {
    match score {
        "energy" => "Energy".into(),
        "msp" => "MSP".into(),
        other => other.into(),
    }
}

/// Draws the tab.
pub fn show(ui: &mut Ui, scene: &mut Scene<'_>, state: &mut State, scatter: &mut Scatter, score: &str) {
    if scene.session.checkpoints.is_empty() {
        return empty(ui, "Open a checkpoint to see how well its scores tell known from unknown.");
    }
    if !scene.session.datasets.iter().any(|dataset| dataset.role == crate::session::Role::Id) {
        return empty(ui, "Open ID test images: every score is judged against them.");
    }
    scatter.dress(theme::figure_theme(ui));
    let bins = bins(scene, state, score);
    let held = brush::holds(ui, &state.brush, scatter);
    let area = ui.available_rect_before_wrap();
    let datasets = scene.store.scores.values().map(|table| table.roles.len()).max().unwrap_or(0);
    let table_height = if datasets > 0 { (datasets + 1) as f32 * ROW + 6.0 } else { 0.0 };
    // The names stand once, left of the first table of a row.
    let widest = |table: &Arc<ScoreTable>| table.roles.keys().map(|name| text_width(ui, name)).fold(0.0, f32::max);
    let left = (scene.store.scores.values().next().map_or(0.0, widest) + 24.0).clamp(SPACE.left, 170.0);
    let shown: Vec<_> = scene.session.shown().collect();
    let (panels, below) = layout_above_tables(area, shown.len(), 520.0, Spacing { left, below: table_height, ..SPACE });
    let (links, mut cursor, mut moved) = (scene.session.view.links, Cursor::default(), None);
    let (x, y) = match &bins {
        Some(bins) => ([bins.histogram.edges[0], bins.histogram.edges[bins.histogram.edges.len() - 1]], [0.0, bins.top * 1.06]),
        None => ([0.0, 1.0], [0.0, 1.0]),
    };
    let name_of_score = if score == "energy" { "energy score" } else { "maximum softmax probability" };
    for (panel, (color, checkpoint)) in panels.iter().zip(shown) {
        let color = theme::checkpoint(ui, color);
        let table = scene.store.scores_so_far(&checkpoint.name);
        let job = scene.store.job(Analysis::Scores, &checkpoint.name, None).map(|(_, job)| job);
        let difference = scene.store.score_differences.get(&checkpoint.name).and_then(Option::as_deref);
        let facts = table.map(|table| facts(table, score, difference));
        moved = panel_header(ui, panel.header, &checkpoint.name, color, facts, standing(job), None).or(moved);
        let axes = Axes {
            id: Id::unique(("energy", &checkpoint.name)),
            x: Axis { label: name_of_score, range: x, scale: Scale::Linear, labelled: true },
            y: Axis { label: "density", range: y, scale: Scale::Linear, labelled: panel.first },
            outline: color,
            grid: true,
            wheel: true,
        };
        let entries = table.map(|table| colors(ui, table)).unwrap_or_default();
        let brush = &mut state.brush;
        let column = state.cursor.of(links.cursor, &checkpoint.name);
        let view = state.view.of(links.axes, &checkpoint.name);
        view.held = held;
        let (canvas, ()) = axes.show(ui, panel.plot, view, |ui, canvas| {
            if let Some(bins) = &bins {
                if let Some(bin) = column {
                    mark(ui, canvas, bins, bin);
                }
                for (name, _, color) in &entries {
                    if let Some(k) = bins.series.iter().position(|(c, d, _)| *c == checkpoint.name && d == name) {
                        draw(canvas, &bins.histogram, k, *color);
                    }
                }
                if let Some(table) = table.filter(|_| below == 0.0) {
                    detections(ui, canvas, table, score, &entries);
                }
                brush::draw(ui, canvas, brush, scatter, &checkpoint.name, score, &bins.histogram.edges);
            }
        });
        canvas.response.widget_info(|| WidgetInfo::labeled(WidgetRole::Image, true, summary(&checkpoint.name, score, table)));
        brush::follow(ui, &canvas, &mut state.brush, scatter, &checkpoint.name, score, scene.commands);
        if let (Some(pointer), Some(bins)) = (canvas.pointer(), &bins)
            && let Some(bin) = bins.at(pointer.x)
        {
            cursor.at = Some((checkpoint.name.clone(), bin));
            hover(ui, &canvas, bins, &checkpoint.name, &entries, bin);
        }
        if let (Some(table), true) = (table, below > 0.0) {
            let top = panel.plot.bottom() + SPACE.footer;
            numbers(
                ui,
                Rect::from_min_size(pos2(panel.plot.left(), top), Vec2::new(panel.plot.width(), table_height)),
                panel.first.then_some(panel.plot.left() - left),
                table,
                score,
                &entries,
            );
        }
    }
    scene.commands.extend(moved);
    if cursor != state.cursor {
        state.cursor = cursor;
        ui.ctx().request_repaint();
    }
}

/// The shared histograms, made again only when tables or score changed.
fn bins(scene: &Scene<'_>, state: &mut State, score: &str) -> Option<Arc<Bins>> {
    // What is hidden has no say in the bins.
    let tables = || scene.store.scores.iter().filter(|(checkpoint, _)| scene.session.is_shown(checkpoint));
    let key: Vec<usize> = tables().map(|(_, table)| Arc::as_ptr(table) as usize).collect();
    if let Some((tables, name, bins)) = &state.cache
        && *tables == key
        && name == score
    {
        return Some(bins.clone());
    }
    let mut series = Vec::new();
    let mut values: Vec<&[f64]> = Vec::new();
    for (checkpoint, table) in tables() {
        for data in &table.datasets {
            if let Some(scores) = data.scores.get(score) {
                series.push((checkpoint.clone(), data.name.clone(), data.role.clone()));
                values.push(scores);
            }
        }
    }
    let histogram = Histogram::shared(&values, scene.session.scores.bins)?;
    let top = histogram.max_density();
    let bins = Arc::new(Bins { histogram, series, top });
    state.view = Linked::default();
    state.cache = Some((key, score.to_owned(), bins.clone()));
    Some(bins)
}

/// One dataset: a filled outline of its density.
fn draw(canvas: &Canvas, histogram: &Histogram, series: usize, color: Color32) {
    let density = histogram.density(series);
    let mut outline = vec![canvas.at(histogram.edges[0], 0.0)];
    for (bin, height) in density.iter().enumerate() {
        let (left, right) = (canvas.at(histogram.edges[bin], *height), canvas.at(histogram.edges[bin + 1], *height));
        if *height > 0.0 {
            let floor = canvas.at(histogram.edges[bin], 0.0).y;
            canvas.painter.rect_filled(Rect::from_two_pos(left, pos2(right.x, floor)), 0.0, color.gamma_multiply(0.13));
        }
        outline.extend([left, right]);
    }
    outline.push(canvas.at(histogram.edges[histogram.edges.len() - 1], 0.0));
    canvas.painter.add(Shape::line(outline, Stroke::new(1.5, color)));
}

impl Bins {
    /// The bin that holds a score.
    fn at(&self, score: f64) -> Option<usize> {
        let edges = &self.histogram.edges;
        let within = (edges[0]..=edges[edges.len() - 1]).contains(&score);
        within.then(|| edges[1..edges.len() - 1].partition_point(|edge| *edge <= score))
    }
}

/// The column of the bin under the pointer.
fn mark(ui: &Ui, canvas: &Canvas, bins: &Bins, bin: usize) {
    let Some([left, right]) = bins.histogram.edges.get(bin..bin + 2) else { return };
    let column = Rect::from_x_y_ranges(canvas.at(*left, 0.0).x..=canvas.at(*right, 0.0).x, canvas.rect().y_range());
    canvas.painter.rect_filled(column, 0.0, theme::of(ui).weak.gamma_multiply(0.16));
}

fn hover(ui: &Ui, canvas: &Canvas, bins: &Bins, checkpoint: &str, entries: &[(String, String, Color32)], bin: usize) {
    let edges = &bins.histogram.edges;
    let rows: Vec<_> = entries
        .iter()
        .filter_map(|(name, _, color)| {
            let k = bins.series.iter().position(|(c, d, _)| c == checkpoint && d == name)?;
            let counts = &bins.histogram.counts[k];
            Some((Some(*color), name.clone(), format!("{} of {}", count(counts[bin]), count(counts.iter().sum()))))
        })
        .collect();
    reading(ui, canvas.response.id, &format!("score {} to {}", significant(edges[bin], 3), significant(edges[bin + 1], 3)), &rows);
}

/// Accuracy on ID data, with its paired difference to the baseline's (the flag in the list says whose it is).
fn facts(table: &ScoreTable, score: &str, difference: Option<&ScoreDifference>) -> String {
    let less = |name: &String| {
        let difference = difference?;
        let (value, error) = *difference.accuracy.get(name)?;
        Some(format!(" (Δ {})", signed(100.0 * value, 100.0 * error)))
    };
    let id: Vec<String> = table
        .roles
        .iter()
        .filter(|(_, role)| *role == "id")
        .filter_map(|(name, _)| {
            let accuracy = share(*table.accuracy.get(name)?, *table.samples.get(name)?);
            Some(format!("acc. {accuracy}{}", less(name).unwrap_or_default()))
        })
        .collect();
    let temperature = if score == "energy" { format!("T = {}", significant(table.temperature, 2)) } else { String::new() };
    [id.join(", "), temperature].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}

/// Accuracy, AUROC and FPR@95 per dataset; the names from `names` on, where this is the first table of its row.
fn numbers(ui: &mut Ui, rect: Rect, names: Option<f32>, table: &ScoreTable, score: &str, entries: &[(String, String, Color32)]) {
    let palette = theme::of(ui);
    let line = |k: usize| Rect::from_min_size(rect.min + Vec2::new(0.0, k as f32 * ROW), Vec2::new(rect.width(), ROW));
    let part = |row: Rect, c: usize| {
        let width = row.width() / 3.0;
        Rect::from_min_size(pos2(row.left() + width * c as f32, row.top()), Vec2::new(width, row.height()))
    };
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
    for (k, (name, _, color)) in entries.iter().enumerate() {
        let row = line(k + 1);
        ui.painter().hline(names.unwrap_or(row.left())..=row.right(), row.top(), Stroke::new(1.0, palette.grid));
        if let Some(left) = names {
            ui.painter().circle_filled(pos2(left + 4.0, row.center().y), 3.5, *color);
            cell(ui, row.with_min_x(left + 13.0).with_max_x(rect.left() - 4.0), false, RichText::new(name).color(palette.text));
        }
        let detection = table.scores.get(score).and_then(|datasets| datasets.get(name)).copied().flatten();
        let shown = |value: Option<f64>| value.map_or("–".to_owned(), |value| percent(Some(value)));
        let values = [table.accuracy.get(name).copied(), detection.map(|d| d.auroc), detection.map(|d| d.fpr95)];
        for (c, value) in values.into_iter().enumerate() {
            let color = if value.is_some() { palette.text } else { palette.weak };
            cell(ui, part(row, c), true, RichText::new(shown(value)).color(color));
        }
    }
}

/// AUROC and FPR@95 within the histogram, where there is no room for the table: in the corner that high scores leave empty.
fn detections(ui: &Ui, canvas: &Canvas, table: &ScoreTable, score: &str, entries: &[(String, String, Color32)]) {
    let corner = canvas.rect().right_top() + Vec2::new(-8.0, 6.0);
    let line = |k: usize, text: &str, color: Color32| {
        canvas.painter.text(corner + Vec2::new(0.0, 14.0 * k as f32), Align2::RIGHT_TOP, text, theme::small(), color);
    };
    let of = |name: &String| table.scores.get(score)?.get(name).copied().flatten();
    let found: Vec<_> = entries.iter().filter_map(|(name, _, color)| Some((of(name)?, *color))).collect();
    if !found.is_empty() {
        line(0, "AUROC · FPR@95, %", theme::of(ui).weak);
    }
    for (k, (detection, color)) in found.iter().enumerate() {
        line(k + 1, &format!("{} · {}", percent(Some(detection.auroc)), percent(Some(detection.fpr95))), *color);
    }
}

fn text_width(ui: &Ui, text: &str) -> f32 {
    ui.painter().layout_no_wrap(text.into(), theme::body(), Color32::PLACEHOLDER).size().x
}

fn summary(name: &str, score: &str, table: Option<&Arc<ScoreTable>>) -> String {
    let Some(table) = table else { return format!("Histogram of {name}, nothing computed yet") };
    let detections = table.scores.get(score).into_iter().flatten();
    let numbers: Vec<String> =
        detections.filter_map(|(dataset, d)| d.map(|d| format!("{dataset} AUROC {} %", percent(Some(d.auroc))))).collect();
    format!("Histogram of the {} score of {name}, {} datasets, {}", label(score), table.roles.len(), numbers.join(", "))
}
