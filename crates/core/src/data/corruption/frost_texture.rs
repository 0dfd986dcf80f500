//! Procedural frost: fern-shaped ice crystals on a frosted pane, instead of the benchmark's photographs.
//!
//! Each texture is a torus of [`SIZE`] x [`SIZE`] pixels, made once per process from a fixed seed: a plasma for the pane, then ferns.
//! A fern is a curved stem with branches at 60° on both sides that shorten towards its tip and branch once more; every needle
//! adds light that fades across it. The pane is dark (mean 0.15), because only then does every severity do more than the one before: between 3 and 4 the
//! benchmark dims the image further under the same ice, and ice brighter than about 0.19 would be undone by that. The scale is that of the benchmark's photographs after its reduction to a fifth.

use std::f64::consts::{FRAC_PI_3, TAU};
use std::sync::OnceLock;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::plasma::plasma;

/// Number of textures; the benchmark draws from five photographs.
pub const COUNT: usize = 5;
/// Side of a texture in pixels.
const SIZE: usize = 128;

/// Texture `index` < [`COUNT`], u8 RGB [size, size, 3], and its size.
pub fn texture(index: usize) -> (&'static [u8], usize) {
    static TEXTURES: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    let textures = TEXTURES.get_or_init(|| (0..COUNT as u64).map(paint).collect());
    (&textures[index], SIZE)
}

fn paint(seed: u64) -> Vec<u8> {
    let mut rng = ChaCha8Rng::seed_from_u64(0xf2057 + seed);
    let mut light = plasma(SIZE, 1.9, || rng.random());
    // The pane: dark, with clouds of fine ice.
    light.iter_mut().for_each(|value| *value = 0.02 + 0.12 * *value * *value);
    for _ in 0..18 {
        let (row, column) = (rng.random_range(0.0..SIZE as f64), rng.random_range(0.0..SIZE as f64));
        let (angle, length) = (rng.random_range(0.0..TAU), rng.random_range(14.0..48.0));
        fern(&mut light, &mut rng, [row, column], angle, length);
    }
    let mut texture = Vec::with_capacity(SIZE * SIZE * 3);
    for value in light {
        let value = 1.0 - (-1.6 * value).exp();
        // Thin ice is blue, thick ice white.
        texture.extend([value.powf(1.25), value.powf(1.08), value.powf(0.9)].map(|channel| (channel * 255.0).round() as u8));
    }
    texture
}

fn fern(light: &mut [f64], rng: &mut ChaCha8Rng, [mut row, mut column]: [f64; 2], mut angle: f64, length: f64) {
    let bend = rng.random_range(-0.02..0.02);
    let spacing: f64 = rng.random_range(2.0..3.5);
    let mut walked = 0.0;
    while walked < length {
        let rest = length - walked;
        needle(light, [row, column], angle, spacing.min(rest), 0.55);
        for side in [-1.0, 1.0] {
            let branch = angle + side * FRAC_PI_3;
            let reach = 0.45 * rest * rng.random_range(0.6..1.0);
            needle(light, [row, column], branch, reach, 0.35);
            let (middle_row, middle_column) = (row + 0.5 * reach * branch.sin(), column + 0.5 * reach * branch.cos());
            needle(light, [middle_row, middle_column], angle, 0.4 * reach, 0.25);
        }
        row += spacing * angle.sin();
        column += spacing * angle.cos();
        angle += bend * spacing;
        walked += spacing;
    }
}

/// Light along a line, spread over the four pixels around each of its points and fading towards its tip.
fn needle(light: &mut [f64], [row, column]: [f64; 2], angle: f64, length: f64, strength: f64) {
    let points = (length * 2.0).ceil() as usize;
    for i in 0..points {
        let along = i as f64 / 2.0;
        let (row, column) = (row + along * angle.sin(), column + along * angle.cos());
        let (top, left) = (row.floor(), column.floor());
        for (down, right) in [(0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0)] {
            let near = (1.0 - (row - top - down).abs()) * (1.0 - (column - left - right).abs());
            let wrap = |x: f64| (x as isize).rem_euclid(SIZE as isize) as usize;
            light[wrap(top + down) * SIZE + wrap(left + right)] += 0.5 * strength * near * (1.0 - 0.6 * along / length);
        }
    }
}
