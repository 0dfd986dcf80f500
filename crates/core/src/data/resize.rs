//! Resizing as OpenOOD's test transform does: `Resize(size)`, then `CenterCrop(size)`.
//!
//! Pillow's bilinear with antialiasing bit for bit (`src/libImaging/Resample.c`): a triangle filter widened by the scale, an
//! 8-bit horizontal pass, then a vertical one, with 22 bits of fixed point. `fast_image_resize` has 16-bit weights on u8 and would
//! differ by one level in some pixels.

use std::ops::Range;

/// Bits of the fixed-point weights: 32 minus 8 of the pixel and 2 in reserve.
const PRECISION: u32 = 22;

/// Weights of the input positions that make one output position.
struct Taps {
    first: usize,
    weights: Vec<i32>,
}

/// `image`, u8 RGB [height, width, 3], with its shorter side scaled to fill `to` = [height, width], cropped in the centre.
/// An image that has this size is not changed.
pub(super) fn resize_and_crop(image: &[u8], [height, width]: [usize; 2], to: [usize; 2]) -> Vec<u8> {
    if [height, width] == to {
        return image.to_vec();
    }
    // The scale is that of the side that shrinks less (or grows more); for square targets that is the shorter one.
    let [scaled_height, scaled_width] =
        if height * to[1] <= width * to[0] { [to[0], to[0] * width / height] } else { [to[1] * height / width, to[1]] };
    // Positions outside the crop are never computed.
    let (top, left) = (margin(scaled_height, to[0]), margin(scaled_width, to[1]));
    let columns = taps(width, scaled_width, left..left + to[1]);
    let rows = taps(height, scaled_height, top..top + to[0]);
    vertical(&horizontal(image, width, &columns), to[1], &rows)
}

fn taps(from: usize, to: usize, wanted: Range<usize>) -> Vec<Taps> {
    let scale = from as f64 / to as f64;
    let support = scale.max(1.0);
    let per_pixel = 1.0 / support;
    wanted
        .map(|position| {
            let center = (position as f64 + 0.5) * scale;
            let first = (center - support + 0.5).max(0.0) as usize;
            let end = ((center + support + 0.5) as usize).min(from);
            let weight = |x: usize| (1.0 - ((x as f64 - center + 0.5) * per_pixel).abs()).max(0.0);
            let weights: Vec<f64> = (first..end).map(weight).collect();
            let sum: f64 = weights.iter().sum();
            let fixed = |w: &f64| (0.5 + w / sum * f64::from(1u32 << PRECISION)) as i32;
            Taps { first, weights: weights.iter().map(fixed).collect() }
        })
        .collect()
}

fn clip(sum: i32) -> u8 {
    (sum >> PRECISION).clamp(0, 255) as u8
}

fn horizontal(image: &[u8], width: usize, taps: &[Taps]) -> Vec<u8> {
    let mut out = Vec::with_capacity(image.len() / width * taps.len());
    for row in image.chunks_exact(width * 3) {
        for tap in taps {
            let mut sum = [1 << (PRECISION - 1); 3];
            for (pixel, &weight) in row[tap.first * 3..].chunks_exact(3).zip(&tap.weights) {
                for (total, &value) in sum.iter_mut().zip(pixel) {
                    *total += i32::from(value) * weight;
                }
            }
            out.extend(sum.map(clip));
        }
    }
    out
}

fn vertical(image: &[u8], width: usize, taps: &[Taps]) -> Vec<u8> {
    let stride = width * 3;
    let mut out = Vec::with_capacity(taps.len() * stride);
    let mut sums = vec![0i32; stride];
    for tap in taps {
        sums.fill(1 << (PRECISION - 1));
        for (row, &weight) in image[tap.first * stride..].chunks_exact(stride).zip(&tap.weights) {
            for (total, &value) in sums.iter_mut().zip(row) {
                *total += i32::from(value) * weight;
            }
        }
        out.extend(sums.iter().map(|&sum| clip(sum)));
    }
    out
}

/// Python's `round((outer - inner) / 2)`: halves go to the even number.
fn margin(outer: usize, inner: usize) -> usize {
    let twice = outer - inner;
    let half = twice / 2;
    if twice % 2 == 1 && half % 2 == 1 { half + 1 } else { half }
}

#[cfg(test)]
mod tests;
