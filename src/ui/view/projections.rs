//! Checkpoints and trajectories on the plane of a landscape, as the figures draw them.

use egui::{Align2, Color32, Pos2, Shape, Stroke, vec2};

use crate::result::{PlanePoint, PlaneRecord};
use crate::ui::theme;
use crate::ui::widget::axes::Canvas;

/// Draws what the record holds: the trajectory as a line with a dot per checkpoint, and other checkpoints with their names.
pub fn draw(canvas: &Canvas, record: &PlaneRecord) {
    let place = |point: &PlanePoint| canvas.at(point.alpha, point.beta);
    let painter = &canvas.painter;
    let line: Vec<Pos2> = record.trajectory.iter().map(place).collect();
    for (width, color) in [(3.0, Color32::from_black_alpha(160)), (1.5, Color32::WHITE)] {
        painter.add(Shape::line(line.clone(), Stroke::new(width, color)));
    }
    let dot = |at: Pos2, radius: f32| {
        painter.circle(at, radius, Color32::WHITE, Stroke::new(1.0, Color32::from_black_alpha(200)));
    };
    line.iter().for_each(|at| dot(*at, 2.5));
    let ends = [record.trajectory.first(), record.trajectory.last()];
    for point in ends.into_iter().flatten().chain(&record.points) {
        let at = place(point);
        if !canvas.rect().contains(at) {
            continue;
        }
        dot(at, 4.0);
        let font = theme::small();
        let galley = painter.layout_no_wrap(point.label(), font, Color32::WHITE);
        let fits = at.x + 10.0 + galley.size().x <= canvas.rect().right();
        let (align, step) = if fits { (Align2::LEFT_CENTER, 8.0) } else { (Align2::RIGHT_CENTER, -8.0) };
        let rect = align.anchor_size(at + vec2(step, 0.0), galley.size());
        painter.rect_filled(rect.expand2(vec2(3.0, 1.0)), 2.0, Color32::from_black_alpha(140));
        painter.galley(rect.min, galley, Color32::WHITE);
    }
}
