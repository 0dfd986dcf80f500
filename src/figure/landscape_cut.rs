//! [`LandscapeCutFigure`]: loss along α, for lines between checkpoints or images and for bands over random planes.

use super::layout::{Aspect, Axis, Frame, Margins, PanelGrid, SMALL, draw_legend, draw_note, draw_x_axis, draw_y_axis, legend_width};
use super::palette::{self, Rgb};
use super::scale::Spacing;
use super::scene::{Anchor, HAIRLINE, Scene, Shape, clip_segment, text_width};
use super::{Figure, FigureStyle, Panel};
use flatland_core::result::{LandscapeBand, LossSurface, nearest_node};

/// Ratio of the largest to the smallest loss from which the axis is logarithmic.
const LOG_FROM: f64 = 30.0;
/// Height over width of the panel.
const ASPECT: f64 = 0.72;

/// A curve of a cut.
#[derive(Clone, Debug, PartialEq)]
struct Cut {
    name: String,
    color: usize,
    /// (α, loss, half width of the band), by α; a value that is not finite is a gap.
    points: Vec<(f64, f64, f64)>,
    /// Other checkpoints: (label, α, their own loss).
    marks: Vec<(String, f64, f64)>,
}

/// Loss along α at the grid's β nearest to 0: one curve per checkpoint with a band, other checkpoints at their own losses.
#[derive(Clone, Debug, PartialEq)]
pub struct LandscapeCutFigure {
    curves: Vec<Cut>,
    /// The label of the loss or of the quantity shown instead.
    loss: String,
    note: String,
    /// The label of the axis of α.
    along: &'static str,
}

impl LandscapeCutFigure {
    /// Surfaces, with bands of ± 1 standard error over images.
    pub fn of_surfaces(panels: &[Panel<LossSurface>]) -> Self {
        let curves = panels.iter().map(|panel| {
            let surface = panel.result;
            let beta = &surface.beta;
            let j = nearest_node(beta, 0.0).unwrap_or(0);
            let at = |i: usize| i * beta.len() + j;
            let computed = (0..surface.alpha.len()).filter(|&i| surface.count.get(at(i)).is_some_and(|&n| n > 0));
            let marks = surface.manifest.plane.iter().flat_map(|plane| plane.points.iter().chain(&plane.trajectory));
            Cut {
                name: panel.name.into(),
                color: panel.color,
                points: computed.map(|i| (surface.alpha[i], surface.loss[at(i)], surface.loss_std_error[at(i)])).collect(),
                marks: marks
                    .filter_map(|point| Some((point.label(), point.alpha, point.loss?)))
                    .filter(|_| surface.quantity.is_none())
                    .collect(),
            }
        });
        let first = panels.first().map(|panel| panel.result);
        let input = first.and_then(|surface| surface.manifest.input.as_ref());
        let mut notes: Vec<String> = first.map(|surface| surface.manifest.measured_on()).into_iter().collect();
        notes.push(if input.is_some() { "input space: x + αd₁" } else { "band: ± 1 standard error" }.into());
        let curves: Vec<Cut> = curves.collect();
        if curves.iter().any(|curve| !curve.marks.is_empty()) {
            notes.push(format!("dots: other {} at their own losses", if input.is_some() { "images" } else { "checkpoints" }));
        }
        let loss = first.map_or_else(
            || "loss".into(),
            |surface| match surface.quantity {
                Some(quantity) => surface.quantity_label(quantity).to_owned(),
                None => surface.manifest.loss_label(),
            },
        );
        Self { curves, loss, note: notes.join(" · "), along: input.map_or("α", |input| input.axis_labels()[0]) }
    }

    /// Bands over random planes: mean ± 1 standard deviation over planes.
    pub fn of_bands(panels: &[Panel<LandscapeBand>]) -> Self {
        let curve = |panel: &Panel<LandscapeBand>| Cut {
            name: panel.name.into(),
            color: panel.color,
            points: panel.result.cut(),
            marks: Vec::new(),
        };
        let note = panels.first().map_or(String::new(), |panel| {
            let manifest = &panel.result.manifest;
            let planes = manifest.seeds.len();
            format!("{}, n = {} · mean and ± 1 standard deviation over {planes} random directions", manifest.dataset, manifest.samples)
        });
        let loss = panels.first().map_or_else(|| "loss".into(), |panel| panel.result.manifest.loss_label());
        Self { curves: panels.iter().map(curve).collect(), loss, note, along: "α" }
    }

    fn finite(&self) -> impl Iterator<Item = (f64, f64)> {
        let curves = self.curves.iter().flat_map(|curve| curve.points.iter().map(|point| (point.0, point.1)));
        let (low, high) = self.across();
        let marks = self.curves.iter().flat_map(|curve| curve.marks.iter().map(|mark| (mark.1, mark.2)));
        curves.chain(marks.filter(move |mark| (low..=high).contains(&mark.0))).filter(|point| point.1.is_finite())
    }

