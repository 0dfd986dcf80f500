//! The sharpness tab: S(ρ) on logarithmic axes, one panel per checkpoint with its numbers below; if the session has several datasets for
//! sharpness, one panel per dataset with a curve per checkpoint.

mod controls;
mod curve;
mod figure;
mod planes;

use egui::{Color32, Id, Rect, RichText, Role as WidgetRole, Stroke, Ui, Vec2, WidgetInfo, pos2};

use super::{Scene, panel_header};
use crate::figure::number::significant;
use crate::figure::rise;
use crate::ui::state::cursor::Cursor;
use crate::ui::state::number::count;
use crate::ui::state::store::{JobSummary, job_summary};
use crate::ui::style::theme;
use crate::ui::style::widget::axes::{Axes, Axis, Scale};
use crate::ui::style::widget::grid::{Spacing, layout_above_tables};
use crate::ui::style::widget::reading::{cell, empty, faded, reading};
use crate::ui::view::{Drafts, TabInfo, TabView};
use crate::ui::work::export::Export;
use flatland_core::job::Analysis;
use flatland_core::result::SharpnessCurve;
use flatland_core::session::{Extent, Link, Role, Session, Tab};

const SPACE: Spacing = Spacing { left: 62.0, right: 8.0, header: 44.0, footer: 50.0, below: 0.0, gap: 16.0 };
const ROW: f32 = 21.0;

/// State of the tab between frames.
#[derive(Default)]
pub struct SharpnessTab {
    /// ρ under the pointer, in units of the axis.
    cursor: Cursor<f64>,
    /// Visible ranges of the loss over planes.
    planes: Extent,
    /// The unit of the axis for which `view` was set.
    relative: bool,
}

/// Whether the tab shows the loss over several random planes instead of S(ρ).
pub fn shows_planes(session: &Session) -> bool {
    session.view.sharpness.planes && session.landscape.planes > 1
}

/// The datasets that are shown side by side: those of the session's sharpness if they are several, in the order ID train, ID test,
/// shifted ones; else the chosen one.
pub fn datasets<'a>(session: &'a Session, chosen: Option<&'a str>) -> Vec<&'a str> {
    let named = |name: &String| session.datasets.iter().find(|entry| entry.name == *name);
    let mut several: Vec<_> = session.sharpness.datasets.iter().filter_map(named).collect();
    if several.len() < 2 {
        return chosen.into_iter().collect();
    }
    several.sort_by_key(|entry| entry.role);
    several.into_iter().map(|entry| entry.name.as_str()).collect()
}

/// A plot.
struct Panel<'a> {
    name: &'a str,
    color: Color32,
    facts: Option<String>,
    job_summary: Option<JobSummary>,
    summary: String,
    dataset: &'a str,
    /// The checkpoint whose curve is emphasized; `None` = all.
    own: Option<&'a str>,
}

impl TabView for SharpnessTab {
    fn info(&self) -> TabInfo {
        TabInfo {
            key: "sharpness",
            title: "Sharpness",
            analysis: Some(Analysis::Sharpness),
            links: &[Link::Axes, Link::Cursor],
            empty_sentence: Some("Open a checkpoint to see how fast its loss rises around it."),
            has_controls: true,
        }
    }

    fn controls(&mut self, ui: &mut Ui, scene: &mut Scene<'_>, _: &mut Drafts<'_>) {
        ui.horizontal(|ui| controls::show(ui, scene));
    }

    fn draw(&mut self, ui: &mut Ui, scene: &mut Scene<'_>, _: &mut Drafts<'_>) {
        draw(ui, scene, self);
    }

    fn figure(&self, scene: &Scene<'_>) -> Option<Export> {
        figure::of(scene)
    }
}

