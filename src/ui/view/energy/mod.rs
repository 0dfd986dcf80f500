//! The energy tab: densities of a detection score per dataset on shared bins, and below each the metrics computed from them.

mod brush;
mod figure;
mod numbers;

use std::sync::Arc;

use egui::{Color32, Id, Rect, Role as WidgetRole, Shape, Stroke, Ui, Vec2, WidgetInfo, pos2};
use indexmap::IndexMap;

use super::{Scene, panel_header};
use crate::figure::number::{UNDEFINED, percent_with_error, significant};
use crate::figure::{palette as colors, score_label};
use crate::ui::command::Command;
use crate::ui::state::cursor::Cursor;
use crate::ui::state::number::{count, signed};
use crate::ui::state::scatter::Scatter;
use crate::ui::state::scores::{label, scores, tables};
use crate::ui::state::store::job_summary;
use crate::ui::style::theme;
use crate::ui::style::widget::axes::{Axes, Axis, Canvas, Scale};
use crate::ui::style::widget::grid::{Spacing, layout_above_tables};
use crate::ui::style::widget::reading::{chip, empty, reading};
use crate::ui::style::widget::swatch;
use crate::ui::view::memo::Memo;
use crate::ui::view::{Drafts, TabInfo, TabView};
use crate::ui::work::export::Export;
use flatland_core::job::Analysis;
use flatland_core::metric::Histogram;
use flatland_core::result::{ScoreDifference, ScoreTable};
use flatland_core::session::{Link, Tab};

const SPACE: Spacing = Spacing { left: 56.0, right: 8.0, header: 44.0, footer: 50.0, below: 0.0, gap: 16.0 };

/// Up to so many scores are beside each other, more are in a menu.
const CHIPS: usize = 4;

/// State of the tab between frames.
#[derive(Default)]
pub struct EnergyTab {
    brush: brush::State,
    /// The bin under the pointer.
    cursor: Cursor<usize>,
    histograms: Memo<ScoreTable, Arc<Bins>>,
}

/// Histograms on shared bins, and their inputs except the tables.
struct Bins {
    score: String,
    wanted: usize,
    histogram: Histogram,
    /// Index of the table and name of the dataset of each series.
    series: Vec<(usize, String)>,
    top: f64,
}

/// A dataset and its colour.
struct Entry {
    name: String,
    color: Color32,
}

/// All drawn datasets in order. Those of one role have lighter and lighter colours.
fn entries(ui: &Ui, scene: &Scene<'_>) -> Vec<Entry> {
    let theme = theme::figure_theme(ui);
    let datasets: IndexMap<&String, &String> = tables(scene.session, scene.store).flat_map(|table| &table.roles).collect();
    let color = |k: usize, role: &String| {
        let nth = datasets.values().take(k).filter(|other| **other == role).count();
        theme::rgb(colors::faded(colors::role_key(role, theme), nth, theme))
    };
    datasets.iter().enumerate().map(|(k, (name, role))| Entry { name: (*name).clone(), color: color(k, role) }).collect()
}

/// The legend: one entry per dataset.
pub fn legend(ui: &mut Ui, scene: &Scene<'_>) {
    for entry in entries(ui, scene) {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            swatch::disc(ui, entry.color);
            ui.label(entry.name);
        });
    }
}

/// The menu of the scores.
pub fn switch(ui: &mut Ui, scene: &mut Scene<'_>, chosen: &str) {
    let names = scores(scene.session, scene.store);
    if names.len() > CHIPS {
        let menu = egui::ComboBox::from_id_salt("score").selected_text(label(chosen));
        menu.show_ui(ui, |ui| {
            for name in names {
                if ui.selectable_label(name == chosen, label(&name)).clicked() {
                    scene.commands.push(Command::SelectScore(name));
                }
            }
        });
        return;
    }
    for name in names {
        let color = theme::of(ui).accent;
        if chip(ui, color, &label(&name), name == chosen).clicked() {
            scene.commands.push(Command::SelectScore(name));
        }
    }
}

impl TabView for EnergyTab {
    fn info(&self) -> TabInfo {
        TabInfo {
            key: "energy",
            title: "Energy",
            analysis: Some(Analysis::Scores),
            links: &[Link::Axes, Link::Cursor],
            empty_sentence: Some("Open a checkpoint to see how well its scores distinguish known from unknown."),
            has_controls: true,
        }
    }

