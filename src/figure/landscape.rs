//! [`LandscapeFigure`]: loss surfaces side by side on shared axes and one colour scale.

use super::class_colors::{ClassColors, Coloring, class_borders};
use super::colormap::{Colormap, ColormapTable, chosen};
use super::contour::surface_contours;
use super::contour_label::label_contours;
use super::layout::{Aspect, Axis, Frame, Margins, PanelGrid, draw_dots, draw_note, draw_title, draw_x_axis, draw_y_axis};
use super::palette::{self, Chrome, Rgb};
use super::scale::{ColorScale, Spacing, cell_edges};
use super::scene::{Anchor, HAIRLINE, Scene, Shape, clip_segment, text_width};
use super::{Figure, FigureStyle, Panel, projections};
use flatland_core::result::{CellStatus, ErrorKind, InputRecord, LandscapeManifest, LossSurface, Quantity};
use flatland_core::session::{DirectionSettings, ErrorShown, LandscapeView};

/// Size of the labels of contour lines, relative to the font size.
const LABEL: f64 = 0.72;
/// Largest number of ticks of the colour bar.
const BAR_TICKS: usize = 7;
/// Overlap of neighbouring rectangles in points: a pixel at 72 dots per inch, the coarsest rendering of an SVG.
const OVERLAP: f64 = 1.0;

/// Loss surfaces of several checkpoints: a panel each, shared axes, shared colours, contour lines at equal steps of the
/// scale. Pending cells are hatched, estimated cells are dotted, cells whose loss is not finite are cross-hatched.
#[derive(Clone, Debug)]
pub struct LandscapeFigure<'a> {
    /// One panel per checkpoint.
    pub panels: Vec<Panel<'a, LossSurface>>,
    /// Colours of the values.
    pub colormap: Colormap,
    /// Their range; `None` while there is no value, or if values are classes.
    pub scale: Option<ColorScale>,
    /// Colours of classes, if values are classes.
    pub classes: Option<ClassColors>,
    /// Number of contour levels.
    pub contours: usize,
    /// Whether contour lines are labelled with their values.
    pub labels: bool,
}

/// Space that a colour bar needs.
pub(super) struct Bar {
    pub(super) scale: Option<ColorScale>,
    /// Width of the widest label.
    labels: f64,
    /// Width of everything.
    pub(super) room: f64,
}

impl<'a> LandscapeFigure<'a> {
    /// In colours that are chosen from the values, with eleven labelled contour levels.
    pub fn new(panels: Vec<Panel<'a, LossSurface>>) -> Self {
        Self::viewed(panels, &LandscapeView::default())
    }

    /// In the colours of a session's view, which keeps them by quantity.
    pub fn viewed(panels: Vec<Panel<'a, LossSurface>>, view: &LandscapeView) -> Self {
        let surfaces: Vec<&LossSurface> = panels.iter().map(|panel| panel.result).collect();
        let settings = surfaces.first().map(|surface| view.colors(&surface.value_key())).unwrap_or_default();
        let colormap = surfaces.first().map_or_else(Colormap::default, |surface| chosen(surface, &settings));
        let classes = ClassColors::of(surfaces.iter().copied()).filter(|_| !surfaces.is_empty());
        let scale = if classes.is_some() { None } else { ColorScale::chosen(&surfaces, &settings) };
        Self { colormap, scale, classes, contours: 11, labels: view.contour_labels, panels }
    }

    /// The labels of the axes.
    fn axis_labels(&self) -> [&'static str; 2] {
        let input = self.panels.first().and_then(|panel| panel.result.manifest.input.as_ref());
        input.map_or(["α", "β"], InputRecord::axis_labels)
    }

    fn coloring(&self, style: &FigureStyle) -> Option<Coloring> {
        match &self.classes {
            Some(classes) => Some(Coloring::Classes(classes.clone(), style.theme)),
            None => self.scale.map(|scale| Coloring::Scale(scale, self.colormap)),
        }
    }

    fn label(&self) -> String {
        self.panels.first().map_or_else(String::new, |panel| panel.result.value_label())
    }

