//! The controls of sharpness: the dataset, what is shown, and the unit of the radii.

use egui::Ui;

use super::{datasets, shows_planes};
use crate::ui::command::Command;
use crate::ui::style::theme;
use crate::ui::style::widget::reading::chip;
use crate::ui::view::Scene;
use crate::ui::view::dataset_menu::{dataset_menu, layers_note, loss_note, note};
use flatland_core::session::{Adaptive, Estimator, Norm};

/// Draws the controls.
pub fn show(ui: &mut Ui, scene: &mut Scene<'_>) {
    let Some(dataset) = scene.dataset else { return };
    ui.spacing_mut().item_spacing.x = 10.0;
    // Several datasets are shown side by side: there is no choice.
    if datasets(scene.session, scene.dataset).len() <= 1 {
        dataset_menu(ui, scene, dataset);
    }
    choices(ui, scene);
}

/// Draws what is estimated, and the switch to ρ/‖θ‖.
fn choices(ui: &mut Ui, scene: &mut Scene<'_>) {
    let settings = &scene.session.sharpness;
    let ball = match (settings.norm, settings.adaptive) {
        (Norm::L2, Adaptive::None) => "‖ε‖ ≤ ρ",
        (Norm::Linf, Adaptive::None) => "|ε| ≤ ρ",
        (Norm::L2 | Norm::Linf, Adaptive::Theta | Adaptive::Elementwise | Adaptive::Filter) => "‖T⁻¹ε‖ ≤ ρ",
    };
    let text = match (settings.estimator, settings.m) {
        (Estimator::Random, _) => format!("the mean rise of the loss over random ε, {ball}: no bound, and it may be negative"),
        (_, Some(m)) => format!("mean over batches of {m} images of the largest rise found within {ball}"),
        (_, None) => format!("the largest rise of the loss found within {ball}"),
    };
    let color = theme::of(ui).accent;
    let planes = scene.session.landscape.planes;
    if planes > 1 {
        let shown = shows_planes(scene.session);
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
