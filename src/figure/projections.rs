//! Checkpoints and trajectories on the plane of a landscape, at their least-squares coordinates.

use super::layout::{Frame, SMALL};
use super::scene::{Anchor, Scene, Shape, clip_segment, text_width};
use flatland_core::result::{PlanePoint, PlaneRecord};

/// Draws the points of the record over a panel; `at` gives the position of (α, β), `None` if it is hidden. Points
/// outside of the panel are left out.
pub(super) fn draw(scene: &mut Scene, frame: &Frame, record: &PlaneRecord, at: impl Fn(f64, f64) -> Option<[f64; 2]>, font: f64) {
    let place = |point: &PlanePoint| at(point.alpha, point.beta);
    for pair in record.trajectory.windows(2) {
        let ends = place(&pair[0]).zip(place(&pair[1]));
        if let Some(segment) = ends.and_then(|(a, b)| clip_segment(a, b, frame.from, frame.to)) {
            scene.line(segment.to_vec(), [0; 3], 1.6);
            scene.line(segment.to_vec(), [255; 3], 0.8);
        }
    }
    let ends = [record.trajectory.first(), record.trajectory.last()];
    for at in record.trajectory.iter().filter_map(place) {
        dot(scene, frame, at, 0.16 * font);
    }
    for point in ends.into_iter().flatten().chain(&record.points) {
        if let Some(at) = place(point) {
            dot(scene, frame, at, 0.26 * font);
            label(scene, frame, at, &point.label(), font);
        }
    }
}

/// Names of the checkpoints that lie outside of the axes' ranges.
pub(super) fn outside(record: &PlaneRecord, alpha: (f64, f64), beta: (f64, f64)) -> Vec<&str> {
    let within = |point: &&PlanePoint| (alpha.0..=alpha.1).contains(&point.alpha) && (beta.0..=beta.1).contains(&point.beta);
    record.points.iter().filter(|point| !within(point)).map(|point| point.name.as_str()).collect()
}

fn inside(frame: &Frame, [x, y]: [f64; 2]) -> bool {
    (frame.from[0]..=frame.to[0]).contains(&x) && (frame.from[1]..=frame.to[1]).contains(&y)
}

fn dot(scene: &mut Scene, frame: &Frame, center: [f64; 2], radius: f64) {
    if inside(frame, center) {
        scene.shapes.push(Shape::Dot { center, radius: radius + 0.5, fill: [0; 3], opacity: 1.0 });
        scene.shapes.push(Shape::Dot { center, radius, fill: [255; 3], opacity: 1.0 });
    }
}

/// White on a dark ground, so that it is readable on every colour; on the side with enough space.
fn label(scene: &mut Scene, frame: &Frame, [x, y]: [f64; 2], text: &str, font: f64) {
    if !inside(frame, [x, y]) {
        return;
    }
    let (size, pad) = (SMALL * font, 0.2 * font);
    let width = text_width(text, size, false);
    let right = x + 0.5 * font + width + 2.0 * pad <= frame.to[0];
    let left = if right { x + 0.5 * font } else { (x - 0.5 * font - width - 2.0 * pad).max(frame.from[0]) };
    let baseline = (y + 0.3 * font).clamp(frame.from[1] + size, frame.to[1] - pad);
    let ground = [[left, baseline - 0.85 * size], [left + width + 2.0 * pad, baseline + 0.3 * size]];
    let corners = vec![ground[0], [ground[1][0], ground[0][1]], ground[1], [ground[0][0], ground[1][1]]];
    scene.shapes.push(Shape::Polygon { points: corners, fill: [0; 3], opacity: 0.55 });
    scene.text([left + pad, baseline], text, size, Anchor::Start, [255; 3]);
}
