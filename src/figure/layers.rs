//! [`LayersFigure`]: sharpness by layer. A row per layer and a dot per checkpoint, a panel per quantity or dataset.

use super::data::Cell;
use super::layout::{Aspect, Axis, Margins, PanelGrid, SMALL, draw_dots, draw_note, draw_title, draw_x_axis};
use super::palette::{self, Rgb};
use super::scale::Spacing;
use super::scene::{Anchor, HAIRLINE, Scene, Shape, fit, text_width};
use super::{Data, Figure, FigureStyle, Panel};
use flatland_core::result::{HessianSpectrum, LayerCurvature, LayerSharpness, SharpnessCurve};

/// Height of a row in em.
const ROW: f64 = 1.3;
/// Widest names of layers, as a share of the page.
const NAMES: f64 = 0.3;

/// A dot: the row of its layer, its value and the error.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Mark {
    row: usize,
    value: f64,
    error: f64,
}

/// A panel: its title and the marks of each checkpoint.
#[derive(Clone, Debug, PartialEq)]
struct Strip {
    title: String,
    marks: Vec<(usize, Vec<Mark>)>,
}

/// Layers downwards in the order of the network, a quantity on the horizontal axis, logarithmic if all values are positive.
#[derive(Clone, Debug, PartialEq)]
pub struct LayersFigure {
    layers: Vec<String>,
    /// Name and colour, each once.
    checkpoints: Vec<(String, usize)>,
    strips: Vec<Strip>,
    note: String,
}

/// Names of layers, each once, in order of occurrence.
fn names<'a>(all: impl Iterator<Item = &'a str>) -> Vec<String> {
    let names: indexmap::IndexSet<&str> = all.collect();
    names.into_iter().map(str::to_owned).collect()
}

fn checkpoints<'a>(all: impl Iterator<Item = (&'a str, usize)>) -> Vec<(String, usize)> {
    let names: indexmap::IndexSet<(&str, usize)> = all.collect();
    names.into_iter().map(|(name, color)| (name.to_owned(), color)).collect()
}

impl LayersFigure {
    /// λ_max and trace per parameter of the layers' blocks; `None` if no spectrum has layers.
    pub fn of_hessians(panels: &[Panel<HessianSpectrum>]) -> Option<Self> {
        let shown: Vec<_> = panels.iter().filter(|panel| !panel.result.layers.is_empty()).collect();
        let first = shown.first()?.result;
        let layers = names(shown.iter().flat_map(|panel| panel.result.layers.iter().map(|layer| layer.name.as_str())));
        let marks = |of: &dyn Fn(&LayerCurvature) -> Option<(f64, f64)>| {
            let of_panel = |panel: &&Panel<HessianSpectrum>| {
                let mark = |layer: &LayerCurvature| {
                    let (value, error) = of(layer)?;
                    Some(Mark { row: layers.iter().position(|name| *name == layer.name)?, value, error })
                };
                (panel.color, panel.result.layers.iter().filter_map(mark).collect())
            };
            shown.iter().map(of_panel).collect()
        };
        let mut strips = vec![Strip {
            title: "largest λ of the layer".into(),
            marks: marks(&|layer| Some((layer.lambda_max.value, layer.lambda_max.residual))),
        }];
        if shown.iter().any(|panel| panel.result.layers.iter().any(|layer| layer.trace.is_some())) {
            strips.push(Strip { title: "trace per parameter".into(), marks: marks(&LayerCurvature::mean_eigenvalue) });
        }
        let mut notes = vec![format!("{}, n = {}", first.dataset, first.samples), "Hessian by the parameters of each layer alone".into()];
        notes.extend(first.loss.as_ref().map(|loss| format!("loss: {loss}")));
        notes.push("not normalized by the layer's weights; bars: residual of λ, standard error of the trace".into());
        if shown.iter().any(|panel| panel.result.layers.iter().any(|layer| !layer.converged)) {
            notes.push("not all eigenvalues have converged".into());
        }
        let checkpoints = checkpoints(shown.iter().map(|panel| (panel.name, panel.color)));
        Some(Self { layers, checkpoints, strips, note: notes.join(" · ") })
    }

