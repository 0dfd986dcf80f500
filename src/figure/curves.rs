//! [`CurvesFigure`]: metrics of runs during training, one panel per metric on one horizontal axis.

use super::layout::{Aspect, Axis, Frame, Margins, PanelGrid, bottom_margin, draw_title, draw_x_axis, draw_y_axis};
use super::scale::Spacing;
use super::scene::{Anchor, HAIRLINE, Scene, clip_segment, fit, text_width};
use super::{Figure, FigureStyle, palette};

/// Height over width of a panel.
const ASPECT: f64 = 0.62;

/// A metric of several runs.
#[derive(Clone, Debug, PartialEq)]
pub struct CurvePanel {
    /// Name of the metric, with its unit.
    pub title: String,
    /// Whether y is logarithmic; values that are not above 0 are left out.
    pub log: bool,
    /// [x, y] in the order of x for each run of the figure; values that are not finite are gaps, and a run without the metric has no points.
    pub curves: Vec<Vec<[f64; 2]>>,
}

/// Curves of several runs.
#[derive(Clone, Debug, PartialEq)]
pub struct CurvesFigure {
    /// Name and colour ([`palette::checkpoint`]) of each run.
    pub runs: Vec<(String, usize)>,
    /// One panel per metric.
    pub panels: Vec<CurvePanel>,
    /// The horizontal axis: `epoch`, `step`, `minutes`.
    pub across: &'static str,
}

impl CurvePanel {
    fn points(&self) -> impl Iterator<Item = &[f64; 2]> {
        self.curves.iter().flatten().filter(|point| self.shows(point))
    }

    fn shows(&self, [x, y]: &[f64; 2]) -> bool {
        x.is_finite() && y.is_finite() && (!self.log || *y > 0.0)
    }

    /// Lowest and highest value with a small margin.
    fn range(&self) -> (f64, f64) {
        let (low, high) = self.points().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), p| (low.min(p[1]), high.max(p[1])));
        match (low <= high, self.log) {
            (false, true) => (0.1, 1.0),
            (false, false) => (0.0, 1.0),
            (true, true) => (low / 1.1, high * 1.1),
            (true, false) => {
                let pad = if high > low { 0.05 * (high - low) } else { (0.05 * low.abs()).max(1e-9) };
                (low - pad, high + pad)
            }
        }
    }
}

impl Figure for CurvesFigure {
    fn panels(&self) -> usize {
        self.panels.len()
    }

    fn scene(&self, style: &FigureStyle) -> Scene {
        let (font, chrome) = (style.font_pt, palette::chrome(style.theme));
        let end = self.panels.iter().flat_map(CurvePanel::points).map(|point| point[0]).fold(0.0, f64::max);
        let end = if end > 0.0 { end } else { 1.0 };
        let probe = Axis::new(0.0, end, Spacing::Linear, self.across, 12.0 * font, font, true);
        let left = 3.9 * font;
        let margins =
            Margins { left, right: 0.8 * font, title: 1.7 * font, footer: 0.9 * font, bottom: bottom_margin(&probe, font), gap: left };
        let grid = PanelGrid::new(self.panels.len(), style, Aspect::Free(ASPECT), &margins);
        let entries = self.legend(&grid, font);
        let legend = entries.last().map_or(0.0, |entry| entry.1[1] + 0.9 * font);
        let mut scene = Scene::new(grid.width, grid.height + legend, chrome.background);
        for (name, [x, y], color) in entries {
            scene.line(vec![[x, y - 0.3 * font], [x + 1.6 * font, y - 0.3 * font]], palette::checkpoint(color, style.theme), 1.2);
            scene.text([x + 2.1 * font, y], name, font, Anchor::Start, chrome.text);
        }
        for (k, (panel, frame)) in self.panels.iter().zip(&grid.frames).enumerate() {
            let down = |[x, y]: [f64; 2]| [x, y + legend];
            let frame = Frame { from: down(frame.from), to: down(frame.to), ..*frame };
            let (low, high) = panel.range();
            let spacing = if panel.log { Spacing::Log } else { Spacing::Linear };
            let x = Axis::new(0.0, end, Spacing::Linear, self.across, frame.width(), font, true);
            let y = Axis::new(low, high, spacing, "", frame.height(), font, false);
            draw_title(&mut scene, &frame, &style.letter(k), None, &panel.title, font, &chrome);
            draw_x_axis(&mut scene, &frame, &x, font, &chrome, frame.lowest);
            draw_y_axis(&mut scene, &frame, &y, font, &chrome, true);
            for (curve, (_, color)) in panel.curves.iter().zip(&self.runs) {
                let color = palette::checkpoint(*color, style.theme);
                let at = |p: &[f64; 2]| frame.at(x.position(p[0]), y.position(p[1]));
                for part in curve.split(|point| !panel.shows(point)) {
                    for pair in part.windows(2) {
                        if let Some(segment) = clip_segment(at(&pair[0]), at(&pair[1]), frame.from, frame.to) {
                            scene.line(segment.to_vec(), color, 2.0 * HAIRLINE);
                        }
                    }
                }
            }
            scene.frame(frame.from, frame.to, chrome.line);
        }
        scene
    }
}

