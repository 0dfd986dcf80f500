//! The card of an image: the image, its properties, and its nearest images in feature space.

use egui::{
    Align, Color32, CornerRadius, Layout, Rect, Response, RichText, Role as WidgetRole, Sense, Stroke, StrokeKind, Tooltip, Ui, Vec2,
    WidgetInfo, pos2,
};

use crate::figure::number::significant;
use crate::ui::command::Command;
use crate::ui::command::landscape::LandscapeCommand;
use crate::ui::command::scatter::ScatterCommand;
use crate::ui::state::scatter::cloud::Cloud;
use crate::ui::state::scatter::images::{Image, Images};
use crate::ui::state::scatter::{ImageKey, Scatter};
use crate::ui::state::scores;
use crate::ui::style::theme;
use crate::ui::style::widget::axes::Canvas;
use crate::ui::style::widget::controls::quiet_button;
use crate::ui::style::widget::texture;
use crate::ui::view::Scene;
use flatland_core::session::{ColorBy, InputAxes, Role, SelectMode, Selection};

/// Side of the image on a card at the pointer, and on a pinned card, points.
const SMALL: f32 = 72.0;
const LARGE: f32 = 128.0;
/// Side of the image of a neighbour, points.
const THUMB: f32 = 52.0;

/// Draws an image into a square of this side, or why it cannot be shown.
pub fn picture(ui: &mut Ui, images: &mut Images, key: &ImageKey, side: f32, sense: Sense) -> Response {
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(side), sense);
    let palette = theme::of(ui);
    match images.get(&key.0, key.1) {
        Image::Loaded(image) => {
            let texture = texture::of(ui.ctx(), &image);
            let size = texture.size_vec2();
            let fitted = Rect::from_center_size(rect.center(), size * (side / size.x.max(size.y).max(1.0)));
            ui.painter().image(texture.id(), fitted, Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0)), Color32::WHITE);
        }
        Image::Requested => drop(ui.painter().rect_filled(rect, CornerRadius::ZERO, palette.inset)),
        Image::Failed(reason) => {
            ui.painter().rect_filled(rect, CornerRadius::ZERO, palette.inset);
            ui.painter().text(rect.center(), egui::Align2::CENTER_CENTER, "no image", theme::small(), palette.weak);
            return response.on_hover_text(reason);
        }
    }
    response
}

/// Properties of an image for a checkpoint: names and values.
fn facts(cloud: &Cloud, row: u32) -> Vec<(String, String)> {
    let class = |field: &ColorBy| cloud.shown_category(row, field).unwrap_or_default();
    let mut facts = vec![("Label".to_owned(), class(&ColorBy::Label)), ("Prediction".to_owned(), class(&ColorBy::Prediction))];
    if cloud.class_names.are_assumed {
        facts.push(("Classes".to_owned(), "assumed ImageNet's".to_owned()));
    }
    for (name, values) in &cloud.scores {
        let value = values[row as usize];
        facts.push((scores::label(name), if value.is_nan() { "–".into() } else { significant(value, 4) }));
    }
    facts
}

fn title((dataset, position): &ImageKey) -> String {
    format!("{dataset} {position}")
}

fn rows(ui: &mut Ui, id: egui::Id, facts: &[(String, String)]) {
    let palette = theme::of(ui);
    egui::Grid::new(id).num_columns(2).spacing([12.0, 2.0]).show(ui, |ui| {
        for (name, value) in facts {
            ui.label(RichText::new(name).color(palette.weak));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| ui.label(RichText::new(value).color(palette.strong)));
            ui.end_row();
        }
    });
}

/// The card at the pointer.
pub fn hover(ui: &Ui, scatter: &mut Scatter, canvas: &Canvas, cloud: &Cloud, key: &ImageKey) {
    let Some(row) = cloud.row(&key.0, key.1) else { return };
    let images = &mut scatter.images;
    let palette = theme::of(ui);
    Tooltip::always_open(ui.ctx().clone(), ui.layer_id(), canvas.response.id, egui::PopupAnchor::Pointer).gap(14.0).show(|ui| {
        ui.horizontal_top(|ui| {
            picture(ui, images, key, SMALL, Sense::hover());
            ui.vertical(|ui| {
                let role = cloud.role_of(row).map_or("", Role::label);
                ui.label(RichText::new(format!("{} ({role})", key.0)).color(palette.weak).font(theme::small()));
                let mut facts = facts(cloud, row);
                facts.push(("Index".into(), key.1.to_string()));
                rows(ui, canvas.response.id.with("facts"), &facts);
            });
        });
    });
}

