//! [`HessianFigure`]: the spectral density of the Hessian on a log axis, eigenvalues as marks, one panel per checkpoint.

use super::layout::{Aspect, Axis, Frame, Margins, PanelGrid, SMALL, bottom_margin, draw_note, draw_title, draw_x_axis, draw_y_axis};
use super::number::{significant, supported};
use super::scale::Spacing;
use super::scene::{Anchor, HAIRLINE, Scene, clip_segment};
use super::{Figure, FigureStyle, Panel, palette};
use flatland_core::result::HessianSpectrum;

/// Height over width of a panel.
const ASPECT: f64 = 0.72;
/// Values of λ at which the density is drawn.
const COLUMNS: usize = 400;
/// Standard deviation of the Gaussian that replaces each node, as a share of the range of λ.
const SMEAR: f64 = 0.01;
/// Decades below the peak that the density axis spans: one eigenvalue among 10⁶ is visible, and everything lower is the tail of a Gaussian.
pub const DECADES: f64 = 8.0;
/// Lines of numbers below each panel.
const FACTS: f64 = 3.0;

/// Spectral densities of the Hessian on shared axes, with λ_max, the further top eigenvalues and λ_min as marks below.
#[derive(Clone, Debug)]
pub struct HessianFigure<'a> {
    /// One panel per checkpoint.
    pub panels: Vec<Panel<'a, HessianSpectrum>>,
}

impl HessianFigure<'_> {
    /// The smallest and the largest λ of nodes and eigenvalues of all panels, with a margin.
    pub fn range(&self) -> (f64, f64) {
        let ends = self.panels.iter().flat_map(|p| {
            let marks = p.result.top.iter().chain([&p.result.lambda_min]).map(|e| e.value);
            let nodes = p.result.density.iter().filter_map(|d| d.range()).flat_map(|(low, high)| [low, high]);
            marks.chain(nodes).collect::<Vec<_>>()
        });
        let (low, high) = ends.filter(|v| v.is_finite()).fold((0.0_f64, 0.0_f64), |(low, high), v| (low.min(v), high.max(v)));
        if high > low { (low - 0.05 * (high - low), high + 0.05 * (high - low)) } else { (-1.0, 1.0) }
    }

    /// [λ, density] across a range, per panel; empty if a spectrum has no density.
    pub fn densities(&self, (low, high): (f64, f64)) -> Vec<Vec<[f64; 2]>> {
        let sigma = SMEAR * (high - low);
        let grid = || (0..=COLUMNS).map(|k| low + (high - low) * k as f64 / COLUMNS as f64);
        let of = |panel: &Panel<HessianSpectrum>| {
            let density = panel.result.density.as_ref();
            density.map_or(Vec::new(), |density| grid().map(|t| [t, density.at(t, sigma)]).collect())
        };
        self.panels.iter().map(of).collect()
    }
}

