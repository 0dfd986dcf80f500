//! Spectra of the Hessian as a figure.

use super::dataset;
use crate::figure::{CaptionedFigure, Found};
use crate::ui::view::Scene;
use crate::ui::view::found::{entries, found};
use crate::ui::work::export::Export;

/// The figure of the tab; `None` when there is nothing to draw.
pub fn of(scene: &Scene<'_>) -> Option<Export> {
    let dataset = dataset(scene.session, scene.store, scene.dataset).unwrap_or_default();
    let spectrum = |(name, color): (&str, usize)| {
        let spectrum = scene.store.hessians.get(&(name.to_owned(), dataset.to_owned()))?;
        Some(found(scene, name, color, dataset, spectrum.clone()))
    };
    let spectra: Vec<_> = entries(scene).filter_map(spectrum).collect();
    Export::new(&scene.session.figure, spectra, |found| CaptionedFigure::hessian(found.iter().map(Found::panel).collect()))
}
