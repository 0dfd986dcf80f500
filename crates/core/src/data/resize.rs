//! Resizing as torchvision's and OpenOOD's test transforms do: `Resize`, then `CenterCrop`.
//!
//! Pillow's filters with antialiasing bit for bit (`src/libImaging/Resample.c`): a filter widened by the scale, an
//! 8-bit horizontal pass, then a vertical one, with 22 bits of fixed point. `fast_image_resize` has 16-bit weights on u8 and would
//! differ by one level in some pixels.

use std::f64::consts::PI;
use std::ops::Range;

use super::preparation::Filter;

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
    scale_and_crop(image, [height, width], [scaled_height, scaled_width], to, Filter::Bilinear)
}

/// `image`, u8 RGB [height, width, 3], scaled to `scaled` and cut to its centre of the size `crop`; black is added around it where it
/// is smaller.
pub(super) fn scale_and_crop(image: &[u8], [height, width]: [usize; 2], scaled: [usize; 2], crop: [usize; 2], filter: Filter) -> Vec<u8> {
    // Positions outside the crop are never computed.
    let [(top, rows), (left, columns)] = [0, 1].map(|side| wanted(scaled[side], crop[side]));
    let inner = [rows.len(), columns.len()];
    let columns = taps(width, scaled[1], columns, filter);
    let rows = taps(height, scaled[0], rows, filter);
    let image = vertical(&horizontal(image, width, &columns), inner[1], &rows);
    if inner == crop { image } else { pad(&image, inner, [top, left], crop) }
}

/// The number of black positions before those of the image, and the positions of the image, of a crop of length `inner` in the centre
/// of `outer`.
fn wanted(outer: usize, inner: usize) -> (usize, Range<usize>) {
    if inner > outer {
        return ((inner - outer) / 2, 0..outer);
    }
    let first = margin(outer, inner);
    (0, first..first + inner)
}

/// `image`, [height, width], with its corner at [top, left] of a black one of the size `to`.
fn pad(image: &[u8], [height, width]: [usize; 2], [top, left]: [usize; 2], to: [usize; 2]) -> Vec<u8> {
    let mut out = vec![0; to[0] * to[1] * 3];
    let rows = out.chunks_exact_mut(to[1] * 3).skip(top).take(height);
    for (row, from) in rows.zip(image.chunks_exact(width * 3)) {
        row[left * 3..(left + width) * 3].copy_from_slice(from);
    }
    out
}

/// The weight of a filter at a distance, up to a factor. That of the nearest pixel has none.
fn weight(filter: Filter, at: f64) -> f64 {
    let x = at.abs();
    match filter {
        Filter::Bilinear => (1.0 - x).max(0.0),
        Filter::Bicubic if x < 1.0 => (1.5 * x - 2.5) * x * x + 1.0,
        Filter::Bicubic if x < 2.0 => (((x - 5.0) * x + 8.0) * x - 4.0) * -0.5,
        Filter::Lanczos if (-3.0..3.0).contains(&at) => sinc(at) * sinc(at / 3.0),
        Filter::Bicubic | Filter::Lanczos | Filter::Nearest => 0.0,
    }
}

fn sinc(x: f64) -> f64 {
    let x = x * PI;
    if x == 0.0 { 1.0 } else { x.sin() / x }
}

/// The positions of the nearest pixels. Pillow adds up the steps, and with them their rounding errors.
fn nearest(from: usize, to: usize, wanted: Range<usize>) -> Vec<Taps> {
    let step = from as f64 / to as f64;
    let places = std::iter::successors(Some(step * 0.5), |at| Some(at + step));
    let tap = |at: f64| Taps { first: (at as usize).min(from.saturating_sub(1)), weights: vec![1 << PRECISION] };
    places.take(wanted.end).skip(wanted.start).map(tap).collect()
}

fn taps(from: usize, to: usize, wanted: Range<usize>, filter: Filter) -> Vec<Taps> {
    // Half the width of the filter on an image that is not made smaller.
    let reach = match filter {
        Filter::Nearest => return nearest(from, to, wanted),
        Filter::Bilinear => 1.0,
        Filter::Bicubic => 2.0,
        Filter::Lanczos => 3.0,
    };
    let scale = from as f64 / to as f64;
    let widened = scale.max(1.0);
    let support = reach * widened;
    let per_pixel = 1.0 / widened;
    wanted
        .map(|position| {
            let center = (position as f64 + 0.5) * scale;
            let first = (center - support + 0.5).max(0.0) as usize;
            let end = ((center + support + 0.5) as usize).min(from);
            let weights: Vec<f64> = (first..end).map(|x| weight(filter, (x as f64 - center + 0.5) * per_pixel)).collect();
            let sum: f64 = weights.iter().sum();
            let fixed = |w: &f64| {
                let exact = w / sum * f64::from(1u32 << PRECISION);
                (if exact < 0.0 { exact - 0.5 } else { exact + 0.5 }) as i32
            };
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