impl CurvesFigure {
    /// Name, baseline and colour of every run, in lines as wide as the figure.
    fn legend(&self, grid: &PanelGrid, font: f64) -> Vec<(String, [f64; 2], usize)> {
        let left = grid.frames.first().map_or(0.0, |frame| frame.from[0]);
        let (mut x, mut y) = (left, 1.1 * font);
        let mut entries = Vec::new();
        for (name, color) in &self.runs {
            let name = fit(name, font, false, 0.5 * grid.width);
            let width = 2.1 * font + text_width(&name, font, false);
            if x > left && x + width > grid.width {
                (x, y) = (left, y + 1.45 * font);
            }
            entries.push((name, [x, y], *color));
            x += width + 1.6 * font;
        }
        entries
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::figure::scene::Shape;

    fn figure(log: bool) -> CurvesFigure {
        let curve = |scale: f64| (0..20).map(|i| [f64::from(i), scale / f64::from(i)]).collect();
        let panel = |title: &str| CurvePanel { title: title.into(), log, curves: vec![curve(1.0), curve(3.0)] };
        CurvesFigure {
            runs: vec![("erm".into(), 0), ("dr_sam".into(), 1)],
            panels: ["Loss", "Gradient norm", "Learning rate"].map(panel).into(),
            across: "epoch",
        }
    }

    #[test]
    fn every_name_is_written_and_every_line_stays_in_its_figure() {
        for log in [false, true] {
            let scene = figure(log).scene(&FigureStyle::default());
            let texts: Vec<&str> = scene
                .shapes
                .iter()
                .filter_map(|shape| if let Shape::Text(text) = shape { Some(text.text.as_str()) } else { None })
                .collect();
            for text in ["erm", "dr_sam", "Loss", "Gradient norm", "Learning rate", "epoch"] {
                assert!(texts.contains(&text), "{text} in {texts:?}");
            }
            let inside = |[x, y]: &[f64; 2]| (0.0..=scene.width).contains(x) && (0.0..=scene.height).contains(y);
            for shape in &scene.shapes {
                if let Shape::Line { points, .. } = shape {
                    assert!(points.iter().all(inside), "{points:?} in {} × {}", scene.width, scene.height);
                }
            }
        }
    }

    #[test]
    fn infinities_are_gaps_and_an_empty_figure_is_drawn() {
        let segments = |figure: &CurvesFigure| {
            let color = palette::checkpoint(0, FigureStyle::default().theme);
            figure
                .scene(&FigureStyle::default())
                .shapes
                .iter()
                .filter(|s| matches!(s, Shape::Line { color: c, width, .. } if *c == color && *width < 1.2))
                .count()
        };
        // The first point of each curve is infinite: 18 segments between the 19 others.
        assert_eq!(segments(&figure(false)), 3 * 18);
        let empty = CurvesFigure { runs: Vec::new(), panels: Vec::new(), across: "step" };
        assert!(empty.to_svg(&FigureStyle::default()).unwrap().contains("<svg"));
    }
}
