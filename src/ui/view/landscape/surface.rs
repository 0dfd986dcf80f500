//! A landscape as a surface in a box of axes: a drag turns it, Shift and a drag moves it, the wheel zooms, the pointer finds nodes.

use std::sync::Arc;

use egui::{
    Align2, Color32, EventFilter, Id, Key, Modifiers, PointerButton, Pos2, Rect, Response, Role as WidgetRole, Sense, Shape, Stroke,
    StrokeKind, Ui, Vec2, WidgetInfo, pos2, vec2,
};

use super::{Colors, LandscapeTab, Marks, Shared, Subject, projections};
use crate::figure::orbit::Orbit;
use crate::figure::relief::{Relief, ReliefMesh};
use crate::figure::{ColorScale, axes_box};
use crate::ui::command::Command;
use crate::ui::command::landscape::LandscapeCommand;
use crate::ui::state::store::Landscape;
use crate::ui::style::gpu::relief::{FACETS, ReliefPaint};
use crate::ui::style::theme;
use crate::ui::style::widget::hatch;
use crate::ui::view::landscape::cells::{summary, symbol};
use flatland_core::session::{Camera, Session};

/// Height below the data that maps need for their axis, points.
const BELOW: f32 = 32.0;

/// The geometry of a surface, computed again only when the surface or the scale changes.
#[derive(Default)]
pub(super) struct Cache {
    made_from: Option<(u64, ColorScale)>,
    relief: Option<Relief>,
    mesh: Arc<ReliefMesh>,
}

impl Cache {
    /// Revision of the surface that it was computed from.
    pub(super) fn revision(&self) -> Option<u64> {
        self.made_from.map(|(revision, _)| revision)
    }

    fn refresh(&mut self, landscape: &Landscape, scale: ColorScale) {
        if self.made_from != Some((landscape.revision, scale)) {
            self.relief = Relief::new(&landscape.surface, &scale);
            self.mesh = Arc::new(self.relief.as_ref().map(|relief| relief.mesh(FACETS)).unwrap_or_default());
            self.made_from = Some((landscape.revision, scale));
        }
    }
}

/// The projection of a surface: from the box to the screen and back.
pub(super) struct SurfaceProjection<'a> {
    pub(super) relief: &'a Relief,
    orbit: Orbit,
    frame: Frame,
}

#[derive(Clone, Copy)]
struct Frame {
    rect: Rect,
    side: f32,
}

impl Frame {
    fn at(&self, [x, y]: [f64; 2]) -> Pos2 {
        self.rect.center() + self.side * vec2(x as f32, -y as f32)
    }

    fn share(&self, at: Pos2) -> [f64; 2] {
        let from = (at - self.rect.center()) / self.side;
        [f64::from(from.x), f64::from(-from.y)]
    }
}

impl SurfaceProjection<'_> {
    /// Screen position of the surface at (α, β), and whether it is visible; `None` where the surface has a hole.
    pub(super) fn over(&self, alpha: f64, beta: f64) -> Option<(Pos2, bool)> {
        let [x, y] = self.relief.place(alpha, beta);
        let point = [x, y, self.relief.over([x, y])?];
        Some((self.frame.at(self.orbit.project(point).0), !self.relief.hides(&self.orbit, point)))
    }
}

