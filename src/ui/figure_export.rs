//! [`Export`]: the current view as a plate of the figure room, whose files are the same bytes as those of `flatland figures`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use egui::ColorImage;

use super::comparison;
use super::store::{Points, Store};
use super::view::{hessian, sharpness};
use crate::figure::{ComparisonFigure, CurvesFigure, Findings, Found, Plate, error_kind};
use flatland_core::result::{Quantity, write_atomic};
use flatland_core::session::{FigureFormat, FigureSettings, LandscapeView, Role, Session, Tab};

/// What a figure is drawn from, apart from the store, so that it can be drawn on another thread.
pub struct Export {
    settings: FigureSettings,
    of: Of,
}

enum Of {
    Landscape(Findings, String, Option<Quantity>, LandscapeView),
    Difference(Findings, String, LandscapeView),
    /// Whether over ρ/‖θ‖.
    Sharpness(Findings, bool),
    Hessian(Findings),
    /// Bands over random planes.
    Band(Findings),
    Embedding(Findings),
    /// The score and the number of bins.
    Energy(Findings, String, usize),
    Comparison(ComparisonFigure),
    Runs(CurvesFigure),
}

impl Export {
    /// What the tab of an analysis shows; `None` while there is nothing to draw.
    pub fn of(tab: Tab, session: &Session, store: &Store, dataset: Option<&str>, quantity: Option<Quantity>, score: &str) -> Option<Self> {
        let entries = || session.shown().map(|(color, checkpoint)| (checkpoint.name.as_str(), color));
        let mut findings = Findings::default();
        let of = match tab {
            Tab::Landscape => {
                let dataset = dataset.unwrap_or_default();
                for (name, color) in entries() {
                    if let Some(landscape) = store.landscapes.get(&(name.to_owned(), dataset.to_owned())) {
                        findings.add_landscape(found(session, name, color, dataset, landscape.surface.clone()));
                    }
                }
                let view = session.view.landscape.clone();
                view.error.into_iter().for_each(|shown| findings.add_errors(error_kind(shown)));
                Of::Landscape(findings, dataset.to_owned(), quantity, view)
            }
            Tab::Sharpness if sharpness::shows_planes(session) => {
                let dataset = dataset.unwrap_or_default();
                for (name, color) in entries() {
                    let band = store.bands.get(&(name.to_owned(), dataset.to_owned())).cloned();
                    findings.bands.extend(band.map(|band| found(session, name, color, dataset, band)));
                }
                Of::Band(findings)
            }
            Tab::Sharpness => {
                for dataset in sharpness::datasets(session, dataset) {
                    for (name, color) in entries() {
                        let curve = store.sharpness.get(&(name.to_owned(), dataset.to_owned())).cloned().map(Arc::new);
                        findings.sharpness.extend(curve.map(|curve| found(session, name, color, dataset, curve)));
                    }
                }
                Of::Sharpness(findings, session.sharpness.relative)
            }
            Tab::Embedding => {
                for (name, color) in entries() {
                    if let Some(Points::Finished(embedding)) = store.embeddings.get(name) {
                        findings.embeddings.push(found(session, name, color, "", embedding.clone()));
                    }
                }
                Of::Embedding(findings)
            }
            Tab::Energy => {
                for (name, color) in entries() {
                    let table = store.scores.get(name).cloned();
                    findings.scores.extend(table.map(|table| found(session, name, color, "", table)));
                }
                Of::Energy(findings, score.to_owned(), session.scores.bins)
            }
            Tab::Hessian => {
                let dataset = hessian::dataset(session, store, dataset).unwrap_or_default();
                for (name, color) in entries() {
                    let spectrum = store.hessians.get(&(name.to_owned(), dataset.to_owned())).cloned();
                    findings.hessians.extend(spectrum.map(|spectrum| found(session, name, color, dataset, spectrum)));
                }
                Of::Hessian(findings)
            }
            Tab::Compare => {
                let checkpoints = entries().map(|(name, color)| (name.to_owned(), color)).collect();
                let rows = comparison::rows(session, store, session.view.compare.only_differences);
                Of::Comparison(ComparisonFigure { checkpoints, rows })
            }
            Tab::Runs => return None,
        };
        let export = Self { settings: session.figure.clone(), of };
        let drawn = export.plate().is_some();
        drawn.then_some(export)
    }

