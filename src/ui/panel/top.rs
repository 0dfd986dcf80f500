//! The line above the views: tabs, what the present tab can choose, export and theme.

use egui::{Align, Layout, Pos2, Rect, Role as WidgetRole, Sense, Theme, Ui, Vec2, WidgetInfo};

use super::menu;
use crate::ui::command::Command;
use crate::ui::landscape_commands::LandscapeCommand;
use crate::ui::memory::ThemeChoice;
use crate::ui::shortcut;
use crate::ui::theme;
use crate::ui::view::{Scene, chip, energy, hessian, landscape, sharpness};
use flatland_core::result::Quantity;
use flatland_core::session::{
    Adaptive, Axes, DirectionSettings, Estimator, InputAxes, InputPlane, LandscapeSettings, LossSettings, Norm, Tab, Trajectory,
};

/// Draws tabs at the left, export and theme at the right.
pub fn tabs(ui: &mut Ui, current: Tab, theme: ThemeChoice, commands: &mut Vec<Command>) {
    let line = ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = if ui.available_width() < 760.0 { 11.0 } else { 22.0 };
        for one in Tab::ALL {
            if tab(ui, one.label(), one == current) {
                commands.push(Command::Show(one));
            }
        }
        ui.spacing_mut().item_spacing.x = 8.0;
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            theme_menu(ui, theme, commands);
            if ui.button("Export…").on_hover_text(shortcut::hint("Write this view as SVG, PDF or PNG", &Command::ToggleExport)).clicked()
            {
                commands.push(Command::ToggleExport);
            }
        });
    });
    let y = line.response.rect.bottom();
    ui.painter().hline(ui.max_rect().x_range(), y, egui::Stroke::new(1.0, theme::of(ui).hairline));
    ui.add_space(8.0);
}

fn tab(ui: &mut Ui, text: &str, selected: bool) -> bool {
    let palette = theme::of(ui);
    let width = ui.painter().layout_no_wrap(text.into(), theme::heading(), palette.text).size().x;
    let (rect, response) = ui.allocate_exact_size(Vec2::new(width, 34.0), Sense::click());
    let color = if selected || response.hovered() || response.has_focus() { palette.strong } else { palette.weak };
    ui.painter().text(rect.center(), egui::Align2::CENTER_CENTER, text, theme::heading(), color);
    if selected {
        let line = Rect::from_min_max(Pos2::new(rect.left(), rect.bottom() - 2.0), rect.max);
        ui.painter().rect_filled(line, 0.0, palette.accent);
    }
    response.widget_info(|| WidgetInfo::selected(WidgetRole::Tab, true, selected, text));
    response.clicked()
}

fn theme_menu(ui: &mut Ui, current: ThemeChoice, commands: &mut Vec<Command>) {
    let shown = if ui.theme() == Theme::Dark { "Dark" } else { "Light" };
    menu(ui, shown, "Theme", |ui| {
        for theme in ThemeChoice::ALL {
            if ui.selectable_label(theme == current, theme.label()).clicked() {
                commands.push(Command::SetTheme(theme));
                ui.close();
            }
        }
    });
}

/// Draws what the present tab can choose: dataset, quantity, score.
pub fn choices(ui: &mut Ui, scene: &mut Scene<'_>, tab: Tab, quantity: Option<Quantity>, score: &str) {
    ui.horizontal(|ui| match tab {
        Tab::Landscape | Tab::Sharpness => {
            let Some(dataset) = scene.dataset else { return };
            ui.spacing_mut().item_spacing.x = 10.0;
            if tab == Tab::Sharpness && sharpness::datasets(scene.session, scene.dataset).len() > 1 {
                return sharpness_choices(ui, scene);
            }
            dataset_menu(ui, scene, dataset);
            match tab {
                Tab::Landscape => {
                    quantity_menu(ui, scene, quantity);
                    if scene.session.landscape.plane.input().is_some()
                        && ui.button("Back to weights").on_hover_text("The landscape of the weights over random directions").clicked()
                    {
                        scene.commands.push(Command::Landscape(LandscapeCommand::AroundWeights));
                    }
                    let settings = &scene.session.landscape;
                    note(ui, &format!("{}{}", plane_note(settings), loss_note(&settings.loss)));
                }
                _ => sharpness_choices(ui, scene),
            }
        }
        Tab::Energy => {
            ui.spacing_mut().item_spacing.x = 4.0;
            energy::switch(ui, scene, score);
            ui.add_space(12.0);
            ui.spacing_mut().item_spacing.x = 16.0;
            energy::legend(ui, scene);
        }
        Tab::Hessian => hessian::choices(ui, scene),
        Tab::Compare | Tab::Embedding | Tab::Runs => {}
    });
}

/// The choice of the images that the loss is measured on.
pub fn dataset_menu(ui: &mut Ui, scene: &mut Scene<'_>, dataset: &str) {
    ui.colored_label(theme::of(ui).weak, "Measured on");
    menu(ui, dataset, "Another dataset is computed when it is chosen", |ui| {
        for entry in scene.session.datasets.iter().filter(|entry| entry.role.has_classes()) {
            let text = format!("{} ({})", entry.name, entry.role.label());
            if ui.selectable_label(entry.name == dataset, text).clicked() {
                scene.commands.push(Command::SelectDataset(entry.name.clone()));
                ui.close();
            }
        }
    });
}