    /// Smallest and largest cell edge of all surfaces.
    fn extent(&self, axis: impl Fn(&LossSurface) -> &[f64]) -> (f64, f64) {
        let edges = self.panels.iter().flat_map(|panel| cell_edges(axis(panel.result)));
        let (low, high) = edges.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), edge| (low.min(edge), high.max(edge)));
        if low < high { (low, high) } else { (-1.0, 1.0) }
    }

    /// The note below. In surfaces, cells without a value are holes.
    pub(super) fn note(&self, scale: Option<&ColorScale>, is_relief: bool) -> String {
        let Some(first) = self.panels.first().map(|panel| &panel.result.manifest) else { return String::new() };
        let mut notes = vec![first.measured_on()];
        if self.panels.iter().any(|p| p.result.manifest.measured_on() != first.measured_on()) {
            let each = self.panels.iter().map(|p| (&p.result.manifest, p.name));
            notes = vec![each.map(|(m, name)| format!("{name}: {}", m.measured_on())).collect::<Vec<_>>().join("; ")];
        }
        if !first.ood.is_empty()
            && self.panels.iter().any(|panel| panel.result.quantity.is_some_and(|quantity| quantity != Quantity::Energy))
        {
            notes.push(format!("SS: {}, n = {}", first.ood.join(" + "), first.ood_samples));
        }
        match first.definition.as_str() {
            "li2018" => notes.push("filter-normalized directions".into()),
            "line" | "checkpoints" => notes.push("plane through checkpoints".into()),
            "trajectory" => {
                let shares = first.plane.iter().flat_map(|plane| &plane.explained_variance).take(2);
                let shares: Vec<String> = shares.map(|share| format!("{:.0} %", 100.0 * share)).collect();
                notes.push(format!("principal components of the trajectory ({} of its variance)", shares.join(" + ")));
            }
            "input" => notes.extend(first.input.iter().map(|input| input_note(input, first.seed))),
            "" | "file" => {}
            other => notes.push(format!("directions: {other}")),
        }
        notes.extend(filters(first));
        let records = || self.panels.iter().filter_map(|panel| panel.result.manifest.plane.as_ref());
        if records().flat_map(|record| record.points.iter().chain(&record.trajectory)).any(|point| point.off_plane() >= 0.01) {
            notes.push("% off: share of a checkpoint's distance from θ outside of the plane".into());
        }
        let outside: Vec<&str> =
            records().flat_map(|record| projections::outside(record, self.extent(|s| &s.alpha), self.extent(|s| &s.beta))).collect();
        if !outside.is_empty() {
            notes.push(format!("outside of the axes: {}", outside.join(", ")));
        }
        let cells = |status| self.panels.iter().any(|p| (0..p.result.count.len()).any(|k| p.result.status(k) == status));
        let [below, above] = scale.map_or([0; 2], |scale| scale.clipped(self.panels.iter().map(|panel| panel.result)));
        for (cells, word) in [(above, "above"), (below, "below")].into_iter().filter(|(cells, _)| *cells > 0) {
            notes.push(format!("{cells} cells {word} the colour range"));
        }
        if is_relief {
            if cells(CellStatus::Pending) || cells(CellStatus::NonFinite) {
                notes.push("open: not computed or not finite".into());
            }
            return notes.join(" · ");
        }
        if cells(CellStatus::Pending) {
            notes.push("hatched: not computed".into());
        }
        if self.panels.iter().any(|panel| panel.result.is_difference() && panel.result.manifest.input.is_none()) {
            notes.push("dotted: within two standard errors of 0, image by image".into());
        }
        if cells(CellStatus::Estimated) {
            notes.push("dotted: estimated, not computed".into());
        }
        if cells(CellStatus::NonFinite) {
            notes.push("cross-hatched: not finite".into());
        }
        notes.join(" · ")
    }
}