    /// First and last α.
    pub fn across(&self) -> (f64, f64) {
        let alphas = self.curves.iter().flat_map(|curve| curve.points.iter().map(|point| point.0));
        let (low, high) = alphas.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
        if low < high { (low, high) } else { (-1.0, 1.0) }
    }

    /// The smallest and the largest loss on the axis, and its spacing.
    pub fn up(&self) -> (f64, f64, Spacing) {
        let (low, high) = self.finite().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), p| (low.min(p.1), high.max(p.1)));
        match (low <= high, low > 0.0 && high / low >= LOG_FROM) {
            (false, _) => (0.0, 1.0, Spacing::Linear),
            (true, true) => (low / 1.2, high * 1.2, Spacing::Log),
            (true, false) => {
                let pad = if high > low { 0.06 * (high - low) } else { 0.05 * low.abs().max(1e-9) };
                (low - pad, high + pad, Spacing::Linear)
            }
        }
    }
}

impl Figure for LandscapeCutFigure {
    fn scene(&self, style: &FigureStyle) -> Scene {
        let (font, chrome) = (style.font_pt, palette::chrome(style.theme));
        let (across, up) = (self.across(), self.up());
        let axes = |frame: &Frame| {
            let x = Axis::new(across.0, across.1, Spacing::Linear, self.along, frame.width(), font, true);
            (x, Axis::new(up.0, up.1, up.2, self.loss.clone(), frame.height(), font, false))
        };
        let checkpoints: Vec<(&str, usize)> = self.curves.iter().map(|curve| (curve.name.as_str(), curve.color)).collect();
        let legend = legend_width(checkpoints.iter().map(|(name, _)| *name), style);
        let grid = |left: f64, bottom: f64| {
            let margins = Margins { left, right: legend, title: 0.8 * font, footer: 0.0, bottom, gap: 0.0 };
            PanelGrid::new(1, style, Aspect::Free(ASPECT), &margins)
        };
        let (grid, x, y) = PanelGrid::with_axes(font, grid, axes);
        let frame = grid.frames[0];
        let mut scene = Scene::new(grid.width, grid.height, chrome.background);
        draw_x_axis(&mut scene, &frame, &x, font, &chrome, true);
        draw_y_axis(&mut scene, &frame, &y, font, &chrome, true);
        for curve in &self.curves {
            draw_curve(&mut scene, &frame, &x, &y, curve, palette::checkpoint(curve.color, style.theme));
        }
        for (label, alpha, loss) in self.curves.iter().flat_map(|curve| &curve.marks) {
            let within = (across.0..=across.1).contains(alpha) && (up.0..=up.1).contains(loss);
            if within {
                let center = frame.at(x.position(*alpha), y.position(*loss));
                scene.shapes.push(Shape::Dot { center, radius: 0.25 * font, fill: chrome.text, opacity: 1.0 });
                let right = center[0] + 0.5 * font + text_width(label, SMALL * font, false) <= frame.to[0];
                let (anchor, step) = if right { (Anchor::Start, 0.5 * font) } else { (Anchor::End, -0.5 * font) };
                scene.text([center[0] + step, center[1] - 0.35 * font], label.as_str(), SMALL * font, anchor, chrome.text);
            }
        }
        scene.frame(frame.from, frame.to, chrome.line);
        draw_legend(&mut scene, &grid, &checkpoints, legend, style);
        draw_note(&mut scene, &self.note, font, &chrome);
        scene
    }
}

/// Band and line of one curve; values that the axis cannot show are gaps.
fn draw_curve(scene: &mut Scene, frame: &Frame, x: &Axis, y: &Axis, curve: &Cut, color: Rgb) {
    let shown = |value: f64| value.is_finite() && (y.spacing == Spacing::Linear || value > 0.0);
    for run in curve.points.split(|point| !shown(point.1)).filter(|run| run.len() > 1) {
        let at = |alpha: f64, loss: f64| frame.at(x.position(alpha), y.position(loss.max(y.low)).clamp(0.0, 1.0));
        let half = |point: &(f64, f64, f64)| if point.2.is_finite() { point.2 } else { 0.0 };
        let upper = run.iter().map(|point| at(point.0, point.1 + half(point)));
        let lower = run.iter().rev().map(|point| at(point.0, point.1 - half(point)));
        scene.shapes.push(Shape::Polygon { points: upper.chain(lower).collect(), fill: color, opacity: 0.18 });
        let line: Vec<[f64; 2]> = run.iter().map(|point| frame.at(x.position(point.0), y.position(point.1))).collect();
        for pair in line.windows(2) {
            if let Some(segment) = clip_segment(pair[0], pair[1], frame.from, frame.to) {
                scene.line(segment.to_vec(), color, 2.4 * HAIRLINE);
            }
        }
    }
}
