//! Sharpness over ρ, or the loss over several planes, as a figure.

use std::sync::Arc;

use super::{datasets, shows_planes};
use crate::figure::{CaptionedFigure, FigureResults, Found};
use crate::ui::view::Scene;
use crate::ui::view::found::{entries, found};
use crate::ui::work::export::{Export, FigureSource};

/// Curves, and whether the axis is ρ/‖θ‖.
struct Curves(FigureResults, bool);

/// Bands over random planes.
struct Bands(FigureResults);

impl FigureSource for Curves {
    fn captioned(&self) -> Option<CaptionedFigure<'_>> {
        CaptionedFigure::sharpness(self.0.curves(), self.1)
    }
}

impl FigureSource for Bands {
    fn captioned(&self) -> Option<CaptionedFigure<'_>> {
        CaptionedFigure::band(&self.0.bands.iter().map(Found::panel).collect::<Vec<_>>())
    }
}

/// The figure of the tab; `None` when there is nothing to draw.
pub fn of(scene: &Scene<'_>) -> Option<Export> {
    let mut results = FigureResults::default();
    if shows_planes(scene.session) {
        let dataset = scene.dataset.unwrap_or_default();
        for (name, color) in entries(scene) {
            let band = scene.store.bands.get(&(name.to_owned(), dataset.to_owned())).cloned();
            results.bands.extend(band.map(|band| found(scene, name, color, dataset, band)));
        }
        return Export::new(&scene.session.figure, Bands(results));
    }
    for dataset in datasets(scene.session, scene.dataset) {
        for (name, color) in entries(scene) {
            let curve = scene.store.sharpness.get(&(name.to_owned(), dataset.to_owned())).cloned().map(Arc::new);
            results.sharpness.extend(curve.map(|curve| found(scene, name, color, dataset, curve)));
        }
    }
    Export::new(&scene.session.figure, Curves(results, scene.session.sharpness.relative))
}
