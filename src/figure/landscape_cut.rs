//! [`LandscapeCutFigure`]: loss along α, for lines between checkpoints or images and for bands over random planes.

use super::barrier::{barrier_remark, barrier_text};
use super::landscape_curve::{BarrierMark, CurveMark, CurveNode, LandscapeCurve};
use super::layout::{Aspect, Axis, Frame, Margins, PanelGrid, SMALL, draw_legend, draw_note, draw_x_axis, draw_y_axis, legend_width};
use super::palette::{self, Chrome, Rgb};
use super::scale::Spacing;
use super::scene::{Anchor, HAIRLINE, Scene, Shape, clip_segment, fit, text_width};
use super::{Figure, FigureStyle, Panel};
use flatland_core::result::{LandscapeBand, LossSurface};

/// Height over width of the panel.
const ASPECT: f64 = 0.72;

/// Loss along α at the grid's β nearest to 0: one curve per checkpoint with a band, other checkpoints at their own losses. The ends of a line
/// between two checkpoints are named, and its barrier is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct LandscapeCutFigure {
    curves: Vec<LandscapeCurve>,
    /// The label of the loss or of the quantity shown instead.
    loss: String,
    note: String,
    /// The label of the axis of α.
    along: &'static str,
}

impl LandscapeCutFigure {
    /// Surfaces; with `bands` of ± 1 standard error over images.
    pub fn of_surfaces(panels: &[Panel<LossSurface>], bands: bool) -> Self {
        let curves: Vec<LandscapeCurve> = panels.iter().map(|panel| LandscapeCurve::of_surface(panel, bands)).collect();
        let first = panels.first().map(|panel| panel.result);
        let input = first.and_then(|surface| surface.manifest.input.as_ref());
        let mut notes: Vec<String> = first.map(|surface| surface.manifest.measured_on()).into_iter().collect();
        // The names at the axis may be cut.
        notes
            .extend(curves.iter().filter_map(|curve| curve.ends.as_ref()).map(|[from, to]| format!("from {from} (t = 0) to {to} (t = 1)")));
        if input.is_some() {
            notes.push("input space: x + αd₁".into());
        } else if curves.iter().flat_map(|curve| &curve.nodes).any(|node| node.half > 0.0) {
            notes.push("band: ± 1 standard error".into());
        }
        notes.extend(panels.iter().flat_map(|panel| [barrier_text(panel.result), barrier_remark(panel.result)]).flatten());
        if curves.iter().any(|curve| !curve.marks.is_empty()) {
            notes.push(format!("dots: other {} at their own losses", if input.is_some() { "images" } else { "checkpoints" }));
        }
        if curves.iter().flat_map(|curve| &curve.nodes).any(|node| node.estimated) {
            notes.push("rings: estimated, not computed".into());
        }
        if curves.iter().any(|curve| !curve.non_finite.is_empty()) {
            notes.push("grey: not finite".into());
        }
        let loss = first.map_or_else(|| "loss".into(), LossSurface::value_label);
        let is_between = curves.iter().any(|curve| curve.ends.is_some());
        let along = if is_between { "t" } else { input.map_or("α", |input| input.axis_labels()[0]) };
        Self { curves, loss, note: notes.join(" · "), along }
    }

    /// Bands over random planes: mean ± 1 standard deviation over planes.
    pub fn of_bands(panels: &[Panel<LandscapeBand>]) -> Self {
        let note = panels.first().map_or(String::new(), |panel| {
            let manifest = &panel.result.manifest;
            let planes = manifest.seeds.len();
            format!("{}, n = {} · mean and ± 1 standard deviation over {planes} random directions", manifest.dataset, manifest.samples)
        });
        let loss = panels.first().map_or_else(|| "loss".into(), |panel| panel.result.manifest.loss_label());
        Self { curves: panels.iter().map(LandscapeCurve::of_band).collect(), loss, note, along: "α" }
    }

    /// First and last α.
    pub fn across(&self) -> (f64, f64) {
        LandscapeCurve::across(&self.curves)
    }

