//! [`EmbeddingFigure`]: the features of ID, CS and SS images on the plane, one panel per checkpoint.

use super::layout::{Aspect, Frame, Margins, PAD, PanelGrid, draw_dots, draw_note, draw_title};
use super::palette::{self, Rgb};
use super::scene::{Scene, Shape};
use super::{Figure, FigureStyle, Panel};
use flatland_core::result::{Embedding, Engine, capital};
use flatland_core::session::Role;

/// Scatters of several checkpoints with equal units on both axes; colours by role. The coordinates of a t-SNE have no meaning
/// by themselves, so there are no ticks, and each panel has its own extent.
#[derive(Clone, Debug)]
pub struct EmbeddingFigure<'a> {
    /// One panel per checkpoint.
    pub panels: Vec<Panel<'a, Embedding>>,
}

impl EmbeddingFigure<'_> {
    fn roles(&self) -> Vec<(Role, usize)> {
        let count = |role: Role| self.panels.iter().map(|p| p.result.role.iter().filter(|r| *r == role.key()).count()).max();
        Role::ALL.into_iter().map(|role| (role, count(role).unwrap_or(0))).filter(|(_, n)| *n > 0).collect()
    }

    /// The engine, with a capital letter.
    pub(super) fn engines_first(&self) -> String {
        let engines = self.engines();
        // The t of t-SNE is lower case.
        if engines.starts_with(Engine::Bhtsne.label()) { engines } else { capital(&engines) }
    }

    /// The engine: `t-SNE`, or another one and the reason, once if it is the same for all panels.
    fn engines(&self) -> String {
        let used = |engine: &Engine| self.panels.iter().any(|panel| panel.result.picture.engine == *engine);
        let labels: Vec<&str> = Engine::ALL.into_iter().filter(used).map(Engine::label).collect();
        let pictures = || self.panels.iter().map(|panel| &panel.result.picture);
        if let Some(first) = pictures().next().filter(|first| pictures().all(|other| other == *first)) {
            return first.describe();
        }
        let described = self.panels.iter().filter(|panel| labels.len() > 1 || panel.result.picture.reason.is_some());
        let described: Vec<String> = described.map(|panel| format!("{}: {}", panel.name, panel.result.picture.describe())).collect();
        format!("{} ({})", labels.join(" or "), described.join("; "))
    }
}

impl Figure for EmbeddingFigure<'_> {
    fn panels(&self) -> usize {
        self.panels.len()
    }

    fn scene(&self, style: &FigureStyle) -> Scene {
        let (font, chrome) = (style.font_pt, palette::chrome(style.theme));
        let margins =
            Margins { left: PAD * font, right: PAD * font, title: 1.75 * font, footer: 0.7 * font, bottom: 0.3 * font, gap: 1.1 * font };
        let grid = PanelGrid::new(self.panels.len(), style, Aspect::Fixed(1.0), &margins);
        let mut scene = Scene::new(grid.width, grid.height, chrome.background);
        for (k, (panel, frame)) in self.panels.iter().zip(&grid.frames).enumerate() {
            draw_points(&mut scene, frame, panel.result, style);
            scene.frame(frame.from, frame.to, chrome.line);
            draw_title(&mut scene, frame, &style.letter(k), Some(palette::checkpoint(panel.color, style.theme)), panel.name, font, &chrome);
        }
        let names = self.roles().into_iter().map(|(role, n)| (format!("{} (n = {n})", role.label()), palette::role(role, style.theme)));
        draw_dots(&mut scene, names, style);
        let note = format!("{} of the penultimate features; each panel has its own extent", self.engines_first());
        draw_note(&mut scene, &note, font, &chrome);
        scene
    }
}

fn draw_points(scene: &mut Scene, frame: &Frame, embedding: &Embedding, style: &FigureStyle) {
    let finite: Vec<usize> = (0..embedding.tsne.len()).filter(|&k| embedding.tsne[k].iter().all(|v| v.is_finite())).collect();
    let range = |axis: usize| {
        let values = finite.iter().map(|&k| f64::from(embedding.tsne[k][axis]));
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)))
    };
    let (x, y) = (range(0), range(1));
    // One unit for both axes, with a small margin.
    let span = (x.1 - x.0).max(y.1 - y.0).max(1e-12) * 1.06;
    let place = |v: f32, (low, high): (f64, f64)| 0.5 + (f64::from(v) - 0.5 * (low + high)) / span;
    let radius = (frame.width() * 0.28 / (finite.len().max(1) as f64).sqrt()).clamp(0.35, 0.16 * style.font_pt);
    let unknown: Rgb = [0x80; 3];
    for k in mixed(finite) {
        let fill = embedding.role.get(k).map_or(unknown, |role| palette::role_key(role, style.theme));
        let [u, v] = embedding.tsne[k];
        scene.shapes.push(Shape::Dot { center: frame.at(place(u, x), place(v, y)), radius, fill, opacity: 0.7 });
    }
}

/// The same indices in a fixed random order, so that no role covers all others.
fn mixed(mut indices: Vec<usize>) -> Vec<usize> {
    // A bijection of the integers (odd multiplier), hence no ties.
    indices.sort_by_key(|&k| (k as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    indices
}
