//! The pane below the scatter: the selected images, as a table or as pictures.

use egui::{Align, Layout, RichText, Ui};

use super::{EmbeddingTab, table, thumbnails};
use crate::ui::command::Command;
use crate::ui::command::scatter::ScatterCommand;
use crate::ui::state::number::count;
use crate::ui::state::scatter::Scatter;
use crate::ui::style::theme;
use crate::ui::style::widget::controls::quiet_button;
use crate::ui::view::Scene;
use flatland_core::session::Pane;

/// Draws the pane.
pub fn show(ui: &mut Ui, scene: &mut Scene<'_>, state: &mut EmbeddingTab, scatter: &mut Scatter) {
    let palette = theme::of(ui);
    state.table.refresh(scatter);
    ui.horizontal(|ui| {
        let selected = scatter.view.selection.len() as u64;
        let text = format!("{} selected {}", count(selected), if selected == 1 { "image" } else { "images" });
        ui.label(RichText::new(text).color(palette.strong));
        if scatter.view.pane == Pane::Images {
            ui.add_space(12.0);
            thumbnails::size(ui, &mut state.thumbnails);
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if quiet_button(ui, "×", "Close the selected images").clicked() {
                scene.commands.push(Command::Scatter(ScatterCommand::Pane(Pane::Closed)));
            }
        });
    });
    if scatter.view.selection.is_empty() {
        let words = "Nothing is selected: drag with Shift over points, right click a category, or search.";
        ui.label(RichText::new(words).color(palette.weak));
        return;
    }
    match scatter.view.pane {
        Pane::Table => table::show(ui, scene, &mut state.table, scatter),
        Pane::Images => thumbnails::show(ui, scene, &mut state.thumbnails, &state.table, scatter),
        Pane::Closed => {}
    }
}
