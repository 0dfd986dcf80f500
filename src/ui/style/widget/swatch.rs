//! A small coloured square or disc before a name.

use egui::{Color32, Rect, Response, Sense, Ui, Vec2};

/// A square, for a checkpoint.
pub fn square(ui: &mut Ui, color: Color32) -> Response {
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(10.0), Sense::hover());
    ui.painter().rect_filled(Rect::from_center_size(rect.center(), Vec2::splat(9.0)), 1.5, color);
    response
}

/// A disc, for a role.
pub fn disc(ui: &mut Ui, color: Color32) -> Response {
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(10.0), Sense::hover());
    ui.painter().circle_filled(rect.center(), 4.0, color);
    response
}
