//! Checkpoints and trajectories on the plane of a landscape, as in the figures, and on its surface.

use egui::{Align2, Color32, Painter, Pos2, Rect, Shape, Stroke, vec2};

use crate::ui::style::theme;
use crate::ui::style::widget::axes::Canvas;
use flatland_core::result::{PlanePoint, PlaneRecord};

/// Number of pieces into which a step of a trajectory is divided on a surface.
const PIECES: usize = 24;

/// Draws the points of the record: the trajectory as a line with a dot per checkpoint, and other checkpoints with their names.
pub(super) fn draw(canvas: &Canvas, record: &PlaneRecord) {
    let place = |point: &PlanePoint| canvas.at(point.alpha, point.beta);
    let painter = &canvas.painter;
    line(painter, record.trajectory.iter().map(place).collect());
    record.trajectory.iter().for_each(|point| dot(painter, place(point), 2.5));
    for point in named(record) {
        mark(painter, canvas.rect(), place(point), point);
    }
}

/// The same on a surface; `over` gives the screen position over (α, β) and whether it is visible.
pub(super) fn draw_on_surface(painter: &Painter, frame: Rect, record: &PlaneRecord, over: impl Fn(f64, f64) -> Option<(Pos2, bool)>) {
    let seen = |alpha: f64, beta: f64| over(alpha, beta).filter(|(_, is_seen)| *is_seen).map(|(at, _)| at);
    for pair in record.trajectory.windows(2) {
        let piece = |k: usize| {
            let t = k as f64 / PIECES as f64;
            seen(pair[0].alpha + t * (pair[1].alpha - pair[0].alpha), pair[0].beta + t * (pair[1].beta - pair[0].beta))
        };
        let places: Vec<Option<Pos2>> = (0..=PIECES).map(piece).collect();
        for run in places.split(Option::is_none) {
            line(painter, run.iter().copied().flatten().collect());
        }
    }
    let place = |point: &PlanePoint| seen(point.alpha, point.beta);
    record.trajectory.iter().filter_map(place).for_each(|at| dot(painter, at, 2.5));
    for point in named(record) {
        if let Some(at) = place(point) {
            mark(painter, frame, at, point);
        }
    }
}

/// The ends of the trajectory, and the other checkpoints.
fn named(record: &PlaneRecord) -> impl Iterator<Item = &PlanePoint> {
    [record.trajectory.first(), record.trajectory.last()].into_iter().flatten().chain(&record.points)
}

fn line(painter: &Painter, points: Vec<Pos2>) {
    for (width, color) in [(3.0, Color32::from_black_alpha(160)), (1.5, Color32::WHITE)] {
        painter.add(Shape::line(points.clone(), Stroke::new(width, color)));
    }
}

fn dot(painter: &Painter, at: Pos2, radius: f32) {
    painter.circle(at, radius, Color32::WHITE, Stroke::new(1.0, Color32::from_black_alpha(200)));
}

/// A dot with its name on the side where there is space.
fn mark(painter: &Painter, frame: Rect, at: Pos2, point: &PlanePoint) {
    if !frame.contains(at) {
        return;
    }
    dot(painter, at, 4.0);
    let galley = painter.layout_no_wrap(point.label(), theme::small(), Color32::WHITE);
    let fits = at.x + 10.0 + galley.size().x <= frame.right();
    let (align, step) = if fits { (Align2::LEFT_CENTER, 8.0) } else { (Align2::RIGHT_CENTER, -8.0) };
    let rect = align.anchor_size(at + vec2(step, 0.0), galley.size());
    painter.rect_filled(rect.expand2(vec2(3.0, 1.0)), 2.0, Color32::from_black_alpha(140));
    painter.galley(rect.min, galley, Color32::WHITE);
}
