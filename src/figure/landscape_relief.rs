//! [`LandscapeReliefFigure`]: loss surfaces in 3-D side by side, with one camera, on one scale of colours and heights.

use std::collections::VecDeque;

use super::axes_box::axes_box;
use super::colormap::ColormapTable;
use super::contour::{ContourLine, contour_lines};
use super::landscape::{LandscapeFigure, contour_ink};
use super::layout::{Aspect, Frame, Margins, PanelGrid, SMALL, draw_note, draw_title};
use super::orbit::Orbit;
use super::palette::{self, Chrome, Rgb};
use super::relief::{Relief, ReliefVertex, height};
use super::scene::{Anchor, HAIRLINE, Scene, Shape};
use super::{ColorScale, Figure, FigureStyle, projections};
use flatland_core::result::LossSurface;
use flatland_core::session::Camera;

/// Approximate number of facets along each side.
const FACETS: usize = 40;
/// By how much facets overlap their neighbours, in points, which hides seams between them.
const OVERLAP: f64 = 0.25;

/// The surfaces of a figure of maps, with its colours, in 3-D.
pub struct LandscapeReliefFigure<'a> {
    /// The figure of maps.
    pub maps: LandscapeFigure<'a>,
    /// The camera.
    pub camera: Camera,
}

impl Figure for LandscapeReliefFigure<'_> {
    fn panels(&self) -> usize {
        self.maps.panels.len()
    }

    fn scene(&self, style: &FigureStyle) -> Scene {
        let (font, chrome) = (style.font_pt, palette::chrome(style.theme));
        let bar = self.maps.bar(font);
        let margins =
            Margins { left: 2.4 * font, right: bar.room, title: 1.75 * font, footer: 0.6 * font, bottom: 0.4 * font, gap: 2.6 * font };
        let grid = PanelGrid::new(self.maps.panels.len(), style, Aspect::Fixed(1.0), &margins);
        let mut scene = Scene::new(grid.width, grid.height, chrome.background);
        for (k, (panel, frame)) in self.maps.panels.iter().zip(&grid.frames).enumerate() {
            let color = palette::checkpoint(panel.color, style.theme);
            draw_title(&mut scene, frame, &style.letter(k), Some(color), panel.name, font, &chrome);
            if let Some(scale) = bar.scale {
                let look = Look { frame, orbit: Orbit::new(&self.camera), scale, figure: &self.maps, font, chrome: &chrome };
                look.draw(&mut scene, panel.result);
            }
        }
        let (top, bottom) = grid.vertical_extent();
        self.maps.draw_bar(&mut scene, &bar, [grid.width - bar.room + 1.3 * font, top, bottom], font, &chrome);
        draw_note(&mut scene, &self.maps.note(bar.scale.as_ref(), true), font, &chrome);
        scene
    }
}

/// One panel.
struct Look<'a> {
    frame: &'a Frame,
    orbit: Orbit,
    scale: ColorScale,
    figure: &'a LandscapeFigure<'a>,
    font: f64,
    chrome: &'a Chrome,
}

