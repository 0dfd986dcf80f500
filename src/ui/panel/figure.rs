//! The second line of the export: size, type size and background of the session's figures, which the command line uses too.

use std::ops::RangeInclusive;

use egui::{DragValue, Ui, WidgetInfo};

use crate::ui::command::Command;
use crate::ui::command::list::figure::{WIDTHS, theme_label};
use crate::ui::style::theme;
use crate::ui::style::widget::controls;
use flatland_core::session::{FigureSettings, Theme};

/// Draws the line.
pub fn show(ui: &mut Ui, figure: &FigureSettings, commands: &mut Vec<Command>) {
    let mut changed = figure.clone();
    ui.horizontal_wrapped(|ui| {
        ui.colored_label(theme::of(ui).weak, "Figures");
        number(ui, &mut changed.width_mm, FigureSettings::WIDTH_MM, "Width of figures in millimetres", " mm wide");
        controls::menu(ui, "Width", "A width that journals ask for", |ui| {
            for (name, width) in WIDTHS {
                if ui.selectable_label(changed.width_mm == width, format!("{name}, {width} mm")).clicked() {
                    changed.width_mm = width;
                    ui.close();
                }
            }
        });
        let mut fits = changed.height_mm.is_none();
        if ui.checkbox(&mut fits, "Height as needed").on_hover_text("As high as what is drawn needs").changed() {
            changed.height_mm = (!fits).then_some((changed.width_mm * 0.6).round());
        }
        if let Some(height) = &mut changed.height_mm {
            number(ui, height, FigureSettings::HEIGHT_MM, "Height of figures in millimetres", " mm high");
        }
        number(ui, &mut changed.font_pt, FigureSettings::FONT_PT, "Size of type in points", " pt");
        number(ui, &mut changed.dpi, FigureSettings::DPI, "Resolution of PNGs in dots per inch", " dpi");
        controls::menu(ui, theme_label(changed.theme), "Background of figures", |ui| {
            for theme in Theme::ALL {
                if ui.selectable_label(changed.theme == theme, theme_label(theme)).clicked() {
                    changed.theme = theme;
                    ui.close();
                }
            }
        });
        ui.checkbox(&mut changed.letters, "Panel letters").on_hover_text("(a), (b), …");
    });
    if changed != *figure {
        commands.push(Command::ChangeFigure(Box::new(changed)));
    }
}

/// A number that can be dragged or typed.
fn number(ui: &mut Ui, value: &mut f64, range: RangeInclusive<f64>, name: &str, unit: &str) {
    let response = ui.add(DragValue::new(value).range(range).speed(1.0).max_decimals(1).suffix(unit));
    let shown = *value;
    response.widget_info(|| WidgetInfo { label: Some(name.into()), ..WidgetInfo::drag_value(true, shown) });
    response.on_hover_text(name);
}
