//! Landscapes of one dimension as curves on shared axes, one panel per checkpoint: bands, both ends of a line between two checkpoints, and
//! its barrier. They are the curves of the figure.

use egui::{Align2, Color32, Id, Pos2, Rect, RichText, Role as WidgetRole, Shape, Stroke, Ui, Vec2, WidgetInfo, pos2};

use super::cells::{axis_labels, center_facts, loss_text, summary, value_at};
use super::with_panel::with_panel;
use super::{LandscapeTab, Shared, readings};
use crate::figure::number::fixed;
use crate::figure::{
    BarrierMark, CurveMark, CurveNode, LandscapeCurve, Panel as FigurePanel, Spacing as Spaced, barrier_remark, barrier_text,
};
use crate::ui::command::Command;
use crate::ui::command::landscape::LandscapeCommand;
use crate::ui::state::cursor::Cursor;
use crate::ui::state::store::{Landscape, job_summary};
use crate::ui::style::theme;
use crate::ui::style::widget::axes::{Axes, Axis, Canvas, Scale};
use crate::ui::style::widget::grid::{Panel, Spacing, layout};
use crate::ui::style::widget::hatch;
use crate::ui::style::widget::reading::{faded, reading};
use crate::ui::view::{Scene, panel_header};
use flatland_core::job::Analysis;
use flatland_core::result::{LossSurface, nearest_node};
use flatland_core::session::{PickedCell, Tab};

const SPACE: Spacing = Spacing { left: 66.0, right: 8.0, header: 44.0, footer: 50.0, below: 0.0, gap: 18.0 };
/// Height of the text on the barrier, below the panels.
const TEXT: f32 = 46.0;

/// Draws the panels into `area`.
pub(super) fn show(
    ui: &mut Ui,
    scene: &mut Scene<'_>,
    state: &mut LandscapeTab,
    shared: &Shared<'_>,
    area: Rect,
    dataset: &str,
    landscapes: &[Option<Landscape>],
) {
    let view = &scene.session.view.landscape;
    let shown = with_panel(scene);
    let curve = |&(i, (color, checkpoint)): &(usize, (usize, &flatland_core::session::CheckpointEntry))| {
        let result = landscapes.get(i)?.as_ref()?.surface.as_ref();
        Some(LandscapeCurve::of_surface(&FigurePanel { name: &checkpoint.name, color, result }, view.error_bands))
    };
    let curves: Vec<LandscapeCurve> = shown.iter().filter_map(curve).collect();
    let first = shared.surfaces.first().map(|(_, surface)| *surface);
    let is_between = !scene.session.landscape.plane.through().is_empty();
    let (across, up) = (LandscapeCurve::across(&curves), LandscapeCurve::up(&curves));
    let (across, up) = if curves.is_empty() { ((shared.alpha[0], shared.alpha[1]), up) } else { (across, up) };
    let label = first.map_or_else(|| "loss".into(), LossSurface::value_label);
    let plot = Plot {
        along: if is_between { "t" } else { axis_labels(first)[0] },
        across: [across.0, across.1],
        label: &label,
        up: [up.0, up.1].map(|value| up.2.plotted(value)),
        spacing: up.2,
    };
    let below = if is_between { TEXT } else { 0.0 };
    let places = layout(area, shown.len(), None, 520.0, Spacing { below, ..SPACE });
    let links = shared.links;
    state.extents = scene.extents(Tab::LANDSCAPE);
    let mut cursor = Cursor::default();
    let mut commands = Vec::new();
    for (place, (i, (color, checkpoint))) in places.iter().zip(&shown) {
        let name = checkpoint.name.as_str();
        let surface = landscapes.get(*i).and_then(|found| Some(found.as_ref()?.surface.as_ref()));
        let job = scene.store.job(Analysis::Landscape, name, Some(dataset)).map(|(_, job)| job);
        let at_cursor = shared.cursor.of(links.cursor, name);
        let value = surface.zip(at_cursor).and_then(|(surface, node)| Some(loss_text(surface, value_at(surface, node)?)));
        let outline = theme::checkpoint(ui, *color);
        commands.extend(panel_header(ui, place.header, name, outline, surface.and_then(center_facts), job_summary(job), value));
        let picked = view.picked.as_ref().filter(|cell| cell.checkpoint == name).map(|cell| cell.alpha);
        let marks = Marks { cursor: at_cursor.map(|[alpha, _]| alpha), picked };
        let mut extent = state.extents.of(links.axes, name);
        let axes = Axes::new(Id::unique(("landscape curve", name)), plot.x(), plot.y(place.first), outline);
        let (canvas, ()) = axes.show(ui, place.plot, &mut extent, |ui, canvas| plot.draw(ui, canvas, &curves, name, marks));
        state.extents.set(links.axes, name, extent);
        if let Some(ends) = curves.iter().find(|curve| curve.name == name).and_then(|curve| curve.ends.as_ref()) {
            draw_ends(ui, &canvas, ends);
        }
        let barrier = surface.and_then(barrier_text);
        let text = [summary(name, dataset, shared.quantity, surface, "Curve")].into_iter().chain(barrier.clone());
        let text = text.collect::<Vec<_>>().join("; ");
        canvas.response.widget_info(|| WidgetInfo::labeled(WidgetRole::Image, true, &text));
        if let Some(surface) = surface.filter(|_| is_between) {
            barrier_below(ui, place, barrier.into_iter().chain(barrier_remark(surface)));
        }
        let node = canvas.pointer().zip(surface).and_then(|(pointer, surface)| {
            let alpha = surface.alpha[nearest_node(&surface.alpha, pointer.x)?];
            Some((surface, [alpha, *surface.beta.first()?]))
        });
        let Some((surface, node)) = node else { continue };
        cursor.at = Some((name.to_owned(), node));
        if canvas.response.clicked() {
            let cell = PickedCell { checkpoint: name.into(), alpha: node[0], beta: node[1] };
            commands.push(Command::Landscape(LandscapeCommand::Pick(Some(cell))));
        }
        if let (false, Some(k)) = (canvas.response.dragged(), value_at(surface, node)) {
            let title = format!("{name}   {} {}", plot.along, fixed(node[0], 2));
            reading(ui, canvas.response.id, &title, &readings(surface, shared.quantity, k));
        }
    }
    scene.set_extents(Tab::LANDSCAPE, std::mem::take(&mut state.extents));
    scene.commands.extend(commands);
    if cursor != state.cursor {
        state.cursor = cursor;
        ui.ctx().request_repaint();
    }
}

