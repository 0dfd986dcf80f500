//! [`draw`]: draws the discs of `points.wgsl` on the CPU. Rasterizing a triangle on a software adapter takes about a microsecond per disc;
//! blending a precomputed mask of the disc into the picture takes a tenth of that.

use rayon::prelude::*;

use super::points::{RING, View};
use crate::ui::state::scatter::color::{SELECTED, VISIBLE};

/// Number of subpixel positions along each axis for which there is a mask; a power of two.
const SUBPIXELS: i32 = 16;
/// Mask of every second byte: two channels of a pixel are computed at a time.
const LANES: u32 = 0x00ff_00ff;
/// Half a unit in both channels, for rounding.
const HALF: u32 = 0x0080_0080;

/// Premultiplied RGBA of `size` (width, height), top row first: the views of the points drawn over each other.
pub fn draw(size: [u32; 2], positions: &[[f32; 2]], styles: &[[u8; 4]], views: &[View]) -> Vec<u32> {
    let [width, height] = size.map(|side| side as usize);
    let mut picture = vec![0u32; width * height];
    if picture.is_empty() {
        return picture;
    }
    // More bands than threads, since some bands have many more points.
    let rows = height.div_ceil(4 * rayon::current_num_threads()).max(16);
    for view in views.iter().filter(|view| view.opacity > 0.0 || view.part == 2) {
        let masks = DiscMasks::new(view);
        picture.par_chunks_mut(width * rows).enumerate().for_each(|(k, pixels)| {
            let mut band = Band { pixels, width: width as i32, first: (k * rows) as i32, height: height as f32 };
            band.draw(positions, styles, view, &masks);
        });
    }
    picture
}

/// The coverage of each pixel by a disc, for every subpixel position of its centre.
struct DiscMasks {
    /// Number of pixels on each side of the middle one.
    reach: i32,
    /// In units of 1/256: opacity of a pixel, and share of the point's colour against the ring's.
    cover: Vec<[u16; 2]>,
}

impl DiscMasks {
    fn new(view: &View) -> Self {
        let ringed = view.part == 2;
        let outer = view.radius + 0.5 + if ringed { RING } else { 0.0 };
        let reach = (outer + 0.5).floor() as i32;
        let along = |phase: i32| (-reach..=reach).map(move |k| k as f32 + 0.5 - phase as f32 / SUBPIXELS as f32);
        let of_256 = |share: f32| (256.0 * share).round() as u16;
        let mut cover = Vec::new();
        for (up, across) in (0..SUBPIXELS).flat_map(|up| (0..SUBPIXELS).map(move |across| (up, across))) {
            for (dy, dx) in along(up).flat_map(|dy| along(across).map(move |dx| (dy, dx))) {
                let distance = dx.hypot(dy);
                let inner = (view.radius + 0.5 - distance).clamp(0.0, 1.0);
                let opaque = if ringed { (outer - distance).clamp(0.0, 1.0) } else { inner * view.opacity };
                cover.push([of_256(opaque), of_256(inner)]);
            }
        }
        Self { reach, cover }
    }
}

/// Rows of the picture that one thread draws.
struct Band<'a> {
    pixels: &'a mut [u32],
    width: i32,
    /// Index of the first row.
    first: i32,
    /// Number of rows of the whole picture.
    height: f32,
}

impl Band<'_> {
    fn draw(&mut self, positions: &[[f32; 2]], styles: &[[u8; 4]], view: &View, masks: &DiscMasks) {
        let rows = self.pixels.len() as i32 / self.width;
        let margin = (masks.reach + 1) as f32;
        let (low, high) = (self.first as f32 - margin, (self.first + rows) as f32 + margin);
        let (left, right) = (-margin, self.width as f32 + margin);
        let [scale_x, scale_y] = [0.5 * view.scale[0] * self.width as f32, 0.5 * view.scale[1] * self.height];
        let (middle_x, middle_y) = (0.5 * self.width as f32, 0.5 * self.height);
        for (at, style) in positions.iter().zip(styles) {
            let y = middle_y - (at[1] - view.center[1]) * scale_y;
            let x = middle_x + (at[0] - view.center[0]) * scale_x;
            let selected = style[3] & SELECTED != 0;
            let in_part = view.part == 0 || (view.part == 2) == selected;
            // Points with NaN are not drawn.
            if y > low && y < high && x > left && x < right && style[3] & VISIBLE != 0 && in_part {
                self.draw_disc(x, y, u32::from_ne_bytes([style[0], style[1], style[2], 255]), view, masks);
            }
        }
    }

    #[inline]
    fn draw_disc(&mut self, x: f32, y: f32, color: u32, view: &View, masks: &DiscMasks) {
        let place = |v: f32| (v * SUBPIXELS as f32).round() as i32;
        let (x, y) = (place(x), place(y));
        let (phase_x, phase_y) = (x & (SUBPIXELS - 1), y & (SUBPIXELS - 1));
        let (x, y) = (x.div_euclid(SUBPIXELS), y.div_euclid(SUBPIXELS) - self.first);
        let side = 2 * masks.reach + 1;
        let mask = ((phase_y * SUBPIXELS + phase_x) * side * side) as usize;
        let (left, top) = (x - masks.reach, y - masks.reach);
        let (from, to) = (left.max(0), (left + side).min(self.width));
        let rows = self.pixels.len() as i32 / self.width;
        if from >= to {
            return;
        }
        for row in top.max(0)..(top + side).min(rows) {
            let cover = mask + ((row - top) * side + from - left) as usize;
            let cover = &masks.cover[cover..cover + (to - from) as usize];
            let pixels = (row * self.width + from) as usize;
            let pixels = &mut self.pixels[pixels..pixels + cover.len()];
            if view.part == 2 {
                for (pixel, [opaque, inner]) in pixels.iter_mut().zip(cover) {
                    *pixel = mix(*pixel, mix(view.ring, color, u32::from(*inner)), u32::from(*opaque));
                }
            } else {
                for (pixel, [opaque, _]) in pixels.iter_mut().zip(cover) {
                    *pixel = mix(*pixel, color, u32::from(*opaque));
                }
            }
        }
    }
}

/// Mixes two colours with `share` of 256; two channels at a time.
#[inline(always)]
fn mix(from: u32, to: u32, share: u32) -> u32 {
    let rest = 256 - share;
    let even = (((from & LANES) * rest + (to & LANES) * share + HALF) >> 8) & LANES;
    let odd = (((from >> 8) & LANES) * rest + ((to >> 8) & LANES) * share + HALF) & !LANES;
    even | odd
}

#[cfg(test)]
mod tests;
