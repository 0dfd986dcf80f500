//! Commands about figures and their settings.

use super::{Item, Section};
use crate::ui::command::Command;
use crate::ui::state::State;
use flatland_core::session::{FigureFormat, FigureSettings, Theme};

/// Widths that journals require, in millimetres.
pub const WIDTHS: [(&str, f64); 2] = [("one column", 88.0), ("two columns", 180.0)];

/// Name shown in the window.
pub fn theme_label(theme: Theme) -> &'static str {
    match theme {
        Theme::Print => "White paper",
        Theme::Light => "Light screen",
        Theme::Dark => "Dark screen",
    }
}

pub fn figure_items(state: &State) -> Vec<Item> {
    let item = |name: String, command| Item::new(Section::Figure, name, command);
    let mut items = vec![item("Export line".into(), Command::ToggleExport).chosen(state.export.open)];
    for format in FigureFormat::ALL {
        let name = format!("Export this view as {}…", format.extension().to_uppercase());
        items.push(item(name, Command::ExportDialog(format)));
    }
    items.push(item("Copy image of this view".into(), Command::CopyFigure));
    let present = &state.session.figure;
    let figure = |name: String, submenu, figure: FigureSettings| {
        let chosen = figure == *present;
        item(name, Command::ChangeFigure(Box::new(figure))).under(submenu).chosen(chosen)
    };
    for (name, width_mm) in WIDTHS {
        items.push(figure(format!("Figures of {name}, {width_mm} mm"), "Width", FigureSettings { width_mm, ..present.clone() }));
    }
    for theme in Theme::ALL {
        let name = format!("Figures on a {}", theme_label(theme).to_lowercase());
        items.push(figure(name, "Background", FigureSettings { theme, ..present.clone() }));
    }
    let letters = FigureSettings { letters: !present.letters, ..present.clone() };
    items.push(figure("Panel letters in figures".into(), "", letters).chosen(present.letters));
    items
}
