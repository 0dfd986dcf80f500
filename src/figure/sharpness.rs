//! [`SharpnessFigure`]: S(ρ) of several checkpoints, one panel per dataset, on shared axes.

use indexmap::IndexSet;

use super::layout::{Aspect, Axis, Frame, Margins, PanelGrid, draw_legend, draw_note, draw_title, draw_x_axis, draw_y_axis, legend_width};
use super::number::with_error;
use super::scale::Spacing;
use super::scene::{HAIRLINE, Scene, Shape, clip_segment};
use super::{Figure, FigureStyle, Panel, palette};
use flatland_core::result::{SharpnessCurve, SharpnessPoint};

/// Ratio of the largest to the smallest value from which an axis is logarithmic.
const LOG_FROM_RHO: f64 = 8.0;
const LOG_FROM_SHARPNESS: f64 = 50.0;
/// Height over width of a panel.
const ASPECT: f64 = 0.72;
/// Dashes of the overlay across a panel.
const DASHES: usize = 30;

/// S(ρ): lower bounds with bands of ± 1 standard error, or averages with bands of ± 1 standard deviation over the draws; the
/// second-order overlay dashed where a curve has one.
#[derive(Clone, Debug)]
pub struct SharpnessFigure<'a> {
    /// The curves; each dataset gets a panel, in order of occurrence.
    pub curves: Vec<Panel<'a, SharpnessCurve>>,
    /// Whether the horizontal axis is ρ/‖θ‖ instead of ρ; only if all curves are of the plain l2 ball.
    pub relative: bool,
}

impl SharpnessFigure<'_> {
    /// Names of the datasets, each once.
    fn datasets(&self) -> Vec<&str> {
        let names: IndexSet<&str> = self.curves.iter().map(|curve| curve.result.dataset.as_str()).collect();
        names.into_iter().collect()
    }

    /// Name and colour of the checkpoints, each once.
    fn checkpoints(&self) -> Vec<(&str, usize)> {
        let names: IndexSet<(&str, usize)> = self.curves.iter().map(|curve| (curve.name, curve.color)).collect();
        names.into_iter().collect()
    }

    fn is_relative(&self) -> bool {
        self.relative && !self.curves.is_empty() && self.curves.iter().all(|c| c.result.length_of_theta().is_some())
    }

    /// The divisor of ρ.
    fn unit(&self, curve: &SharpnessCurve) -> f64 {
        if self.is_relative() { curve.length_of_theta().unwrap_or(1.0) } else { 1.0 }
    }

    fn points(&self) -> impl Iterator<Item = (f64, &SharpnessPoint)> {
        let all = self.curves.iter().flat_map(|c| c.result.points.iter().map(|p| (p.rho / self.unit(c.result), p)));
        all.filter(|(_, p)| p.rho.is_finite() && p.sharpness.is_finite())
    }

    /// (low, high, spacing) of an axis: logarithmic when the positive values span at least `log_from`.
    fn range(&self, value: impl Fn((f64, &SharpnessPoint)) -> f64, log_from: f64) -> (f64, f64, Spacing) {
        let values = || self.points().map(&value);
        let high = values().fold(f64::NEG_INFINITY, f64::max);
        let positive = values().filter(|&v| v > 0.0).fold(f64::INFINITY, f64::min);
        if high > 0.0 && positive < high && high / positive >= log_from {
            return (positive / 1.15, high * 1.15, Spacing::Log);
        }
        let high = if high > 0.0 { 1.05 * high } else { 1.0 };
        (0.0, high, Spacing::Linear)
    }

    /// The vertical range: averages of which some are negative have no logarithm, and are drawn with their bands on a linear axis.
    fn height(&self) -> (f64, f64, Spacing) {
        let signed = self.points().any(|(_, p)| p.spread.is_some() && p.sharpness <= 0.0);
        if !signed {
            return self.range(|(_, p)| p.sharpness, LOG_FROM_SHARPNESS);
        }
        let ends = self.points().flat_map(|(_, p)| [p.sharpness - half_band(p), p.sharpness + half_band(p)]);
        let (low, high) = ends.fold((0.0_f64, 0.0_f64), |(low, high), v| (low.min(v), high.max(v)));
        let pad = (0.04 * (high - low)).max(f64::MIN_POSITIVE);
        (low - pad, high + pad, Spacing::Linear)
    }

    fn axes(&self, frame: &Frame, font: f64) -> (Axis, Axis) {
        let (across, up) = (self.range(|(rho, _)| rho, LOG_FROM_RHO), self.height());
        let average = self.curves.first().is_some_and(|c| c.result.is_average());
        let label = if average { "mean rise over random ε" } else { "S(ρ), lower bound" };
        let x = Axis::new(across.0, across.1, across.2, if self.is_relative() { "ρ/‖θ‖" } else { "ρ" }, frame.width(), font, true);
        (x, Axis::new(up.0, up.1, up.2, label, frame.height(), font, false))
    }

    fn note(&self) -> String {
        let Some(first) = self.curves.first().map(|c| c.result) else { return String::new() };
        // Nothing of a curve is known but its points until it is finished.
        let unfinished: Vec<&str> = self.curves.iter().filter(|c| c.result.center().is_none()).map(|c| c.name).collect();
        if !unfinished.is_empty() {
            return format!("not finished: {}", unfinished.join(", "));
        }
        let same = |f: &dyn Fn(&SharpnessCurve) -> String| {
            let of_first = f(first);
            self.curves.iter().all(|c| f(c.result) == of_first).then_some(of_first)
        };
        let mut notes = Vec::new();
        let several = self.datasets().len() > 1;
        notes.extend(same(&|c| if several { format!("n = {}", c.samples) } else { format!("{}, n = {}", c.dataset, c.samples) }));
        notes.extend(same(&|c| c.loss.clone().unwrap_or_default()).filter(|loss| !loss.is_empty()).map(|loss| format!("loss: {loss}")));
        notes.extend(same(&|c| c.moving.join(", ")).filter(|moving| !moving.is_empty()).map(|moving| format!("ε in {moving} alone")));
        notes.extend(same(&ball).filter(|ball| !ball.is_empty()));
        notes.extend(same(&|c| c.m.map_or(String::new(), |m| format!("m = {m}: mean of each batch's maximum"))).filter(|m| !m.is_empty()));
        if first.is_average() {
            notes.push("averages, which bound nothing and may be negative".into());
        } else {
            notes.push("lower bounds: each point is the best ε found with ‖ε‖ ≤ ρ".into());
        }
        notes.extend(same(&|c| match (c.steps, c.draws) {
            (0, None) => c.estimator.clone(),
            (0, Some(draws)) => format!("{}, {draws} draws", c.estimator),
            (steps, _) => format!("{}, {steps} steps per ρ", c.estimator),
        }));
        notes.push(if first.is_average() { "band: ± 1 standard deviation over the draws" } else { "band: ± 1 standard error" }.into());
        notes.extend(self.curves.iter().filter_map(|c| Some(format!("{}: {}", c.name, c.result.warning.as_ref()?))));
        if self.curves.iter().any(|c| c.result.second_order.is_some()) {
            notes.push("dashed: second order, ρ‖g‖ + ρ²λ₁/2 (g: gradient)".into());
        }
        notes.join(" · ")
    }
}

