//! The legend of a landscape of predicted classes: their colours and names, instead of a colour bar.

use egui::{Align2, Rect, Role, Sense, Stroke, StrokeKind, Ui, Vec2, WidgetInfo, pos2};

use crate::figure::{ClassColors, Theme};
use crate::ui::style::theme;

/// Height of a line, points.
const LINE: f32 = 18.0;
/// Side of a class's square, points.
const SQUARE: f32 = 10.0;

/// Draws the classes of `colors` from the top of `rect` downwards; `name` gives their names. Classes that do not fit are counted.
pub fn show(ui: &Ui, rect: Rect, colors: &ClassColors, name: impl Fn(usize) -> String) {
    let palette = theme::of(ui);
    let room = ((rect.height() / LINE).floor() as usize).max(2);
    let classes: Vec<usize> = colors.classes().collect();
    // The last line gives the number of the others.
    let shown = if classes.len() > room { room - 1 } else { classes.len() };
    ui.painter().text(pos2(rect.left(), rect.top() - 8.0), Align2::LEFT_BOTTOM, "class", theme::body(), palette.text);
    for (line, &class) in classes.iter().take(shown).enumerate() {
        let middle = rect.top() + (line as f32 + 0.5) * LINE;
        let square = Rect::from_center_size(pos2(rect.left() + 0.5 * SQUARE, middle), Vec2::splat(SQUARE));
        ui.painter().rect_filled(square, 1.5, color(colors, class, theme::figure_theme(ui)));
        ui.painter().rect_stroke(square, 1.5, Stroke::new(1.0, palette.hairline), StrokeKind::Outside);
        let name = name(class);
        let place = Rect::from_min_max(pos2(square.left(), middle - 0.5 * LINE), pos2(ui.clip_rect().right(), middle + 0.5 * LINE));
        let painter = ui.painter().with_clip_rect(place.intersect(ui.clip_rect()));
        painter.text(pos2(square.right() + 6.0, middle), Align2::LEFT_CENTER, &name, theme::small(), palette.text);
        let response = ui.interact(place, egui::Id::unique(("class of a landscape", class)), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("Class {name}")));
        response.on_hover_text(name);
    }
    if shown < classes.len() {
        let middle = rect.top() + (shown as f32 + 0.5) * LINE;
        let more = format!("and {} more", classes.len() - shown);
        ui.painter().text(pos2(rect.left(), middle), Align2::LEFT_CENTER, more, theme::small(), palette.weak);
    }
}

fn color(colors: &ClassColors, class: usize, theme: Theme) -> egui::Color32 {
    colors.color(class as f64, theme).map_or(egui::Color32::TRANSPARENT, crate::ui::style::theme::rgb)
}
