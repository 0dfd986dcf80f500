//! The controls of landscapes: the dataset, the quantity, and the return from input space.

use egui::Ui;

use super::cells::quantities;
use crate::ui::command::Command;
use crate::ui::command::landscape::LandscapeCommand;
use crate::ui::style::widget::controls::menu;
use crate::ui::view::Scene;
use crate::ui::view::dataset_menu::{dataset_menu, loss_note, note};
use flatland_core::result::Quantity;
use flatland_core::session::{Axes, DirectionSettings, InputAxes, InputPlane, LandscapeSettings, Norm, Trajectory};

/// Draws the controls.
pub fn show(ui: &mut Ui, scene: &mut Scene<'_>) {
    let Some(dataset) = scene.dataset else { return };
    ui.spacing_mut().item_spacing.x = 10.0;
    dataset_menu(ui, scene, dataset);
    quantity_menu(ui, scene, scene.quantity);
    let back = match &scene.session.landscape.plane {
        Axes::Input(_) => Some(("Back to weights", "The landscape of the weights over random directions")),
        Axes::Line { .. } => Some(("Back to the plane", "The landscape over two random directions instead of the line")),
        Axes::Random {} | Axes::Checkpoints { .. } | Axes::Trajectory(_) | Axes::Files { .. } => None,
    };
    if back.is_some_and(|(text, hint)| ui.button(text).on_hover_text(hint).clicked()) {
        scene.commands.push(Command::Landscape(LandscapeCommand::AroundWeights));
    }
    let settings = &scene.session.landscape;
    note(ui, &format!("{}{}", plane_note(settings), loss_note(&settings.loss)));
}

/// The menu of the quantity, if the landscapes have more than the loss.
fn quantity_menu(ui: &mut Ui, scene: &mut Scene<'_>, current: Option<Quantity>) {
    let measured = quantities(scene);
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

/// Text on the axes of the landscape.
fn plane_note(settings: &LandscapeSettings) -> String {
    let note = match &settings.plane {
        Axes::Random {} if settings.is_line() => "L(θ + αδ) along a random direction, one scale for all",
        Axes::Random {} if settings.directions == DirectionSettings::default() => {
            "L(θ + αδ + βη), filter-normalized random directions, one scale for all"
        }
        Axes::Random {} => "L(θ + αδ + βη), random directions as the session defines them, one scale for all",
        Axes::Line { through: [from, to], .. } => return format!("the line from {from} (t = 0) to {to} (t = 1)"),
        Axes::Checkpoints { .. } => "the loss on the plane through three checkpoints",
        Axes::Trajectory(Trajectory::Run(_)) => "the loss on the principal components of a run's weights",
        Axes::Trajectory(_) => "the loss on the principal components of a trajectory of checkpoints",
        Axes::Files { .. } => "L(θ + αδ + βη), axes from files, one scale for all",
        Axes::Input(plane) => return input_note(plane),
    };
    note.into()
}

/// Text on a plane in input space and its coordinates.
fn input_note(plane: &InputPlane) -> String {
    let unit = match plane.norm() {
        Some(Norm::L2) => "α and β in l2 of pixels in [0, 1]",
        Some(Norm::Linf) => "α and β in l∞ of pixels in [0, 1]",
        None => "α = 1 and β = 1 are the other images",
    };
    let cut = if plane.clamp { ", clipped to [0, 1]" } else { "" };
    let axes = match (plane.through.as_slice(), plane.axes()) {
        ([other], _) => format!("towards image {other}"),
        ([b, c], _) => format!("through images {b} and {c}"),
        (_, InputAxes::Random) => "random directions, the same for all".into(),
        (_, InputAxes::Gradient) => "along each checkpoint's own gradient".into(),
        (_, InputAxes::SignGradient) => "along the sign of each checkpoint's own gradient".into(),
    };
    format!("input space: L(x + αd₁ + βd₂) around image {}, {axes}; {unit}{cut}", plane.image)
}
