//! The benchmark's `clipped_zoom`: the centre of an image enlarged to the image's size, used by `zoom_blur` and `snow`.

use std::ops::Range;

/// Positions between two input rows (or columns): the lower one and how far to go to the next.
struct Sample {
    lower: usize,
    share: f64,
}

/// Where the wanted output positions of one side of `len` pixels lie at a zoom of `factor` ≥ 1: the centre ⌈len/factor⌉ pixels, scaled
/// end to end (scipy's `zoom` of order 1) to the nearest size, trimmed to `len`.
fn samples(len: usize, factor: f64) -> Vec<Sample> {
    let kept = ((len as f64 / factor).ceil() as usize).clamp(1, len);
    let first = (len - kept) / 2;
    let scaled = ((kept as f64 * factor).round_ties_even() as usize).max(len);
    let trimmed = (scaled - len) / 2;
    let step = if scaled > 1 { (kept - 1) as f64 / (scaled - 1) as f64 } else { 0.0 };
    let wanted: Range<usize> = trimmed..trimmed + len;
    wanted
        .map(|i| {
            let position = (i as f64 * step).min((kept - 1) as f64);
            let lower = (position as usize).min(kept.saturating_sub(2));
            Sample { lower: first + lower, share: position - lower as f64 }
        })
        .collect()
}

/// Adds to `out` what `values`, both [height, width, channels], look like at a zoom of `factor` ≥ 1.
pub fn add_zoomed(out: &mut [f64], values: &[f64], [height, width, channels]: [usize; 3], factor: f64) {
    let (rows, columns) = (samples(height, factor), samples(width, factor));
    let stride = width * channels;
    let mut between = vec![0.0; stride];
    for (row, out) in rows.iter().zip(out.chunks_exact_mut(stride)) {
        let lower = &values[row.lower * stride..][..stride];
        let upper = if height > 1 { &values[(row.lower + 1) * stride..][..stride] } else { lower };
        for ((value, a), b) in between.iter_mut().zip(lower).zip(upper) {
            *value = a + (b - a) * row.share;
        }
        for (column, out) in columns.iter().zip(out.chunks_exact_mut(channels)) {
            let pixels = &between[column.lower * channels..];
            let next = if width > 1 { channels } else { 0 };
            for (channel, value) in out.iter_mut().enumerate() {
                let (a, b) = (pixels[channel], pixels[channel + next]);
                *value += a + (b - a) * column.share;
            }
        }
    }
}
