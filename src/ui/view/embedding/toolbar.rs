//! The lines above the scatter: colours, tool, search, selection; below them the legend.

use egui::{Key, ScrollArea, TextEdit, Ui, Vec2, WidgetInfo};

use crate::ui::command::Command;
use crate::ui::command::scatter::ScatterCommand;
use crate::ui::state::number::count;
use crate::ui::state::scatter::Scatter;
use crate::ui::state::scatter::color::label;
use crate::ui::style::theme;
use crate::ui::style::widget::controls::{menu, small_text};
use crate::ui::style::widget::reading::chip;
use crate::ui::view::Scene;
use flatland_core::session::{Category, ColorBy, Pane, SelectMode, Tool};

const SEARCH: &str = "role:far  dataset:\"digits test\"  label:3  prediction:1,7  index:10-20  checkpoint:OE  right  wrong  energy<2
All terms must hold; -TERM excludes. Enter selects, Shift+Enter adds, Alt+Enter removes.";

/// Draws the first line.
pub fn show(ui: &mut Ui, scene: &mut Scene<'_>, scatter: &mut Scatter) {
    let mut push = |command| scene.commands.push(Command::Scatter(command));
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = Vec2::new(4.0, 4.0);
        color_menu(ui, scatter, &mut push);
        let accent = theme::of(ui).accent;
        let density = scatter.view.density;
        if chip(ui, accent, "Density", density).on_hover_text("The density of points instead of the points").clicked() {
            push(ScatterCommand::ShowDensity(!density));
        }
        ui.add_space(10.0);
        for tool in Tool::ALL {
            if chip(ui, accent, tool.label(), scatter.view.tool == tool).on_hover_text(about(tool)).clicked() {
                push(ScatterCommand::Tool(tool));
            }
        }
        ui.add_space(10.0);
        search(ui, scatter, &mut push);
        selection_menu(ui, scatter, &mut push);
        for (pane, name, hint) in
            [(Pane::Table, "Table", "The selected images as a table"), (Pane::Images, "Images", "The selected images as pictures")]
        {
            let open = scatter.view.pane == pane;
            if chip(ui, accent, name, open).on_hover_text(hint).clicked() {
                push(ScatterCommand::Pane(if open { Pane::Closed } else { pane }));
            }
        }
    });
}

fn about(tool: Tool) -> &'static str {
    match tool {
        Tool::Pan => "A drag moves the picture; with Shift it selects a rectangle, with Ctrl+Shift an outline; with Alt it deselects",
        Tool::Marquee => "A drag selects a rectangle; Shift adds, Alt removes",
        Tool::Lasso => "A drag selects what it outlines; Shift adds, Alt removes",
    }
}

fn color_menu(ui: &mut Ui, scatter: &Scatter, push: &mut impl FnMut(ScatterCommand)) {
    let text = egui::RichText::new("Colour by").color(theme::of(ui).weak);
    ui.add_sized([62.0, 24.0], egui::Label::new(text));
    let choices = ColorBy::CATEGORICAL.into_iter().chain(scatter.scores().into_iter().map(ColorBy::Score));
    menu(ui, &label(&scatter.view.color_by), "What gives the points their colour", |ui| {
        for color_by in choices {
            if ui.selectable_label(scatter.view.color_by == color_by, label(&color_by)).clicked() {
                push(ScatterCommand::ColorBy(color_by));
                ui.close();
            }
        }
    });
}

fn search(ui: &mut Ui, scatter: &mut Scatter, push: &mut impl FnMut(ScatterCommand)) {
    let field = TextEdit::singleline(&mut scatter.search).hint_text("Search, e.g. label:3 wrong").desired_width(200.0);
    let field = ui.add(field.margin(egui::Margin::symmetric(8, 4)));
    field.widget_info(|| WidgetInfo::labeled(egui::Role::TextInput, true, "Search images"));
    let modifiers = ui.input(|input| input.modifiers);
    if field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter)) && !scatter.search.trim().is_empty() {
        push(ScatterCommand::Search(scatter.search.trim().to_owned(), crate::ui::view::gesture::mode(modifiers)));
    }
    field.on_hover_text(SEARCH);
}

