//! [`Scene`]: a finished figure as shapes in points (1/72 inch), y downwards; SVG, PDF and PNG are renderings of it.

use plotters::style::{FontDesc, FontFamily, FontStyle};

use super::fonts::{FAMILY, LINE_HEIGHT_EM, register};
use super::palette::Rgb;
use super::setting;

/// The alignment of a text relative to its point, along its own direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// A line of text.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Text {
    /// Point on the baseline.
    pub at: [f64; 2],
    pub text: String,
    /// Size in points.
    pub size: f64,
    pub anchor: Anchor,
    pub bold: bool,
    /// Degrees clockwise around its point; −90 reads upwards.
    pub angle: f64,
    pub color: Rgb,
}

/// A shape of a scene; lengths in points.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shape {
    /// Filled rectangle from its upper left to its lower right corner.
    Rect { from: [f64; 2], to: [f64; 2], fill: Rgb },
    /// Filled polygon.
    Polygon { points: Vec<[f64; 2]>, fill: Rgb, opacity: f64 },
    /// Open line.
    Line { points: Vec<[f64; 2]>, color: Rgb, width: f64, opacity: f64 },
    /// Filled circle.
    Dot { center: [f64; 2], radius: f64, fill: Rgb, opacity: f64 },
    /// Text.
    Text(Text),
}

/// A finished figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    /// Width in points.
    pub(super) width: f64,
    /// Height in points.
    pub(super) height: f64,
    pub(super) background: Rgb,
    /// In drawing order.
    pub(super) shapes: Vec<Shape>,
}

/// The angle of text that reads upwards.
pub(super) const UPWARDS: f64 = -90.0;
/// Width of a hairline in points.
pub(super) const HAIRLINE: f64 = 0.5;

impl Scene {
    /// An empty scene.
    pub(super) fn new(width: f64, height: f64, background: Rgb) -> Self {
        Self { width, height, background, shapes: Vec::new() }
    }

    /// Moves all shapes; the page is not changed.
    pub(super) fn shift(&mut self, by: [f64; 2]) {
        if by == [0.0; 2] {
            return;
        }
        let shifted = |p: &mut [f64; 2]| *p = [p[0] + by[0], p[1] + by[1]];
        for shape in &mut self.shapes {
            match shape {
                Shape::Rect { from, to, .. } => [from, to].into_iter().for_each(shifted),
                Shape::Polygon { points, .. } | Shape::Line { points, .. } => points.iter_mut().for_each(shifted),
                Shape::Dot { center, .. } => shifted(center),
                Shape::Text(text) => shifted(&mut text.at),
            }
        }
    }

    pub(super) fn rect(&mut self, from: [f64; 2], to: [f64; 2], fill: Rgb) {
        self.shapes.push(Shape::Rect { from, to, fill });
    }

    pub(super) fn line(&mut self, points: Vec<[f64; 2]>, color: Rgb, width: f64) {
        self.shapes.push(Shape::Line { points, color, width, opacity: 1.0 });
    }

    pub(super) fn text(&mut self, at: [f64; 2], text: impl Into<String>, size: f64, anchor: Anchor, color: Rgb) {
        self.shapes.push(Shape::Text(Text { at, text: text.into(), size, anchor, bold: false, angle: 0.0, color }));
    }

    /// Text that is rotated by `angle` degrees clockwise around its centre at `at`.
    pub(super) fn turned(&mut self, at: [f64; 2], text: impl Into<String>, size: f64, angle: f64, color: Rgb) {
        // From the middle of the digits' height to the baseline, across the text.
        let (sin, cos) = angle.to_radians().sin_cos();
        let drop = 0.33 * size;
        let at = [at[0] - drop * sin, at[1] + drop * cos];
        self.shapes.push(Shape::Text(Text { at, text: text.into(), size, anchor: Anchor::Middle, bold: false, angle, color }));
    }