    /// Differences to the baseline's loss on a dataset; `None` while there are none.
    pub fn differences(session: &Session, store: &Store, dataset: &str) -> Option<Self> {
        let mut findings = Findings::default();
        for (color, checkpoint) in session.shown() {
            if let Some(landscape) = store.differences.get(&(checkpoint.name.clone(), dataset.to_owned())) {
                findings.differences.push(found(session, &checkpoint.name, color, dataset, landscape.surface.clone()));
            }
        }
        let view = session.view.landscape.clone();
        view.error.into_iter().for_each(|shown| findings.add_errors(error_kind(shown)));
        let export = Self { settings: session.figure.clone(), of: Of::Difference(findings, dataset.to_owned(), view) };
        let drawn = export.plate().is_some();
        drawn.then_some(export)
    }

    /// Curves of runs.
    pub fn runs(session: &Session, figure: CurvesFigure) -> Self {
        Self { settings: session.figure.clone(), of: Of::Runs(figure) }
    }

    /// Draws and writes it; the ending of `path` decides the format. `with_data`: its numbers beside the picture too, as CSV.
    ///
    /// # Errors
    /// A sentence for the person; also where the file is there already and `over` is not set.
    pub fn write(&self, path: &Path, with_data: bool, over: bool) -> Result<PathBuf, String> {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.into());
        let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase()).unwrap_or_default();
        let Some(format) = FigureFormat::ALL.into_iter().find(|format| format.extension() == extension) else {
            let known = FigureFormat::ALL.map(|format| format!(".{}", format.extension())).join(", ");
            return Err(format!("expected a file name that ends in {known}, found the ending `{extension}` ({})", path.display()));
        };
        if !over && path.exists() {
            return Err(format!("not written: the file is there already. Write once more to write over it ({})", path.display()));
        }
        let plate = self.plate().ok_or("nothing to export")?;
        let is_picture = !matches!(format, FigureFormat::Csv | FigureFormat::Npz);
        for format in std::iter::once(format).chain((with_data && is_picture).then_some(FigureFormat::Csv)) {
            for (_, bytes) in plate.files(format, &self.settings).map_err(|error| error.to_string())? {
                write_atomic(&path.with_extension(format.extension()), &bytes).map_err(|error| error.to_string())?;
            }
        }
        Ok(path)
    }

    /// Draws it for the clipboard, at the resolution of the session's PNGs.
    ///
    /// # Errors
    /// A sentence for the person.
    pub fn image(&self) -> Result<ColorImage, String> {
        let plate = self.plate().ok_or("nothing to copy")?;
        let style = plate.style(&self.settings);
        let (width, height, pixels) = plate.figure.to_pixels(&style, self.settings.dpi).map_err(|error| error.to_string())?;
        Ok(ColorImage::from_rgb([width as usize, height as usize], &pixels))
    }

    fn plate(&self) -> Option<Plate<'_>> {
        match &self.of {
            Of::Landscape(findings, dataset, quantity, view) => {
                Plate::landscape(findings.surfaces(dataset, *quantity, view.error.map(error_kind)), view)
            }
            Of::Difference(findings, dataset, view) => Plate::difference(findings.differences(dataset, view.error.map(error_kind)), view),
            Of::Sharpness(findings, relative) => Plate::sharpness(findings.curves(), *relative),
            Of::Hessian(findings) => Plate::hessian(findings.hessians.iter().map(Found::panel).collect()),
            Of::Band(findings) => Plate::band(&findings.bands.iter().map(Found::panel).collect::<Vec<_>>()),
            Of::Embedding(findings) => Plate::embedding(findings.embeddings.iter().map(Found::panel).collect()),
            Of::Energy(findings, score, bins) => Plate::score(findings.scores.iter().map(Found::panel).collect(), score, *bins).ok(),
            Of::Comparison(figure) => Plate::comparison(figure.clone()),
            Of::Runs(figure) => Some(Plate::curves(figure.clone())),
        }
    }
}

fn found<T>(session: &Session, checkpoint: &str, color: usize, dataset: &str, result: Arc<T>) -> Found<T> {
    let role = session.datasets.iter().find(|entry| entry.name == dataset).map_or(Role::Id, |entry| entry.role);
    Found { checkpoint: checkpoint.into(), color, dataset: dataset.into(), role, result }
}
