//! Histograms of a score as a figure.

use crate::figure::{CaptionedFigure, Found};
use crate::ui::view::Scene;
use crate::ui::view::found::{entries, found};
use crate::ui::work::export::Export;

/// The figure of the tab; `None` when there is nothing to draw.
pub fn of(scene: &Scene<'_>) -> Option<Export> {
    let table = |(name, color): (&str, usize)| Some(found(scene, name, color, "", scene.store.scores.get(name)?.clone()));
    let tables: Vec<_> = entries(scene).filter_map(table).collect();
    let data = (tables, scene.session.view.score.clone(), scene.session.scores.bins);
    Export::new(&scene.session.figure, data, |(tables, score, bins)| {
        CaptionedFigure::score(tables.iter().map(Found::panel).collect(), score, *bins).ok()
    })
}
