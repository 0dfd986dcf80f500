//! [`PanelGrid`]: equal panels in rows, with space for titles and shared axes. [`Axis`]: a range, its ticks, its label.

use std::borrow::Cow;

use super::FigureStyle;
use super::palette::{self, Chrome, Rgb};
use super::scale::Spacing;
use super::scene::{Anchor, HAIRLINE, Scene, Shape, fit, text_width};
use super::tick::{Tick, linear_ticks, log_ticks};

/// Narrowest panel in em; more panels than fit go into further rows.
const MIN_PANEL_EM: f64 = 9.5;
/// Widest panel in em; a figure of few panels is narrower than the page.
const MAX_PANEL_EM: f64 = 26.0;
const MAX_COLUMNS: usize = 6;
/// Length of a tick in em.
const TICK_EM: f64 = 0.3;
/// Size of tick labels and notes relative to the font size.
pub(super) const SMALL: f64 = 0.875;

/// Margin in em at the left edge of a figure, which no text touches.
pub(super) const PAD: f64 = 0.25;

/// Space around and between panels, in points.
#[derive(Clone, Copy, Debug)]
pub(super) struct Margins {
    pub left: f64,
    pub right: f64,
    /// Above each panel.
    pub title: f64,
    /// Below each panel (for what belongs to the panel).
    pub footer: f64,
    /// Below the lowest row (for the shared axis).
    pub bottom: f64,
    /// Between columns.
    pub gap: f64,
}

/// A panel's frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Frame {
    /// Upper left corner.
    pub from: [f64; 2],
    /// Lower right corner.
    pub to: [f64; 2],
    /// Stands in the first column.
    pub first_column: bool,
    /// Has no panel below.
    pub lowest: bool,
}

impl Frame {
    pub(super) fn width(&self) -> f64 {
        self.to[0] - self.from[0]
    }

    pub(super) fn height(&self) -> f64 {
        self.to[1] - self.from[1]
    }

    /// The point at (x, y) in [0, 1]², y upwards.
    pub(super) fn at(&self, x: f64, y: f64) -> [f64; 2] {
        [self.from[0] + x * self.width(), self.to[1] - y * self.height()]
    }
}

/// Equal panels in rows.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PanelGrid {
    pub frames: Vec<Frame>,
    /// Width of the whole figure.
    pub width: f64,
    /// Height of the whole figure without notes.
    pub height: f64,
}

/// Height over width of a panel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Aspect {
    /// Fixed, because both axes have the same unit.
    Fixed(f64),
    /// A preference, which is changed to fit the height of a page.
    Free(f64),
}

impl PanelGrid {
    /// `count` panels of `aspect` on a page as wide as `style` says.
    pub(super) fn new(count: usize, style: &FigureStyle, aspect: Aspect, margins: &Margins) -> Self {
        let (count, font) = (count.max(1), style.font_pt);
        let inner = style.width_pt() - margins.left - margins.right;
        let fitting = ((inner + margins.gap) / (MIN_PANEL_EM * font + margins.gap)).floor() as usize;
        let rows = count.div_ceil(fitting.clamp(1, MAX_COLUMNS));
        let columns = count.div_ceil(rows);
        let widest = (inner - margins.gap * (columns - 1) as f64) / columns as f64;
        let (side, aspect) = match aspect {
            Aspect::Fixed(aspect) => (widest.min(MAX_PANEL_EM * font * style.panels), aspect),
            Aspect::Free(aspect) => (widest.min(MAX_PANEL_EM * font), aspect * style.panels),
        };
        let side = side.max(4.0 * font);
        let pitch = margins.title + side * aspect + margins.footer;
        let frame = |k: usize| {
            let (row, column) = (k / columns, k % columns);
            let from = [margins.left + column as f64 * (side + margins.gap), margins.title + row as f64 * pitch];
            Frame { from, to: [from[0] + side, from[1] + side * aspect], first_column: column == 0, lowest: k + columns >= count }
        };
        Self {
            frames: (0..count).map(frame).collect(),
            width: margins.left + columns as f64 * (side + margins.gap) - margins.gap + margins.right,
            height: rows as f64 * pitch + margins.bottom,
        }
    }