impl Figure for LandscapeFigure<'_> {
    fn panels(&self) -> usize {
        self.panels.len()
    }

    fn scene(&self, style: &FigureStyle) -> Scene {
        let (font, chrome) = (style.font_pt, palette::chrome(style.theme));
        let (alpha, beta) = (self.extent(|s| &s.alpha), self.extent(|s| &s.beta));
        let [along_x, along_y] = self.axis_labels();
        // Equal units on both axes, within limits.
        let aspect = ((beta.1 - beta.0) / (alpha.1 - alpha.0)).clamp(0.5, 2.0);
        let bar = self.bar(font);
        let scale = self.scale;
        let coloring = self.coloring(style);
        let axes = |frame: &Frame| {
            let x = Axis::new(alpha.0, alpha.1, Spacing::Linear, along_x, frame.width(), font, true);
            (x, Axis::new(beta.0, beta.1, Spacing::Linear, along_y, frame.height(), font, false))
        };
        let grid = |left: f64, bottom: f64| {
            let margins =
                Margins { left, right: bar.room, title: 1.75 * font, footer: 0.6 * font, bottom: bottom - 0.6 * font, gap: 1.4 * font };
            PanelGrid::new(self.panels.len(), style, Aspect::Fixed(aspect), &margins)
        };
        let (grid, x, y) = PanelGrid::with_axes(font, grid, axes);

        let mut scene = Scene::new(grid.width, grid.height, chrome.background);
        for (k, (panel, frame)) in self.panels.iter().zip(&grid.frames).enumerate() {
            let plane = Plane { frame, x: &x, y: &y, chrome: &chrome, font };
            plane.draw_cells(&mut scene, panel.result, coloring.as_ref());
            if let Some(scale) = &scale {
                plane.draw_contours(&mut scene, panel.result, scale, self);
            }
            plane.draw_center(&mut scene);
            if let Some(record) = &panel.result.manifest.plane {
                projections::draw(&mut scene, frame, record, |alpha, beta| Some(plane.at(alpha, beta)), font);
            }
            scene.frame(frame.from, frame.to, chrome.line);
            draw_title(&mut scene, frame, &style.letter(k), Some(palette::checkpoint(panel.color, style.theme)), panel.name, font, &chrome);
            draw_x_axis(&mut scene, frame, &x, font, &chrome, frame.lowest);
            draw_y_axis(&mut scene, frame, &y, font, &chrome, frame.first_column);
        }
        let (top, bottom) = grid.vertical_extent();
        self.draw_bar(&mut scene, &bar, [grid.width - bar.room + 1.3 * font, top, bottom], font, &chrome);
        if let Some(classes) = &self.classes {
            let name = |class: usize| self.panels.first().map_or(String::new(), |panel| panel.result.class_name(class));
            let color = |class: usize| classes.color(class as f64, style.theme).unwrap_or(chrome.empty);
            draw_dots(&mut scene, classes.classes().map(|class| (name(class), color(class))), style);
        }
        draw_note(&mut scene, &self.note(scale.as_ref(), false), font, &chrome);
        scene
    }
}

/// What filters and 1-D tensors are, where the session says so and random directions are drawn.
fn filters(manifest: &LandscapeManifest) -> Option<String> {
    let job = manifest.recipe.as_ref().filter(|job| job["directions"].is_null())?;
    serde_json::from_value::<DirectionSettings>(job["plane"]["directions"].clone()).ok()?.filter_label()
}

/// A description of a plane in input space.
fn input_note(input: &InputRecord, seed: u64) -> String {
    let cut = if input.clamp { "cut off at 0 and 1" } else { "not cut off" };
    format!("input space: x + αd₁ + βd₂, pixels in [0, 1], {cut}; {}, seed {seed}", input.directions())
}

/// One panel's plane.
struct Plane<'a> {
    frame: &'a Frame,
    x: &'a Axis,
    y: &'a Axis,
    chrome: &'a Chrome,
    font: f64,
}

