//! Landscapes, or their differences to the baseline, as a figure.

use crate::figure::{CaptionedFigure, FigureResults, error_kind};
use crate::ui::view::Scene;
use crate::ui::view::found::{entries, found};
use crate::ui::work::export::{Export, FigureSource};
use flatland_core::result::Quantity;
use flatland_core::session::LandscapeView;

/// The surfaces of the shown checkpoints on one dataset.
struct Surfaces {
    results: FigureResults,
    dataset: String,
    quantity: Option<Quantity>,
    view: LandscapeView,
}

/// The differences to the baseline's loss on one dataset.
struct Differences {
    results: FigureResults,
    dataset: String,
    view: LandscapeView,
}

impl FigureSource for Surfaces {
    fn captioned(&self) -> Option<CaptionedFigure<'_>> {
        let error = self.view.error.map(error_kind);
        CaptionedFigure::landscape(self.results.surfaces(&self.dataset, self.quantity, error), &self.view)
    }
}

impl FigureSource for Differences {
    fn captioned(&self) -> Option<CaptionedFigure<'_>> {
        CaptionedFigure::difference(self.results.differences(&self.dataset, self.view.error.map(error_kind)), &self.view)
    }
}

/// The figure of the tab; `None` when there is nothing to draw.
pub fn of(scene: &Scene<'_>) -> Option<Export> {
    let (mut results, view) = (FigureResults::default(), scene.session.view.landscape.clone());
    let dataset = scene.dataset.unwrap_or_default().to_owned();
    let on = |name: &str| (name.to_owned(), dataset.clone());
    if scene.difference {
        let known = entries(scene).filter_map(|(name, color)| Some((name, color, scene.store.differences.get(&on(name))?)));
        results.differences = known.map(|(name, color, known)| found(scene, name, color, &dataset, known.surface.clone())).collect();
    } else {
        for (name, color) in entries(scene) {
            if let Some(landscape) = scene.store.landscapes.get(&on(name)) {
                results.add_landscape(found(scene, name, color, &dataset, landscape.surface.clone()));
            }
        }
    }
    view.error.into_iter().for_each(|shown| results.add_errors(error_kind(shown)));
    let settings = &scene.session.figure;
    if scene.difference {
        Export::new(settings, Differences { results, dataset, view })
    } else {
        Export::new(settings, Surfaces { results, dataset, quantity: scene.quantity, view })
    }
}