    /// The smallest and the largest value on the axis, and its spacing.
    pub fn up(&self) -> (f64, f64, Spacing) {
        LandscapeCurve::up(&self.curves)
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
        // A line between two checkpoints has their names at its ends.
        let named = self.curves.iter().filter(|curve| curve.ends.is_none());
        let checkpoints: Vec<(&str, usize)> = named.map(|curve| (curve.name.as_str(), curve.color)).collect();
        let legend = if checkpoints.is_empty() { 1.0 * font } else { legend_width(checkpoints.iter().map(|(name, _)| *name), style) };
        let grid = |left: f64, bottom: f64| {
            let margins = Margins { left, right: legend, title: 0.8 * font, footer: 0.0, bottom, gap: 0.0 };
            PanelGrid::new(1, style, Aspect::Free(ASPECT), &margins)
        };
        let (grid, x, y) = PanelGrid::with_axes(font, grid, axes);
        let plot = Plot { frame: &grid.frames[0], x: &x, y: &y, font, chrome: &chrome };
        let mut scene = Scene::new(grid.width, grid.height, chrome.background);
        self.curves.iter().for_each(|curve| plot.draw_behind(&mut scene, curve));
        draw_x_axis(&mut scene, plot.frame, &x, font, &chrome, true);
        draw_y_axis(&mut scene, plot.frame, &y, font, &chrome, true);
        for curve in &self.curves {
            plot.draw_curve(&mut scene, curve, palette::checkpoint(curve.color, style.theme));
        }
        self.curves.iter().flat_map(|curve| &curve.barrier).for_each(|barrier| plot.draw_barrier(&mut scene, barrier));
        self.curves.iter().flat_map(|curve| &curve.marks).for_each(|mark| plot.draw_mark(&mut scene, mark));
        self.curves.iter().flat_map(|curve| &curve.ends).take(1).for_each(|ends| plot.draw_ends(&mut scene, ends));
        scene.frame(plot.frame.from, plot.frame.to, chrome.line);
        draw_legend(&mut scene, &grid, &checkpoints, legend, style);
        draw_note(&mut scene, &self.note, font, &chrome);
        scene
    }
}

/// The panel with its axes.
struct Plot<'a> {
    frame: &'a Frame,
    x: &'a Axis,
    y: &'a Axis,
    font: f64,
    chrome: &'a Chrome,
}