/// What is estimated, and the switch to ρ/‖θ‖.
fn sharpness_choices(ui: &mut Ui, scene: &mut Scene<'_>) {
    let settings = &scene.session.sharpness;
    let ball = match (settings.norm, settings.adaptive) {
        (Norm::L2, Adaptive::None) => "‖ε‖ ≤ ρ",
        (Norm::Linf, Adaptive::None) => "|ε| ≤ ρ",
        _ => "‖T⁻¹ε‖ ≤ ρ",
    };
    let text = match (settings.estimator, settings.m) {
        (Estimator::Random, _) => format!("the mean rise of the loss over random ε, {ball}: no bound, and it may be negative"),
        (_, Some(m)) => format!("mean over batches of {m} images of the largest rise found within {ball}"),
        (_, None) => format!("the largest rise of the loss found within {ball}"),
    };
    let color = theme::of(ui).accent;
    let planes = scene.session.landscape.planes;
    if planes > 1 {
        let shown = sharpness::shows_planes(scene.session);
        if chip(ui, color, &format!("loss over {planes} planes"), shown).clicked() {
            scene.commands.push(Command::ShowPlanes(!shown));
        }
        if shown {
            return;
        }
    }
    if chip(ui, color, "relative ρ/‖θ‖", settings.relative).clicked() {
        scene.commands.push(Command::ShowRelative(!settings.relative));
    }
    note(ui, &format!("{text}{}{}", layers_note(&settings.layers), loss_note(&settings.loss)));
}

/// Which parameters move, where not all of them do.
pub fn layers_note(layers: &[String]) -> String {
    if layers.is_empty() { String::new() } else { format!("; only {} move", layers.join(", ")) }
}

/// A loss other than plain cross-entropy, at the end of a note.
pub fn loss_note(loss: &LossSettings) -> String {
    loss.description().map_or(String::new(), |loss| format!("; loss: {loss}"))
}

/// What is shown, in a weak line that is cut where the line ends.
pub fn note(ui: &mut Ui, text: &str) {
    let text = egui::RichText::new(text).color(theme::of(ui).weak);
    ui.add(egui::Label::new(text).truncate());
}

/// Which quantity the landscapes show, where they have more than the loss.
fn quantity_menu(ui: &mut Ui, scene: &mut Scene<'_>, current: Option<Quantity>) {
    let measured = landscape::quantities(scene);
    let difference = scene.session.landscape_baseline().map(|baseline| format!("loss − loss of {baseline}"));
    if measured.is_empty() && difference.is_none() {
        return;
    }
    let label = |quantity: Option<Quantity>| quantity.map_or("loss", Quantity::label);
    let now = difference.as_deref().filter(|_| scene.difference).unwrap_or(label(current));
    menu(ui, now, "What is shown of every cell", |ui| {
        if let Some(difference) = &difference
            && ui.selectable_label(scene.difference, difference).clicked()
        {
            scene.commands.push(Command::ShowDifference(true));
            ui.close();
        }
        for quantity in std::iter::once(None).chain(measured.into_iter().map(Some)) {
            if ui.selectable_label(quantity == current && !scene.difference, label(quantity)).clicked() {
                scene.commands.push(Command::SelectQuantity(quantity));
                ui.close();
            }
        }
    });
}

/// What the axes of the landscape are.
fn plane_note(settings: &LandscapeSettings) -> String {
    let note = match &settings.plane {
        Axes::Random {} if settings.directions == DirectionSettings::default() => {
            "L(θ + αδ + βη), filter-normalized random directions, one scale for all"
        }
        Axes::Random {} => "L(θ + αδ + βη), random directions as the session defines them, one scale for all",
        Axes::Line { .. } => "the loss on the line between two checkpoints",
        Axes::Checkpoints { .. } => "the loss on the plane through three checkpoints",
        Axes::Trajectory(Trajectory::Run(_)) => "the loss on the principal components of a run's weights",
        Axes::Trajectory(_) => "the loss on the principal components of a trajectory of checkpoints",
        Axes::Files { .. } => "L(θ + αδ + βη), axes from files, one scale for all",
        Axes::Input(plane) => return input_note(plane),
    };
    note.into()
}

/// What a plane in input space is, and what its coordinates are.
fn input_note(plane: &InputPlane) -> String {
    let unit = match plane.norm() {
        Some(Norm::L2) => "α and β in l2 of pixels in [0, 1]",
        Some(Norm::Linf) => "α and β in l∞ of pixels in [0, 1]",
        None => "α = 1 and β = 1 are the other images",
    };
    let cut = if plane.clamp { ", cut off at 0 and 1" } else { "" };
    let axes = match (plane.through.as_slice(), plane.axes()) {
        ([other], _) => format!("towards image {other}"),
        ([b, c], _) => format!("through images {b} and {c}"),
        (_, InputAxes::Random) => "random directions, the same for all".into(),
        (_, InputAxes::Gradient) => "along each checkpoint's own gradient".into(),
        (_, InputAxes::SignGradient) => "along the sign of each checkpoint's own gradient".into(),
    };
    format!("input space: L(x + αd₁ + βd₂) around image {}, {axes}; {unit}{cut}", plane.image)
}