impl Figure for HessianFigure<'_> {
    fn panels(&self) -> usize {
        self.panels.len()
    }

    fn scene(&self, style: &FigureStyle) -> Scene {
        let (font, chrome) = (style.font_pt, palette::chrome(style.theme));
        let (low, high) = self.range();
        let densities = self.densities((low, high));
        let peak = densities.iter().flatten().map(|p| p[1]).fold(0.0, f64::max);
        let peak = if peak > 0.0 { peak } else { 1.0 };
        let axes = |frame: &Frame| {
            let x = Axis::new(low, high, Spacing::Linear, "λ", frame.width(), font, true);
            (x, Axis::new(peak * 10.0_f64.powf(-DECADES), 3.0 * peak, Spacing::Log, "density", frame.height(), font, false))
        };
        let grid = |left: f64, axis: f64| {
            let footer = axis + (1.5 * FACTS * SMALL + 0.6) * font;
            let margins = Margins { left, right: 0.8 * font, title: 1.75 * font, footer, bottom: 0.0, gap: 1.3 * font };
            PanelGrid::new(self.panels.len(), style, Aspect::Free(ASPECT), &margins)
        };
        let (grid, x, y) = PanelGrid::with_axes(font, grid, axes);
        let room = bottom_margin(&x, font);

        let mut scene = Scene::new(grid.width, grid.height, chrome.background);
        for (k, ((panel, frame), density)) in self.panels.iter().zip(&grid.frames).zip(&densities).enumerate() {
            let color = palette::checkpoint(panel.color, style.theme);
            let at = |p: &[f64; 2]| frame.at(x.position(p[0]), y.position(p[1].max(f64::MIN_POSITIVE)).max(-0.1));
            for pair in density.windows(2) {
                if let Some(segment) = clip_segment(at(&pair[0]), at(&pair[1]), frame.from, frame.to) {
                    scene.line(segment.to_vec(), color, 2.0 * HAIRLINE);
                }
            }
            draw_marks(&mut scene, frame, &x, panel.result, color, font);
            scene.frame(frame.from, frame.to, chrome.line);
            draw_title(&mut scene, frame, &style.letter(k), Some(color), panel.name, font, &chrome);
            draw_x_axis(&mut scene, frame, &x, font, &chrome, true);
            draw_y_axis(&mut scene, frame, &y, font, &chrome, frame.first_column);
            for (k, fact) in facts(panel.result).iter().enumerate() {
                let line = frame.to[1] + room + (k as f64 + 0.9) * 1.5 * SMALL * font;
                scene.text([frame.from[0], line], fact, SMALL * font, Anchor::Start, chrome.muted);
            }
        }
        draw_note(&mut scene, &self.note(), font, &chrome);
        scene
    }
}

impl HessianFigure<'_> {
    fn note(&self) -> String {
        let Some(first) = self.panels.first().map(|p| p.result) else { return String::new() };
        let mut notes = vec![format!("{}, n = {}", first.dataset, first.samples), first.tensors.clone(), "BatchNorm frozen".into()];
        notes.extend(first.loss.as_ref().map(|loss| format!("loss: {loss}")));
        if let Some(density) = &first.density {
            let (steps, probes) = (density.steps, density.probes);
            notes.push(format!("density: Lanczos quadrature, {steps} steps, {probes} probes, smeared by {SMEAR} of the range"));
        }
        notes
            .push("marks: largest and smallest eigenvalues; ± of the eigenvalues: residual ‖Hv − λv‖, of the trace: standard error".into());
        notes.extend(self.panels.iter().filter_map(|p| Some(format!("{}: {}", p.name, p.result.warning.as_ref()?))));
        if self.panels.iter().any(|p| !p.result.converged) {
            notes.push("not all eigenpairs have converged".into());
        }
        notes.join(" · ")
    }
}

/// A mark at each eigenvalue, from the bottom of the panel.
fn draw_marks(scene: &mut Scene, frame: &Frame, x: &Axis, spectrum: &HessianSpectrum, color: palette::Rgb, font: f64) {
    for eigenvalue in spectrum.top.iter().chain([&spectrum.lambda_min]) {
        let foot = frame.at(x.position(eigenvalue.value), 0.0);
        if (frame.from[0]..=frame.to[0]).contains(&foot[0]) {
            scene.line(vec![foot, [foot[0], foot[1] - 0.9 * font]], color, 2.4 * HAIRLINE);
        }
    }
}

/// λ_max, λ_min and the trace with their errors.
fn facts(spectrum: &HessianSpectrum) -> Vec<String> {
    let with = |value: f64, error: f64| format!("{} ± {}", supported(value, error), significant(error, 1));
    let mut facts: Vec<String> = Vec::new();
    facts.extend(spectrum.lambda_max().map(|top| format!("largest λ {}", with(top.value, top.residual))));
    facts.push(format!("smallest λ {}", with(spectrum.lambda_min.value, spectrum.lambda_min.residual)));
    facts.extend(spectrum.trace.map(|trace| format!("trace {}", with(trace.value, trace.std_error))));
    facts
}