impl Plane<'_> {
    fn at(&self, alpha: f64, beta: f64) -> [f64; 2] {
        self.frame.at(self.x.position(alpha), self.y.position(beta))
    }

    fn draw_cells(&self, scene: &mut Scene, surface: &LossSurface, coloring: Option<&Coloring>) {
        let (alpha, beta) = (cell_edges(&surface.alpha), cell_edges(&surface.beta));
        let (Some(last_alpha), Some(last_beta)) = (alpha.last(), beta.last()) else { return };
        let limit = self.at(*last_alpha, *last_beta);
        for i in 0..surface.alpha.len() {
            // Neighbours of one kind in a column are drawn as one rectangle.
            let kind = |j: usize| Kind::of(surface, i * surface.beta.len() + j, coloring);
            let mut j = 0;
            while j < surface.beta.len() {
                let kind_here = kind(j);
                let end = (j + 1..surface.beta.len()).find(|&k| kind(k) != kind_here).unwrap_or(surface.beta.len());
                let ([left, bottom], [right, top]) = (self.at(alpha[i], beta[j]), self.at(alpha[i + 1], beta[end]));
                // Overlap to the right and upwards, where the next rectangle is drawn, hides seams between rectangles.
                let (from, to) = ([left, (top - OVERLAP).max(limit[1])], [(right + OVERLAP).min(limit[0]), bottom]);
                match kind_here {
                    Kind::Value(color) => scene.rect(from, to, color),
                    Kind::Dotted(color) => {
                        scene.rect(from, to, color);
                        for &beta in &surface.beta[j..end] {
                            let fill = palette::ink_on(color);
                            let center = self.at(surface.alpha[i], beta);
                            scene.shapes.push(Shape::Dot { center, radius: HAIRLINE, fill, opacity: 0.7 });
                        }
                    }
                    Kind::Pending => {
                        scene.rect(from, to, self.chrome.empty);
                        self.hatch(scene, [left, top], [right, bottom], 0.42, false);
                    }
                    Kind::NonFinite => {
                        scene.rect(from, to, self.chrome.empty);
                        self.hatch(scene, [left, top], [right, bottom], 0.3, false);
                        self.hatch(scene, [left, top], [right, bottom], 0.3, true);
                    }
                }
                j = end;
            }
        }
        if let Some(Coloring::Classes(..)) = coloring {
            for [from, to] in class_borders(surface, &alpha, &beta) {
                scene.line(vec![self.at(from[0], from[1]), self.at(to[0], to[1])], self.chrome.text, 0.8 * HAIRLINE);
            }
        }
    }

    /// Parallel lines at 45° over a rectangle, at the same places in every rectangle so that they continue.
    fn hatch(&self, scene: &mut Scene, from: [f64; 2], to: [f64; 2], step_em: f64, falling: bool) {
        let step = step_em * self.font * std::f64::consts::SQRT_2;
        let sign = if falling { -1.0 } else { 1.0 };
        let sums = [from[0] + sign * from[1], to[0] + sign * from[1], from[0] + sign * to[1], to[0] + sign * to[1]];
        let (low, high) = sums.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), &s| (l.min(s), h.max(s)));
        for k in (low / step).ceil() as i64..=(high / step).floor() as i64 {
            let sum = k as f64 * step;
            let ends = [from[1] - 1.0, to[1] + 1.0].map(|y| [sum - sign * y, y]);
            if let Some(segment) = clip_segment(ends[0], ends[1], from, to) {
                scene.line(segment.to_vec(), self.chrome.hatch, 0.7 * HAIRLINE);
            }
        }
    }

    fn draw_contours(&self, scene: &mut Scene, surface: &LossSurface, scale: &ColorScale, figure: &LandscapeFigure<'_>) {
        let color = |level: f64| figure.colormap.color(scale.position(level).unwrap_or(0.0));
        let lines = surface_contours(surface, scale, &scale.levels(figure.contours));
        let drawn: Vec<Vec<[f64; 2]>> = lines.iter().map(|line| line.points.iter().map(|p| self.at(p[0], p[1])).collect()).collect();
        for (line, points) in lines.iter().zip(&drawn) {
            scene.shapes.push(contour_ink(points.clone(), color(line.level)));
        }
        if !figure.labels {
            return;
        }
        let size = LABEL * self.font;
        let room = |text: &str| [text_width(text, size, false) + 0.5 * size, 0.95 * size];
        let marks = surface.manifest.marked().into_iter();
        let taken: Vec<([f64; 2], f64)> = marks.map(|[alpha, beta]| (self.at(alpha, beta), 0.55 * self.font)).collect();
        for label in label_contours(&lines, &drawn, room, [self.frame.from, self.frame.to], &taken) {
            let (level, text) = (lines[label.line].level, lines[label.line].text());
            let [width, height] = room(&text);
            let (sin, cos) = label.angle.sin_cos();
            let corner = |x: f64, y: f64| [label.at[0] + x * cos - y * sin, label.at[1] + x * sin + y * cos];
            let (w, h) = (0.5 * width, 0.5 * height);
            let points = vec![corner(-w, -h), corner(w, -h), corner(w, h), corner(-w, h)];
            scene.shapes.push(Shape::Polygon { points, fill: color(level), opacity: 0.85 });
            let ink = palette::ink_on(color(level));
            scene.turned(label.at, text, size, label.angle.to_degrees(), ink);
        }
    }

    /// A small cross at θ itself.
    fn draw_center(&self, scene: &mut Scene) {
        let [x, y] = self.at(0.0, 0.0);
        let arm = 0.32 * self.font;
        let inside = |v: f64, low: f64, high: f64| v >= low && v <= high;
        if !(inside(x, self.frame.from[0], self.frame.to[0]) && inside(y, self.frame.from[1], self.frame.to[1])) {
            return;
        }
        for (color, width, extra) in [([0; 3], 1.5, 0.3), ([255; 3], 0.7, 0.0)] {
            let arm = arm + extra;
            scene.line(vec![[x - arm, y], [x + arm, y]], color, width);
            scene.line(vec![[x, y - arm], [x, y + arm]], color, width);
        }
    }
}