/// Draws the panel; returns its gestures and the grid node under the pointer.
pub(super) fn show(
    ui: &mut Ui,
    session: &Session,
    commands: &mut Vec<Command>,
    state: &mut LandscapeTab,
    shared: &Shared<'_>,
    subject: &Subject<'_>,
    marks: Marks,
) -> (Response, Option<[f64; 2]>) {
    let rect = subject.panel.plot.with_max_y(subject.panel.plot.bottom() + BELOW);
    let frame = Frame { rect, side: rect.width().min(rect.height()) };
    let response = ui.interact(rect, Id::unique(("surface", subject.name)), Sense::click_and_drag());
    let surface = subject.landscape.map(|landscape| landscape.surface.as_ref());
    let summary_text = summary(subject.name, subject.dataset, shared.quantity, surface, "Surface");
    response.widget_info(|| WidgetInfo::labeled(WidgetRole::Image, true, &summary_text));
    let linked = session.view.links.axes;
    let mut camera = session.view.landscape.camera_of(subject.name, linked);
    if let Some(moved) = gesture(ui, &response, frame, camera) {
        camera = moved;
        let command = LandscapeCommand::Camera { checkpoint: subject.name.into(), linked, camera };
        commands.push(Command::Landscape(command));
    }
    let palette = theme::of(ui);
    if response.has_focus() {
        ui.painter().rect_stroke(rect, 2.0, Stroke::new(1.0, palette.hairline), StrokeKind::Inside);
    }
    let (Some(landscape), Some(colors)) = (subject.landscape, subject.colors) else {
        let middle = Rect::from_center_size(rect.center(), Vec2::splat(0.6 * frame.side));
        hatch::pending(ui.painter(), middle, Stroke::new(1.0, palette.hatch));
        return (response, None);
    };
    if landscape.surface.shows_classes() {
        let sentence = "Classes have no height: show them in 2-D";
        ui.painter().text(rect.center(), Align2::CENTER_CENTER, sentence, theme::body(), palette.weak);
        return (response, None);
    }
    let key = (subject.name.to_owned(), landscape.surface.value_key());
    let cache = state.reliefs.entry(key).or_default();
    cache.refresh(landscape, colors.scale);
    let Some(relief) = &cache.relief else {
        let sentence = "A line has no surface: show it in 2-D";
        ui.painter().text(rect.center(), Align2::CENTER_CENTER, sentence, theme::body(), palette.weak);
        return (response, None);
    };
    let projection = SurfaceProjection { relief, orbit: Orbit::new(&camera), frame };
    draw_box(ui, &projection, shared, colors, symbol(surface));
    let paint = ReliefPaint {
        panel: subject.index as u64,
        mesh: cache.mesh.clone(),
        colors: colors.map,
        levels: colors.levels.len(),
        orbit: projection.orbit,
        pixels_per_point: ui.ctx().pixels_per_point(),
    };
    ui.painter().add(paint.shape(rect));
    draw_marks(ui, &projection, landscape, marks);
    let node = response.hover_pos().and_then(|at| relief.hit(&projection.orbit, frame.share(at))).map(|[x, y, _]| {
        let [i, j] = relief.nearest([x, y]);
        [landscape.surface.alpha[i], landscape.surface.beta[j]]
    });
    (response, node)
}

/// The camera after a gesture.
fn gesture(ui: &Ui, response: &Response, frame: Frame, camera: Camera) -> Option<Camera> {
    if response.clicked() || response.drag_started() {
        response.request_focus();
    }
    let mut moved = camera;
    let drag = response.drag_delta();
    let to_move = response.dragged_by(PointerButton::Secondary)
        || response.dragged_by(PointerButton::Middle)
        || ui.input(|input| input.modifiers.shift);
    if response.dragged() && drag != Vec2::ZERO {
        moved = if to_move {
            moved.moved([f64::from(drag.x / frame.side), f64::from(-drag.y / frame.side)])
        } else {
            moved.turned(-0.4 * f64::from(drag.x), 0.4 * f64::from(drag.y))
        };
    }
    if response.contains_pointer()
        && let Some(pointer) = response.hover_pos()
    {
        let wheel = ui.input(|input| f64::from(input.smooth_scroll_delta.y) / 250.0);
        let zoom = wheel.exp() * ui.input(|input| f64::from(input.zoom_delta()));
        if zoom != 1.0 {
            moved = moved.zoomed(zoom, frame.share(pointer));
        }
    }
    moved = keys(ui, response, moved);
    if response.double_clicked() {
        moved = Camera::default();
    }
    (moved != camera).then_some(moved)
}

