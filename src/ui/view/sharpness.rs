//! The sharpness tab: lower bounds of S(ρ) on logarithmic axes, and under each plot its numbers.

use egui::{Id, Mesh, Rect, RichText, Role as WidgetRole, Shape, Stroke, Ui, Vec2, WidgetInfo, pos2};

use super::{Scene, cell, empty, faded, panel_header, reading, standing};
use crate::figure::number::{significant, with_error};
use crate::job::Analysis;
use crate::result::{SharpnessCurve, SharpnessPoint};
use crate::ui::theme;
use crate::ui::widget::axes::{Axes, Axis, Canvas, Scale, SharedView};
use crate::ui::widget::grid::{Spacing, layout};
use crate::ui::widget::number::count;

const SPACE: Spacing = Spacing { left: 62.0, right: 8.0, header: 44.0, footer: 50.0, below: 0.0, gap: 16.0 };
const ROW: f32 = 21.0;

/// What the tab remembers between frames.
#[derive(Default)]
pub struct State {
    view: SharedView,
    /// ρ under the pointer.
    cursor: Option<f64>,
}

/// Draws the tab.
pub fn show(ui: &mut Ui, scene: &mut Scene<'_>, state: &mut State) {
    if scene.session.checkpoints.is_empty() {
        return empty(ui, "Open a checkpoint to see how fast its loss rises around it.");
    }
    let Some(dataset) = scene.dataset else {
        return empty(ui, "Open images of the role ID or ID train, so that the loss has something to be measured on.");
    };
    let curve_of = |name: &str| scene.store.sharpness.get(&(name.to_owned(), dataset.to_owned()));
    let curves: Vec<(usize, &SharpnessCurve)> =
        scene.session.checkpoints.iter().enumerate().filter_map(|(i, c)| curve_of(&c.name).map(|curve| (i, curve))).collect();
    let (x, y) = ranges(&curves, &scene.session.sharpness.rho);
    let area = ui.available_rect_before_wrap();
    let rows = curves.iter().map(|(_, curve)| curve.points.len()).max().unwrap_or(0);
    let table = if rows > 0 { (rows + 1) as f32 * ROW + 6.0 } else { 0.0 };
    let space = Spacing { below: if area.height() - table > 320.0 { table } else { 0.0 }, ..SPACE };
    let panels = layout(area, scene.session.checkpoints.len(), None, 520.0, space);
    let mut cursor = None;
    for (i, (panel, checkpoint)) in panels.iter().zip(&scene.session.checkpoints).enumerate() {
        let color = theme::checkpoint(ui, i);
        let own = curve_of(&checkpoint.name);
        let job = scene.store.job(Analysis::Sharpness, &checkpoint.name, Some(dataset)).map(|(_, job)| job);
        let facts = own.map(|curve| {
            format!(
                "L(θ) {} · ‖θ‖ {} · {} images",
                significant(curve.center_loss, 3),
                significant(curve.theta_norm, 3),
                count(curve.samples as u64)
            )
        });
        panel_header(ui, panel.header, &checkpoint.name, color, facts, standing(job), None);
        let axes = Axes {
            id: Id::unique(("sharpness", i)),
            x: Axis { label: "ρ", range: x, scale: Scale::Log10, labelled: true },
            y: Axis { label: "S(ρ), lower bound", range: y, scale: Scale::Log10, labelled: panel.first },
            outline: color,
            grid: true,
            wheel: true,
        };
        let remembered = state.cursor;
        let (canvas, ()) = axes.show(ui, panel.plot, &mut state.view, |ui, canvas| {
            let palette = theme::of(ui);
            if let Some(rho) = remembered {
                canvas.painter.vline(canvas.at(rho.log10(), 0.0).x, canvas.rect().y_range(), Stroke::new(1.0, palette.hairline));
            }
            for (k, curve) in curves.iter().filter(|(k, _)| *k != i) {
                let color = faded(theme::checkpoint(ui, *k), palette.canvas, 0.4);
                canvas.painter.add(Shape::line(points(canvas, &curve.points), Stroke::new(1.0, color)));
            }
            if let Some(curve) = own {
                draw(canvas, &curve.points, color, palette.canvas);
            }
        });
        canvas.response.widget_info(|| WidgetInfo::labeled(WidgetRole::Image, true, summary(&checkpoint.name, dataset, own)));
        if let Some(pointer) = canvas.pointer() {
            let rho = curves.iter().flat_map(|(_, curve)| &curve.points).map(|point| point.rho).filter(|rho| *rho > 0.0);
            cursor = rho.min_by(|a, b| (a.log10() - pointer.x).abs().total_cmp(&(b.log10() - pointer.x).abs()));
            if let Some(rho) = cursor {
                let rows: Vec<_> = curves
                    .iter()
                    .filter_map(|(k, curve)| curve.points.iter().find(|point| point.rho == rho).map(|point| (*k, curve, point)))
                    .map(|(k, curve, point)| {
                        (Some(theme::checkpoint(ui, k)), curve.checkpoint.clone(), with_error(point.sharpness, point.std_error))
                    })
                    .collect();
                reading(ui, canvas.response.id, &format!("S(ρ) at ρ = {}", significant(rho, 3)), &rows);
            }
        }
        if let (Some(curve), true) = (own, space.below > 0.0) {
            let top = panel.plot.bottom() + SPACE.footer;
            let rect = Rect::from_min_size(pos2(panel.plot.left(), top), Vec2::new(panel.plot.width(), table));
            numbers(ui, rect, panel.first.then_some(area.left()), curve);
        }
    }
    if cursor != state.cursor {
        state.cursor = cursor;
        ui.ctx().request_repaint();
    }
}