/// How a cell is drawn.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Value(Rgb),
    /// Estimated, or a difference that is not significant.
    Dotted(Rgb),
    Pending,
    NonFinite,
}

impl Kind {
    fn of(surface: &LossSurface, k: usize, coloring: Option<&Coloring>) -> Self {
        let color = || surface.known_loss(k).and_then(|(loss, _)| coloring?.color(loss));
        match (surface.status(k), color()) {
            (CellStatus::Exact, Some(color)) if surface.is_unsure(k) => Kind::Dotted(color),
            (CellStatus::Exact, Some(color)) => Kind::Value(color),
            (CellStatus::Estimated, Some(color)) => Kind::Dotted(color),
            (CellStatus::Pending, _) | (CellStatus::Estimated, None) => Kind::Pending,
            (CellStatus::NonFinite | CellStatus::Exact, _) => Kind::NonFinite,
        }
    }
}

/// A contour line over this colour.
pub(super) fn contour_ink(points: Vec<[f64; 2]>, over: Rgb) -> Shape {
    Shape::Line { points, color: palette::ink_on(over), width: 0.8 * HAIRLINE, opacity: 0.6 }
}

impl LandscapeFigure<'_> {
    pub(super) fn bar(&self, font: f64) -> Bar {
        let ticks = self.scale.map(|scale| scale.ticks(BAR_TICKS)).unwrap_or_default();
        let labels = ticks.iter().map(|t| text_width(&t.label, super::layout::SMALL * font, false)).fold(0.0, f64::max);
        Bar { scale: self.scale, labels, room: if self.scale.is_some() { labels + 4.0 * font } else { 0.5 * font } }
    }

    /// The colour bar at [left, top, bottom], with the contour levels on it and marks where cells lie beyond it.
    pub(super) fn draw_bar(&self, scene: &mut Scene, bar: &Bar, [left, top, bottom]: [f64; 3], font: f64, chrome: &Chrome) {
        let Some(scale) = bar.scale else { return };
        let right = left + 0.8 * font;
        let y = |t: f64| bottom - t * (bottom - top);
        for (k, color) in self.colormap.table().iter().enumerate() {
            let (low, high) = (y(k as f64 / 256.0), y((k + 1) as f64 / 256.0));
            scene.rect([left, (high - OVERLAP).max(top)], [right, low], *color);
        }
        for level in scale.levels(self.contours) {
            let t = scale.position(level).unwrap_or(0.0);
            scene.shapes.push(contour_ink(vec![[left, y(t)], [right, y(t)]], self.colormap.color(t)));
        }
        scene.frame([left, top], [right, bottom], chrome.line);
        let clipped = scale.clipped(self.panels.iter().map(|panel| panel.result));
        for (cells, end, away, t) in [(clipped[0], bottom, 1.0, 0.0), (clipped[1], top, -1.0, 1.0)] {
            if cells > 0 {
                let (base, tip) = (end + 0.12 * font * away, end + 0.7 * font * away);
                let points = vec![[left, base], [right, base], [0.5 * (left + right), tip]];
                scene.line([points.clone(), vec![points[0]]].concat(), chrome.line, HAIRLINE);
                scene.shapes.push(Shape::Polygon { points, fill: self.colormap.color(t), opacity: 1.0 });
            }
        }
        for tick in scale.ticks(BAR_TICKS) {
            let y = y(scale.position(tick.value).unwrap_or(0.0));
            scene.line(vec![[right, y], [right + 0.3 * font, y]], chrome.line, HAIRLINE);
            scene.text([right + 0.55 * font, y + 0.3 * font], tick.label, super::layout::SMALL * font, Anchor::Start, chrome.muted);
        }
        scene.text_upwards([right + bar.labels + 1.6 * font, 0.5 * (top + bottom)], self.label(), font, chrome.text);
    }
}

/// The standard errors that a view shows instead of the values.
pub fn error_kind(shown: ErrorShown) -> ErrorKind {
    match shown {
        ErrorShown::Absolute => ErrorKind::Absolute,
        ErrorShown::Relative => ErrorKind::Relative,
    }
}