    /// S(ρ) at the largest radius with ε in one layer, a panel per dataset; `None` if no curve has layers.
    pub fn of_curves(curves: &[Panel<SharpnessCurve>]) -> Option<Self> {
        let shown: Vec<_> = curves.iter().filter(|curve| !curve.result.layers.is_empty()).collect();
        let first = shown.first()?.result;
        let layers = names(shown.iter().flat_map(|curve| curve.result.layers.iter().map(|layer| layer.name.as_str())));
        let datasets = names(shown.iter().map(|curve| curve.result.dataset.as_str()));
        let mark = |layer: &LayerSharpness| {
            let point = layer.points.last().filter(|point| point.sharpness.is_finite())?;
            Some(Mark { row: layers.iter().position(|name| *name == layer.name)?, value: point.sharpness, error: point.std_error })
        };
        let strip = |dataset: &String| Strip {
            title: dataset.clone(),
            marks: (shown.iter().filter(|curve| curve.result.dataset == *dataset))
                .map(|curve| (curve.color, curve.result.layers.iter().filter_map(mark).collect()))
                .collect(),
        };
        let rho = first.layers.iter().find_map(|layer| layer.points.last()).map_or(f64::NAN, |point| point.rho);
        let what = if first.is_average() { "mean rise" } else { "S(ρ), lower bound," };
        let mut notes = vec![format!("{what} at ρ = {rho} with ε in one layer alone"), format!("n = {}", first.samples)];
        notes.extend(first.loss.as_ref().map(|loss| format!("loss: {loss}")));
        let ball = super::sharpness::ball(first);
        notes.push(if ball.is_empty() { "the same l2 ball for each layer, not normalized by its weights".into() } else { ball });
        let missing =
            shown.iter().flat_map(|curve| &curve.result.layers).filter(|layer| layer.points.last().is_some_and(|p| p.stuck().is_some()));
        let missing: Vec<&str> = missing.map(|layer| layer.name.as_str()).collect();
        if !missing.is_empty() {
            notes.push(format!("no ε found: {}", names(missing.into_iter()).join(", ")));
        }
        notes.push("bars: standard error".into());
        let checkpoints = checkpoints(shown.iter().map(|curve| (curve.name, curve.color)));
        Some(Self { strips: datasets.iter().map(strip).collect(), layers, checkpoints, note: notes.join(" · ") })
    }

    /// Smallest and largest value with a margin, and the spacing of the axis.
    fn range(strip: &Strip) -> (f64, f64, Spacing) {
        let marks = || strip.marks.iter().flat_map(|(_, marks)| marks).filter(|mark| mark.value.is_finite());
        let (low, high) = marks().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), m| (low.min(m.value), high.max(m.value)));
        if low > high {
            return (0.0, 1.0, Spacing::Linear);
        }
        if low > 0.0 {
            return (low / 1.3, high * 1.3, Spacing::Log);
        }
        let (low, high) = (low.min(0.0), high.max(0.0));
        let pad = (0.05 * (high - low)).max(f64::MIN_POSITIVE);
        (low - pad, high + pad, Spacing::Linear)
    }
}

impl Figure for LayersFigure {
    fn panels(&self) -> usize {
        self.strips.len()
    }

