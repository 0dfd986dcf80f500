//! [`Picture`]: a landscape as a texture with its contour lines, created again only when the surface or the shared scale changes.

use crate::figure::ColormapTable as _;
use egui::epaint::TextShape;
use egui::{Color32, ColorImage, Context, FontFamily, FontId, Galley, Rect, Shape, Stroke, TextureHandle, TextureOptions, pos2, vec2};
use std::sync::Arc;

use super::hatch;
use crate::figure::{Coloring, ContourLine, PlacedLabel, cell_edges, class_borders, label_contours, palette, surface_contours};
use crate::ui::state::store::Landscape;
use crate::ui::style::theme::Palette;
use crate::ui::style::widget::axes::Canvas;
use flatland_core::result::{CellStatus, LossSurface};

/// Number of pixels along each side.
const PIXELS: usize = 192;

/// A picture of a surface.
#[derive(Default)]
pub struct Picture {
    texture: Option<TextureHandle>,
    made_from: Option<(u64, Coloring)>,
    contours: Vec<ContourLine>,
    labels: Labels,
    /// Cells that are computed but not finite: [α low, α high, β low, β high].
    non_finite: Vec<[f64; 4]>,
    /// Estimated cells, and differences within two standard errors of 0: (α, β) and whether their colour is bright.
    estimated: Vec<([f64; 2], bool)>,
    /// [α low, α high, β low, β high]
    extent: [f64; 4],
    /// Edges between cells of different classes, from and to in (α, β).
    borders: Vec<[[f64; 2]; 2]>,
}

/// Positions of the values on contour lines, for one view of the plane.
#[derive(Default)]
struct Labels {
    /// The inputs of the positions: two corners of the data on the screen, the frame, and the discs that must stay clear.
    placed_for: Option<([egui::Pos2; 2], Rect, Vec<[f64; 2]>)>,
    placed: Vec<PlacedLabel>,
}

impl Picture {
    /// Creates again what is out of date.
    pub fn refresh(&mut self, ctx: &Context, name: &str, landscape: &Landscape, coloring: &Coloring, levels: &[f64]) {
        if self.made_from.as_ref().is_some_and(|(revision, colors)| *revision == landscape.revision && colors == coloring) {
            return;
        }
        let surface = &landscape.surface;
        let (x, y) = (cells(&surface.alpha), cells(&surface.beta));
        self.extent = [x[0], x[x.len() - 1], y[0], y[y.len() - 1]];
        let image = paint(surface, coloring, self.extent);
        match &mut self.texture {
            Some(texture) => texture.set(image, TextureOptions::LINEAR),
            None => self.texture = Some(ctx.load_texture(format!("landscape of {name}"), image, TextureOptions::LINEAR)),
        }
        (self.contours, self.borders) = match coloring {
            Coloring::Scale(scale, _) => (surface_contours(surface, scale, levels), Vec::new()),
            Coloring::Classes(..) => (Vec::new(), class_borders(surface, &x, &y)),
        };
        let broken = |k: &usize| surface.status(*k) == CellStatus::NonFinite;
        self.non_finite = (0..surface.loss.len())
            .filter(broken)
            .map(|k| (k / surface.beta.len(), k % surface.beta.len()))
            .map(|(i, j)| [x[i], x[i + 1], y[j], y[j + 1]])
            .collect();
        let node = |k: usize| [surface.alpha[k / surface.beta.len()], surface.beta[k % surface.beta.len()]];
        let bright = |k: usize| surface.known_loss(k).and_then(|(loss, _)| coloring.color(loss)).is_some_and(is_bright);
        let estimated = (0..surface.loss.len()).filter(|&k| surface.status(k) == CellStatus::Estimated || surface.is_unsure(k));
        let estimated = estimated.map(|k| (node(k), bright(k))).collect();
        self.estimated = estimated;
        self.labels = Labels::default();
        self.made_from = Some((landscape.revision, coloring.clone()));
    }

    /// Revision of the surface that it shows.
    pub fn revision(&self) -> Option<u64> {
        self.made_from.as_ref().map(|(revision, _)| *revision)
    }

