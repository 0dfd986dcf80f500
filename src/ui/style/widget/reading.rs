//! Small parts of tabs: the sentence of an empty view, legend entries, values beside the pointer, cells of small tables.

use egui::{
    Align, Color32, CornerRadius, Id, Layout, Pos2, Rect, Response, RichText, Role as WidgetRole, Sense, Tooltip, Ui, UiBuilder, Vec2,
    WidgetInfo,
};

use crate::ui::style::theme;

/// The sentence of a view that has nothing to show.
pub fn empty(ui: &mut Ui, sentence: &str) {
    let rect = ui.available_rect_before_wrap();
    let middle = Rect::from_center_size(rect.center() - Vec2::new(0.0, rect.height() * 0.08), Vec2::new(rect.width().min(460.0), 60.0));
    ui.scope_builder(UiBuilder::new().max_rect(middle).layout(Layout::top_down(Align::Center)), |ui| {
        ui.label(RichText::new(sentence).color(theme::of(ui).weak).font(theme::heading()));
    });
}

/// A legend entry that can be switched on and off: a disc and a name.
pub fn chip(ui: &mut Ui, color: Color32, text: &str, on: bool) -> Response {
    let palette = theme::of(ui);
    let galley = ui.painter().layout_no_wrap(text.into(), theme::body(), if on { palette.text } else { palette.weak });
    let (rect, response) = ui.allocate_exact_size(Vec2::new(galley.size().x + 20.0, 24.0), Sense::click());
    if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(rect, CornerRadius::same(3), palette.hover);
    }
    let disc = Pos2::new(rect.left() + 9.0, rect.center().y);
    if on {
        ui.painter().circle_filled(disc, 4.0, color);
    } else {
        ui.painter().circle_stroke(disc, 3.5, egui::Stroke::new(1.0, palette.weak));
    }
    ui.painter().galley(Pos2::new(rect.left() + 17.0, rect.center().y - galley.size().y / 2.0), galley, palette.text);
    response.widget_info(|| WidgetInfo::selected(WidgetRole::CheckBox, true, on, text));
    response
}

/// Rows of names and values beside the pointer.
pub fn reading(ui: &Ui, id: Id, title: &str, rows: &[(Option<Color32>, String, String)]) {
    let palette = theme::of(ui);
    Tooltip::always_open(ui.ctx().clone(), ui.layer_id(), id, egui::PopupAnchor::Pointer).gap(14.0).show(|ui| {
        ui.spacing_mut().item_spacing = Vec2::new(12.0, 2.0);
        if !title.is_empty() {
            ui.label(RichText::new(title).color(palette.weak).font(theme::small()));
        }
        // The widths are measured, not left to a grid: a grid knows them one frame later, and while the pointer rests there is no next frame.
        let width = |text: &str| ui.painter().layout_no_wrap(text.into(), theme::body(), palette.text).size().x;
        let widest = |texts: &mut dyn Iterator<Item = f32>| texts.fold(0.0, f32::max);
        let swatches = if rows.iter().any(|(color, ..)| color.is_some()) { 16.0 } else { 0.0 };
        let names = swatches + widest(&mut rows.iter().map(|(_, name, _)| width(name)));
        let values = widest(&mut rows.iter().map(|(.., value)| width(value)));
        for (color, name, value) in rows {
            let (rect, _) = ui.allocate_exact_size(Vec2::new(names + 14.0 + values, 20.0), Sense::hover());
            if let Some(color) = color {
                let square = Rect::from_center_size(rect.left_center() + Vec2::new(4.5, 0.0), Vec2::splat(9.0));
                ui.painter().rect_filled(square, CornerRadius::same(2), *color);
            }
            let name_at = rect.with_min_x(rect.left() + swatches);
            cell(ui, name_at, false, RichText::new(name).color(palette.weak));
            cell(ui, rect, true, RichText::new(value).color(palette.strong));
        }
    });
}

/// A cell of a small table: text at the left or right of `rect`.
pub fn cell(ui: &mut Ui, rect: Rect, right: bool, text: RichText) {
    let layout = if right { Layout::right_to_left(Align::Center) } else { Layout::left_to_right(Align::Center) };
    let mut child = ui.new_child(UiBuilder::new().max_rect(rect).layout(layout));
    child.add(egui::Label::new(text).truncate());
}

/// A colour mixed with the colour of the canvas, to make it less prominent.
pub fn faded(color: Color32, canvas: Color32, share: f32) -> Color32 {
    canvas.lerp_to_gamma(color, share)
}