fn selection_menu(ui: &mut Ui, scatter: &mut Scatter, push: &mut impl FnMut(ScatterCommand)) {
    let selected = scatter.view.selection.len();
    let text = if selected == 0 { "Selection".to_owned() } else { format!("{} selected", count(selected as u64)) };
    menu(ui, &text, "What to do with the selection", |ui| {
        for (name, command) in [("Select all", ScatterCommand::SelectAll), ("Invert selection", ScatterCommand::Invert)] {
            if ui.button(name).clicked() {
                push(command);
                ui.close();
            }
        }
        ui.add_enabled_ui(selected > 0, |ui| {
            if ui.button("Clear selection").on_hover_text("Esc").clicked() {
                push(ScatterCommand::Clear);
                ui.close();
            }
            if ui.button("Export selection…").on_hover_text("Choose where to write it as CSV").clicked() {
                push(ScatterCommand::ExportDialog);
                ui.close();
            }
        });
        ui.separator();
        ui.horizontal(|ui| {
            let field = ui.add(TextEdit::singleline(&mut scatter.export_path).hint_text("selection.csv").desired_width(180.0));
            field.widget_info(|| WidgetInfo::labeled(egui::Role::TextInput, true, "Path of the selection's table"));
            let path = scatter.export_path.trim().to_owned();
            if ui.add_enabled(selected > 0 && !path.is_empty(), egui::Button::new("Write selection")).clicked() {
                push(ScatterCommand::Export(path.into()));
                ui.close();
            }
        });
    });
}

/// A chip for each category: a click hides or shows it.
pub fn legend(ui: &mut Ui, scene: &mut Scene<'_>, scatter: &Scatter) {
    let push = &mut |command| scene.commands.push(Command::Scatter(command));
    let dark = ui.visuals().dark_mode;
    let hidden = &scatter.view.hidden;
    let elsewhere = hidden.iter().filter(|category| category.field != scatter.view.color_by).count();
    if scatter.legend.is_empty() && elsewhere == 0 {
        return;
    }
    ScrollArea::vertical().id_salt("legend").max_height(78.0).show(ui, |ui| {
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing = Vec2::new(6.0, 0.0);
            for entry in &scatter.legend {
                let color = theme::rgb(if dark { entry.dark } else { entry.print });
                let response = chip(ui, color, &entry.name, !hidden.contains(&entry.category));
                let response =
                    response.on_hover_text("Click to hide or show, Ctrl+click to show alone, Shift+click to select; more by a right click");
                if response.clicked() {
                    let modifiers = ui.input(|input| input.modifiers);
                    let category = entry.category.clone();
                    push(match crate::ui::view::gesture::mode(modifiers) {
                        SelectMode::Replace if modifiers.command => ScatterCommand::ShowOnly(category),
                        SelectMode::Replace => ScatterCommand::Toggle(category),
                        mode => ScatterCommand::SelectCategory(category, mode),
                    });
                }
                response.context_menu(|ui| choices(ui, &entry.category, push));
            }
            let is_of_classes = matches!(scatter.view.color_by, ColorBy::Label | ColorBy::Prediction);
            if is_of_classes && scatter.clouds.values().any(|entry| entry.cloud.class_names.are_assumed) {
                let said = small_text(ui, "classes named as ImageNet's, assumed");
                said.on_hover_text("The network has 1,000 classes without names. `classes` of the ID images states theirs.");
            }
            if elsewhere > 0 || hidden.iter().any(|category| category.field == scatter.view.color_by) {
                let text = if elsewhere > 0 { format!("Show all ({elsewhere} hidden by other colours)") } else { "Show all".to_owned() };
                if ui.add(egui::Button::new(text).frame_when_inactive(false)).clicked() {
                    push(ScatterCommand::ShowAll);
                }
            }
        });
    });
}

fn choices(ui: &mut Ui, category: &Category, push: &mut impl FnMut(ScatterCommand)) {
    let category = || category.clone();
    for (name, command) in [
        ("Show only these", ScatterCommand::ShowOnly(category())),
        ("Select these", ScatterCommand::SelectCategory(category(), SelectMode::Replace)),
        ("Add these to the selection", ScatterCommand::SelectCategory(category(), SelectMode::Add)),
        ("Remove these from the selection", ScatterCommand::SelectCategory(category(), SelectMode::Subtract)),
    ] {
        if ui.button(name).clicked() {
            push(command);
            ui.close();
        }
    }
}
