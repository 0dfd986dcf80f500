//! Pixelation and JPEG, both as Pillow does them, and the elastic transform.

use super::jpeg;
use super::pixels::Pixels;

pub use super::elastic::elastic;

/// A round trip through a JPEG of quality c with 4:2:0 chroma.
pub fn jpeg_compression(x: &mut Pixels, level: usize) {
    let mut image = vec![0; x.values.len()];
    x.write(&mut image);
    jpeg::round_trip(&mut image, x.height, x.width, [80, 65, 58, 50, 40][level]);
    *x = Pixels::new(&image, x.height, x.width);
}

/// Box down to c of each side, box up again. Works on u8, as Pillow does.
pub fn pixelate(x: &mut Pixels, level: usize) {
    let share = [0.95, 0.9, 0.85, 0.75, 0.65][level];
    let side = |n: usize| ((n as f64 * share) as usize).max(1);
    let (size, small) = ([x.height, x.width], [side(x.height), side(x.width)]);
    let mut image = vec![0; x.values.len()];
    x.write(&mut image);
    let image = resize(&resize(&image, size, small), small, size);
    *x = Pixels::new(&image, x.height, x.width);
}

/// Pillow's `resize` with `BOX`: columns first, then rows, each rounded to u8.
fn resize(image: &[u8], [height, width]: [usize; 2], [to_height, to_width]: [usize; 2]) -> Vec<u8> {
    let mut wide = vec![0; height * to_width * 3];
    for (column, (first, weights)) in box_weights(width, to_width).iter().enumerate() {
        for row in 0..height {
            for channel in 0..3 {
                wide[(row * to_width + column) * 3 + channel] = weigh(weights, |k| image[(row * width + first + k) * 3 + channel]);
            }
        }
    }
    let mut out = vec![0; to_height * to_width * 3];
    for (row, (first, weights)) in box_weights(height, to_height).iter().enumerate() {
        for at in 0..to_width * 3 {
            out[row * to_width * 3 + at] = weigh(weights, |k| wide[(first + k) * to_width * 3 + at]);
        }
    }
    out
}

/// Bits of Pillow's fixed-point weights.
const PRECISION: u32 = 22;

fn weigh(weights: &[i64], pixel: impl Fn(usize) -> u8) -> u8 {
    let sum: i64 = weights.iter().enumerate().map(|(k, weight)| weight * i64::from(pixel(k))).sum();
    ((sum + (1 << (PRECISION - 1))) >> PRECISION).clamp(0, 255) as u8
}

/// For each output position: the first input position and the fixed-point weights from there on.
fn box_weights(from: usize, to: usize) -> Vec<(usize, Vec<i64>)> {
    let scale = from as f64 / to as f64;
    let stretch = scale.max(1.0);
    let support = 0.5 * stretch;
    (0..to)
        .map(|i| {
            let centre = (i as f64 + 0.5) * scale;
            let first = (centre - support + 0.5).max(0.0) as usize;
            let end = ((centre + support + 0.5) as usize).min(from);
            let weights: Vec<f64> = (first..end)
                .map(|k| {
                    let x = (k as f64 - centre + 0.5) / stretch;
                    f64::from(x > -0.5 && x <= 0.5)
                })
                .collect();
            let total: f64 = weights.iter().sum();
            (first, weights.iter().map(|w| (w / total * f64::from(1 << PRECISION) + 0.5) as i64).collect())
        })
        .collect()
}