fn draw(ui: &mut Ui, scene: &mut Scene<'_>, state: &mut SharpnessTab) {
    if shows_planes(scene.session) {
        return planes::show(ui, scene, &mut state.planes);
    }
    let shown = datasets(scene.session, scene.dataset);
    if shown.is_empty() {
        return empty(ui, "Open images of the role ID or ID train, on which the loss can be measured.");
    }
    let curves_on = |dataset: &str| -> Vec<(usize, &SharpnessCurve)> {
        let of = |name: &str| scene.store.sharpness.get(&(name.to_owned(), dataset.to_owned()));
        scene.session.shown().filter_map(|(color, c)| of(&c.name).map(|curve| (color, curve))).collect()
    };
    let all: Vec<(usize, &SharpnessCurve)> = shown.iter().flat_map(|dataset| curves_on(dataset)).collect();
    let relative = scene.session.sharpness.relative && !all.is_empty() && all.iter().all(|(_, c)| c.length_of_theta().is_some());
    if relative != state.relative {
        *state = SharpnessTab { relative, ..SharpnessTab::default() };
    }
    let unit = |curve: &SharpnessCurve| if relative { curve.length_of_theta().unwrap_or(1.0) } else { 1.0 };
    let (x, logarithmic) = ranges(&all, &unit, &scene.session.sharpness.rho);
    // Negative averages have no logarithm.
    let signed = all.iter().flat_map(|(_, curve)| &curve.points).any(|point| point.spread.is_some() && point.sharpness <= 0.0);
    let is_known = all.iter().any(|(_, curve)| !curve.points.is_empty());
    let (y, up) = match (is_known, signed) {
        // Radii are known from the settings; the increase of the loss is not known yet.
        (false, _) => (logarithmic, Scale::NoTicks),
        (true, true) => (curve::signed_range(&all), Scale::Linear),
        (true, false) => (logarithmic, Scale::Log10),
    };
    let panels = if shown.len() > 1 { of_datasets(ui, scene, &shown) } else { of_checkpoints(ui, scene, shown[0]) };
    let area = ui.available_rect_before_wrap();
    let rows = if shown.len() > 1 { 0 } else { all.iter().map(|(_, curve)| curve.points.len()).max().unwrap_or(0) };
    let table = if rows > 0 { (rows + 1) as f32 * ROW + 6.0 } else { 0.0 };
    let (places, below) = layout_above_tables(area, panels.len(), 520.0, Spacing { below: table, ..SPACE });
    let average = all.first().is_some_and(|(_, curve)| curve.is_average());
    let (links, mut cursor) = (scene.session.view.links, Cursor::default());
    let mut extents = scene.extents(Tab::SHARPNESS);
    let mut moved = None;
    for (place, panel) in places.iter().zip(panels) {
        let curves = curves_on(panel.dataset);
        moved = panel_header(ui, place.header, panel.name, panel.color, panel.facts, panel.job_summary, None).or(moved);
        let across = Axis { label: if relative { "ρ/‖θ‖" } else { "ρ" }, range: x, scale: Scale::Log10, labelled: true };
        let label = if average { "mean rise over random ε" } else { "S(ρ), lower bound" };
        let upwards = Axis { label, range: y, scale: up, labelled: place.first };
        let axes = Axes::new(Id::unique(("sharpness", panel.name)), across, upwards, panel.color);
        let remembered = state.cursor.of(links.cursor, panel.name);
        let mut extent = extents.of(links.axes, panel.name);
        let (canvas, ()) = axes.show(ui, place.plot, &mut extent, |ui, canvas| {
            let palette = theme::of(ui);
            if let Some(rho) = remembered {
                canvas.painter.vline(canvas.at(rho.log10(), 0.0).x, canvas.rect().y_range(), Stroke::new(1.0, palette.hairline));
            }
            for (k, curve) in curves.iter().filter(|(_, curve)| panel.own.is_some_and(|own| own != curve.checkpoint)) {
                curve::draw_faint(canvas, curve, unit(curve), up, faded(theme::checkpoint(ui, *k), palette.canvas, 0.4));
            }
            for (k, curve) in curves.iter().filter(|(_, curve)| panel.own.is_none_or(|own| own == curve.checkpoint)) {
                curve::draw(canvas, curve, unit(curve), up, theme::checkpoint(ui, *k), palette.canvas);
            }
        });
        extents.set(links.axes, panel.name, extent);
        canvas.response.widget_info(|| WidgetInfo::labeled(WidgetRole::Image, true, panel.summary.clone()));
        if let Some(at) = canvas.pointer().and_then(|pointer| nearest(&curves, &unit, pointer.x)) {
            cursor.at = Some((panel.name.to_owned(), at));
            let title = format!("{} = {}", if relative { "ρ/‖θ‖" } else { "ρ" }, significant(at, 3));
            reading(ui, canvas.response.id, &title, &readings(ui, &curves, &unit, at));
        }
        if let (Some(own), true) = (panel.own, below > 0.0)
            && let Some((_, curve)) = curves.iter().find(|(_, curve)| curve.checkpoint == own)
        {
            let top = place.plot.bottom() + SPACE.footer;
            let rect = Rect::from_min_size(pos2(place.plot.left(), top), Vec2::new(place.plot.width(), table));
            numbers(ui, rect, place.first.then_some(area.left()), curve);
        }
    }
    scene.commands.extend(moved);
    scene.set_extents(Tab::SHARPNESS, extents);
    if cursor != state.cursor {
        state.cursor = cursor;
        ui.ctx().request_repaint();
    }
}

