//! Hatching: one pattern for pending cells, another for cells that are not finite.

use egui::{Painter, Rect, Stroke, pos2};

const SPACING: f32 = 7.0;

/// Thin rising lines over `rect`: not computed yet.
pub fn pending(painter: &Painter, rect: Rect, stroke: Stroke) {
    lines(painter, rect, stroke, SPACING, 1.0);
}

/// Crossed lines over `rect`: computed, but not a finite number.
pub fn non_finite(painter: &Painter, rect: Rect, stroke: Stroke) {
    lines(painter, rect, stroke, SPACING * 0.7, 1.0);
    lines(painter, rect, stroke, SPACING * 0.7, -1.0);
}

/// Lines at 45°, anchored to the screen so that the lines of neighbouring cells join.
fn lines(painter: &Painter, rect: Rect, stroke: Stroke, spacing: f32, slope: f32) {
    let painter = painter.with_clip_rect(rect.intersect(painter.clip_rect()));
    let (w, h) = (rect.width(), rect.height());
    // Lines x + slope·y = c; rising for slope = 1 because y points down.
    let (low, high) = if slope > 0.0 {
        (rect.left() + rect.top(), rect.right() + rect.bottom())
    } else {
        (rect.left() - rect.bottom(), rect.right() - rect.top())
    };
    let first = (low / spacing).ceil() as i64;
    let last = (high / spacing).floor() as i64;
    for k in first..=last {
        let c = k as f32 * spacing;
        let (top, bottom) = (rect.top() - 1.0, rect.top() + h + 1.0);
        let (x_top, x_bottom) = (c - slope * top, c - slope * bottom);
        if x_top.min(x_bottom) <= rect.left() + w && x_top.max(x_bottom) >= rect.left() {
            painter.line_segment([pos2(x_top, top), pos2(x_bottom, bottom)], stroke);
        }
    }
}