    /// Draws colours, hatching of cells that are not finite, dots on estimated cells, and contour lines.
    pub fn paint(&self, canvas: &Canvas, chrome: &Palette) {
        let (Some(texture), Some((_, coloring))) = (&self.texture, &self.made_from) else { return };
        for [left, right, low, high] in &self.non_finite {
            let rect = Rect::from_two_pos(canvas.at(*left, *low), canvas.at(*right, *high));
            canvas.painter.rect_filled(rect, 0.0, chrome.non_finite.0);
            hatch::non_finite(&canvas.painter, rect, Stroke::new(1.0, chrome.non_finite.1));
        }
        let [left, right, low, high] = self.extent;
        let rect = Rect::from_two_pos(canvas.at(left, low), canvas.at(right, high));
        canvas.painter.image(texture.id(), rect, Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0)), Color32::WHITE);
        let ink = |bright: bool| if bright { Color32::from_black_alpha(120) } else { Color32::from_white_alpha(120) };
        for ([alpha, beta], bright) in &self.estimated {
            canvas.painter.circle_filled(canvas.at(*alpha, *beta), 1.0, ink(*bright));
        }
        for line in &self.contours {
            let ink = ink(coloring.color(line.level).is_some_and(is_bright));
            let points = line.points.iter().map(|[alpha, beta]| canvas.at(*alpha, *beta)).collect();
            canvas.painter.add(Shape::line(points, Stroke::new(1.0, ink)));
        }
        for ends in &self.borders {
            canvas.painter.line_segment(ends.map(|[alpha, beta]| canvas.at(alpha, beta)), Stroke::new(1.0, chrome.strong));
        }
    }

    /// Draws the values on the contour lines, on a background of the colours around them; the discs at `clear` (α, β) stay clear.
    pub fn label(&mut self, canvas: &Canvas, clear: Vec<[f64; 2]>) {
        let Some((_, coloring)) = &self.made_from else { return };
        let font = FontId::new(10.0, FontFamily::Proportional);
        let ink = |level: f64| {
            let color = coloring.color(level).unwrap_or_default();
            (color, palette::ink_on(color))
        };
        let galley = |text: String, [r, g, b]: palette::Rgb| -> Arc<Galley> {
            canvas.painter.layout_no_wrap(text, font.clone(), Color32::from_rgb(r, g, b))
        };
        let seen = ([canvas.at(self.extent[0], self.extent[2]), canvas.at(self.extent[1], self.extent[3])], canvas.rect(), clear);
        if self.labels.placed_for.as_ref() != Some(&seen) {
            let point = |at: egui::Pos2| [f64::from(at.x), f64::from(at.y)];
            let lines: Vec<Vec<[f64; 2]>> =
                self.contours.iter().map(|line| line.points.iter().map(|[a, b]| point(canvas.at(*a, *b))).collect()).collect();
            let room = |text: &str| {
                let size = galley(text.to_owned(), [0; 3]).size();
                [f64::from(size.x) + 5.0, f64::from(size.y) - 2.0]
            };
            let taken: Vec<([f64; 2], f64)> = seen.2.iter().map(|[a, b]| (point(canvas.at(*a, *b)), 9.0)).collect();
            let frame = [point(canvas.rect().min), point(canvas.rect().max)];
            self.labels.placed = label_contours(&self.contours, &lines, room, frame, &taken);
            self.labels.placed_for = Some(seen);
        }
        for label in &self.labels.placed {
            let Some(line) = self.contours.get(label.line) else { continue };
            let (ground, ink) = ink(line.level);
            let (galley, angle) = (galley(line.text(), ink), label.angle as f32);
            let middle = pos2(label.at[0] as f32, label.at[1] as f32);
            let turn = egui::emath::Rot2::from_angle(angle);
            let half = 0.5 * galley.size() + vec2(2.0, -1.5);
            let corners = [vec2(-half.x, -half.y), vec2(half.x, -half.y), half, vec2(-half.x, half.y)].map(|corner| middle + turn * corner);
            let [r, g, b] = ground;
            canvas.painter.add(Shape::convex_polygon(corners.into(), Color32::from_rgb(r, g, b).gamma_multiply(0.88), Stroke::NONE));
            let corner = middle - turn * (0.5 * galley.size());
            canvas.painter.add(TextShape::new(corner, galley, Color32::PLACEHOLDER).with_angle(angle));
        }
    }
}

/// Edges of the cells; the outer ones are cut at the outer nodes, so that the picture ends where the axes end.
fn cells(axis: &[f64]) -> Vec<f64> {
    let mut edges = cell_edges(axis);
    let n = edges.len();
    if axis.len() > 1 {
        (edges[0], edges[n - 1]) = (axis[0], axis[axis.len() - 1]);
    }
    edges
}

/// Whether black contrasts better than white on a colour.
fn is_bright(color: palette::Rgb) -> bool {
    palette::ink_on(color) == [0; 3]
}

/// The colours of all pixels: interpolated on the scale where all four nodes around are finite; otherwise, and for classes, the colour of
/// the nearest node; transparent where that node is pending or not finite.
fn paint(surface: &LossSurface, coloring: &Coloring, [left, right, low, high]: [f64; 4]) -> ColorImage {
    let b = surface.beta.len();
    let position = |k| {
        let (value, _) = surface.known_loss(k)?;
        match coloring {
            Coloring::Scale(scale, _) => scale.position(value),
            Coloring::Classes(..) => Some(value),
        }
    };
    let color = |value: f64| match coloring {
        Coloring::Scale(_, map) => Some(map.color(value)),
        Coloring::Classes(classes, theme) => classes.color(value, *theme),
    };
    let between = matches!(coloring, Coloring::Scale(..));
    let positions: Vec<Option<f64>> = (0..surface.loss.len()).map(position).collect();
    let columns: Vec<_> = (0..PIXELS).map(|p| locate(&surface.alpha, left + (right - left) * (p as f64 + 0.5) / PIXELS as f64)).collect();
    let rows: Vec<_> = (0..PIXELS).map(|p| locate(&surface.beta, high - (high - low) * (p as f64 + 0.5) / PIXELS as f64)).collect();
    let mut pixels = Vec::with_capacity(PIXELS * PIXELS);
    for (j, j2, v) in &rows {
        for (i, i2, u) in &columns {
            let corners = (positions[i * b + j], positions[i2 * b + j], positions[i * b + j2], positions[i2 * b + j2]);
            let value = match corners {
                (Some(a), Some(b), Some(c), Some(d)) if between => Some((a * (1.0 - u) + b * u) * (1.0 - v) + (c * (1.0 - u) + d * u) * v),
                _ => positions[(if *u < 0.5 { i } else { i2 }) * b + if *v < 0.5 { j } else { j2 }],
            };
            pixels.push(value.and_then(color).map_or(Color32::TRANSPARENT, |[r, g, b]| Color32::from_rgb(r, g, b)));
        }
    }
    ColorImage::new([PIXELS, PIXELS], pixels)
}

