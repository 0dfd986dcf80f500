//! Embeddings as a figure.

use crate::figure::{CaptionedFigure, Found};
use crate::ui::state::store::Points;
use crate::ui::view::Scene;
use crate::ui::view::found::{entries, found};
use crate::ui::work::export::Export;

/// The figure of the tab; `None` when there is nothing to draw.
pub fn of(scene: &Scene<'_>) -> Option<Export> {
    let mut embeddings = Vec::new();
    for (name, color) in entries(scene) {
        if let Some(Points::Finished(embedding)) = scene.store.embeddings.get(name) {
            embeddings.push(found(scene, name, color, "", embedding.clone()));
        }
    }
    Export::new(&scene.session.figure, embeddings, |found| CaptionedFigure::embedding(found.iter().map(Found::panel).collect()))
}
