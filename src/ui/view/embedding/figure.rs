//! Embeddings as a figure.

use crate::figure::{CaptionedFigure, FigureResults, Found};
use crate::ui::state::store::Points;
use crate::ui::view::Scene;
use crate::ui::view::found::{entries, found};
use crate::ui::work::export::{Export, FigureSource};

struct Embeddings(FigureResults);

impl FigureSource for Embeddings {
    fn captioned(&self) -> Option<CaptionedFigure<'_>> {
        CaptionedFigure::embedding(self.0.embeddings.iter().map(Found::panel).collect())
    }
}

/// The figure of the tab; `None` when there is nothing to draw.
pub fn of(scene: &Scene<'_>) -> Option<Export> {
    let mut results = FigureResults::default();
    for (name, color) in entries(scene) {
        if let Some(Points::Finished(embedding)) = scene.store.embeddings.get(name) {
            results.embeddings.push(found(scene, name, color, "", embedding.clone()));
        }
    }
    Export::new(&scene.session.figure, Embeddings(results))
}
