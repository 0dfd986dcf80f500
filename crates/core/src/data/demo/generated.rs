//! Two disjoint families of generated patterns: periodic ones (far SS) and aperiodic ones (auxiliary outliers).
//!
//! Each pattern is an ink density on 32x32, thresholded to a bitmap and counted in blocks of 4x4, as the digits were.

use std::f64::consts::{PI, TAU};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::Counts;

/// Number of far images.
const FAR: usize = 400;
/// Number of outliers.
const OUTLIERS: usize = 1200;

/// Gratings, checkerboards and rings in turn.
pub fn periodic() -> Vec<Counts> {
    (0..FAR).map(|i| count(&bitmap_of([grating, checkerboard, rings][i % 3], "far", i))).collect()
}

/// Strokes, blobs and smoothed noise in turn; strokes twice, because they are closest to writing.
pub fn aperiodic() -> Vec<Counts> {
    (0..OUTLIERS).map(|i| count(&bitmap_of([strokes, blobs, strokes, smoothed_noise][i % 4], "outliers", i))).collect()
}

/// 32x32, `true` = ink.
type Bitmap = [[bool; 32]; 32];

fn bitmap_of(pattern: fn(&mut ChaCha8Rng) -> Bitmap, family: &str, index: usize) -> Bitmap {
    let key = blake3::hash(format!("flatland demo {family} {index}").as_bytes());
    pattern(&mut ChaCha8Rng::from_seed(*key.as_bytes()))
}

fn count(bitmap: &Bitmap) -> Counts {
    let mut counts = [0; 64];
    for (row, line) in bitmap.iter().enumerate() {
        for (column, &ink) in line.iter().enumerate() {
            counts[row / 4 * 8 + column / 4] += u8::from(ink);
        }
    }
    counts
}

fn paint(ink: impl Fn(f64, f64) -> bool) -> Bitmap {
    let mut bitmap = [[false; 32]; 32];
    for (row, line) in bitmap.iter_mut().enumerate() {
        for (column, pixel) in line.iter_mut().enumerate() {
            *pixel = ink(column as f64 + 0.5, row as f64 + 0.5);
        }
    }
    bitmap
}

fn grating(rng: &mut ChaCha8Rng) -> Bitmap {
    let (angle, period, phase) = (rng.random_range(0.0..PI), rng.random_range(8.0..20.0), rng.random_range(0.0..TAU));
    let (sine, cosine) = angle.sin_cos();
    paint(|x, y| ((x * cosine + y * sine) / period * TAU + phase).sin() > 0.0)
}

fn checkerboard(rng: &mut ChaCha8Rng) -> Bitmap {
    let (angle, side) = (rng.random_range(0.0..PI / 2.0), rng.random_range(5.0..11.0));
    let (sine, cosine) = angle.sin_cos();
    let (dx, dy) = (rng.random_range(0.0..side), rng.random_range(0.0..side));
    paint(|x, y| {
        let (u, v) = ((x * cosine + y * sine + dx) / side, (y * cosine - x * sine + dy) / side);
        (u.floor() as i64 + v.floor() as i64) % 2 == 0
    })
}

fn rings(rng: &mut ChaCha8Rng) -> Bitmap {
    let (x0, y0) = (rng.random_range(-4.0..36.0), rng.random_range(-4.0..36.0));
    let (period, phase) = (rng.random_range(8.0..14.0), rng.random_range(0.0..TAU));
    paint(|x, y| ((x - x0).hypot(y - y0) / period * TAU + phase).sin() > 0.0)
}

/// One to four bent strokes of a pen, anywhere.
fn strokes(rng: &mut ChaCha8Rng) -> Bitmap {
    let pen = rng.random_range(1.2..2.4);
    let mut dots = Vec::new();
    for _ in 0..rng.random_range(1..=4) {
        let mut point = || (rng.random_range(3.0..29.0), rng.random_range(1.0..31.0));
        let (a, b, c): ((f64, f64), (f64, f64), (f64, f64)) = (point(), point(), point());
        // A quadratic Bézier curve.
        dots.extend((0..=40).map(|i| {
            let t = f64::from(i) / 40.0;
            let mix = |a: f64, b: f64, c: f64| a * (1.0 - t).powi(2) + 2.0 * b * t * (1.0 - t) + c * t * t;
            (mix(a.0, b.0, c.0), mix(a.1, b.1, c.1))
        }));
    }
    paint(|x, y| dots.iter().any(|dot| (x - dot.0).hypot(y - dot.1) < pen))
}

/// One to five filled ellipses.
fn blobs(rng: &mut ChaCha8Rng) -> Bitmap {
    let ellipses: Vec<[f64; 5]> = (0..rng.random_range(1..=5))
        .map(|_| {
            let mut draw = |from, to| rng.random_range(from..to);
            [draw(4.0, 28.0), draw(4.0, 28.0), draw(2.0, 8.0), draw(2.0, 8.0), draw(0.0, PI)]
        })
        .collect();
    paint(|x, y| {
        ellipses.iter().any(|[x0, y0, a, b, angle]| {
            let (sine, cosine) = angle.sin_cos();
            let (u, v) = ((x - x0) * cosine + (y - y0) * sine, (y - y0) * cosine - (x - x0) * sine);
            (u / a).powi(2) + (v / b).powi(2) < 1.0
        })
    })
}

/// White noise smoothed over a few pixels, the upper part as ink.
fn smoothed_noise(rng: &mut ChaCha8Rng) -> Bitmap {
    let width: f64 = rng.random_range(1.0..4.0);
    let threshold = rng.random_range(-0.2..0.6);
    let sources: Vec<[f64; 3]> = (0..200)
        .map(|_| {
            let mut draw = |from, to| rng.random_range(from..to);
            [draw(-4.0, 36.0), draw(-4.0, 36.0), draw(-1.0, 1.0)]
        })
        .collect();
    paint(|x, y| {
        let field: f64 = sources.iter().map(|[x0, y0, w]| w * (-0.5 * ((x - x0).powi(2) + (y - y0).powi(2)) / width.powi(2)).exp()).sum();
        field > threshold
    })
}