/// A description of the ball; empty for the plain l2 ball.
pub(super) fn ball(curve: &SharpnessCurve) -> String {
    let norm = if curve.norm == "linf" { "l∞" } else { "l2" };
    match (curve.adaptive.as_str(), curve.norm.as_str()) {
        ("theta", _) => format!("adaptive ball: {norm} norm of ε/|θ|"),
        ("elementwise", _) => format!("adaptive ball: {norm} norm of ε/(|w| + η), weights only"),
        ("filter", _) => format!("adaptive ball: {norm} norm of ε/‖filter‖"),
        (_, "linf") => "l∞ ball".into(),
        _ => String::new(),
    }
}

impl Figure for SharpnessFigure<'_> {
    fn panels(&self) -> usize {
        self.datasets().len()
    }

    fn scene(&self, style: &FigureStyle) -> Scene {
        let (font, chrome) = (style.font_pt, palette::chrome(style.theme));
        let (datasets, checkpoints) = (self.datasets(), self.checkpoints());
        let legend = legend_width(checkpoints.iter().map(|(name, _)| *name), style);
        let titled = datasets.len() > 1 || style.letters.is_some();
        let title = if titled { 1.75 * font } else { 0.8 * font };
        let grid = |left: f64, bottom: f64| {
            let margins = Margins { left, right: legend, title, footer: 0.4 * font, bottom, gap: 1.3 * font };
            PanelGrid::new(datasets.len(), style, Aspect::Free(ASPECT), &margins)
        };
        let (grid, x, y) = PanelGrid::with_axes(font, grid, |frame| self.axes(frame, font));

        let mut scene = Scene::new(grid.width, grid.height, chrome.background);
        for (k, frame) in grid.frames.iter().enumerate() {
            if y.spacing == Spacing::Linear && y.low < 0.0 {
                let zero = y.position(0.0);
                scene.line(vec![frame.at(0.0, zero), frame.at(1.0, zero)], chrome.line, HAIRLINE);
            }
            draw_x_axis(&mut scene, frame, &x, font, &chrome, frame.lowest);
            draw_y_axis(&mut scene, frame, &y, font, &chrome, frame.first_column);
            for curve in self.curves.iter().filter(|c| datasets.get(k).is_some_and(|name| *name == c.result.dataset)) {
                let color = palette::checkpoint(curve.color, style.theme);
                draw_overlay(&mut scene, frame, &x, &y, curve.result, self.unit(curve.result), color);
                draw_curve(&mut scene, frame, &x, &y, curve.result, self.unit(curve.result), color, font);
            }
            scene.frame(frame.from, frame.to, chrome.line);
            if titled {
                draw_title(&mut scene, frame, &style.letter(k), None, datasets.get(k).copied().unwrap_or_default(), font, &chrome);
            }
        }
        draw_legend(&mut scene, &grid, &checkpoints, legend, style);
        draw_note(&mut scene, &self.note(), font, &chrome);
        scene
    }
}