    /// Panels with space for the labels of their axes. The ticks depend on the panels and the margins on the ticks, so the panels are computed
    /// twice, first with estimated margins. `grid` takes the space of the axes at the left and below, `axes` takes a panel.
    pub(super) fn with_axes(font: f64, grid: impl Fn(f64, f64) -> Self, axes: impl Fn(&Frame) -> (Axis, Axis)) -> (Self, Axis, Axis) {
        let guess = axes(&grid(4.0 * font, 3.0 * font).frames[0]);
        let grid = grid(left_margin(&guess.1, font), bottom_margin(&guess.0, font));
        let (x, y) = axes(&grid.frames[0]);
        (grid, x, y)
    }

    /// Top of the first and bottom of the last row of panels.
    pub(super) fn vertical_extent(&self) -> (f64, f64) {
        let bottom = self.frames.iter().map(|f| f.to[1]).fold(0.0, f64::max);
        (self.frames.first().map_or(0.0, |f| f.from[1]), bottom)
    }
}

/// A range with round values and a label.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Axis {
    pub low: f64,
    pub high: f64,
    pub spacing: Spacing,
    pub ticks: Vec<Tick>,
    pub label: Cow<'static, str>,
}

impl Axis {
    /// An axis `length` points long with as many ticks (at most six) as its labels allow.
    pub(super) fn new(
        low: f64,
        high: f64,
        spacing: Spacing,
        label: impl Into<Cow<'static, str>>,
        length: f64,
        font: f64,
        horizontal: bool,
    ) -> Self {
        let mut axis = Self { low, high, spacing, ticks: Vec::new(), label: label.into() };
        for max in (2..=6).rev() {
            axis.ticks = match spacing {
                Spacing::Linear | Spacing::Symmetric => linear_ticks(low, high, max),
                Spacing::Log => log_ticks(low, high, max),
            };
            if axis.has_room(length, SMALL * font, horizontal) {
                break;
            }
        }
        axis
    }

    fn has_room(&self, length: f64, size: f64, horizontal: bool) -> bool {
        let extent = |tick: &Tick| if horizontal { text_width(&tick.label, size, false) } else { size };
        self.ticks.windows(2).all(|pair| {
            let distance = (self.position(pair[1].value) - self.position(pair[0].value)) * length;
            distance >= 0.5 * (extent(&pair[0]) + extent(&pair[1])) + 0.45 * size
        })
    }

    /// The position of `value`: 0 at the low and 1 at the high end, outside of [0, 1] beyond them.
    pub(super) fn position(&self, value: f64) -> f64 {
        match self.spacing {
            Spacing::Linear | Spacing::Symmetric => (value - self.low) / (self.high - self.low),
            Spacing::Log => (value / self.low).ln() / (self.high / self.low).ln(),
        }
    }

    /// Widest tick label in points.
    pub(super) fn label_width(&self, font: f64) -> f64 {
        self.ticks.iter().map(|t| text_width(&t.label, SMALL * font, false)).fold(0.0, f64::max)
    }
}

/// Space in points that a labelled vertical axis needs on its left.
fn left_margin(axis: &Axis, font: f64) -> f64 {
    let label = if axis.label.is_empty() { 0.0 } else { 1.35 * font };
    axis.label_width(font) + (TICK_EM + 0.3) * font + label + PAD * font
}

/// Space in points that a labelled horizontal axis needs below.
pub(super) fn bottom_margin(axis: &Axis, font: f64) -> f64 {
    (TICK_EM + 1.15 + if axis.label.is_empty() { 0.0 } else { 1.25 }) * font
}

