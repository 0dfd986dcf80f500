//! The line of controls above the landscapes.

use egui::{RichText, Ui, Vec2};

use crate::ui::command::Command;
use crate::ui::command::landscape::LandscapeCommand;
use crate::ui::state::number::count;
use crate::ui::style::theme;
use crate::ui::style::widget::controls::menu;
use crate::ui::style::widget::reading::chip;
use crate::ui::view::Scene;
use flatland_core::result::{CellStatus, LossSurface};
use flatland_core::session::{Camera, CutAxis, ErrorShown, LandscapeForm};

/// Draws the line; for curves, which have neither colours nor sections, only what they have.
pub(super) fn show(ui: &mut Ui, scene: &mut Scene<'_>, surfaces: &[(usize, &LossSurface)], is_curve: bool) {
    let view = &scene.session.view.landscape;
    let mut commands: Vec<LandscapeCommand> = Vec::new();
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 2.0;
        if !is_curve {
            forms(ui, view.form, &mut commands);
        }
        if scene.session.landscape.plane.input().is_none() {
            error_menu(ui, view.error, &mut commands);
        } else {
            let reason = "A landscape around one image has no standard errors over images";
            ui.add_enabled_ui(false, |ui| error_menu(ui, None, &mut commands)).response.on_hover_text(reason);
        }
        ui.add_space(8.0);
        let accent = theme::of(ui).accent;
        if is_curve {
            if chip(ui, accent, "error bands", view.error_bands).clicked() {
                commands.push(LandscapeCommand::ErrorBands(!view.error_bands));
            }
            return;
        }
        if view.form == LandscapeForm::Map {
            if chip(ui, accent, "contour values", view.contour_labels).clicked() {
                commands.push(LandscapeCommand::ContourLabels(!view.contour_labels));
            }
            if chip(ui, accent, "status of cells", view.status).clicked() {
                commands.push(LandscapeCommand::Status(!view.status));
            }
        } else if ui.button("Reset camera").on_hover_text("The default view (R, or double click)").clicked() {
            commands.push(LandscapeCommand::Camera { checkpoint: String::new(), linked: true, camera: Camera::default() });
        }
        ui.add_space(8.0);
        ui.colored_label(theme::of(ui).weak, "Sections along");
        ui.add_space(4.0);
        for axis in CutAxis::ALL {
            let [along, across] = axis.symbols();
            let label = RichText::new(along);
            let shown =
                ui.selectable_label(view.cut == axis, label).on_hover_text(format!("Along {along}, at the {across} of the pointer"));
            shown.widget_info(|| {
                egui::WidgetInfo::selected(egui::Role::RadioButton, true, view.cut == axis, format!("Sections along {along}"))
            });
            if shown.clicked() {
                commands.push(LandscapeCommand::Cut(axis));
            }
        }
        ui.add_space(6.0);
        if chip(ui, accent, "error bands", view.error_bands).clicked() {
            commands.push(LandscapeCommand::ErrorBands(!view.error_bands));
        }
        if view.status && view.form == LandscapeForm::Map {
            ui.add_space(12.0);
            legend(ui, surfaces);
        }
    });
    scene.commands.extend(commands.into_iter().map(Command::Landscape));
    ui.add_space(8.0);
}

/// Draws the choice between maps and surfaces.
fn forms(ui: &mut Ui, current: LandscapeForm, commands: &mut Vec<LandscapeCommand>) {
    for (form, label, hint) in [
        (LandscapeForm::Map, "2-D", "Colours on the plane"),
        (LandscapeForm::Surface, "3-D", "A surface; drag to turn, wheel to zoom, Shift and drag to move, R to reset"),
    ] {
        if ui.selectable_label(current == form, label).on_hover_text(hint).clicked() {
            commands.push(LandscapeCommand::Form(form));
        }
    }
    ui.add_space(10.0);
}

fn error_menu(ui: &mut Ui, current: Option<ErrorShown>, commands: &mut Vec<LandscapeCommand>) {
    let label = |error: Option<ErrorShown>| match error {
        None => "values",
        Some(ErrorShown::Absolute) => "standard errors",
        Some(ErrorShown::Relative) => "relative errors",
    };
    menu(ui, label(current), "Values, or their standard errors over the images", |ui| {
        for error in [None, Some(ErrorShown::Absolute), Some(ErrorShown::Relative)] {
            if ui.selectable_label(error == current, label(error)).clicked() {
                commands.push(LandscapeCommand::Error(error));
                ui.close();
            }
        }
    });
}

/// Draws the legend of the status, with the numbers of cells in all panels.
fn legend(ui: &mut Ui, surfaces: &[(usize, &LossSurface)]) {
    for (status, word) in [
        (CellStatus::Exact, "computed"),
        (CellStatus::Estimated, "estimated"),
        (CellStatus::Pending, "pending"),
        (CellStatus::NonFinite, "not finite"),
    ] {
        let of = |surface: &LossSurface| (0..surface.count.len()).filter(|k| surface.status(*k) == status).count();
        let cells: usize = surfaces.iter().map(|(_, surface)| of(surface)).sum();
        let (rect, _) = ui.allocate_exact_size(Vec2::splat(10.0), egui::Sense::hover());
        ui.painter().rect_filled(rect, 1.5, theme::status(ui, status));
        ui.add_space(4.0);
        ui.colored_label(theme::of(ui).weak, format!("{} {word}", count(cells as u64)));
        ui.add_space(10.0);
    }
}