/// S(ρ) with its standard error, or the text that there is none.
pub fn rise(point: &SharpnessPoint) -> String {
    if point.stuck().is_some() { "no ε found".into() } else { with_error(point.sharpness, point.std_error) }
}

/// Half the height of a point's band: the spread over the draws of an average, else the standard error.
fn half_band(point: &SharpnessPoint) -> f64 {
    let half = point.spread.map_or(point.std_error, |spread| spread.sd);
    if half.is_finite() { half } else { 0.0 }
}

/// Band, line and points of one curve; points that a log axis cannot show are left out.
#[expect(clippy::too_many_arguments, reason = "a drawing is its scene, its frame and its axes")]
fn draw_curve(scene: &mut Scene, frame: &Frame, x: &Axis, y: &Axis, curve: &SharpnessCurve, unit: f64, color: palette::Rgb, font: f64) {
    let shown = |p: &&SharpnessPoint| {
        let fits = |v: f64, axis: &Axis| v.is_finite() && (axis.spacing == Spacing::Linear || v > 0.0);
        fits(p.rho, x) && fits(p.sharpness, y)
    };
    let points: Vec<&SharpnessPoint> = curve.points.iter().filter(shown).collect();
    let at = |p: &SharpnessPoint, sharpness: f64| frame.at(x.position(p.rho / unit), y.position(sharpness).clamp(0.0, 1.0));
    // A band that reaches below zero on a log axis ends at the bottom of the panel.
    let upper = points.iter().map(|p| at(p, p.sharpness + half_band(p)));
    let lower = points.iter().rev().map(|p| at(p, (p.sharpness - half_band(p)).max(y.low)));
    if points.len() > 1 {
        scene.shapes.push(Shape::Polygon { points: upper.chain(lower).collect(), fill: color, opacity: 0.18 });
    }
    let line: Vec<[f64; 2]> = points.iter().map(|p| frame.at(x.position(p.rho / unit), y.position(p.sharpness))).collect();
    for pair in line.windows(2) {
        if let Some(segment) = clip_segment(pair[0], pair[1], frame.from, frame.to) {
            scene.line(segment.to_vec(), color, 2.4 * HAIRLINE);
        }
    }
    for center in line {
        scene.shapes.push(Shape::Dot { center, radius: 0.2 * font, fill: color, opacity: 1.0 });
    }
}

/// ρ‖g‖ + ρ²λ₁/2 over the curve's radii, dashed.
fn draw_overlay(scene: &mut Scene, frame: &Frame, x: &Axis, y: &Axis, curve: &SharpnessCurve, unit: f64, color: palette::Rgb) {
    let Some(overlay) = curve.second_order else { return };
    let end = curve.points.iter().map(|p| x.position(p.rho / unit)).filter(|v| v.is_finite()).fold(0.0, f64::max).min(1.0);
    let at = |t: f64| {
        let rho = unit
            * match x.spacing {
                Spacing::Linear | Spacing::Symmetric => x.low + t * (x.high - x.low),
                Spacing::Log => x.low * (x.high / x.low).powf(t),
            };
        let height = y.position(overlay.at(rho));
        frame.at(t, if height.is_finite() { height } else { -1.0 })
    };
    for k in 0..DASHES {
        let (from, to) = ((k as f64 + 0.2) / DASHES as f64, (k as f64 + 0.8) / DASHES as f64);
        if to <= end
            && let Some(segment) = clip_segment(at(from), at(to), frame.from, frame.to)
        {
            scene.line(segment.to_vec(), color, 1.6 * HAIRLINE);
        }
    }
}