/// Ticks and labels of the horizontal axis below `frame`; labels only if no panel is below.
pub(super) fn draw_x_axis(scene: &mut Scene, frame: &Frame, axis: &Axis, font: f64, chrome: &Chrome, labels: bool) {
    let tick = TICK_EM * font;
    for t in &axis.ticks {
        let [x, y] = frame.at(axis.position(t.value), 0.0);
        scene.line(vec![[x, y], [x, y + tick]], chrome.line, HAIRLINE);
        if labels {
            scene.text([x, y + tick + 0.95 * font], &t.label, SMALL * font, Anchor::Middle, chrome.muted);
        }
    }
    if labels && !axis.label.is_empty() {
        let [x, y] = frame.at(0.5, 0.0);
        scene.text([x, y + tick + 2.15 * font], axis.label.as_ref(), font, Anchor::Middle, chrome.text);
    }
}

/// Ticks and labels of the vertical axis left of `frame`; labels only in the first column.
pub(super) fn draw_y_axis(scene: &mut Scene, frame: &Frame, axis: &Axis, font: f64, chrome: &Chrome, labels: bool) {
    let tick = TICK_EM * font;
    for t in &axis.ticks {
        let [x, y] = frame.at(0.0, axis.position(t.value));
        scene.line(vec![[x - tick, y], [x, y]], chrome.line, HAIRLINE);
        if labels {
            scene.text([x - tick - 0.25 * font, y + 0.3 * font], &t.label, SMALL * font, Anchor::End, chrome.muted);
        }
    }
    if labels && !axis.label.is_empty() {
        let [x, y] = frame.at(0.0, 0.5);
        let label = fit(&axis.label, font, false, frame.height());
        scene.text_upwards([x - tick - 0.6 * font - axis.label_width(font), y], label, font, chrome.text);
    }
}

/// Draws above `frame`: its letter if it has one, a marker if it has a colour, and a name.
pub(super) fn draw_title(scene: &mut Scene, frame: &Frame, letter: &str, color: Option<Rgb>, name: &str, font: f64, chrome: &Chrome) {
    let [mut x, y] = [frame.from[0], frame.from[1] - 0.55 * font];
    if !letter.is_empty() {
        scene.text([x, y], letter, font, Anchor::Start, chrome.text);
        x += text_width(letter, font, false) + 0.5 * font;
    }
    if let Some(color) = color {
        let side = 0.62 * font;
        scene.rect([x, y - side], [x + side, y], color);
        x += side + 0.4 * font;
    }
    scene.bold([x, y], fit(name, font, true, frame.to[0] - x), font, Anchor::Start, chrome.text);
}

/// Space in points that [`draw_legend`] needs for names at the right of the panels.
pub(super) fn legend_width<'a>(names: impl Iterator<Item = &'a str>, style: &FigureStyle) -> f64 {
    let widest = names.map(|name| text_width(name, style.font_pt, false)).fold(0.0, f64::max);
    widest.min(0.3 * style.width_pt()) + 3.6 * style.font_pt
}

/// Checkpoints with the colours of their lines, in a column at the right of the panels; the scene is made high enough for it.
pub(super) fn draw_legend(scene: &mut Scene, grid: &PanelGrid, checkpoints: &[(&str, usize)], width: f64, style: &FigureStyle) {
    let (font, chrome) = (style.font_pt, palette::chrome(style.theme));
    let left = grid.frames.iter().map(|frame| frame.to[0]).fold(0.0, f64::max) + 0.9 * font;
    let (top, _) = grid.vertical_extent();
    for (k, (name, color)) in checkpoints.iter().enumerate() {
        let line = top + (k as f64 + 0.7) * 1.45 * font;
        scene.line(vec![[left, line - 0.3 * font], [left + 1.6 * font, line - 0.3 * font]], palette::checkpoint(*color, style.theme), 1.2);
        scene.text([left + 2.1 * font, line], fit(name, font, false, width - 3.6 * font), font, Anchor::Start, chrome.text);
    }
    scene.height = scene.height.max(top + checkpoints.len() as f64 * 1.45 * font + SMALL * font);
}

