//! Small drawn icons as buttons: the bundled fonts have no glyphs for them.

use egui::epaint::{CubicBezierShape, PathShape};
use egui::{
    Color32, CornerRadius, Painter, Pos2, Rect, Response, Role as WidgetRole, Sense, Shape, Stroke, StrokeKind, Ui, Vec2, WidgetInfo,
};

use crate::ui::style::theme;

/// An icon; each has two states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    /// Shown, or hidden.
    Eye,
    /// Baseline, or not.
    Flag,
    /// Linked, or not.
    Chain,
    /// Moves to the front of a queue.
    ToFront,
}

/// Side of the button, points.
const SIDE: f32 = 20.0;

/// A button with the icon; `name` is for screen readers, `on` is its state.
pub fn button(ui: &mut Ui, icon: Icon, on: bool, name: &str) -> Response {
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(SIDE), Sense::click());
    let palette = theme::of(ui);
    if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(rect, CornerRadius::same(3), palette.hover);
    }
    let color = match icon {
        Icon::Flag if on => palette.accent,
        Icon::Flag | Icon::ToFront => palette.weak.gamma_multiply(0.75),
        Icon::Eye | Icon::Chain if on => palette.weak,
        Icon::Eye | Icon::Chain => palette.weak.gamma_multiply(0.75),
    };
    draw(ui.painter(), icon, rect.center(), on, if response.hovered() { palette.strong } else { color });
    response.widget_info(|| match icon {
        Icon::ToFront => WidgetInfo::labeled(WidgetRole::Button, true, name),
        Icon::Eye | Icon::Flag | Icon::Chain => WidgetInfo::selected(WidgetRole::CheckBox, true, on, name),
    });
    response.on_hover_text(name)
}

/// Draws the icon, about 14 points wide.
pub fn draw(painter: &Painter, icon: Icon, center: Pos2, on: bool, color: Color32) {
    let at = |x: f32, y: f32| center + Vec2::new(x, y);
    let stroke = Stroke::new(1.2, color);
    match icon {
        Icon::Eye => {
            for up in [-5.0, 5.0] {
                let points = [at(-6.5, 0.0), at(-3.0, up), at(3.0, up), at(6.5, 0.0)];
                painter.add(CubicBezierShape::from_points_stroke(points, false, Color32::TRANSPARENT, stroke));
            }
            if on {
                painter.circle_filled(center, 1.9, color);
            } else {
                painter.line_segment([at(-5.0, 5.0), at(5.0, -5.0)], stroke);
            }
        }
        Icon::Flag => {
            painter.line_segment([at(-3.5, -6.0), at(-3.5, 6.5)], stroke);
            let cloth = vec![at(-3.5, -5.5), at(5.0, -2.3), at(-3.5, 1.0)];
            let fill = if on { color } else { Color32::TRANSPARENT };
            painter.add(Shape::Path(PathShape::convex_polygon(cloth, fill, stroke)));
        }
        Icon::Chain => {
            let gap = if on { 0.0 } else { 2.2 };
            for side in [-1.0, 1.0] {
                let link = Rect::from_center_size(at(side * (3.0 + gap), 0.0), Vec2::new(7.4 - gap, 5.0));
                painter.rect_stroke(link, 2.5, stroke, StrokeKind::Middle);
            }
            if on {
                painter.line_segment([at(-2.0, 0.0), at(2.0, 0.0)], stroke);
            }
        }
        Icon::ToFront => {
            painter.line_segment([at(-4.5, -5.0), at(4.5, -5.0)], stroke);
            painter.line_segment([at(0.0, -2.5), at(0.0, 5.5)], stroke);
            painter.line_segment([at(-3.2, 0.8), at(0.0, -2.5)], stroke);
            painter.line_segment([at(3.2, 0.8), at(0.0, -2.5)], stroke);
        }
    }
}
