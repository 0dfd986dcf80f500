//! Histograms of a score as a figure.

use crate::figure::{CaptionedFigure, FigureResults, Found};
use crate::ui::view::Scene;
use crate::ui::view::found::{entries, found};
use crate::ui::work::export::{Export, FigureSource};

struct Histograms {
    results: FigureResults,
    score: String,
    bins: usize,
}

impl FigureSource for Histograms {
    fn captioned(&self) -> Option<CaptionedFigure<'_>> {
        CaptionedFigure::score(self.results.scores.iter().map(Found::panel).collect(), &self.score, self.bins).ok()
    }
}

/// The figure of the tab; `None` when there is nothing to draw.
pub fn of(scene: &Scene<'_>) -> Option<Export> {
    let mut results = FigureResults::default();
    for (name, color) in entries(scene) {
        let table = scene.store.scores.get(name).cloned();
        results.scores.extend(table.map(|table| found(scene, name, color, "", table)));
    }
    let (score, bins) = (scene.session.view.score.clone(), scene.session.scores.bins);
    Export::new(&scene.session.figure, Histograms { results, score, bins })
}
