//! A landscape as a map: colours, contour lines and their values, checkpoints, and optionally the status of the cells.

use egui::{Color32, Id, Rect, Response, Role as WidgetRole, Stroke, StrokeKind, Ui, Vec2, WidgetInfo};

use super::{LandscapeTab, Marks, Shared, Subject, projections};
use crate::figure::cell_edges;
use crate::ui::style::theme;
use crate::ui::style::widget::axes::{Axes, Axis, Canvas, Scale};
use crate::ui::style::widget::hatch;
use crate::ui::view::landscape::cells::{axis_labels, summary};
use flatland_core::result::{CellStatus, LossSurface, nearest_node};
use flatland_core::session::Session;

/// Draws the panel; returns its gestures and the grid node under the pointer.
pub(super) fn show(
    ui: &mut Ui,
    session: &Session,
    state: &mut LandscapeTab,
    shared: &Shared<'_>,
    subject: &Subject<'_>,
    marks: Marks,
) -> (Response, Option<[f64; 2]>) {
    let surface = subject.landscape.map(|landscape| landscape.surface.as_ref());
    let [along_x, along_y] = axis_labels(surface);
    let x = Axis { label: along_x, range: shared.alpha, scale: Scale::Linear, labelled: true };
    let y = Axis { label: along_y, range: shared.beta, scale: Scale::Linear, labelled: subject.panel.first };
    let id = Id::unique(("landscape", subject.name));
    let axes = Axes { grid: false, ..Axes::new(id, x, y, theme::checkpoint(ui, subject.color)) };
    let view = &session.view.landscape;
    let pictures = &mut state.pictures;
    let mut plane = state.extents.of(shared.links.axes, subject.name);
    let (canvas, ()) = axes.show(ui, subject.panel.plot, &mut plane, |ui, canvas| {
        let palette = theme::of(ui);
        let whole = Rect::from_two_pos(canvas.at(shared.alpha[0], shared.beta[0]), canvas.at(shared.alpha[1], shared.beta[1]));
        if surface.is_none_or(|surface| (0..surface.count.len()).any(|k| surface.status(k) == CellStatus::Pending)) {
            hatch::pending(&canvas.painter, whole, Stroke::new(1.0, palette.hatch));
        }
        if let (Some(landscape), Some(colors)) = (subject.landscape, subject.colors) {
            let picture = pictures.entry((subject.name.to_owned(), landscape.surface.value_key())).or_default();
            picture.refresh(ui.ctx(), subject.name, landscape, &colors.coloring(theme::figure_theme(ui)), &colors.levels);
            picture.paint(canvas, palette);
            if view.status {
                status(ui, canvas, &landscape.surface);
            } else if view.contour_labels {
                picture.label(canvas, landscape.surface.manifest.marked());
            }
        }
        center(canvas);
        if let Some(record) = surface.and_then(|surface| surface.manifest.plane.as_ref()) {
            projections::draw(canvas, record);
        }
        for (node, radius) in [(marks.picked, 7.0), (marks.cursor, 4.5)] {
            if let Some([alpha, beta]) = node {
                ring(&canvas.painter, canvas.at(alpha, beta), radius);
            }
        }
    });
    state.extents.set(shared.links.axes, subject.name, plane);
    let summary_text = summary(subject.name, subject.dataset, shared.quantity, surface, "Landscape");
    canvas.response.widget_info(|| WidgetInfo::labeled(WidgetRole::Image, true, &summary_text));
    let node = canvas.pointer().zip(surface).and_then(|(pointer, surface)| {
        let (i, j) = (nearest_node(&surface.alpha, pointer.x)?, nearest_node(&surface.beta, pointer.y)?);
        Some([surface.alpha[i], surface.beta[j]])
    });
    (canvas.response, node)
}

/// A ring that is visible on every colour.
pub(super) fn ring(painter: &egui::Painter, at: egui::Pos2, radius: f32) {
    painter.circle_stroke(at, radius, Stroke::new(3.0, Color32::from_black_alpha(120)));
    painter.circle_stroke(at, radius, Stroke::new(1.5, Color32::WHITE));
}

/// θ, or the image: a small cross that is visible on every colour.
fn center(canvas: &Canvas) {
    let center = canvas.at(0.0, 0.0);
    for (width, color) in [(3.0, Color32::from_black_alpha(140)), (1.25, Color32::WHITE)] {
        let stroke = Stroke::new(width, color);
        canvas.painter.hline((center.x - 5.0)..=(center.x + 5.0), center.y, stroke);
        canvas.painter.vline(center.x, (center.y - 5.0)..=(center.y + 5.0), stroke);
    }
}

/// The status of every cell as a small coloured square at the node.
fn status(ui: &Ui, canvas: &Canvas, surface: &LossSurface) {
    let (x, y) = (cell_edges(&surface.alpha), cell_edges(&surface.beta));
    let b = surface.beta.len();
    for k in 0..surface.count.len() {
        let (i, j) = (k / b, k % b);
        let cell = Rect::from_two_pos(canvas.at(x[i], y[j]), canvas.at(x[i + 1], y[j + 1]));
        let node = canvas.at(surface.alpha[i], surface.beta[j]);
        let square = Rect::from_center_size(node, Vec2::splat((0.45 * cell.size().min_elem()).clamp(2.0, 14.0)));
        canvas.painter.rect(
            square,
            1.0,
            theme::status(ui, surface.status(k)),
            Stroke::new(1.0, Color32::from_black_alpha(90)),
            StrokeKind::Outside,
        );
    }
}
