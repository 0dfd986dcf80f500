//! The table of compared checkpoints as a figure.

use crate::figure::{CaptionedFigure, ComparisonFigure};
use crate::ui::state::comparison::rows;
use crate::ui::view::Scene;
use crate::ui::view::found::entries;
use crate::ui::work::export::Export;

/// The figure of the tab; `None` when there is nothing to draw.
pub fn of(scene: &Scene<'_>) -> Option<Export> {
    let checkpoints = entries(scene).map(|(name, color)| (name.to_owned(), color)).collect();
    let rows = rows(scene.session, scene.store, scene.session.view.compare.only_differences);
    Export::new(&scene.session.figure, ComparisonFigure { checkpoints, rows }, |figure| CaptionedFigure::comparison(figure.clone()))
}
