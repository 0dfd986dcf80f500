//! Commands about what is shown and how.

use super::{Item, Section};
use crate::ui::command::scatter::ScatterCommand;
use crate::ui::command::{Command, shortcut};
use crate::ui::state::memory::ThemeChoice;
use crate::ui::state::{State, TabTitle, scores};
use flatland_core::result::Quantity;
use flatland_core::session::{Category, ColorBy, Extents, Link, Role};

pub fn view_items(state: &State) -> Vec<Item> {
    let item = |name: String, command| Item::new(Section::View, name, command);
    let view = &state.session.view;
    let mut items: Vec<Item> = Vec::new();
    for (k, TabTitle { tab, title }) in state.tabs.iter().enumerate() {
        let show = item(format!("Show {title}"), Command::Show(tab.clone())).chosen(*tab == view.tab);
        items.push(Item { shortcuts: shortcut::numbered(k), ..show });
    }
    let dataset = state.dataset();
    for entry in state.session.datasets.iter().filter(|entry| entry.role.has_classes()) {
        let command = Command::SelectDataset(entry.name.clone());
        let on = dataset.as_deref() == Some(entry.name.as_str());
        items.push(item(format!("Measure on {}", entry.name), command).under("Measured on").chosen(on));
    }
    items.extend(quantity_items(state));
    for score in scores::scores(&state.session, &state.store) {
        let (name, on) = (format!("Histograms of {}", scores::label(&score)), score == view.score);
        items.push(item(name, Command::SelectScore(score)).under("Score").chosen(on));
    }
    for role in Role::ALL.into_iter().filter(|role| state.session.datasets.iter().any(|entry| entry.role == *role)) {
        let category = Category { field: ColorBy::Role, value: role.key().into() };
        let on = !view.scatter.hidden.contains(&category);
        let name = format!("{} points of {}", if on { "Hide" } else { "Show" }, role.label());
        items.push(item(name, Command::Scatter(ScatterCommand::Toggle(category))).under("Points"));
    }
    let relative = state.session.sharpness.relative;
    items.push(item("Sharpness over ρ/‖θ‖".into(), Command::ShowRelative(!relative)).chosen(relative));
    let planes = view.sharpness.planes;
    let several = state.session.landscape.planes > 1;
    let loss = item("Loss over several planes instead of sharpness".into(), Command::ShowPlanes(!planes)).chosen(planes);
    items.push(loss.only_if(several, "the session has one plane, see `planes` of [landscape]"));
    let unset = state.session.hessian.is_none();
    items.push(item("Compute the Hessian".into(), Command::AddHessian).only_if(unset, "it is computed already, or waits"));
    let only = view.compare.only_differences;
    items.push(item("Compare only what differs".into(), Command::OnlyDifferences(!only)).chosen(only));
    let moved = view.extents.contains_key(&view.tab);
    let all = item("See all of the plots".into(), Command::SetExtents(view.tab.clone(), Extents::default()));
    items.push(all.only_if(moved, "nothing is moved or zoomed in this tab"));
    for link in Link::ALL {
        let on = view.links.has(link);
        let name = format!("{} {}", if on { "Unlink" } else { "Link" }, link.label());
        items.push(item(name, Command::SetLink(link, !on)).under("Links"));
    }
    let preferences = &state.memory.preferences;
    for theme in ThemeChoice::ALL {
        let name = format!("{} theme", theme.label());
        items.push(item(name, Command::SetTheme(theme)).under("Theme").chosen(theme == preferences.theme));
    }
    items.push(item("Larger".into(), Command::ZoomIn).only_if(preferences.zoomed(true) != preferences.zoom, "the largest size is set"));
    items.push(item("Smaller".into(), Command::ZoomOut).only_if(preferences.zoomed(false) != preferences.zoom, "the smallest size is set"));
    items.push(item("Normal size".into(), Command::ZoomReset).only_if(preferences.zoom != 1.0, "it is the present size"));
    items.push(item("Close what is open".into(), Command::Back).only_if(state.has_dialog_open(), "nothing is open above the view"));
    items
}

fn quantity_items(state: &State) -> Vec<Item> {
    let item = |name: String, command| Item::new(Section::View, name, command).under("Landscapes of");
    let difference = state.session.view.difference;
    let present = state.quantity();
    let measured = |quantity: &Quantity| state.store.landscapes.values().any(|found| found.surface.has(*quantity));
    let mut items = vec![item("Landscapes of loss".into(), Command::SelectQuantity(None)).chosen(present.is_none() && !difference)];
    for quantity in Quantity::SHOWN.into_iter().filter(measured) {
        let name = format!("Landscapes of {}", quantity.label());
        items.push(item(name, Command::SelectQuantity(Some(quantity))).chosen(present == Some(quantity) && !difference));
    }
    if let Some(baseline) = state.session.landscape_baseline() {
        let name = format!("Landscapes of loss − loss of {baseline}");
        items.push(item(name, Command::ShowDifference(true)).chosen(difference));
    }
    items
}