    fn controls(&mut self, ui: &mut Ui, scene: &mut Scene<'_>, _: &mut Drafts<'_>) {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            switch(ui, scene, &scene.session.view.score);
            ui.add_space(12.0);
            ui.spacing_mut().item_spacing.x = 16.0;
            legend(ui, scene);
        });
    }

    fn draw(&mut self, ui: &mut Ui, scene: &mut Scene<'_>, drafts: &mut Drafts<'_>) {
        show(ui, scene, self, drafts.scatter, &scene.session.view.score);
    }

    fn figure(&self, scene: &Scene<'_>) -> Option<Export> {
        figure::of(scene)
    }
}

fn show(ui: &mut Ui, scene: &mut Scene<'_>, state: &mut EnergyTab, scatter: &mut Scatter, score: &str) {
    if !scene.session.datasets.iter().any(|dataset| dataset.role == flatland_core::session::Role::Id) {
        return empty(ui, "Open ID test images: every score is compared with them.");
    }
    scatter.update_styles(theme::figure_theme(ui));
    let bins = bins(scene, state, score);
    let drag_disabled = brush::holds(ui, &state.brush, scatter);
    let area = ui.available_rect_before_wrap();
    let entries = entries(ui, scene);
    let table_height = if entries.is_empty() { 0.0 } else { (entries.len() + 1) as f32 * numbers::ROW + 6.0 };
    // The names are drawn once, left of the first table of a row.
    let widest = entries.iter().map(|entry| numbers::width(ui, &entry.name)).fold(0.0, f32::max);
    let left = (widest + 24.0).clamp(SPACE.left, 170.0);
    let shown: Vec<_> = scene.session.shown().collect();
    let (panels, below) = layout_above_tables(area, shown.len(), 520.0, Spacing { left, below: table_height, ..SPACE });
    let (links, mut cursor, mut moved) = (scene.session.view.links, Cursor::default(), None);
    let mut extents = scene.extents(Tab::ENERGY);
    let (x, y) = match &bins {
        Some(bins) => ([bins.histogram.edges[0], bins.histogram.edges[bins.histogram.edges.len() - 1]], [0.0, bins.top * 1.06]),
        None => ([0.0, 1.0], [0.0, 1.0]),
    };
    let name_of_score = score_label(score);
    // Without scores there is no scale, and ticks would have no meaning.
    let scale = if bins.is_some() { Scale::Linear } else { Scale::NoTicks };
    // Index among the known tables, as the histograms count them.
    let mut index = 0;
    for (panel, (color, checkpoint)) in panels.iter().zip(shown) {
        let color = theme::checkpoint(ui, color);
        let table = scene.store.scores_so_far(&checkpoint.name);
        let nth = index;
        index += usize::from(table.is_some());
        let job = scene.store.job(Analysis::Scores, &checkpoint.name, None).map(|(_, job)| job);
        let difference = scene.store.score_differences.get(&checkpoint.name).and_then(Option::as_deref);
        let facts = table.map(|table| facts(table, score, difference));
        moved = panel_header(ui, panel.header, &checkpoint.name, color, facts, job_summary(job), None).or(moved);
        let across = Axis { label: name_of_score, range: x, scale, labelled: true };
        let up = Axis { label: "density", range: y, scale, labelled: panel.first };
        let id = Id::unique(("energy", &checkpoint.name));
        let axes = Axes { drag_disabled, fixed_y: true, ..Axes::new(id, across, up, color) };
        let brush = &mut state.brush;
        let column = state.cursor.of(links.cursor, &checkpoint.name);
        let mut extent = extents.of(links.axes, &checkpoint.name);
        let (canvas, ()) = axes.show(ui, panel.plot, &mut extent, |ui, canvas| {
            if let Some(bins) = &bins {
                if let Some(bin) = column {
                    mark(ui, canvas, bins, bin);
                }
                for entry in entries.iter().filter(|_| table.is_some()) {
                    if let Some(series) = bins.series_of(nth, &entry.name) {
                        draw(canvas, &bins.histogram, series, entry.color);
                    }
                }
                if let Some(table) = table.filter(|_| below == 0.0) {
                    numbers::within(ui, canvas, table, score, &entries);
                }
                brush::draw(ui, canvas, brush, scatter, &checkpoint.name, score, &bins.histogram.edges);
            }
        });
        extents.set(links.axes, &checkpoint.name, extent);
        canvas.response.widget_info(|| {
            WidgetInfo::labeled(WidgetRole::Image, true, numbers::summary(&checkpoint.name, score, table.map(|table| &**table)))
        });
        brush::follow(ui, &canvas, &mut state.brush, scatter, &checkpoint.name, score, scene.commands);
        if let (Some(pointer), Some(bins)) = (canvas.pointer(), &bins)
            && let Some(bin) = bins.histogram.bin(pointer.x)
        {
            cursor.at = Some((checkpoint.name.clone(), bin));
            if table.is_some() {
                let selected = brush::selected_in(&state.brush, &checkpoint.name, bin);
                hover(ui, &canvas, bins, nth, &entries, (bin, selected));
            }
        }
        if below > 0.0 && !entries.is_empty() {
            let top = panel.plot.bottom() + SPACE.footer;
            numbers::table(
                ui,
                Rect::from_min_size(pos2(panel.plot.left(), top), Vec2::new(panel.plot.width(), table_height)),
                panel.first.then_some(panel.plot.left() - left),
                table.map(|table| &**table),
                score,
                &entries,
            );
        }
    }
    scene.commands.extend(moved);
    scene.set_extents(Tab::ENERGY, extents);
    if cursor != state.cursor {
        state.cursor = cursor;
        ui.ctx().request_repaint();
    }
}