/// Shared ranges as log10: of all radii, and of all positive bounds.
fn ranges(curves: &[(usize, &SharpnessCurve)], rho: &[f64]) -> ([f64; 2], [f64; 2]) {
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
    let all = || curves.iter().flat_map(|(_, curve)| &curve.points);
    let x = span(&mut all().map(|point| point.rho).chain(rho.iter().copied()), 0.05);
    let y = span(&mut all().map(|point| point.sharpness), 0.08);
    (x, y)
}

/// Where the points with a logarithm lie.
fn points(canvas: &Canvas, points: &[SharpnessPoint]) -> Vec<egui::Pos2> {
    let drawable = points.iter().filter(|point| point.rho > 0.0 && point.sharpness > 0.0 && point.sharpness.is_finite());
    drawable.map(|point| canvas.at(point.rho.log10(), point.sharpness.log10())).collect()
}

/// The panel's own curve with its band of one standard error.
fn draw(canvas: &Canvas, curve: &[SharpnessPoint], color: egui::Color32, ground: egui::Color32) {
    let mut band = Mesh::default();
    let fill = color.gamma_multiply(0.18);
    for point in curve.iter().filter(|point| point.rho > 0.0 && point.sharpness > 0.0 && point.sharpness.is_finite()) {
        let error = if point.std_error.is_finite() { point.std_error } else { 0.0 };
        let low = (point.sharpness - error).max(point.sharpness * 1e-2);
        for value in [low, point.sharpness + error] {
            band.colored_vertex(canvas.at(point.rho.log10(), value.log10()), fill);
        }
        let n = band.vertices.len() as u32;
        if n >= 4 {
            band.add_triangle(n - 4, n - 3, n - 2);
            band.add_triangle(n - 3, n - 2, n - 1);
        }
    }
    canvas.painter.add(Shape::mesh(band));
    let line = points(canvas, curve);
    for at in &line {
        canvas.painter.circle_filled(*at, 3.5, color);
        canvas.painter.circle_stroke(*at, 3.5, Stroke::new(1.0, ground));
    }
    canvas.painter.add(Shape::line(line, Stroke::new(2.0, color)));
}

/// S(ρ) and ‖ε‖ per radius; the radii from `radii` on, where this is the first table of its row.
fn numbers(ui: &mut Ui, rect: Rect, radii: Option<f32>, curve: &SharpnessCurve) {
    let palette = theme::of(ui);
    let line = |k: usize| Rect::from_min_size(rect.min + Vec2::new(0.0, k as f32 * ROW), Vec2::new(rect.width(), ROW));
    let part = |row: Rect, c: usize| {
        let edge = row.left() + 0.66 * row.width();
        if c == 0 { row.with_max_x(edge) } else { row.with_min_x(edge) }
    };
    for (c, title) in ["S(ρ)", "‖ε‖"].into_iter().enumerate() {
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
        cell(ui, part(row, 0), true, RichText::new(with_error(point.sharpness, point.std_error)).color(palette.text));
        cell(ui, part(row, 1), true, RichText::new(significant(point.epsilon_norm, 2)).color(palette.weak));
    }
}

fn summary(name: &str, dataset: &str, curve: Option<&SharpnessCurve>) -> String {
    match curve.and_then(|curve| curve.points.last().map(|last| (curve.points.len(), last))) {
        None => format!("Sharpness of {name} on {dataset}, nothing computed yet"),
        Some((n, last)) => {
            let (rho, bound) = (significant(last.rho, 3), with_error(last.sharpness, last.std_error));
            format!("Sharpness of {name} on {dataset}, {n} radii, at least {bound} within ρ = {rho}")
        }
    }
}