/// The nodes on both sides of `value` and the fraction between them.
fn locate(axis: &[f64], value: f64) -> (usize, usize, f64) {
    let last = axis.len().saturating_sub(1);
    let above = axis.partition_point(|node| *node < value).min(last);
    let below = above.saturating_sub(1);
    if above == below {
        return (below, above, 0.0);
    }
    (below, above, ((value - axis[below]) / (axis[above] - axis[below])).clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::{ClassColors, ColorScale, Colormap, Spacing};
    use flatland_core::result::{LandscapeManifest, Quantity};
    use flatland_core::session::Theme;

    /// The colour at a place of a picture over [0, 2] x [0, 2].
    fn pixel(image: &ColorImage, alpha: f64, beta: f64) -> Color32 {
        let (x, y) = ((alpha / 2.0 * PIXELS as f64) as usize, ((1.0 - beta / 2.0) * PIXELS as f64) as usize);
        image.pixels[y.min(PIXELS - 1) * PIXELS + x.min(PIXELS - 1)]
    }

    #[test]
    fn pixels_take_the_nodes_colours_and_leave_pending_and_non_finite_cells_open() {
        let mut surface = LossSurface::pending(vec![0.0, 1.0, 2.0], vec![0.0, 1.0, 2.0], LandscapeManifest::default());
        for k in [0, 1, 3, 4] {
            (surface.loss[k], surface.count[k]) = (1.0, 8);
        }
        (surface.loss[2], surface.count[2]) = (f64::INFINITY, 8);
        (surface.loss[8], surface.count[8]) = (100.0, 8);
        let scale = ColorScale::over(1.0, 100.0, Spacing::Log).unwrap_or_else(|| panic!("a range"));
        let image = paint(&surface, &Coloring::Scale(scale, Colormap::Viridis), [0.0, 2.0, 0.0, 2.0]);
        let at = |alpha: f64, beta: f64| pixel(&image, alpha, beta);
        let [r, g, b] = Colormap::Viridis.color(0.0);
        assert_eq!(at(0.5, 0.5), Color32::from_rgb(r, g, b));
        assert_eq!(at(0.1, 1.9), Color32::TRANSPARENT, "infinite");
        assert_eq!(at(1.9, 0.1), Color32::TRANSPARENT, "pending");
        let [r, g, b] = Colormap::Viridis.color(1.0);
        assert_eq!(at(1.9, 1.9), Color32::from_rgb(r, g, b));
    }

    #[test]
    fn colours_of_classes_are_not_interpolated() {
        let mut surface = LossSurface::pending(vec![0.0, 1.0, 2.0], vec![0.0, 1.0, 2.0], LandscapeManifest::default());
        surface.loss = vec![2.0, 2.0, f64::NAN, 8.0, 8.0, 8.0, 2.0, 2.0, 2.0];
        (surface.count, surface.quantity) = (vec![1; 9], Some(Quantity::Prediction));
        let classes = ClassColors::of([&surface]).unwrap_or_else(|| panic!("classes"));
        let image = paint(&surface, &Coloring::Classes(classes, Theme::Print), [0.0, 2.0, 0.0, 2.0]);
        let of = |class: usize| {
            let [r, g, b] = palette::class(class, Theme::Print);
            Color32::from_rgb(r, g, b)
        };
        assert_eq!([pixel(&image, 0.3, 0.5), pixel(&image, 0.7, 0.5), pixel(&image, 1.7, 0.2)], [of(2), of(8), of(2)]);
        assert_eq!(pixel(&image, 0.2, 1.9), Color32::TRANSPARENT, "not finite");
        let mut found = image.pixels.clone();
        found.sort_by_key(|color| color.to_array());
        found.dedup();
        assert_eq!(found.len(), 3, "two classes and nothing");
    }

    #[test]
    fn a_single_node_covers_its_cell() {
        assert_eq!(cells(&[3.0]), [2.5, 3.5]);
        assert_eq!(cells(&[0.0, 1.0]), [0.0, 0.5, 1.0]);
        assert_eq!(locate(&[3.0], 3.2), (0, 0, 0.0));
    }
}
