//! Commands about how landscapes are shown.

use super::{Item, Section};
use crate::ui::command::Command;
use crate::ui::command::landscape::LandscapeCommand;
use crate::ui::state::State;
use flatland_core::session::{Axes, Camera, CutAxis, ErrorShown, InputAxes, LandscapeForm};

pub fn landscape_items(state: &State) -> Vec<Item> {
    let view = &state.session.view.landscape;
    let item = |name: String, command| Item::new(Section::View, name, Command::Landscape(command)).under("Landscape");
    let mut items = Vec::new();
    for (form, name) in [(LandscapeForm::Map, "Landscapes as maps"), (LandscapeForm::Surface, "Landscapes as surfaces")] {
        items.push(item(name.into(), LandscapeCommand::Form(form)).chosen(view.form == form));
    }
    let (turned, surface) = (view.camera != Camera::default() || !view.own_cameras.is_empty(), view.form == LandscapeForm::Surface);
    let reset = LandscapeCommand::Camera { checkpoint: String::new(), linked: true, camera: Camera::default() };
    items.push(item("Reset camera".into(), reset).only_if(turned && surface, "the camera is at its default"));
    let labels = view.contour_labels;
    items.push(item("Values on contour lines".into(), LandscapeCommand::ContourLabels(!labels)).chosen(labels));
    items.push(item("Status of cells".into(), LandscapeCommand::Status(!view.status)).chosen(view.status));
    for (error, name) in [
        (None, "Landscapes of values"),
        (Some(ErrorShown::Absolute), "Landscapes of standard errors"),
        (Some(ErrorShown::Relative), "Landscapes of relative errors"),
    ] {
        items.push(item(name.into(), LandscapeCommand::Error(error)).chosen(view.error == error));
    }
    items.push(item("Error bands of curves and sections".into(), LandscapeCommand::ErrorBands(!view.error_bands)).chosen(view.error_bands));
    for axis in CutAxis::ALL {
        let name = format!("Sections along {}", axis.symbols()[0]);
        items.push(item(name, LandscapeCommand::Cut(axis)).chosen(view.cut == axis));
    }
    items.push(item("Close the picked cell".into(), LandscapeCommand::Pick(None)).only_if(view.picked.is_some(), "no cell is picked"));
    let pinned = state.scatter.pinned.as_ref().map(|(_, (dataset, position))| (dataset.clone(), (*position).max(0) as usize));
    let has_classes = |name: &str| state.session.datasets.iter().any(|entry| entry.name == name && entry.role.has_classes());
    for (axes, along) in [
        (InputAxes::Random, "random directions"),
        (InputAxes::Gradient, "the gradient"),
        (InputAxes::SignGradient, "the sign of the gradient"),
    ] {
        let (dataset, image) = pinned.clone().unwrap_or_default();
        let (can, why) = match &pinned {
            None => (false, "no card of an image is open in the embedding"),
            Some((name, _)) => (has_classes(name), "its label is not a class of the network"),
        };
        let around = LandscapeCommand::AroundImage { dataset, image, axes };
        items.push(item(format!("Landscape around this image, along {along}"), around).only_if(can, why));
    }
    items.extend(lines(state));
    let back = item("Landscape of the weights over random directions".into(), LandscapeCommand::AroundWeights);
    items.push(back.only_if(state.session.landscape.plane != Axes::default(), "it is shown already"));
    items
}

/// A line for each pair of checkpoints, from the one that is listed first.
fn lines(state: &State) -> Vec<Item> {
    let names: Vec<&String> = state.session.checkpoints.iter().map(|checkpoint| &checkpoint.name).collect();
    let shown = state.session.landscape.plane.through();
    let item = |from: &String, to: &String| {
        let name = format!("Line between {from} and {to}: loss curve and barrier");
        let command = LandscapeCommand::LineBetween { from: from.clone(), to: to.clone() };
        let chosen = matches!(shown, [a, b] if a == from && b == to);
        Item::new(Section::View, name, Command::Landscape(command)).under("Line between").chosen(chosen)
    };
    let pairs = names.iter().enumerate().flat_map(|(k, from)| names[k + 1..].iter().map(move |to| (*from, *to)));
    pairs.map(|(from, to)| item(from, to)).collect()
}