    fn scene(&self, style: &FigureStyle) -> Scene {
        let (font, chrome) = (style.font_pt, palette::chrome(style.theme));
        let small = SMALL * font;
        let widest = self.layers.iter().map(|name| text_width(name, small, false)).fold(0.0, f64::max).min(NAMES * style.width_pt());
        let margins =
            Margins { left: widest + 1.2 * font, right: 0.8 * font, title: 1.75 * font, footer: 0.0, bottom: 1.8 * font, gap: 1.4 * font };
        let rows = self.layers.len().max(1) as f64;
        let width = PanelGrid::new(self.strips.len(), style, Aspect::Free(1.0), &margins).frames[0].width();
        let grid = PanelGrid::new(self.strips.len(), style, Aspect::Free(ROW * font * rows / width), &margins);
        let mut scene = Scene::new(grid.width, grid.height, chrome.background);
        for (k, (strip, frame)) in self.strips.iter().zip(&grid.frames).enumerate() {
            let (low, high, spacing) = Self::range(strip);
            let x = Axis::new(low, high, spacing, "", frame.width(), font, true);
            let height = |row: usize| 1.0 - (row as f64 + 0.5) / rows;
            for (row, name) in self.layers.iter().enumerate() {
                let [left, middle] = frame.at(0.0, height(row));
                scene.line(vec![[left, middle], [frame.to[0], middle]], chrome.line, 0.5 * HAIRLINE);
                if frame.first_column {
                    let at = [left - 0.6 * font, middle + 0.3 * small];
                    scene.text(at, fit(name, small, false, widest), small, Anchor::End, chrome.text);
                }
            }
            draw_x_axis(&mut scene, frame, &x, font, &chrome, true);
            for (color, marks) in &strip.marks {
                let color = palette::checkpoint(*color, style.theme);
                for mark in marks.iter().filter(|mark| mark.value.is_finite()) {
                    let at = |value: f64| frame.at(x.position(value).clamp(0.0, 1.0), height(mark.row));
                    draw_mark(&mut scene, mark, low, spacing, at, color, font);
                }
            }
            scene.frame(frame.from, frame.to, chrome.line);
            draw_title(&mut scene, frame, &style.letter(k), None, &strip.title, font, &chrome);
        }
        let names = self.checkpoints.iter().map(|(name, color)| (name.clone(), palette::checkpoint(*color, style.theme)));
        draw_dots(&mut scene, names, style);
        draw_note(&mut scene, &self.note, font, &chrome);
        scene
    }
}

/// A dot with a bar of ± its error; on a log axis the bar ends at the panel where it reaches zero.
fn draw_mark(scene: &mut Scene, mark: &Mark, low: f64, spacing: Spacing, at: impl Fn(f64) -> [f64; 2], color: Rgb, font: f64) {
    if mark.error.is_finite() && mark.error > 0.0 {
        let from = mark.value - mark.error;
        let from = if spacing == Spacing::Log { from.max(low) } else { from };
        scene.line(vec![at(from), at(mark.value + mark.error)], color, 1.6 * HAIRLINE);
    }
    scene.shapes.push(Shape::Dot { center: at(mark.value), radius: 0.24 * font, fill: color, opacity: 1.0 });
}

/// `checkpoint, dataset, layer, parameters, theta_norm, lambda_max, residual, converged, trace, trace_std_error, trace_per_parameter`, a row per
/// layer.
pub fn hessian_data(panels: &[Panel<HessianSpectrum>]) -> Data {
    let mut data = Data::new(&[
        "checkpoint",
        "dataset",
        "layer",
        "parameters",
        "theta_norm",
        "lambda_max",
        "residual",
        "converged",
        "trace",
        "trace_std_error",
        "trace_per_parameter",
    ]);
    for Panel { name, result, .. } in panels {
        for layer in &result.layers {
            let names = [*name, result.dataset.as_str(), layer.name.as_str()].map(Cell::from);
            let numbers = [layer.theta_norm, layer.lambda_max.value, layer.lambda_max.residual].map(Cell::from);
            let trace = [layer.trace.map(|t| t.value), layer.trace.map(|t| t.std_error), layer.mean_eigenvalue().map(|(mean, _)| mean)];
            let converged = if layer.converged { "yes" } else { "no" };
            let row = names.into_iter().chain([Cell::from(layer.parameters)]).chain(numbers).chain([Cell::from(converged)]);
            data.push(row.chain(trace.map(Cell::from)).collect());
        }
    }
    data
}

/// `checkpoint, dataset, layer, parameters, theta_norm, rho, sharpness, std_error, epsilon_norm`, a row per layer and radius; `sharpness` is
/// empty if no ε was found.
pub fn sharpness_data(curves: &[Panel<SharpnessCurve>]) -> Data {
    let columns = ["checkpoint", "dataset", "layer", "parameters", "theta_norm", "rho", "sharpness", "std_error", "epsilon_norm"];
    let mut data = Data::new(&columns);
    for Panel { name, result, .. } in curves {
        for layer in &result.layers {
            for point in &layer.points {
                let names = [*name, result.dataset.as_str(), layer.name.as_str()].map(Cell::from);
                let found = point.stuck().is_none();
                let row = names.into_iter().chain([layer.parameters.into(), layer.theta_norm.into(), point.rho.into()]);
                let numbers = [point.sharpness, point.std_error].map(|value| Some(value).filter(|_| found).into());
                data.push(row.chain(numbers).chain([point.epsilon_norm.into()]).collect());
            }
        }
    }
    data
}
