//! [`Drawing`]: the current view as a figure of the figure room: the same bytes as `flatland figures` writes.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::store::{Points, Store};
use super::view::sharpness;
use crate::figure::{CurvesFigure, EmbeddingFigure, EnergyFigure, Figure, FigureStyle, LandscapeFigure, Panel, SharpnessFigure};
use crate::result::{Embedding, LossSurface, Quantity, ScoreTable, SharpnessCurve, write_atomic};
use crate::session::{Session, Tab};

/// Resolution of a PNG.
const DPI: f64 = 300.0;

/// Results with the checkpoint's name and place in the session.
type Of<T> = Vec<(String, usize, T)>;

/// What a figure is drawn from, apart from the store, so that it can be drawn on another thread.
pub enum Drawing {
    /// Surfaces.
    Landscape(Of<Arc<LossSurface>>),
    /// Curves of each dataset that is shown, and whether over ρ/‖θ‖.
    Sharpness(Of<SharpnessCurve>, bool),
    /// Finished embeddings.
    Embedding(Of<Arc<Embedding>>),
    /// Score tables, the score and the number of bins.
    Energy(Of<Arc<ScoreTable>>, String, usize),
    /// Curves of runs.
    Runs(CurvesFigure),
}

impl Drawing {
    /// What the tab of an analysis shows; `None` while there is nothing to draw.
    pub fn of(tab: Tab, session: &Session, store: &Store, dataset: Option<&str>, quantity: Option<Quantity>, score: &str) -> Option<Self> {
        let entries = || session.checkpoints.iter().enumerate().map(|(i, checkpoint)| (checkpoint.name.clone(), i));
        let key = |name: &str| (name.to_owned(), dataset.unwrap_or_default().to_owned());
        match tab {
            Tab::Landscape => {
                let shown = |surface: &Arc<LossSurface>| match quantity {
                    None => Some(surface.clone()),
                    Some(quantity) => surface.of(quantity).map(Arc::new),
                };
                let surface = |name: &str| store.landscapes.get(&key(name)).and_then(|landscape| shown(&landscape.surface));
                let found = entries().filter_map(|(name, i)| surface(&name).map(|surface| (name, i, surface)));
                Some(found.collect()).filter(|all: &Of<_>| !all.is_empty()).map(Drawing::Landscape)
            }
            Tab::Sharpness => {
                let mut found: Of<SharpnessCurve> = Vec::new();
                for dataset in sharpness::datasets(session, dataset) {
                    let curve = |name: &str| store.sharpness.get(&(name.to_owned(), dataset.to_owned())).cloned();
                    found.extend(entries().filter_map(|(name, i)| curve(&name).map(|curve| (name, i, curve))));
                }
                (!found.is_empty()).then_some(Drawing::Sharpness(found, session.sharpness.relative))
            }
            Tab::Embedding => {
                let found = entries().filter_map(|(name, i)| match store.embeddings.get(&name) {
                    Some(Points::Finished(embedding)) => Some((name, i, embedding.clone())),
                    _ => None,
                });
                Some(found.collect()).filter(|all: &Of<_>| !all.is_empty()).map(Drawing::Embedding)
            }
            Tab::Energy => {
                let found: Of<_> =
                    entries().filter_map(|(name, i)| store.scores.get(&name).map(|table| (name, i, table.clone()))).collect();
                (!found.is_empty()).then(|| Drawing::Energy(found, score.into(), session.scores.bins))
            }
            Tab::Runs => None,
        }
    }

    /// Draws and writes it; the ending of `path` decides: `.svg` or `.png`.
    ///
    /// # Errors
    /// A sentence for the person.
    pub fn write(&self, path: &Path) -> Result<PathBuf, String> {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.into());
        let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase()).unwrap_or_default();
        let (figure, style) = (self.figure(), FigureStyle::default());
        let bytes = match extension.as_str() {
            "svg" => figure.to_svg(&style).map(String::into_bytes),
            "png" => figure.to_png(&style, DPI),
            found => {
                let path = path.display();
                return Err(format!("expected a file name that ends in .svg or .png, found the ending `{found}` ({path})"));
            }
        };
        let bytes = bytes.map_err(|error| error.to_string())?;
        write_atomic(&path, &bytes).map_err(|error| error.to_string())?;
        Ok(path)
    }

    fn figure(&self) -> Box<dyn Figure + '_> {
        match self {
            Drawing::Landscape(all) => Box::new(LandscapeFigure::new(panels(all))),
            Drawing::Sharpness(all, relative) => {
                let panel = |(name, color, result)| Panel { name, color, result };
                let curves = all.iter().map(|(n, i, r)| (n.as_str(), *i, r)).map(panel).collect();
                Box::new(SharpnessFigure { curves, relative: *relative })
            }
            Drawing::Embedding(all) => Box::new(EmbeddingFigure { panels: panels(all) }),
            Drawing::Runs(figure) => Box::new(figure.clone()),
            Drawing::Energy(all, score, bins) => Box::new(EnergyFigure { panels: panels(all), score: score.clone(), bins: *bins }),
        }
    }
}

fn panels<T>(all: &Of<Arc<T>>) -> Vec<Panel<'_, T>> {
    all.iter().map(|(name, color, result)| Panel { name, color: *color, result: result.as_ref() }).collect()
}
