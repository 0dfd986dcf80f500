//! The selected images as pictures in rows; only visible ones are read.

use egui::{Role as WidgetRole, ScrollArea, Sense, Slider, Stroke, StrokeKind, Ui, Vec2, WidgetInfo};

use super::{card, table};
use crate::ui::state::scatter::Scatter;
use crate::ui::style::theme;
use crate::ui::view::Scene;

const GAP: f32 = 8.0;

/// State of the pictures: their size.
pub struct State {
    side: f32,
}

impl Default for State {
    fn default() -> Self {
        Self { side: 56.0 }
    }
}

/// Draws the choice of the size.
pub fn size(ui: &mut Ui, state: &mut State) {
    ui.spacing_mut().slider_width = 110.0;
    let slider = ui.add(Slider::new(&mut state.side, 24.0..=160.0).show_value(false));
    slider.widget_info(|| WidgetInfo::slider(true, f64::from(state.side), "Size of the thumbnails"));
    slider.on_hover_text("Size of the thumbnails");
}

/// Draws the images in the order of the table.
pub fn show(ui: &mut Ui, scene: &mut Scene<'_>, state: &mut State, rows: &table::State, scatter: &mut Scatter) {
    let palette = theme::of(ui);
    ui.spacing_mut().item_spacing = Vec2::splat(GAP);
    let across = (((ui.available_width() - 14.0) / (state.side + GAP)) as usize).max(1);
    ScrollArea::vertical().id_salt("thumbnails").auto_shrink([false, false]).show_rows(
        ui,
        state.side,
        rows.len().div_ceil(across),
        |ui, lines| {
            for line in lines {
                ui.horizontal(|ui| {
                    for key in (line * across..(line + 1) * across).map_while(|row| rows.image(row)) {
                        let response = card::picture(ui, &mut scatter.images, &key, state.side, Sense::click());
                        let name = format!("Image {} {}", key.0, key.1);
                        response.widget_info(|| WidgetInfo::labeled(WidgetRole::Button, true, &name));
                        let role = scatter.role_of(&key);
                        let color = role.map_or(palette.weak, |role| theme::role(ui, role));
                        let lit =
                            response.hovered() || response.has_focus() || scatter.pinned.as_ref().is_some_and(|(_, pinned)| *pinned == key);
                        ui.painter().rect_stroke(response.rect, 0.0, Stroke::new(if lit { 3.0 } else { 1.5 }, color), StrokeKind::Outside);
                        if response.hovered() {
                            scatter.set_cursor(key.clone());
                        }
                        if response.on_hover_text(name.as_str()).clicked() {
                            table::pin(scene, scatter, key);
                        }
                    }
                });
            }
        },
    );
}