/// Names with the colours of their dots, in rows below the panels; the scene is made higher by their height.
pub(super) fn draw_dots(scene: &mut Scene, names: impl Iterator<Item = (String, Rgb)>, style: &FigureStyle) {
    let (font, chrome) = (style.font_pt, palette::chrome(style.theme));
    let start = PAD * font;
    let (mut x, mut y) = (start, scene.height + 0.9 * font);
    for (name, color) in names {
        let width = 0.9 * font + text_width(&name, font, false);
        if x > start && x + width > scene.width {
            (x, y) = (start, y + 1.4 * font);
        }
        let center = [x + 0.35 * font, y - 0.3 * font];
        scene.shapes.push(Shape::Dot { center, radius: 0.3 * font, fill: color, opacity: 1.0 });
        scene.text([x + 0.9 * font, y], name, font, Anchor::Start, chrome.text);
        x += width + 1.6 * font;
    }
    scene.height = y + 0.6 * font;
}

/// `text` in lines no wider than `width`.
pub(super) fn wrap(text: &str, size: f64, width: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ').filter(|w| !w.is_empty()) {
        let longer = lines.last().map(|line| format!("{line} {word}")).filter(|longer| text_width(longer, size, false) <= width);
        match (longer, lines.last_mut()) {
            (Some(longer), Some(line)) => *line = longer,
            _ => lines.push(word.into()),
        }
    }
    lines
}

/// Writes `note` in small type at the bottom and makes the scene higher by its height.
pub(super) fn draw_note(scene: &mut Scene, note: &str, font: f64, chrome: &Chrome) {
    let size = SMALL * font;
    let top = scene.height;
    let pad = PAD * font;
    let lines = wrap(note, size, scene.width - 2.0 * pad);
    for (k, line) in lines.iter().enumerate() {
        let line = line.trim_end_matches(" ·");
        scene.text([pad, top + (k as f64 + 0.95) * 1.25 * size], line, size, Anchor::Start, chrome.muted);
    }
    scene.height += (lines.len() as f64 * 1.25 + 0.3) * size;
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARGINS: Margins = Margins { left: 30.0, right: 20.0, title: 12.0, footer: 4.0, bottom: 20.0, gap: 8.0 };

    fn rows(grid: &PanelGrid) -> Vec<usize> {
        let mut tops: Vec<f64> = grid.frames.iter().map(|f| f.from[1]).collect();
        tops.dedup();
        tops.iter().map(|top| grid.frames.iter().filter(|f| f.from[1] == *top).count()).collect()
    }

    #[test]
    fn panels_are_equal_and_wrap_evenly() {
        for (count, expected) in [(1, vec![1]), (2, vec![2]), (5, vec![5]), (8, vec![4, 4]), (7, vec![4, 3]), (11, vec![4, 4, 3])] {
            let grid = PanelGrid::new(count, &FigureStyle::default(), Aspect::Fixed(1.0), &MARGINS);
            assert_eq!(rows(&grid), expected, "{count} panels");
            let side = grid.frames[0].width();
            assert!(grid.frames.iter().all(|f| (f.width() - side).abs() < 1e-9 && (f.height() - side).abs() < 1e-9));
            assert!(grid.width <= 511.0 && grid.frames.iter().all(|f| f.to[0] <= grid.width && f.to[1] <= grid.height));
        }
    }

    #[test]
    fn the_lowest_panel_of_each_column_is_known() {
        let grid = PanelGrid::new(7, &FigureStyle::default(), Aspect::Fixed(1.0), &MARGINS);
        let lowest: Vec<bool> = grid.frames.iter().map(|f| f.lowest).collect();
        assert_eq!(lowest, [false, false, false, true, true, true, true]);
    }

    #[test]
    fn ticks_give_way_where_there_is_no_room() {
        let wide = Axis::new(-1.05, 1.05, Spacing::Linear, "α", 200.0, 8.0, true);
        let narrow = Axis::new(-1.05, 1.05, Spacing::Linear, "α", 40.0, 8.0, true);
        assert_eq!(wide.ticks.len(), 5);
        assert_eq!(narrow.ticks.len(), 3);
    }

    #[test]
    fn notes_are_wrapped() {
        let lines = wrap("one two three four five six", 8.0, 40.0);
        assert!(lines.len() > 2 && lines.iter().all(|l| text_width(l, 8.0, false) <= 40.0));
        assert_eq!(lines.join(" "), "one two three four five six");
    }
}
