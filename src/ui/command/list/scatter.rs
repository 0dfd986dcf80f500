//! Commands about embeddings and the selection.

use super::{Item, Section};
use crate::ui::command::Command;
use crate::ui::command::scatter::ScatterCommand;
use crate::ui::state::State;
use crate::ui::state::scatter::color::label;
use flatland_core::session::{ColorBy, Pane, Tool};

pub fn scatter_items(state: &State) -> Vec<Item> {
    let view = &state.session.view.scatter;
    let item = |name: String, command| Item::new(Section::View, name, Command::Scatter(command));
    let mut items = Vec::new();
    for color_by in ColorBy::CATEGORICAL.into_iter().chain(state.scatter.scores().into_iter().map(ColorBy::Score)) {
        let on = view.color_by == color_by;
        items.push(
            item(format!("Colour points by {}", label(&color_by)), ScatterCommand::ColorBy(color_by)).under("Colour of points").chosen(on),
        );
    }
    items.push(item("Density of points".into(), ScatterCommand::ShowDensity(!view.density)).under("Points").chosen(view.density));
    let all = item("Show all points".into(), ScatterCommand::ShowAll).under("Points");
    items.push(all.only_if(!view.hidden.is_empty(), "all are shown"));
    for tool in Tool::ALL {
        let name = format!("A drag over points: {}", tool.label().to_lowercase());
        items.push(item(name, ScatterCommand::Tool(tool)).under("Selection").chosen(view.tool == tool));
    }
    let any = !view.selection.is_empty();
    items.push(item("Select all images".into(), ScatterCommand::SelectAll).under("Selection"));
    items.push(item("Invert the selection".into(), ScatterCommand::Invert).under("Selection"));
    items.push(item("Clear the selection".into(), ScatterCommand::Clear).under("Selection").only_if(any, "nothing is selected"));
    let export = item("Export the selection…".into(), ScatterCommand::ExportDialog).under("Selection");
    items.push(export.only_if(any, "nothing is selected"));
    for (pane, name) in [(Pane::Table, "Table of selected images"), (Pane::Images, "Thumbnails of selected images")] {
        let on = view.pane == pane;
        items.push(item(name.into(), ScatterCommand::Pane(if on { Pane::Closed } else { pane })).under("Selection").chosen(on));
    }
    items
}
