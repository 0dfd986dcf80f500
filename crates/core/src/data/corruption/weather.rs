//! Weather: snow, frost, fog, spatter.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::pixels::Pixels;
use super::plasma::plasma;
use super::{frost_texture, motion, zoom};

pub use super::spatter::spatter;

/// Flakes: a layer of normal noise, enlarged, cut off below a threshold and blurred along −135° to −45°, added to the whitened image
/// as it is and turned by 180°.
pub fn snow(x: &mut Pixels, level: usize, rng: &mut ChaCha8Rng) {
    let layer: Vec<f64> = (0..x.height * x.width).map(|_| StandardNormal.sample(rng)).collect();
    snow_with(x, level, &layer, rng.random_range(-135.0..-45.0));
}

/// [`snow`] with given standard normal draws, [height, width], and angle in degrees.
pub(super) fn snow_with(x: &mut Pixels, level: usize, normal: &[f64], angle: f64) {
    let (mean, deviation, factor, threshold, radius, sigma, keep) = [
        (0.1, 0.2, 1.0, 0.6, 8, 3.0, 0.95),
        (0.1, 0.2, 1.0, 0.5, 10, 4.0, 0.9),
        (0.15, 0.3, 1.75, 0.55, 10, 4.0, 0.9),
        (0.25, 0.3, 2.25, 0.6, 12, 6.0, 0.85),
        (0.3, 0.3, 1.25, 0.65, 14, 12.0, 0.8),
    ][level];
    let shape = [x.height, x.width, 1];
    let noise: Vec<f64> = normal.iter().map(|draw| mean + deviation * draw).collect();
    let mut layer = vec![0.0; noise.len()];
    zoom::add_zoomed(&mut layer, &noise, shape, factor);
    // The layer passes through 8 bits before and after the blur.
    for value in &mut layer {
        *value = if *value < threshold { 0.0 } else { (value.min(1.0) * 255.0).floor() };
    }
    let flakes: Vec<f64> = motion::blur(&layer, shape, radius, sigma, angle).iter().map(|value| value / 255.0).collect();
    for ((pixel, flake), turned) in x.rgb_mut().zip(&flakes).zip(flakes.iter().rev()) {
        let white = (0.299 * pixel[0] + 0.587 * pixel[1] + 0.114 * pixel[2]) * 1.5 + 0.5;
        for value in pixel {
            *value = keep * *value + (1.0 - keep) * value.max(white) + flake + turned;
        }
    }
}

/// c₀·image + c₁·texture, with a random crop of one of the textures of [`frost_texture`]: **frost (procedural)**.
///
/// The benchmark blends photographs of frost whose provenance is not stated, so they cannot be part of this program. Images
/// made here have the benchmark's mixing constants and other textures.
pub fn frost(x: &mut Pixels, level: usize, rng: &mut ChaCha8Rng) {
    let (keep, add) = [(1.0, 0.2), (1.0, 0.3), (0.9, 0.4), (0.85, 0.4), (0.75, 0.45)][level];
    let (texture, size) = frost_texture::texture(rng.random_range(0..frost_texture::COUNT));
    // Textures are periodic: a crop may pass their edge, and a larger image repeats them.
    let (top, left) = (rng.random_range(0..size), rng.random_range(0..size));
    let width = x.width;
    for (i, pixel) in x.rgb_mut().enumerate() {
        let at = ((top + i / width) % size * size + (left + i % width) % size) * 3;
        for (value, ice) in pixel.iter_mut().zip(&texture[at..]) {
            *value = keep * *value + add * f64::from(*ice) / 255.0;
        }
    }
}

/// (x + c₀·plasma)·m/(m + c₀), m the image's maximum.
pub fn fog(x: &mut Pixels, level: usize, rng: &mut ChaCha8Rng) {
    fog_with(x, level, || rng.random());
}

/// [`fog`] with draws from [0, 1).
pub(super) fn fog_with(x: &mut Pixels, level: usize, draw: impl FnMut() -> f64) {
    let (density, decay) = [(0.2, 3.0), (0.5, 3.0), (0.75, 2.5), (1.0, 2.0), (1.5, 1.75)][level];
    let (height, width) = (x.height, x.width);
    let size = height.max(width).next_power_of_two().max(2);
    let plasma = plasma(size, decay, draw);
    let highest = x.values.iter().copied().fold(0.0, f64::max);
    for (i, pixel) in x.rgb_mut().enumerate() {
        let fog = density * plasma[i / width * size + i % width];
        for value in pixel {
            *value = (*value + fog) * highest / (highest + density);
        }
    }
}
