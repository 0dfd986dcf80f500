//! [`SharpnessFigure`]: S(ρ) of several checkpoints in one panel.

use super::layout::{Axis, Frame, Margins, PanelGrid, SMALL, bottom_margin, draw_note, draw_x_axis, draw_y_axis, left_margin};
use super::palette;
use super::scale::Spacing;
use super::scene::{Anchor, HAIRLINE, Scene, Shape, clip_segment, fit, text_width};
use super::{Figure, FigureStyle, Panel};
use crate::result::{SharpnessCurve, SharpnessPoint};

/// Ratio of the largest to the smallest value from which an axis is logarithmic.
const LOG_FROM_RHO: f64 = 8.0;
const LOG_FROM_SHARPNESS: f64 = 50.0;
/// Height over width of the panel.
const ASPECT: f64 = 0.72;

/// Lower bounds of S(ρ) with bands of ± 1 standard error, one curve per checkpoint.
#[derive(Clone, Debug)]
pub struct SharpnessFigure<'a> {
    /// One curve per checkpoint.
    pub curves: Vec<Panel<'a, SharpnessCurve>>,
}

impl SharpnessFigure<'_> {
    fn points(&self) -> impl Iterator<Item = &SharpnessPoint> {
        self.curves.iter().flat_map(|c| &c.result.points).filter(|p| p.rho.is_finite() && p.sharpness.is_finite())
    }

    /// (low, high, spacing) of an axis: logarithmic when the positive values span at least `log_from`.
    fn range(&self, value: impl Fn(&SharpnessPoint) -> f64, log_from: f64) -> (f64, f64, Spacing) {
        let values = || self.points().map(&value);
        let high = values().fold(f64::NEG_INFINITY, f64::max);
        let positive = values().filter(|&v| v > 0.0).fold(f64::INFINITY, f64::min);
        if high > 0.0 && positive < high && high / positive >= log_from {
            return (positive / 1.15, high * 1.15, Spacing::Log);
        }
        let high = if high > 0.0 { 1.05 * high } else { 1.0 };
        (0.0, high, Spacing::Linear)
    }

    fn note(&self) -> String {
        let Some(first) = self.curves.first().map(|c| c.result) else { return String::new() };
        let same = |f: fn(&SharpnessCurve) -> String| {
            let of_first = f(first);
            self.curves.iter().all(|c| f(c.result) == of_first).then_some(of_first)
        };
        let mut notes = Vec::new();
        notes.extend(same(|c| format!("{}, n = {}", c.dataset, c.samples)));
        notes.push("lower bounds: each point is the best ε found with ‖ε‖ ≤ ρ".into());
        notes.extend(same(|c| if c.steps > 0 { format!("{}, {} steps per ρ", c.estimator, c.steps) } else { c.estimator.clone() }));
        notes.push("band: ± 1 standard error".into());
        notes.join(" · ")
    }

    fn legend_name(&self, curve: &Panel<SharpnessCurve>) -> String {
        let several = self.curves.iter().any(|c| c.result.dataset != curve.result.dataset);
        if several { format!("{}, {}", curve.name, curve.result.dataset) } else { curve.name.into() }
    }
}

impl Figure for SharpnessFigure<'_> {
    fn scene(&self, style: &FigureStyle) -> Scene {
        let (font, chrome) = (style.font_pt, palette::chrome(style.theme));
        let (x_range, y_range) = (self.range(|p| p.rho, LOG_FROM_RHO), self.range(|p| p.sharpness, LOG_FROM_SHARPNESS));
        let axes = |side: f64| {
            let x = Axis::new(x_range.0, x_range.1, x_range.2, "ρ", side, font, true);
            (x, Axis::new(y_range.0, y_range.1, y_range.2, "S(ρ), lower bound", side * ASPECT, font, false))
        };
        let names: Vec<String> = self.curves.iter().map(|c| self.legend_name(c)).collect();
        let widest = names.iter().map(|name| text_width(name, font, false)).fold(0.0, f64::max);
        let legend = widest.min(0.3 * style.width_pt());
        let grid = |left: f64, bottom: f64| {
            let margins = Margins { left, right: legend + 3.6 * font, title: 0.8 * font, footer: 0.0, bottom, gap: 0.0 };
            PanelGrid::new(1, style.width_pt(), font, ASPECT, &margins)
        };
        let guess = axes(grid(4.0 * font, 3.0 * font).frames[0].width());
        let grid = grid(left_margin(&guess.1, font), bottom_margin(&guess.0, font));
        let frame = grid.frames[0];
        let (x, y) = axes(frame.width());

        let mut scene = Scene::new(grid.width, grid.height, chrome.background);
        draw_x_axis(&mut scene, &frame, &x, font, &chrome, true);
        draw_y_axis(&mut scene, &frame, &y, font, &chrome, true);
        for curve in &self.curves {
            draw_curve(&mut scene, &frame, &x, &y, curve.result, palette::checkpoint(curve.color, style.theme), font);
        }
        scene.frame(frame.from, frame.to, chrome.line);
        for (k, (curve, name)) in self.curves.iter().zip(&names).enumerate() {
            let (left, line) = (frame.to[0] + 0.9 * font, frame.from[1] + (k as f64 + 0.7) * 1.45 * font);
            let color = palette::checkpoint(curve.color, style.theme);
            scene.line(vec![[left, line - 0.3 * font], [left + 1.6 * font, line - 0.3 * font]], color, 1.2);
            scene.text([left + 2.1 * font, line], fit(name, font, false, legend), font, Anchor::Start, chrome.text);
        }
        let legend_bottom = frame.from[1] + self.curves.len() as f64 * 1.45 * font;
        scene.height = scene.height.max(legend_bottom + SMALL * font);
        draw_note(&mut scene, &self.note(), font, &chrome);
        scene
    }
}

/// Band, line and points of one curve; points that a log axis cannot show are left out.
fn draw_curve(scene: &mut Scene, frame: &Frame, x: &Axis, y: &Axis, curve: &SharpnessCurve, color: palette::Rgb, font: f64) {
    let shown = |p: &&SharpnessPoint| {
        let fits = |v: f64, axis: &Axis| v.is_finite() && (axis.spacing == Spacing::Linear || v > 0.0);
        fits(p.rho, x) && fits(p.sharpness, y)
    };
    let points: Vec<&SharpnessPoint> = curve.points.iter().filter(shown).collect();
    let at = |p: &SharpnessPoint, sharpness: f64| frame.at(x.position(p.rho), y.position(sharpness).clamp(0.0, 1.0));
    let error = |p: &SharpnessPoint| if p.std_error.is_finite() { p.std_error } else { 0.0 };
    // On a log axis a band may reach below zero: it ends at the bottom of the panel.
    let upper = points.iter().map(|p| at(p, p.sharpness + error(p)));
    let lower = points.iter().rev().map(|p| at(p, (p.sharpness - error(p)).max(y.low)));
    if points.len() > 1 {
        scene.shapes.push(Shape::Polygon { points: upper.chain(lower).collect(), fill: color, opacity: 0.18 });
    }
    let line: Vec<[f64; 2]> = points.iter().map(|p| frame.at(x.position(p.rho), y.position(p.sharpness))).collect();
    for pair in line.windows(2) {
        if let Some(segment) = clip_segment(pair[0], pair[1], frame.from, frame.to) {
            scene.line(segment.to_vec(), color, 2.4 * HAIRLINE);
        }
    }
    for center in line {
        scene.shapes.push(Shape::Dot { center, radius: 0.2 * font, fill: color, opacity: 1.0 });
    }
}