/// Nodes that are marked, by α.
#[derive(Clone, Copy)]
struct Marks {
    cursor: Option<f64>,
    picked: Option<f64>,
}

/// The axes that all panels share, and how values are placed on them.
struct Plot<'a> {
    along: &'static str,
    across: [f64; 2],
    label: &'a str,
    up: [f64; 2],
    spacing: Spaced,
}

impl Plot<'_> {
    fn x(&self) -> Axis<'_> {
        Axis { label: self.along, range: self.across, scale: Scale::Linear, labelled: true }
    }

    fn y(&self, labelled: bool) -> Axis<'_> {
        let scale = if self.spacing == Spaced::Log { Scale::Log10 } else { Scale::Linear };
        Axis { label: self.label, range: self.up, scale, labelled }
    }

    fn at(&self, canvas: &Canvas, alpha: f64, value: f64) -> Pos2 {
        canvas.at(alpha, self.spacing.plotted(value))
    }

    /// Draws the panel of a checkpoint: its curve, and faint the others behind it.
    fn draw(&self, ui: &Ui, canvas: &Canvas, curves: &[LandscapeCurve], name: &str, marks: Marks) {
        let (palette, painter) = (theme::of(ui), &canvas.painter);
        let own = curves.iter().find(|curve| curve.name == name);
        let vline = |alpha: f64, color: Color32| {
            painter.vline(canvas.at(alpha, 0.0).x, canvas.rect().y_range(), Stroke::new(1.0, color));
        };
        for [from, to] in own.iter().flat_map(|curve| &curve.non_finite) {
            let [left, right] = [from, to].map(|alpha| canvas.at(*alpha, 0.0).x);
            let strip = Rect::from_x_y_ranges(left..=right, canvas.rect().y_range());
            hatch::non_finite(painter, strip, Stroke::new(1.0, palette.hatch));
        }
        if own.is_some_and(|curve| curve.ends.is_some()) {
            let color = faded(palette.weak, palette.canvas, 0.6);
            vline(0.0, color);
            vline(1.0, color);
        }
        marks.cursor.into_iter().for_each(|alpha| vline(alpha, palette.weak));
        for curve in curves.iter().filter(|curve| curve.name != name) {
            let color = faded(theme::checkpoint(ui, curve.color), palette.canvas, 0.4);
            curve.runs(self.spacing).for_each(|run| self.line(canvas, run, Stroke::new(1.0, color)));
        }
        let Some(curve) = own else { return };
        let color = theme::checkpoint(ui, curve.color);
        for run in curve.runs(self.spacing) {
            self.band(canvas, run, color.gamma_multiply(0.2));
            self.line(canvas, run, Stroke::new(2.0, color));
            for node in run.iter().filter(|node| node.estimated || run.len() == 1) {
                let fill = if node.estimated { palette.canvas } else { color };
                painter.circle(self.at(canvas, node.alpha, node.value), 3.0, fill, Stroke::new(1.25, color));
            }
        }
        curve.barrier.iter().for_each(|barrier| self.barrier(ui, canvas, barrier));
        curve.marks.iter().for_each(|mark| self.mark(ui, canvas, mark));
        let node = |alpha: f64| curve.nodes.iter().find(|node| node.alpha == alpha);
        for (alpha, radius) in [(marks.picked, 6.0), (marks.cursor, 4.0)] {
            if let Some(node) = alpha.and_then(node).filter(|node| self.spacing.plotted(node.value).is_finite()) {
                painter.circle(self.at(canvas, node.alpha, node.value), radius, color, Stroke::new(1.5, palette.strong));
            }
        }
    }

    fn line(&self, canvas: &Canvas, run: &[CurveNode], stroke: Stroke) {
        let points = run.iter().map(|node| self.at(canvas, node.alpha, node.value)).collect();
        canvas.painter.add(Shape::line(points, stroke));
    }

    /// ± 1 standard error around a run; values that the axis cannot show are held at its lower end.
    fn band(&self, canvas: &Canvas, run: &[CurveNode], color: Color32) {
        if run.iter().all(|node| node.half == 0.0) {
            return;
        }
        let floor = canvas.transform.bounds().min()[1];
        let plotted = |value: f64| Some(self.spacing.plotted(value)).filter(|value| value.is_finite()).unwrap_or(floor);
        canvas.band(run.iter().map(|node| [node.alpha, plotted(node.value - node.half), plotted(node.value + node.half)]), color);
    }

    /// The straight line between the ends, and the rise above it with its label.
    fn barrier(&self, ui: &Ui, canvas: &Canvas, barrier: &BarrierMark) {
        let (palette, painter) = (theme::of(ui), &canvas.painter);
        let straight: Vec<Pos2> = barrier.straight.iter().map(|[t, value]| self.at(canvas, *t, *value)).collect();
        painter.extend(Shape::dashed_line(&straight, Stroke::new(1.0, palette.weak), 5.0, 4.0));
        let [low, high] = barrier.from_to.map(|value| self.at(canvas, barrier.t, value));
        let stroke = Stroke::new(1.25, palette.strong);
        painter.line_segment([low, high], stroke);
        for end in [low, high] {
            painter.hline((end.x - 4.0)..=(end.x + 4.0), end.y, stroke);
        }
        let galley = painter.layout_no_wrap(barrier.label.clone(), theme::body(), palette.strong);
        // Above the curve: beside the rise it would lie on a flank of a narrow arch.
        let top = (high.y - 8.0 - galley.size().y).max(canvas.rect().top() + 2.0);
        painter.galley(pos2(high.x - 0.5 * galley.size().x, top), galley, palette.strong);
    }

    /// Another checkpoint or image at its own loss.
    fn mark(&self, ui: &Ui, canvas: &Canvas, mark: &CurveMark) {
        let (at, palette) = (self.at(canvas, mark.alpha, mark.value), theme::of(ui));
        if !canvas.rect().contains(at) {
            return;
        }
        canvas.painter.circle_filled(at, 3.5, palette.strong);
        let galley = canvas.painter.layout_no_wrap(mark.label.clone(), theme::small(), palette.text);
        let right = at.x + 8.0 + galley.size().x <= canvas.rect().right();
        let step = if right { 7.0 } else { -7.0 - galley.size().x };
        let corner = at + Vec2::new(step, -0.5 * galley.size().y - 8.0);
        // The curve, which it may lie on, does not cross it.
        let ground = Rect::from_min_size(corner, galley.size()).expand2(Vec2::new(2.0, 0.0));
        canvas.painter.rect_filled(ground, 2.0, palette.canvas.gamma_multiply(0.8));
        canvas.painter.galley(corner, galley, palette.text);
    }
}