/// The shared histograms, computed again only when tables, score or number of bins have changed.
fn bins(scene: &Scene<'_>, state: &mut EnergyTab, score: &str) -> Option<Arc<Bins>> {
    // Hidden checkpoints do not affect the bins.
    let tables: Vec<&Arc<ScoreTable>> = tables(scene.session, scene.store).collect();
    let wanted = scene.session.scores.bins;
    if let Some(bins) = state.histograms.get(&tables).filter(|bins| bins.score == score && bins.wanted == wanted) {
        return Some(bins.clone());
    }
    let mut series = Vec::new();
    let mut values: Vec<&[f64]> = Vec::new();
    for (index, table) in tables.iter().enumerate() {
        for data in &table.datasets {
            if let Some(scores) = data.scores.get(score) {
                series.push((index, data.name.clone()));
                values.push(scores);
            }
        }
    }
    let histogram = Histogram::shared(&values, wanted)?;
    let top = histogram.max_density();
    let bins = Arc::new(Bins { score: score.to_owned(), wanted, histogram, series, top });
    state.histograms.set(&tables, bins.clone());
    Some(bins)
}

/// Draws the density of a dataset as a filled outline.
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
    /// The series of a dataset of table `index`.
    fn series_of(&self, index: usize, dataset: &str) -> Option<usize> {
        self.series.iter().position(|(of, name)| *of == index && name == dataset)
    }
}

/// Draws the column of the bin under the pointer.
fn mark(ui: &Ui, canvas: &Canvas, bins: &Bins, bin: usize) {
    let Some([left, right]) = bins.histogram.edges.get(bin..bin + 2) else { return };
    let column = Rect::from_x_y_ranges(canvas.at(*left, 0.0).x..=canvas.at(*right, 0.0).x, canvas.rect().y_range());
    canvas.painter.rect_filled(column, 0.0, theme::of(ui).weak.gamma_multiply(0.16));
}

/// Draws the numbers of images of table `index` in the bin under the pointer, and how many of them are selected.
fn hover(ui: &Ui, canvas: &Canvas, bins: &Bins, index: usize, entries: &[Entry], (bin, selected): (usize, Option<(u64, u64)>)) {
    let edges = &bins.histogram.edges;
    let mut rows: Vec<_> = entries
        .iter()
        .filter_map(|entry| {
            let counts = &bins.histogram.counts[bins.series_of(index, &entry.name)?];
            Some((Some(entry.color), entry.name.clone(), format!("{} of {}", count(counts[bin]), count(counts.iter().sum()))))
        })
        .collect();
    rows.extend(selected.map(|(here, all)| (None, "Selected".to_owned(), format!("{} of {}", count(here), count(all)))));
    reading(ui, canvas.response.id, &format!("score {} to {}", significant(edges[bin], 3), significant(edges[bin + 1], 3)), &rows);
}

/// Accuracy on ID data, with its paired difference to the baseline (marked by the flag in the list of checkpoints).
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
            if table.lacks_accuracy(name) {
                return Some(format!("acc. {UNDEFINED}"));
            }
            let accuracy = table.accuracy(name)?;
            let accuracy = percent_with_error(Some(accuracy.0), Some(accuracy.1));
            Some(format!("acc. {accuracy} %{}", less(name).unwrap_or_default()))
        })
        .collect();
    // Images that are in no bin; the densities do not include them.
    let values = || table.datasets.iter().flat_map(|data| data.values(score));
    let broken = values().filter(|value| !value.is_finite()).count();
    let missing = if broken > 0 {
        format!("{} of {} scores are not finite", count(broken as u64), count(values().count() as u64))
    } else {
        String::new()
    };
    let temperature = if score == "energy" { format!("T = {}", significant(table.temperature, 2)) } else { String::new() };
    [missing, id.join(", "), temperature].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}
