//! [`CaptionedFigure`]: a figure with its name, its caption and its numbers. [`captioned_figures`]: those of a session, for the window and the command line.

use std::sync::Arc;

use indexmap::IndexSet;

use super::{
    ComparisonFigure, CurvesFigure, Data, EmbeddingFigure, EnergyFigure, Figure, FigureError, FigureStyle, HessianFigure,
    LandscapeCutFigure, LandscapeFigure, LandscapeReliefFigure, LayersFigure, Missing, Panel, ScoreHistograms, SharpnessFigure, are_curves,
    barrier_remark, barrier_text, barriers, error_kind, layers, table,
};
use flatland_core::result::{
    Embedding, ErrorKind, HessianSpectrum, LandscapeBand, LossSurface, Quantity, ScoreTable, SharpnessCurve, SweepResults, capital,
    safe_name,
};
use flatland_core::session::{FigureFormat, FigureSettings, LandscapeForm, LandscapeView, Role, Session};

/// A result with its checkpoint and dataset.
#[derive(Clone, Debug)]
pub struct Found<T> {
    /// Name of the checkpoint.
    pub checkpoint: String,
    /// Its place in the session; determines its colour.
    pub color: usize,
    /// Name of the dataset; empty if it has several.
    pub dataset: String,
    /// Role of the dataset.
    pub role: Role,
    /// The result.
    pub result: Arc<T>,
}

impl<T> Found<T> {
    /// As a panel of a figure.
    pub fn panel(&self) -> Panel<'_, T> {
        Panel { name: &self.checkpoint, color: self.color, result: &*self.result }
    }
}

/// The existing results of a session, in the order of checkpoints.
#[derive(Clone, Debug, Default)]
pub struct FigureResults {
    /// Surfaces of the loss, and of every other measured quantity.
    pub landscapes: Vec<Found<LossSurface>>,
    /// Surfaces of the loss minus that of a baseline.
    pub differences: Vec<Found<LossSurface>>,
    /// Bands over random planes.
    pub bands: Vec<Found<LandscapeBand>>,
    /// Spectra of the Hessian.
    pub hessians: Vec<Found<HessianSpectrum>>,
    /// Curves S(ρ).
    pub sharpness: Vec<Found<SharpnessCurve>>,
    /// Features on the plane.
    pub embeddings: Vec<Found<Embedding>>,
    /// Detection scores.
    pub scores: Vec<Found<ScoreTable>>,
    /// The results of the sweeps of fine-tuning runs that the session names.
    pub sweeps: Vec<SweepResults>,
}

impl FigureResults {
    /// Adds a surface, and one for each other quantity if detection was measured or it is a line.
    pub fn add_landscape(&mut self, found: Found<LossSurface>) {
        let detection = found.result.maps.contains_key(&Quantity::Auroc);
        let of = |quantity| found.result.of(quantity).map(|surface| Found { result: Arc::new(surface), ..found.clone() });
        let is_input = found.result.manifest.input.is_some();
        let is_line = found.result.is_line();
        let drawn = |quantity: &Quantity| {
            detection || is_input || is_line || Quantity::CURVATURE.contains(quantity) || *quantity == Quantity::Accuracy
        };
        let maps: Vec<_> = Quantity::SHOWN.into_iter().filter(drawn).filter_map(of).collect();
        self.landscapes.push(found);
        self.landscapes.extend(maps);
    }