    pub(super) fn bold(&mut self, at: [f64; 2], text: impl Into<String>, size: f64, anchor: Anchor, color: Rgb) {
        self.shapes.push(Shape::Text(Text { at, text: text.into(), size, anchor, bold: true, angle: 0.0, color }));
    }

    pub(super) fn text_upwards(&mut self, at: [f64; 2], text: impl Into<String>, size: f64, color: Rgb) {
        let anchor = Anchor::Middle;
        self.shapes.push(Shape::Text(Text { at, text: text.into(), size, anchor, bold: false, angle: UPWARDS, color }));
    }

    /// A hairline frame.
    pub(super) fn frame(&mut self, from: [f64; 2], to: [f64; 2], color: Rgb) {
        let corners = vec![from, [to[0], from[1]], to, [from[0], to[1]], from];
        self.line(corners, color, HAIRLINE);
    }
}

/// Width of `text` in points at `size` points.
pub(super) fn text_width(text: &str, size: f64, bold: bool) -> f64 {
    if !setting::is_plain(text, bold) {
        return setting::width(text, bold) * size;
    }
    register();
    let style = if bold { FontStyle::Bold } else { FontStyle::Normal };
    let font = FontDesc::new(FontFamily::Name(FAMILY), 1000.0 * LINE_HEIGHT_EM, style);
    font.box_size(text).map_or(0.5 * text.chars().count() as f64, |(width, _)| f64::from(width) / 1000.0) * size
}

/// `text`, shortened with an ellipsis until it fits into `width` points.
pub(super) fn fit(text: &str, size: f64, bold: bool, width: f64) -> String {
    if text_width(text, size, bold) <= width {
        return text.into();
    }
    let mut kept: Vec<char> = text.chars().collect();
    while kept.pop().is_some() {
        let shorter = kept.iter().collect::<String>().trim_end().to_owned() + "…";
        if text_width(&shorter, size, bold) <= width {
            return shorter;
        }
    }
    String::new()
}

/// The part of the segment `from`–`to` inside the rectangle (Liang-Barsky); `None` when there is none.
pub(super) fn clip_segment(from: [f64; 2], to: [f64; 2], low: [f64; 2], high: [f64; 2]) -> Option<[[f64; 2]; 2]> {
    let (mut enter, mut leave) = (0.0_f64, 1.0_f64);
    for k in 0..2 {
        let delta = to[k] - from[k];
        if delta == 0.0 {
            if from[k] < low[k] || from[k] > high[k] {
                return None;
            }
            continue;
        }
        let (a, b) = ((low[k] - from[k]) / delta, (high[k] - from[k]) / delta);
        (enter, leave) = (enter.max(a.min(b)), leave.min(a.max(b)));
    }
    let at = |t: f64| [from[0] + t * (to[0] - from[0]), from[1] + t * (to[1] - from[1])];
    (enter < leave).then(|| [at(enter), at(leave)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_measured_with_the_bundled_font() {
        assert!((text_width("000", 10.0, false) - 14.91).abs() < 0.02);
        assert!(text_width("DR-SAM", 8.0, true) > text_width("DR-SAM", 8.0, false));
    }

    #[test]
    fn long_names_are_shortened_to_what_fits() {
        assert_eq!(fit("OE", 8.0, false, 100.0), "OE");
        let short = fit("oecc_cifar10_densenet_baseline", 8.0, false, 60.0);
        assert!(short.ends_with('…') && text_width(&short, 8.0, false) <= 60.0 && short.len() > 8);
        assert_eq!(fit("name", 8.0, false, 0.0), "");
    }

    #[test]
    fn segments_are_clipped_to_the_rectangle() {
        let clipped = clip_segment([-1.0, 0.5], [2.0, 0.5], [0.0, 0.0], [1.0, 1.0]).unwrap();
        assert!((clipped[0][0] - 0.0).abs() < 1e-12 && (clipped[1][0] - 1.0).abs() < 1e-12);
        assert_eq!(clip_segment([2.0, 0.0], [2.0, 1.0], [0.0, 0.0], [1.0, 1.0]), None);
    }
}