impl Plot<'_> {
    /// The point of a value, held within the height of the panel.
    fn held(&self, alpha: f64, value: f64) -> [f64; 2] {
        self.frame.at(self.x.position(alpha), self.y.position(value.max(self.y.low)).clamp(0.0, 1.0))
    }

    fn line(&self, scene: &mut Scene, points: &[[f64; 2]], color: Rgb, width: f64) {
        for pair in points.windows(2) {
            if let Some(segment) = clip_segment(pair[0], pair[1], self.frame.from, self.frame.to) {
                scene.line(segment.to_vec(), color, width);
            }
        }
    }

    /// Where values are not finite, and hairlines at the ends of a line between two checkpoints.
    fn draw_behind(&self, scene: &mut Scene, curve: &LandscapeCurve) {
        let x = |alpha: f64| self.frame.at(self.x.position(alpha).clamp(0.0, 1.0), 0.0)[0];
        for [from, to] in &curve.non_finite {
            scene.rect([x(*from), self.frame.from[1]], [x(*to), self.frame.to[1]], self.chrome.empty);
        }
        for t in if curve.ends.is_some() { [0.0, 1.0].as_slice() } else { &[] } {
            scene.line(vec![[x(*t), self.frame.from[1]], [x(*t), self.frame.to[1]]], self.chrome.hatch, HAIRLINE);
        }
    }

    /// Bands, lines and rings of one curve; values that the axis cannot show are gaps.
    fn draw_curve(&self, scene: &mut Scene, curve: &LandscapeCurve, color: Rgb) {
        for run in curve.runs(self.y.spacing) {
            let at = |node: &CurveNode| self.frame.at(self.x.position(node.alpha), self.y.position(node.value));
            if let [only] = run {
                scene.shapes.push(Shape::Dot { center: at(only), radius: 1.6 * HAIRLINE, fill: color, opacity: 1.0 });
            }
            if run.len() > 1 && run.iter().any(|node| node.half > 0.0) {
                let upper = run.iter().map(|node| self.held(node.alpha, node.value + node.half));
                let lower = run.iter().rev().map(|node| self.held(node.alpha, node.value - node.half));
                scene.shapes.push(Shape::Polygon { points: upper.chain(lower).collect(), fill: color, opacity: 0.18 });
            }
            self.line(scene, &run.iter().map(at).collect::<Vec<_>>(), color, 2.4 * HAIRLINE);
            for center in run.iter().filter(|node| node.estimated).map(at) {
                for (radius, fill) in [(0.22 * self.font, color), (0.22 * self.font - HAIRLINE, self.chrome.background)] {
                    scene.shapes.push(Shape::Dot { center, radius, fill, opacity: 1.0 });
                }
            }
        }
    }

    /// The straight line between the ends, and the rise above it with its label.
    fn draw_barrier(&self, scene: &mut Scene, barrier: &BarrierMark) {
        let at = |[alpha, value]: [f64; 2]| self.held(alpha, value);
        let straight: Vec<[f64; 2]> = barrier.straight.iter().map(|point| at(*point)).collect();
        self.line(scene, &straight, self.chrome.muted, HAIRLINE);
        let [low, high] = barrier.from_to.map(|value| at([barrier.t, value]));
        let cap = 0.3 * self.font;
        for [from, to] in
            [[low, high], [[low[0] - cap, low[1]], [low[0] + cap, low[1]]], [[high[0] - cap, high[1]], [high[0] + cap, high[1]]]]
        {
            scene.line(vec![from, to], self.chrome.text, 1.4 * HAIRLINE);
        }
        let size = SMALL * self.font;
        let width = text_width(&barrier.label, size, false);
        // Above the curve: beside the rise it would lie on a flank of a narrow arch.
        let room = [self.frame.from[0] + 0.5 * width, self.frame.to[0] - 0.5 * width];
        let x = high[0].clamp(room[0], room[1].max(room[0]));
        let y = (high[1] - 0.7 * self.font).max(self.frame.from[1] + size);
        scene.text([x, y], barrier.label.as_str(), size, Anchor::Middle, self.chrome.text);
    }

    fn draw_mark(&self, scene: &mut Scene, mark: &CurveMark) {
        let within = |value: f64, axis: &Axis| (axis.low..=axis.high).contains(&value);
        if !(within(mark.alpha, self.x) && within(mark.value, self.y)) {
            return;
        }
        let (font, size) = (self.font, SMALL * self.font);
        let center = self.held(mark.alpha, mark.value);
        scene.shapes.push(Shape::Dot { center, radius: 0.25 * font, fill: self.chrome.text, opacity: 1.0 });
        let right = center[0] + 0.5 * font + text_width(&mark.label, size, false) <= self.frame.to[0];
        let (anchor, step) = if right { (Anchor::Start, 0.5 * font) } else { (Anchor::End, -0.5 * font) };
        scene.text([center[0] + step, center[1] - 0.35 * font], mark.label.as_str(), size, anchor, self.chrome.text);
    }

    /// The names of both ends, below the ticks; they are cut where they would meet the label of the axis or leave the page.
    fn draw_ends(&self, scene: &mut Scene, ends: &[String; 2]) {
        let size = SMALL * self.font;
        let [left, right] = [0.0, 1.0].map(|t| self.frame.at(self.x.position(t), 0.0)[0]);
        let middle = 0.5 * (self.frame.from[0] + self.frame.to[0]);
        for (x, name) in [left, right].into_iter().zip(ends) {
            let reach = ((x - middle).abs() - 1.2 * self.font).min(x).min(scene.width - x);
            let y = self.frame.to[1] + 2.4 * self.font;
            scene.text([x, y], fit(name, size, false, 2.0 * reach), size, Anchor::Middle, self.chrome.text);
        }
    }
}