    /// Surfaces of one quantity (`None`: the loss) on one dataset, or of its standard errors.
    pub fn surfaces(&self, dataset: &str, quantity: Option<Quantity>, error: Option<ErrorKind>) -> Vec<Panel<'_, LossSurface>> {
        let shown = |found: &&Found<LossSurface>| {
            found.dataset == dataset && found.result.quantity == quantity && found.result.error_shown == error
        };
        panels(self.landscapes.iter().filter(shown))
    }

    /// Differences on one dataset, or their standard errors.
    pub fn differences(&self, dataset: &str, error: Option<ErrorKind>) -> Vec<Panel<'_, LossSurface>> {
        panels(self.differences.iter().filter(|found| found.dataset == dataset && found.result.error_shown == error))
    }

    /// Adds the standard errors of all surfaces.
    pub fn add_errors(&mut self, kind: ErrorKind) {
        for all in [&mut self.landscapes, &mut self.differences] {
            // A single image has no standard error.
            let many = all.iter().filter(|found| found.result.manifest.input.is_none());
            let errors: Vec<_> = many.map(|found| Found { result: Arc::new(found.result.errors(kind)), ..found.clone() }).collect();
            all.extend(errors);
        }
    }

    /// Curves S(ρ): ID train, ID test, then the shifted datasets.
    pub fn curves(&self) -> Vec<Panel<'_, SharpnessCurve>> {
        let mut curves: Vec<&Found<SharpnessCurve>> = self.sharpness.iter().collect();
        curves.sort_by_key(|found| found.role);
        panels(curves.into_iter())
    }

    /// Datasets of the landscapes and Hessians, each once.
    fn datasets(&self) -> IndexSet<&str> {
        let of_hessians = self.hessians.iter().map(|found| found.dataset.as_str());
        self.landscapes.iter().map(|found| found.dataset.as_str()).chain(of_hessians).collect()
    }
}

/// Results as panels of a figure.
pub(super) fn panels<'a, T>(found: impl Iterator<Item = &'a Found<T>>) -> Vec<Panel<'a, T>> {
    found.map(Found::panel).collect()
}

/// A figure with its name, its caption and its numbers.
pub struct CaptionedFigure<'a> {
    /// Name of its files, without ending.
    pub name: String,
    /// The caption, a sentence.
    pub caption: String,
    /// The drawing.
    pub figure: Box<dyn Figure + 'a>,
    /// The numbers that are drawn; the suffix distinguishes the tables of one figure.
    pub data: Vec<(&'static str, Data)>,
    /// Whether its panels have letters even if the settings have none.
    pub lettered: bool,
}

impl<'a> CaptionedFigure<'a> {
    /// With one table, and letters only if the settings have them.
    fn new(name: impl Into<String>, caption: String, figure: impl Figure + 'a, data: Data) -> Self {
        Self { name: name.into(), caption, figure: Box::new(figure), data: vec![("", data)], lettered: false }
    }

    /// Surfaces as maps or in 3-D, as set in the view; lines, which have no second axis, as curves.
    pub fn landscape(panels: Vec<Panel<'a, LossSurface>>, view: &LandscapeView) -> Option<Self> {
        let first = panels.first()?.result;
        let (key, what) = (first.value_key(), first.value_title());
        let data = table::landscape(&panels);
        let name = if key == "loss" { "landscape".into() } else { format!("landscape-{key}") };
        if are_curves(panels.iter().map(|panel| panel.result)) {
            return Some(Self::curve(name, &panels, view, data));
        }
        let caption = match &first.manifest.input {
            Some(_) => format!("{what} over the plane x + αd₁ + βd₂ of inputs around {}.", first.around(&first.manifest.dataset)),
            None => format!("{what} over the plane θ + αδ + βη on {}, on one colour scale.", first.manifest.dataset),
        };
        Some(Self { name, caption, figure: viewed(panels, view), data: vec![("", data)], lettered: false })
    }