/// The names of both ends below the ticks of the axis, cut where they would meet its label; they are not drawn beyond the frame.
fn draw_ends(ui: &Ui, canvas: &Canvas, ends: &[String; 2]) {
    let (rect, palette) = (canvas.rect(), theme::of(ui));
    for (t, name) in [0.0, 1.0].into_iter().zip(ends) {
        let x = canvas.at(t, 0.0).x;
        if !(rect.left()..=rect.right()).contains(&x) {
            continue;
        }
        let reach = (x - rect.center().x).abs() - 12.0;
        let mut job = egui::text::LayoutJob::simple_singleline(name.clone(), theme::body(), palette.text);
        job.wrap = egui::text::TextWrapping::truncate_at_width((2.0 * reach).max(10.0));
        let galley = ui.painter().layout_job(job);
        let place = Align2::CENTER_TOP.anchor_size(pos2(x, rect.bottom() + 21.0), galley.size());
        ui.painter().galley(place.min, galley, palette.text);
    }
}

/// The barrier in words below its panel, and what has to be known about it.
fn barrier_below(ui: &mut Ui, place: &Panel, said: impl Iterator<Item = String>) {
    let text = said.map(|said| flatland_core::result::capital(&said)).collect::<Vec<_>>().join(". ");
    if text.is_empty() {
        return;
    }
    let top = place.plot.bottom() + SPACE.footer;
    let rect = Rect::from_min_size(pos2(place.plot.left(), top), Vec2::new(place.plot.width(), TEXT));
    let mut below = ui.new_child(egui::UiBuilder::new().max_rect(rect));
    below.add(egui::Label::new(RichText::new(text + ".").color(theme::of(ui).text)).wrap());
}
