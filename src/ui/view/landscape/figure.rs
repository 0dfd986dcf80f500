//! Landscapes, or their differences to the baseline, as a figure.

use super::with_panel::with_panel;
use crate::figure::{CaptionedFigure, FigureResults, error_kind};
use crate::ui::view::Scene;
use crate::ui::view::found::{entries, found};
use crate::ui::work::export::Export;

/// The figure of the tab; `None` when there is nothing to draw.
pub fn of(scene: &Scene<'_>) -> Option<Export> {
    let (mut results, view) = (FigureResults::default(), scene.session.view.landscape.clone());
    let dataset = scene.dataset.unwrap_or_default().to_owned();
    let on = |name: &str| (name.to_owned(), dataset.clone());
    if scene.difference {
        let known = entries(scene).filter_map(|(name, color)| Some((name, color, scene.store.differences.get(&on(name))?)));
        results.differences = known.map(|(name, color, known)| found(scene, name, color, &dataset, known.surface.clone())).collect();
    } else {
        for (_, (color, checkpoint)) in with_panel(scene) {
            let name = checkpoint.name.as_str();
            if let Some(landscape) = scene.store.landscapes.get(&on(name)) {
                results.add_landscape(found(scene, name, color, &dataset, landscape.surface.clone()));
            }
        }
    }
    view.error.into_iter().for_each(|shown| results.add_errors(error_kind(shown)));
    let settings = &scene.session.figure;
    if scene.difference {
        Export::new(settings, (results, dataset, view), |(results, dataset, view)| {
            CaptionedFigure::difference(results.differences(dataset, view.error.map(error_kind)), view)
        })
    } else {
        Export::new(settings, (results, dataset, scene.quantity, view), |(results, dataset, quantity, view)| {
            CaptionedFigure::landscape(results.surfaces(dataset, *quantity, view.error.map(error_kind)), view)
        })
    }
}