    /// Surfaces of one dimension as curves, with the barriers of lines between checkpoints.
    fn curve(name: String, panels: &[Panel<'a, LossSurface>], view: &LandscapeView, data: Data) -> Self {
        let Some(first) = panels.first().map(|panel| panel.result) else {
            return Self::new(name, String::new(), LandscapeCutFigure::of_surfaces(panels, view.error_bands), data);
        };
        let (what, dataset) = (first.value_title(), &first.manifest.dataset);
        let along = match (&first.manifest.input, first.ends()) {
            (Some(input), _) => format!("along x + αd₁ of inputs, {}, from {}", input.directions(), first.around(dataset)),
            (None, Some([from, to])) => format!("along the line from {from} (t = 0) to {to} (t = 1) on {dataset}"),
            (None, None) => format!("along α on {dataset}"),
        };
        let has_bands = view.error_bands && first.error_shown.is_none() && first.manifest.input.is_none();
        let bands = if has_bands { ", with bands of ± 1 standard error" } else { "" };
        let barrier = barrier_text(first).map_or(String::new(), |said| {
            let remark = barrier_remark(first).map_or(String::new(), |remark| format!("; {remark}"));
            format!(" {}{remark}.", capital(&said))
        });
        let figure = LandscapeCutFigure::of_surfaces(panels, view.error_bands);
        let captioned = Self::new(name, format!("{what} {along}{bands}.{barrier}"), figure, data);
        let is_loss = first.quantity.is_none() && first.error_shown.is_none();
        let barriers = barriers(panels).filter(|_| is_loss).map(|barriers| ("-barrier", barriers));
        let tables = captioned.data.into_iter().chain(barriers).collect();
        Self { data: tables, ..captioned }
    }

    /// Differences from a baseline as maps or in 3-D; along lines as curves.
    pub fn difference(panels: Vec<Panel<'a, LossSurface>>, view: &LandscapeView) -> Option<Self> {
        let first = panels.first()?.result;
        let caption = format!(
            "{} on {}, cell by cell on the same images and draws{}.",
            first.value_title(),
            first.manifest.dataset,
            if first.manifest.input.is_some() {
                ""
            } else {
                "; dotted cells lie within two standard errors of the paired differences of 0"
            }
        );
        let name = format!("landscape-{}", first.value_key());
        if are_curves(panels.iter().map(|panel| panel.result)) {
            let data = table::difference(&panels);
            return Some(Self::curve(name, &panels, view, data));
        }
        let data = vec![("", table::difference(&panels))];
        Some(Self { name, caption, figure: viewed(panels, view), data, lettered: false })
    }

    /// Bands over random planes.
    pub fn band(panels: &[Panel<'a, LandscapeBand>]) -> Option<Self> {
        let manifest = &panels.first()?.result.manifest;
        let loss = capital(&manifest.loss_label());
        let caption = format!("{loss} along α on {}: mean and standard deviation over random planes.", manifest.dataset);
        Some(Self::new("landscape_band", caption, LandscapeCutFigure::of_bands(panels), table::band(panels)))
    }

    /// Spectra.
    pub fn hessian(panels: Vec<Panel<'a, HessianSpectrum>>) -> Option<Self> {
        let first = panels.first()?.result;
        let caption = format!("Spectral density of the Hessian of the mean loss on {}{}.", first.dataset, of_loss(first.loss.as_deref()));
        let data = table::hessian(&panels);
        Some(Self::new("hessian", caption, HessianFigure { panels }, data))
    }

    /// Curves of all datasets.
    pub fn sharpness(curves: Vec<Panel<'a, SharpnessCurve>>, relative: bool) -> Option<Self> {
        let kind =
            if curves.first()?.result.is_average() { "Mean rise of the loss over random ε" } else { "Sharpness S(ρ), lower bounds" };
        let loss = of_loss(curves.first()?.result.loss.as_deref());
        let data = table::sharpness(&curves);
        Some(Self::new("sharpness", format!("{kind}, by dataset{loss}."), SharpnessFigure { curves, relative }, data))
    }

    /// The Hessian by layer; `None` if it was not requested.
    pub fn hessian_layers(panels: &[Panel<'a, HessianSpectrum>]) -> Option<Self> {
        let figure = LayersFigure::of_hessians(panels)?;
        let first = panels.first()?.result;
        let loss = of_loss(first.loss.as_deref());
        let caption =
            format!("Largest eigenvalue and trace per parameter of each layer's block of the Hessian on {}{loss}.", first.dataset);
        Some(Self::new("hessian-layers", caption, figure, layers::hessian_data(panels)))
    }

    /// S(ρ) by layer; `None` if it was not requested.
    pub fn sharpness_layers(curves: &[Panel<'a, SharpnessCurve>]) -> Option<Self> {
        let figure = LayersFigure::of_curves(curves)?;
        let loss = of_loss(curves.first()?.result.loss.as_deref());
        let caption = format!("Sharpness with the perturbation in one layer alone, by dataset{loss}.");
        Some(Self::new("sharpness-layers", caption, figure, layers::sharpness_data(curves)))
    }

    /// Scatters.
    pub fn embedding(panels: Vec<Panel<'a, Embedding>>) -> Option<Self> {
        panels.first()?;
        let data = table::embedding(&panels);
        let figure = EmbeddingFigure { panels };
        let caption = format!("{} of the penultimate features of ID, CS and SS images.", figure.engines_first());
        Some(Self::new("embedding", caption, figure, data))
    }

    /// Histograms of a score.
    ///
    /// # Errors
    /// Why there is none, checkpoint by checkpoint, if no value is finite.
    pub fn score(panels: Vec<Panel<'a, ScoreTable>>, score: &str, bins: usize) -> Result<Self, String> {
        let plain: Vec<&ScoreTable> = panels.iter().map(|panel| panel.result).collect();
        let names: Vec<&str> = panels.iter().map(|panel| panel.name).collect();
        let Some(histograms) = ScoreHistograms::new(&plain, score, bins) else {
            let why = |panel: &Panel<ScoreTable>| Some(format!("{}: {}", panel.name, panel.result.why_no_histogram(score)?));
            let reasons: Vec<String> = panels.iter().filter_map(why).collect();
            return Err(if reasons.is_empty() { format!("no checkpoint has the score `{score}`") } else { reasons.join("; ") });
        };
        let data = table::histograms(&names, &histograms);
        let figure = EnergyFigure { panels, score: score.into(), bins };
        let caption = format!(
            "Distribution of the {} by role, with the detection of every shifted dataset: OOD is positive, FPR@95 is the share of ID flagged \
             where at least 95 % of OOD are{}.",
            figure.label(),
            table::notes(&figure.panels)
        );
        Ok(Self::new(score, caption, figure, data))
    }

    /// The table of checkpoints; `None` if it is empty.
    pub fn comparison(figure: ComparisonFigure) -> Option<Self> {
        if figure.rows.is_empty() {
            return None;
        }
        let data = figure.data();
        Some(Self::new("compare", "Checkpoints compared.".into(), figure, data))
    }

    /// The curves of runs.
    pub fn curves(figure: CurvesFigure) -> Self {
        let data = table::curves(&figure);
        Self::new("runs", "What the runs measured while they trained.".into(), figure, data)
    }

    /// Its files of one format: name and bytes. Images are one file, data one file per table.
    ///
    /// # Errors
    /// When the figure does not fit its page or cannot be drawn.
    pub fn files(&self, format: FigureFormat, settings: &FigureSettings) -> Result<Vec<(String, Vec<u8>)>, FigureError> {
        let style = self.style(settings);
        let picture = match format {
            FigureFormat::Svg => self.figure.to_svg(&style)?.into_bytes(),
            FigureFormat::Pdf => self.figure.to_pdf(&style)?,
            FigureFormat::Png => self.figure.to_png(&style, settings.dpi)?,
            FigureFormat::Csv => return self.tables(format, |data| Ok(data.csv().into_bytes())),
            FigureFormat::Npz => return self.tables(format, Data::npz),
        };
        Ok(vec![(format!("{}.{}", self.name, format.extension()), picture)])
    }

    /// The style by the settings: a single panel has no letter.
    pub fn style(&self, settings: &FigureSettings) -> FigureStyle {
        let letters = (settings.letters || self.lettered) && self.figure.panels() > 1;
        FigureStyle { letters: letters.then_some(0), ..FigureStyle::from(settings) }
    }

    fn tables(
        &self,
        format: FigureFormat,
        bytes: impl Fn(&Data) -> Result<Vec<u8>, FigureError>,
    ) -> Result<Vec<(String, Vec<u8>)>, FigureError> {
        let name = |suffix: &str| format!("{}{suffix}.{}", self.name, format.extension());
        self.data.iter().map(|(suffix, data)| Ok((name(suffix), bytes(data)?))).collect()
    }

    /// With letters at its panels.
    pub(super) fn lettered(self) -> Self {
        Self { lettered: true, ..self }
    }

    fn suffixed(mut self, suffix: &str) -> Self {
        self.name += suffix;
        self
    }
}

/// A loss other than plain cross-entropy, as printed in captions.
fn of_loss(loss: Option<&str>) -> String {
    loss.map_or(String::new(), |loss| format!(" ({loss})"))
}

/// Maps or surfaces.
fn viewed<'a>(panels: Vec<Panel<'a, LossSurface>>, view: &LandscapeView) -> Box<dyn Figure + 'a> {
    // Classes have no height.
    let form = if panels.iter().any(|panel| panel.result.shows_classes()) { LandscapeForm::Map } else { view.form };
    let maps = LandscapeFigure::viewed(panels, view);
    match form {
        LandscapeForm::Map => Box::new(maps),
        LandscapeForm::Surface => Box::new(LandscapeReliefFigure { maps, camera: view.camera }),
    }
}

/// A captioned figure for every kind of result of every dataset.
pub fn captioned_figures<'a>(session: &Session, findings: &'a FigureResults) -> Vec<CaptionedFigure<'a>> {
    let mut captioned_figures = Vec::new();
    let datasets = findings.datasets();
    for dataset in &datasets {
        // With one dataset the name has no suffix.
        let suffix = if datasets.len() > 1 { format!("-{}", safe_name(dataset)) } else { String::new() };
        let quantities = std::iter::once(None).chain(Quantity::SHOWN.into_iter().map(Some));
        let view = &session.view.landscape;
        let errors = || std::iter::once(None).chain(view.error.map(|shown| Some(error_kind(shown))));
        let surfaces = quantities.flat_map(|quantity| errors().map(move |error| (quantity, error))).filter_map(|(quantity, error)| {
            let panels = findings.surfaces(dataset, quantity, error);
            // Classes along a line have no figure. The accuracy over a plane has one in the window only: its map says what the loss's says.
            let is_line = are_curves(panels.iter().map(|panel| panel.result));
            let is_plane = panels.iter().all(|panel| panel.result.beta.len() > 1) && quantity != Some(Quantity::Accuracy);
            let drawn = is_line || is_plane || (quantity.is_none() && error.is_none());
            let captioned = CaptionedFigure::landscape(panels, view).filter(|_| drawn)?;
            Some(CaptionedFigure { name: captioned.name.replacen("landscape", &format!("landscape{suffix}"), 1), ..captioned })
        });
        captioned_figures.extend(surfaces);
        for error in errors() {
            let differences = findings.differences(dataset, error);
            captioned_figures.extend(CaptionedFigure::difference(differences, view).map(|captioned| captioned.suffixed(&suffix)));
        }
        let bands = panels(findings.bands.iter().filter(|found| found.dataset == *dataset));
        captioned_figures.extend(CaptionedFigure::band(&bands).map(|captioned| captioned.suffixed(&suffix)));
        let spectra = panels(findings.hessians.iter().filter(|found| found.dataset == *dataset));
        captioned_figures.extend(CaptionedFigure::hessian_layers(&spectra).map(|captioned| captioned.suffixed(&suffix)));
        captioned_figures.extend(CaptionedFigure::hessian(spectra).map(|captioned| captioned.suffixed(&suffix)));
    }
    captioned_figures.extend(CaptionedFigure::sharpness(findings.curves(), session.sharpness.relative));
    captioned_figures.extend(CaptionedFigure::sharpness_layers(&findings.curves()));
    captioned_figures.extend(CaptionedFigure::embedding(panels(findings.embeddings.iter())));
    captioned_figures.extend(of_scores(session, findings).into_iter().filter_map(|(_, captioned)| captioned.ok()));
    captioned_figures
}

/// A captioned figure for every score that any checkpoint has, or why there is none: energy and MSP first.
fn of_scores<'a>(session: &Session, findings: &'a FigureResults) -> Vec<(String, Result<CaptionedFigure<'a>, String>)> {
    let known: IndexSet<&str> = findings.scores.iter().flat_map(|found| found.result.scores.keys()).map(String::as_str).collect();
    let first = ["energy", "msp"].into_iter().filter(|score| known.contains(score));
    let ordered: IndexSet<&str> = first.chain(known.iter().copied()).collect();
    let captioned = |score: &str| CaptionedFigure::score(panels(findings.scores.iter()), score, session.scores.bins);
    ordered.into_iter().map(|score| (score.to_owned(), captioned(score))).collect()
}

/// The figures that [`captioned_figures`] leaves out, and why.
pub fn left_out(session: &Session, findings: &FigureResults) -> Vec<Missing> {
    of_scores(session, findings).into_iter().filter_map(|(name, captioned)| Some(Missing { name, reason: captioned.err()? })).collect()
}
