//! The menus above the left side, made from the list of commands; below them the name of the session.

use egui::{RichText, Ui};

use crate::ui::command::Command;
use crate::ui::command::list::{Item, Section};
use crate::ui::state::document::Document;
use crate::ui::style::theme;

/// Draws the menus; returns the chosen command. `items` is called only when a menu is open.
pub fn show(ui: &mut Ui, document: &Document, unsaved: bool, items: &dyn Fn() -> Vec<Item>) -> Option<Command> {
    let mut given = None;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 2.0;
        ui.spacing_mut().button_padding.x = 6.0;
        for section in Section::ALL {
            let title = egui::Button::new(section.label()).frame_when_inactive(false);
            egui::containers::menu::MenuButton::from_button(title).ui(ui, |ui| {
                let items: Vec<Item> = items().into_iter().filter(|item| item.section == section).collect();
                given = menu(ui, &items).or(given.take());
            });
        }
    });
    ui.add_space(4.0);
    let palette = theme::of(ui);
    let (mark, about) = if unsaved { ("•  ", ", not saved") } else { ("", "") };
    let name = RichText::new(format!("{mark}{}", document.name)).font(theme::heading()).color(palette.strong);
    ui.add(egui::Label::new(name).truncate()).on_hover_text(format!("{}{about}", document.place()));
    ui.add_space(8.0);
    given
}

/// Draws items in their order; those of a submenu together, at the place of the first of them.
fn menu(ui: &mut Ui, items: &[Item]) -> Option<Command> {
    ui.set_min_width(230.0);
    let mut given = None;
    let mut shown: Vec<&str> = Vec::new();
    for item in items {
        if item.submenu.is_empty() {
            given = entry(ui, item).or(given);
        } else if !shown.contains(&item.submenu) {
            shown.push(item.submenu);
            let of_it: Vec<&Item> = items.iter().filter(|other| other.submenu == item.submenu).collect();
            ui.menu_button(item.submenu, |ui| {
                egui::ScrollArea::vertical().max_height(420.0).show(ui, |ui| {
                    ui.set_min_width(200.0);
                    for item in of_it {
                        given = entry(ui, item).or(given.take());
                    }
                });
            });
        }
    }
    given
}

fn entry(ui: &mut Ui, item: &Item) -> Option<Command> {
    // The title of the submenu already has the first words.
    let rest = item.name.strip_prefix(item.submenu).map(str::trim).filter(|rest| !rest.is_empty());
    let button = egui::Button::selectable(item.chosen, rest.unwrap_or(&item.name)).shortcut_text(item.keys().unwrap_or_default());
    let response = ui.add_enabled(item.unavailable.is_none(), button);
    let response = match &item.unavailable {
        Some(why) => response.on_disabled_hover_text(why),
        None => response,
    };
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::MenuItem, item.unavailable.is_none(), &item.name));
    response.clicked().then(|| {
        ui.close();
        item.command.clone()
    })
}