/// The pinned card of the clicked image.
pub fn pinned(ui: &mut Ui, scene: &mut Scene<'_>, scatter: &mut Scatter) {
    let Some((checkpoint, key)) = scatter.pinned.clone() else { return };
    let Some(cloud) = scatter.cloud(&checkpoint).cloned() else { return };
    let Some(row) = cloud.row(&key.0, key.1) else { return };
    let palette = theme::of(ui);
    // At the lower right of the panels, where there is most free space.
    let corner = ui.available_rect_before_wrap().right_bottom() - Vec2::splat(8.0);
    let window = egui::Window::new("Card")
        .id(egui::Id::unique("card of an image"))
        .title_bar(false)
        .resizable(false)
        .frame(egui::Frame::window(ui.style()).inner_margin(12))
        .pivot(egui::Align2::RIGHT_BOTTOM)
        .default_pos(corner)
        .constrain_to(ui.max_rect());
    window.show(ui.ctx(), |ui| {
        ui.set_width(262.0);
        ui.horizontal(|ui| {
            let heading = ui.label(RichText::new(title(&key)).color(palette.strong).font(theme::heading()));
            heading.widget_info(|| WidgetInfo::labeled(WidgetRole::Label, true, format!("Card of {}", title(&key))));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if quiet_button(ui, "×", "Close the card").clicked() {
                    scene.commands.push(Command::Scatter(ScatterCommand::Pin(None)));
                }
            });
        });
        ui.horizontal_top(|ui| {
            picture(ui, &mut scatter.images, &key, LARGE, Sense::hover());
            ui.vertical(|ui| {
                let role = cloud.role_of(row).map_or("", Role::label);
                ui.label(RichText::new(format!("{role}, under {checkpoint}")).color(palette.weak).font(theme::small()));
                rows(ui, ui.scope_id().with("facts"), &facts(&cloud, row));
            });
        });
        ui.add_space(6.0);
        landscapes(ui, scene, &key, cloud.role_of(row));
        ui.add_space(6.0);
        neighbours(ui, scene, scatter, &checkpoint, &cloud, row);
    });
}

/// Buttons for landscapes around the image in input space.
fn landscapes(ui: &mut Ui, scene: &mut Scene<'_>, key: &ImageKey, role: Option<Role>) {
    let palette = theme::of(ui);
    ui.label(RichText::new("Landscape around this image").color(palette.weak).font(theme::small()));
    // A label that is not one of the network's classes has no loss.
    let can = role.is_some_and(Role::has_classes);
    ui.add_enabled_ui(can, |ui| {
        ui.horizontal(|ui| {
            for (axes, label, hint) in [
                (InputAxes::Random, "random", "L(x + αd₁ + βd₂) and decision regions over two random directions of pixels"),
                (InputAxes::Gradient, "gradient", "Along the gradient of the loss by pixels, and a random direction"),
                (InputAxes::SignGradient, "sign of gradient", "Along the sign of the gradient (FGSM), and random signs"),
            ] {
                let button = ui.button(label).on_hover_text(hint);
                let button = button.on_disabled_hover_text("Its label is not a class of the network: set a target in the session file");
                button.widget_info(|| WidgetInfo::labeled(WidgetRole::Button, can, format!("Landscape around this image: {label}")));
                if button.clicked() {
                    let command = LandscapeCommand::AroundImage { dataset: key.0.clone(), image: key.1.max(0) as usize, axes };
                    scene.commands.push(Command::Landscape(command));
                }
            }
        });
    });
}

/// The nearest images with their distances; a click pins the card of one.
fn neighbours(ui: &mut Ui, scene: &mut Scene<'_>, scatter: &mut Scatter, checkpoint: &str, cloud: &Cloud, row: u32) {
    let palette = theme::of(ui);
    let Some(found) = scatter.neighbours(checkpoint, row).map(<[(u32, f32)]>::to_vec) else {
        ui.label(RichText::new("Looking for the nearest images").color(palette.weak).font(theme::small()));
        return;
    };
    let key = |row: u32| cloud.image(row).map(|(dataset, position)| (dataset.to_owned(), position));
    let keys: Vec<(u32, f32, ImageKey)> = found.into_iter().filter_map(|(row, distance)| Some((row, distance, key(row)?))).collect();
    ui.horizontal(|ui| {
        ui.label(RichText::new("Nearest in feature space, with distances").color(palette.weak).font(theme::small()));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if quiet_button(ui, "Select", "Select the nearest images").clicked() {
                let mut selection = Selection::default();
                for (.., (dataset, position)) in &keys {
                    selection.apply(Selection::of(dataset, vec![*position]), SelectMode::Add);
                }
                scene.commands.push(Command::Scatter(ScatterCommand::Select(selection, SelectMode::Replace)));
            }
        });
    });
    ui.spacing_mut().item_spacing = Vec2::new(14.0, 6.0);
    for line in keys.chunks(4) {
        ui.horizontal(|ui| {
            for (other, distance, key) in line {
                ui.vertical(|ui| {
                    ui.spacing_mut().item_spacing.y = 1.0;
                    let response = picture(ui, &mut scatter.images, key, THUMB, Sense::click());
                    let name = format!("Neighbour {}, distance {}", title(key), significant(f64::from(*distance), 3));
                    response.widget_info(|| WidgetInfo::labeled(WidgetRole::Button, true, &name));
                    let color = cloud.role_of(*other).map_or(palette.weak, |role| theme::role(ui, role));
                    let width = if response.hovered() || response.has_focus() { 2.5 } else { 1.5 };
                    ui.painter().rect_stroke(response.rect, 0.0, Stroke::new(width, color), StrokeKind::Outside);
                    if response.hovered() {
                        scatter.cursor.at = Some((checkpoint.to_owned(), key.clone()));
                    }
                    if response.on_hover_text(name.as_str()).clicked() {
                        scene.commands.push(Command::Scatter(ScatterCommand::Pin(Some((checkpoint.to_owned(), key.clone())))));
                    }
                    ui.label(RichText::new(significant(f64::from(*distance), 3)).color(palette.weak).font(theme::small()));
                });
            }
        });
    }
}
