//! Spectra of the Hessian as a figure.

use super::dataset;
use crate::figure::{CaptionedFigure, FigureResults, Found};
use crate::ui::view::Scene;
use crate::ui::view::found::{entries, found};
use crate::ui::work::export::{Export, FigureSource};

struct Spectra(FigureResults);

impl FigureSource for Spectra {
    fn captioned(&self) -> Option<CaptionedFigure<'_>> {
        CaptionedFigure::hessian(self.0.hessians.iter().map(Found::panel).collect())
    }
}

/// The figure of the tab; `None` when there is nothing to draw.
pub fn of(scene: &Scene<'_>) -> Option<Export> {
    let mut results = FigureResults::default();
    let dataset = dataset(scene.session, scene.store, scene.dataset).unwrap_or_default();
    for (name, color) in entries(scene) {
        let spectrum = scene.store.hessians.get(&(name.to_owned(), dataset.to_owned())).cloned();
        results.hessians.extend(spectrum.map(|spectrum| found(scene, name, color, dataset, spectrum)));
    }
    Export::new(&scene.session.figure, Spectra(results))
}
