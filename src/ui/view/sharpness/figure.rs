//! Sharpness over ρ, or the loss over several planes, as a figure.

use std::sync::Arc;

use super::{datasets, shows_planes};
use crate::figure::{CaptionedFigure, FigureResults, Found};
use crate::ui::view::Scene;
use crate::ui::view::found::{entries, found};
use crate::ui::work::export::Export;

/// The figure of the tab; `None` when there is nothing to draw.
pub fn of(scene: &Scene<'_>) -> Option<Export> {
    let mut results = FigureResults::default();
    if shows_planes(scene.session) {
        let dataset = scene.dataset.unwrap_or_default();
        for (name, color) in entries(scene) {
            let band = scene.store.bands.get(&(name.to_owned(), dataset.to_owned())).cloned();
            results.bands.extend(band.map(|band| found(scene, name, color, dataset, band)));
        }
        return Export::new(&scene.session.figure, results, |results| {
            CaptionedFigure::band(&results.bands.iter().map(Found::panel).collect::<Vec<_>>())
        });
    }
    for dataset in datasets(scene.session, scene.dataset) {
        for (name, color) in entries(scene) {
            let curve = scene.store.sharpness.get(&(name.to_owned(), dataset.to_owned())).cloned().map(Arc::new);
            results.sharpness.extend(curve.map(|curve| found(scene, name, color, dataset, curve)));
        }
    }
    Export::new(&scene.session.figure, (results, scene.session.sharpness.relative), |(results, relative)| {
        CaptionedFigure::sharpness(results.curves(), *relative)
    })
}
