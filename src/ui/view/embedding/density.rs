//! The density of points as a picture, on the scale that all panels share.

use crate::figure::ColormapTable as _;
use std::collections::HashMap;

use egui::{Color32, ColorImage, Rect, TextureHandle, TextureOptions, Ui, pos2};

use crate::figure::{ColorScale, Spacing};
use crate::ui::state::scatter::cloud::Cloud;
use crate::ui::state::scatter::density::Density;
use crate::ui::state::scatter::{PointStyles, color};
use crate::ui::style::theme;
use crate::ui::style::widget::axes::Canvas;

/// Side of a bin in screen points: smaller for more points.
fn bin(points: usize) -> f64 {
    (60.0 / (points.max(1) as f64).powf(0.25)).clamp(2.0, 9.0)
}

/// The pictures of all panels.
#[derive(Default)]
pub struct Pictures {
    /// The largest count in all panels: the end of the scale.
    pub most: u32,
    of: HashMap<String, Picture>,
}

struct Picture {
    made_from: ([f64; 4], [f32; 2], u64),
    density: Density,
    /// The picture and the end of the scale for which it was painted.
    texture: Option<(TextureHandle, u32)>,
}

impl Pictures {
    /// Removes the pictures of checkpoints for which `has` is false.
    pub fn keep(&mut self, has: impl Fn(&str) -> bool) {
        self.of.retain(|name, _| has(name));
    }
}

/// Draws the density of the shown points; returns the largest count.
pub fn draw(ui: &Ui, pictures: &mut Pictures, canvas: &Canvas, checkpoint: &str, cloud: &Cloud, point_styles: &PointStyles) -> u32 {
    let bounds = canvas.transform.bounds();
    let (low, high, rect) = (bounds.min(), bounds.max(), canvas.rect());
    let made_from = ([low[0], low[1], high[0], high[1]], [rect.width(), rect.height()], point_styles.revision);
    if pictures.of.get(checkpoint).is_none_or(|picture| picture.made_from != made_from) {
        let side = bin(cloud.len()) * (high[0] - low[0]) / f64::from(rect.width().max(1.0));
        let density = Density::new(&cloud.xy, |row| point_styles.shown[row], [low[0], high[0]], [low[1], high[1]], side);
        let texture = pictures.of.remove(checkpoint).and_then(|old| old.texture).map(|(texture, _)| (texture, 0));
        pictures.of.insert(checkpoint.to_owned(), Picture { made_from, density, texture });
    }
    let end = pictures.most.max(1);
    let Some(picture) = pictures.of.get_mut(checkpoint) else { return 0 };
    let density = &picture.density;
    if picture.texture.as_ref().is_none_or(|(_, painted)| *painted != end) {
        let image = paint(density, end);
        match &mut picture.texture {
            Some((texture, painted)) => {
                texture.set(image, TextureOptions::NEAREST);
                *painted = end;
            }
            None => {
                picture.texture = Some((ui.ctx().load_texture(format!("density of {checkpoint}"), image, TextureOptions::NEAREST), end))
            }
        }
    }
    let [right, top] = [0, 1].map(|axis| density.low[axis] + density.side * density.bins[axis] as f64);
    let place = Rect::from_two_pos(canvas.at(density.low[0], density.low[1]), canvas.at(right, top));
    if let Some((texture, _)) = &picture.texture {
        let is_dimmed = point_styles.mask.iter().any(|selected| *selected);
        let faint = if is_dimmed { Color32::WHITE.gamma_multiply(0.45) } else { Color32::WHITE };
        canvas.painter.image(texture.id(), place, Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0)), faint);
    }
    density.max()
}

/// One pixel per bin, top row first; empty bins are transparent.
fn paint(density: &Density, end: u32) -> ColorImage {
    let scale = ColorScale::over(1.0, f64::from(end), Spacing::Log);
    let [across, up] = density.bins;
    let color = |count: u32| match scale.filter(|_| count > 0).and_then(|scale| scale.position(f64::from(count))) {
        Some(t) => theme::rgb(color::MAP.color(t)),
        None => Color32::TRANSPARENT,
    };
    let rows = (0..up).rev().map(|j| &density.counts[j * across..(j + 1) * across]);
    ColorImage::new([across, up], rows.flatten().map(|count| color(*count)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_of_closed_checkpoints_are_removed() {
        let picture = || Picture {
            made_from: ([0.0, 0.0, 1.0, 1.0], [1.0, 1.0], 0),
            density: Density::new(&[], |_| true, [0.0, 1.0], [0.0, 1.0], 0.5),
            texture: None,
        };
        let mut pictures = Pictures { most: 0, of: ["OE", "ERM"].map(|name| (name.to_owned(), picture())).into() };
        pictures.keep(|name| name == "ERM");
        assert_eq!(pictures.of.keys().collect::<Vec<_>>(), ["ERM"]);
    }
}