/// One panel per checkpoint: its curve, and the others behind it.
fn of_checkpoints<'a>(ui: &Ui, scene: &Scene<'a>, dataset: &'a str) -> Vec<Panel<'a>> {
    let panel = |(color, checkpoint): (usize, &'a flatland_core::session::CheckpointEntry)| {
        let curve = scene.store.sharpness.get(&(checkpoint.name.clone(), dataset.to_owned()));
        let job = scene.store.job(Analysis::Sharpness, &checkpoint.name, Some(dataset)).map(|(_, job)| job);
        let facts = curve.and_then(|curve| {
            let [loss, length] = curve.center()?.map(|value| significant(value, 3));
            let warning = curve.unmoved().map_or(String::new(), |warning| format!("{warning} · "));
            Some(format!("{warning}L(θ) {loss} · ‖θ‖ {length} · {} images", count(curve.samples as u64)))
        });
        let summary = summary(&checkpoint.name, dataset, curve);
        let (name, color) = (checkpoint.name.as_str(), theme::checkpoint(ui, color));
        Panel { name, color, facts, job_summary: job_summary(job), summary, dataset, own: Some(name) }
    };
    scene.session.shown().map(panel).collect()
}

/// One panel per dataset with the curves of all checkpoints.
fn of_datasets<'a>(ui: &Ui, scene: &Scene<'a>, shown: &[&'a str]) -> Vec<Panel<'a>> {
    let panel = |&dataset: &&'a str| {
        let role = scene.session.datasets.iter().find(|entry| entry.name == dataset).map_or(Role::Id, |entry| entry.role);
        let names = || scene.session.shown().map(|(_, checkpoint)| checkpoint.name.as_str());
        let curve = |name: &str| scene.store.sharpness.get(&(name.to_owned(), dataset.to_owned()));
        let job = |name: &str| scene.store.job(Analysis::Sharpness, name, Some(dataset)).map(|(_, job)| job);
        let done = names().filter_map(curve).count();
        let finished = names().filter_map(curve).find(|curve| curve.center().is_some());
        let images = finished.map(|curve| format!(" · {} images", count(curve.samples as u64))).unwrap_or_default();
        Panel {
            name: dataset,
            color: theme::role(ui, role),
            facts: Some(format!("{}{images}", role.label())),
            job_summary: names().find_map(|name| job_summary(job(name))),
            summary: format!("Sharpness on {dataset} of {done} checkpoints"),
            dataset,
            own: None,
        }
    };
    shown.iter().map(panel).collect()
}

/// The radius nearest to the pointer, in units of the axis.
fn nearest(curves: &[(usize, &SharpnessCurve)], unit: &impl Fn(&SharpnessCurve) -> f64, pointer: f64) -> Option<f64> {
    let radii = curves.iter().flat_map(|(_, curve)| curve.points.iter().map(|point| point.rho / unit(curve))).filter(|rho| *rho > 0.0);
    radii.min_by(|a, b| (a.log10() - pointer).abs().total_cmp(&(b.log10() - pointer).abs()))
}

