//! Blurs: defocus, glass, motion, zoom, Gaussian.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::filter::{self, Border};
use super::pixels::Pixels;
use super::{motion, zoom};

/// Gaussian of σ = c per channel, truncated at 4σ, borders continued by the nearest pixel (scikit-image's `gaussian`).
pub fn gaussian(x: &mut Pixels, level: usize) {
    smooth(x, [0.4, 0.6, 0.7, 0.8, 1.0][level]);
}

fn smooth(x: &mut Pixels, sigma: f64) {
    let shape = x.shape();
    filter::gaussian(&mut x.values, shape, sigma, 4.0, Border::Nearest);
}

/// A disk of radius r, smoothed by a 3x3 Gaussian of σ = alias; borders reflected without repeating the edge.
pub fn defocus(x: &mut Pixels, level: usize) {
    let (radius, alias): (f64, f64) = [(0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1.0, 0.2), (1.5, 0.1)][level];
    let inside = |row: isize, column: isize| f64::from((row * row + column * column) as f64 <= radius * radius);
    let side = (-0.5 / (alias * alias)).exp();
    let smooth = [side, 1.0, side].map(|w| w / (1.0 + 2.0 * side));
    let mut taps = Vec::with_capacity(25);
    for row in -2..=2 {
        for column in -2..=2 {
            let weight: f64 = (-1..=1)
                .flat_map(|i: isize| (-1..=1).map(move |j: isize| (i, j)))
                .map(|(i, j)| smooth[(i + 1) as usize] * smooth[(j + 1) as usize] * inside(row + i, column + j))
                .sum();
            taps.push((weight, row, column));
        }
    }
    let total: f64 = taps.iter().map(|(weight, ..)| weight).sum();
    taps.retain(|(weight, ..)| *weight > 0.0);
    taps.iter_mut().for_each(|(weight, ..)| *weight /= total);
    let shape = x.shape();
    filter::correlate(&mut x.values, shape, &taps, Border::Mirror);
}

/// Gaussian, then every pixel from the lower right on takes the colour of a random one of the δ before to δ − 1 behind it, then
/// Gaussian again.
///
/// The reference means to swap the two pixels, but its NumPy views make the first assignment feed the second: the other pixel
/// stays. The published images are made so.
pub fn glass(x: &mut Pixels, level: usize, rng: &mut ChaCha8Rng) {
    glass_with(x, level, |reach| rng.random_range(-(reach as i64)..reach as i64) as isize);
}

/// [`glass`] with offsets from `draw`, which takes δ: for each pixel the column's, then the row's.
pub(super) fn glass_with(x: &mut Pixels, level: usize, mut draw: impl FnMut(isize) -> isize) {
    let (sigma, reach, passes) = [(0.05, 1, 1), (0.25, 1, 1), (0.4, 1, 1), (0.25, 1, 2), (0.4, 1, 2)][level];
    smooth(x, sigma);
    x.truncate();
    let (height, width) = (x.height as isize, x.width as isize);
    for _ in 0..passes {
        for row in (reach + 1..=height - reach).rev() {
            for column in (reach + 1..=width - reach).rev() {
                let (right, down) = (draw(reach), draw(reach));
                let (to, from) = (row * width + column, (row + down) * width + column + right);
                x.values.copy_within(from as usize * 3..from as usize * 3 + 3, to as usize * 3);
            }
        }
    }
    smooth(x, sigma);
}

/// Motion blur at an angle of −45° to 45°.
pub fn motion(x: &mut Pixels, level: usize, rng: &mut ChaCha8Rng) {
    motion_at(x, level, rng.random_range(-45.0..45.0));
}

/// [`motion`] at `angle` degrees.
pub(super) fn motion_at(x: &mut Pixels, level: usize, angle: f64) {
    let (radius, sigma) = [(6, 1.0), (6, 1.5), (6, 2.0), (8, 2.0), (9, 2.5)][level];
    x.values.iter_mut().for_each(|value| *value *= 255.0);
    x.values = motion::blur(&x.values, x.shape(), radius, sigma, angle);
    x.values.iter_mut().for_each(|value| *value /= 255.0);
}

/// The mean of the image and of its enlargements by 1, 1.01, 1.02, ... (7, 12, 16, 21 or 26 of them).
///
/// One more than the ends 1.06 and 1.11 suggest at severities 1 and 2: NumPy's `arange` passes them by rounding.
pub fn zoom(x: &mut Pixels, level: usize) {
    let count = [7, 12, 16, 21, 26][level];
    // NumPy's step: rounding makes it a little more than 0.01.
    let step = 1.01 - 1.0;
    let mut sum = x.values.clone();
    for i in 0..count {
        zoom::add_zoomed(&mut sum, &x.values, x.shape(), 1.0 + f64::from(i) * step);
    }
    for (value, sum) in x.values.iter_mut().zip(sum) {
        *value = sum / f64::from(count + 1);
    }
}