impl Look<'_> {
    fn page(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        self.frame.at(0.5 + x, 0.5 + y)
    }

    fn at(&self, point: [f64; 3]) -> [f64; 2] {
        self.page(self.orbit.project(point).0)
    }

    fn draw(&self, scene: &mut Scene, surface: &LossSurface) {
        self.draw_box(scene, surface);
        let Some(relief) = Relief::new(surface, &self.scale) else { return };
        self.draw_facets(scene, &relief);
        let over = |alpha: f64, beta: f64| {
            let [x, y] = relief.place(alpha, beta);
            let point = [x, y, relief.over([x, y])?];
            (!relief.hides(&self.orbit, point)).then(|| self.at(point))
        };
        if let Some(center) = over(0.0, 0.0) {
            for (color, radius) in [([0; 3], 0.28), ([255; 3], 0.18)] {
                scene.shapes.push(Shape::Dot { center, radius: radius * self.font, fill: color, opacity: 1.0 });
            }
        }
        if let Some(record) = &surface.manifest.plane {
            projections::draw(scene, self.frame, record, over, self.font);
        }
    }

    fn draw_box(&self, scene: &mut Scene, surface: &LossSurface) {
        let ends = |axis: &[f64]| [axis.first().copied().unwrap_or(-1.0), axis.last().copied().unwrap_or(1.0)];
        let line = 1.15 * self.font / self.frame.width();
        let drawn = axes_box(&self.orbit, ends(&surface.alpha), ends(&surface.beta), &self.scale, "", line);
        for wire in &drawn.lines {
            let color = if wire.is_edge { self.chrome.line } else { faint(self.chrome) };
            scene.line(wire.ends.map(|end| self.page(end)).to_vec(), color, if wire.is_edge { HAIRLINE } else { 0.7 * HAIRLINE });
        }
        for text in drawn.texts.iter().filter(|text| !text.text.is_empty()) {
            let anchor = match text.side {
                -1 => Anchor::End,
                0 => Anchor::Middle,
                _ => Anchor::Start,
            };
            let (size, color) = if text.is_title { (self.font, self.chrome.text) } else { (SMALL * self.font, self.chrome.muted) };
            let [x, y] = self.page(text.at);
            scene.text([x, y + 0.32 * size], text.text.as_str(), size, anchor, color);
        }
    }

    /// Facets from the far to the near side, each with its pieces of contour lines: on a height map nearer facets cover farther ones.
    fn draw_facets(&self, scene: &mut Scene, relief: &Relief) {
        let mesh = relief.mesh(FACETS);
        let mut facets: Vec<(f64, [ReliefVertex; 4])> = mesh
            .indices
            .chunks_exact(6)
            .map(|facet| [facet[0], facet[1], facet[5], facet[2]].map(|index| mesh.vertices[index as usize]))
            .map(|corners| (self.depth(&corners), corners))
            .collect();
        facets.sort_by(|a, b| a.0.total_cmp(&b.0));
        // Lines are drawn after the neighbours, whose overlap would cover them.
        let mut waiting: VecDeque<(f64, Shape)> = VecDeque::new();
        for (depth, corners) in &facets {
            while waiting.front().is_some_and(|(until, _)| until < depth) {
                scene.shapes.extend(waiting.pop_front().map(|(_, line)| line));
            }
            scene.shapes.push(self.facet(corners));
            let until = depth + 1.01 * self.step(corners);
            waiting.extend(self.lines(corners).into_iter().map(|line| (until, line)));
        }
        scene.shapes.extend(waiting.into_iter().map(|(_, line)| line));
    }

    /// The distance of a facet's centre on the plane; larger = nearer.
    fn depth(&self, corners: &[ReliefVertex; 4]) -> f64 {
        let toward = self.orbit.toward;
        corners.iter().map(|corner| f64::from(corner.at[0]) * toward[0] + f64::from(corner.at[1]) * toward[1]).sum::<f64>() / 4.0
    }

    /// The difference in distance to the facet's nearest neighbours.
    fn step(&self, corners: &[ReliefVertex; 4]) -> f64 {
        let side = |k: usize| f64::from((corners[2].at[k] - corners[0].at[k]).abs());
        side(0) * self.orbit.toward[0].abs() + side(1) * self.orbit.toward[1].abs()
    }

    fn facet(&self, corners: &[ReliefVertex; 4]) -> Shape {
        let t = corners.iter().map(|corner| f64::from(corner.t)).sum::<f64>() / 4.0;
        let normal = [0, 1, 2].map(|k| corners.iter().map(|corner| f64::from(corner.normal[k])).sum::<f64>() / 4.0);
        let fill = shaded(self.figure.colormap.color(t), self.orbit.shade(normal));
        let points = corners.map(|corner| self.at(corner.at.map(f64::from)));
        Shape::Polygon { points: grown(points, OVERLAP).into(), fill, opacity: 1.0 }
    }

    /// The pieces of contour lines on a facet.
    fn lines(&self, corners: &[ReliefVertex; 4]) -> Vec<Shape> {
        let [x, y] = [0, 1].map(|k| [f64::from(corners[0].at[k]), f64::from(corners[2].at[k])]);
        let values = [corners[0], corners[3], corners[1], corners[2]].map(|corner| f64::from(corner.t));
        let levels = (1..=self.figure.contours).map(|k| k as f64 / (self.figure.contours + 1) as f64);
        let of = |level: f64| contour_lines(&x, &y, &values, level).into_iter().map(move |line| (level, line));
        let piece = |(level, line): (f64, ContourLine)| {
            let points = line.points.iter().map(|[x, y]| self.at([*x, *y, height(level)])).collect();
            contour_ink(points, self.figure.colormap.color(level))
        };
        levels.flat_map(of).map(piece).collect()
    }
}

fn shaded(color: Rgb, shade: f64) -> Rgb {
    color.map(|channel| (f64::from(channel) * shade).round().min(255.0) as u8)
}

/// A hairline that is fainter than the edges.
fn faint(chrome: &Chrome) -> Rgb {
    [0, 1, 2].map(|k| ((3 * u16::from(chrome.background[k]) + u16::from(chrome.line[k])) / 4) as u8)
}

/// A quadrilateral whose corners are moved away from its centre by `by`.
fn grown(points: [[f64; 2]; 4], by: f64) -> [[f64; 2]; 4] {
    let middle = [0, 1].map(|k| points.iter().map(|point| point[k]).sum::<f64>() / 4.0);
    points.map(|point| {
        let from = [point[0] - middle[0], point[1] - middle[1]];
        let length = from[0].hypot(from[1]);
        if length > 1e-9 { [0, 1].map(|k| point[k] + by * from[k] / length) } else { point }
    })
}