/// The camera after keys: arrows turn, plus and minus zoom, R resets. They apply to the panel with the focus, R also to the one under
/// the pointer.
fn keys(ui: &Ui, response: &Response, camera: Camera) -> Camera {
    let free = ui.memory(|memory| memory.focused().is_none_or(|focused| focused == response.id));
    if !(free && (response.has_focus() || response.contains_pointer())) {
        return camera;
    }
    let pressed = |key: Key| ui.input(|input| input.key_pressed(key) && input.modifiers == Modifiers::NONE);
    if pressed(Key::R) {
        return Camera::default();
    }
    if !response.has_focus() {
        return camera;
    }
    let arrows = EventFilter { horizontal_arrows: true, vertical_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, arrows));
    let step = |more: Key, less: Key| 5.0 * (f64::from(u8::from(pressed(more))) - f64::from(u8::from(pressed(less))));
    let turned = camera.turned(step(Key::ArrowLeft, Key::ArrowRight), step(Key::ArrowUp, Key::ArrowDown));
    let near = step(Key::Plus, Key::Minus) + step(Key::Equals, Key::Minus).max(0.0);
    if near == 0.0 { turned } else { turned.zoomed(1.0 + 0.03 * near, [0.0; 2]) }
}

/// Draws the floor and the far walls with their ticks, behind the surface.
fn draw_box(ui: &Ui, projection: &SurfaceProjection<'_>, shared: &Shared<'_>, colors: &Colors, label: &str) {
    let (palette, frame) = (theme::of(ui), projection.frame);
    let painter = ui.painter().with_clip_rect(frame.rect.intersect(ui.clip_rect()));
    let line = f64::from(13.0 / frame.side);
    let drawn = axes_box(&projection.orbit, shared.alpha, shared.beta, &colors.scale, label, line);
    for wire in &drawn.lines {
        let color = if wire.is_edge { palette.weak.gamma_multiply(0.8) } else { palette.hairline };
        painter.line_segment(wire.ends.map(|end| frame.at(end)), Stroke::new(1.0, color));
    }
    // Text may extend into the gap between panels, but the text of what is outside of the panel is not drawn.
    let painter = ui.painter().with_clip_rect(frame.rect.expand2(vec2(28.0, 6.0)).intersect(ui.clip_rect()));
    for text in drawn.texts.iter().filter(|text| frame.rect.expand(4.0).contains(frame.at(text.at))) {
        let align = match text.side {
            -1 => Align2::RIGHT_CENTER,
            0 => Align2::CENTER_CENTER,
            _ => Align2::LEFT_CENTER,
        };
        let (font, color) = if text.is_title { (theme::body(), palette.text) } else { (theme::small(), palette.weak) };
        painter.text(frame.at(text.at), align, &text.text, font, color);
    }
}

/// Draws θ, projected checkpoints, the picked node and the cursor; marks hidden by the surface are faint.
fn draw_marks(ui: &Ui, projection: &SurfaceProjection<'_>, landscape: &Landscape, marks: Marks) {
    let painter = ui.painter().with_clip_rect(projection.frame.rect.intersect(ui.clip_rect()));
    if let Some((at, true)) = projection.over(0.0, 0.0) {
        painter.circle(at, 3.0, Color32::WHITE, Stroke::new(1.5, Color32::from_black_alpha(220)));
    }
    if let Some(record) = &landscape.surface.manifest.plane {
        projections::draw_on_surface(&painter, projection.frame.rect, record, |alpha, beta| projection.over(alpha, beta));
    }
    for (node, radius) in [(marks.picked, 7.0), (marks.cursor, 4.5)] {
        match node.and_then(|[alpha, beta]| projection.over(alpha, beta)) {
            Some((at, true)) => super::map::ring(&painter, at, radius),
            Some((at, false)) => {
                painter.extend(Shape::dashed_line(&circle(at, radius), Stroke::new(1.5, theme::of(ui).weak), 2.5, 2.5));
            }
            None => {}
        }
    }
}

fn circle(middle: Pos2, radius: f32) -> Vec<Pos2> {
    (0..=24)
        .map(|k| k as f32 / 24.0 * std::f32::consts::TAU)
        .map(|a| pos2(middle.x + radius * a.cos(), middle.y + radius * a.sin()))
        .collect()
}