/// The values of each checkpoint at its radius nearest to `at`; a curve without a radius near `at` has none.
fn readings(
    ui: &Ui,
    curves: &[(usize, &SharpnessCurve)],
    unit: &impl Fn(&SharpnessCurve) -> f64,
    at: f64,
) -> Vec<(Option<Color32>, String, String)> {
    let of = |(k, curve): &(usize, &SharpnessCurve)| {
        let rho = nearest(&[(*k, curve)], unit, at.log10())?;
        let point = curve.points.iter().find(|point| point.rho / unit(curve) == rho).filter(|_| (rho / at).ln().abs() < 0.2)?;
        Some((Some(theme::checkpoint(ui, *k)), curve.checkpoint.clone(), rise(point)))
    };
    curves.iter().filter_map(of).collect()
}

/// Shared ranges as log10: of all radii, and of all positive values.
fn ranges(curves: &[(usize, &SharpnessCurve)], unit: &impl Fn(&SharpnessCurve) -> f64, rho: &[f64]) -> ([f64; 2], [f64; 2]) {
    let span = |values: &mut dyn Iterator<Item = f64>, pad: f64| {
        let (low, high) = values
            .filter(|v| *v > 0.0 && v.is_finite())
            .map(f64::log10)
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
        if low > high {
            return [-2.0, 0.0];
        }
        let pad = (pad * (high - low)).max(0.05);
        [low - pad, high + pad]
    };
    let all = || curves.iter().flat_map(|(_, curve)| curve.points.iter().map(|point| (point, unit(curve))));
    let asked = rho.iter().copied().filter(|_| curves.iter().all(|(_, curve)| unit(curve) == 1.0));
    let x = span(&mut all().map(|(point, unit)| point.rho / unit).chain(asked), 0.05);
    let y = span(&mut all().map(|(point, _)| point.sharpness), 0.08);
    (x, y)
}

/// Draws S(ρ) and ‖ε‖ per radius; with the radii from `radii` on if this is the first table of its row.
fn numbers(ui: &mut Ui, rect: Rect, radii: Option<f32>, curve: &SharpnessCurve) {
    let palette = theme::of(ui);
    let line = |k: usize| Rect::from_min_size(rect.min + Vec2::new(0.0, k as f32 * ROW), Vec2::new(rect.width(), ROW));
    let part = |row: Rect, c: usize| {
        let edge = row.left() + 0.66 * row.width();
        if c == 0 { row.with_max_x(edge) } else { row.with_min_x(edge) }
    };
    for (c, title) in [if curve.is_average() { "mean" } else { "S(ρ)" }, "‖ε‖"].into_iter().enumerate() {
        cell(ui, part(line(0), c), true, RichText::new(title).font(theme::small()).color(palette.weak));
    }
    if let Some(left) = radii {
        cell(
            ui,
            line(0).with_min_x(left).with_max_x(rect.left() - 8.0),
            false,
            RichText::new("ρ").font(theme::small()).color(palette.weak),
        );
    }
    for (k, point) in curve.points.iter().enumerate() {
        let row = line(k + 1);
        ui.painter().hline(radii.unwrap_or(row.left())..=row.right(), row.top(), Stroke::new(1.0, palette.grid));
        if let Some(left) = radii {
            cell(ui, row.with_min_x(left).with_max_x(rect.left()), false, RichText::new(point.rho.to_string()).color(palette.text));
        }
        cell(ui, part(row, 0), true, RichText::new(rise(point)).color(palette.text));
        cell(ui, part(row, 1), true, RichText::new(significant(point.epsilon_norm, 2)).color(palette.weak));
    }
}

fn summary(name: &str, dataset: &str, curve: Option<&SharpnessCurve>) -> String {
    match curve.and_then(|curve| curve.points.last().map(|last| (curve, last))) {
        None => format!("Sharpness of {name} on {dataset}, nothing computed yet"),
        Some((curve, last)) => {
            let (rho, value) = (significant(last.rho, 3), rise(last));
            let bound = match (last.stuck(), curve.is_average()) {
                (Some(_), _) => "",
                (None, true) => "on average ",
                (None, false) => "at least ",
            };
            let warning = curve.unmoved().map_or(String::new(), |warning| format!("; {warning}"));
            format!("Sharpness of {name} on {dataset}, {} radii, {bound}{value} within ρ = {rho}{warning}", curve.points.len())
        }
    }
}
