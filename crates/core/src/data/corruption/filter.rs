//! Gaussian filters and correlations, with the borders of scipy and OpenCV.
//!
//! Sums run in scipy's order (the centre, then pairs from the outside in; columns of the image first), so results agree with it to
//! the last bit but for the exponential.

/// How an image goes on beyond its edge; `abcd` is a row.
#[derive(Clone, Copy)]
pub enum Border {
    /// `aaa|abcd|ddd`: scipy's `nearest`.
    Nearest,
    /// `cba|abcd|dcb`: scipy's `reflect`.
    Reflect,
    /// `dcb|abcd|cba`: OpenCV's `BORDER_REFLECT_101`, scipy's `mirror`.
    Mirror,
}

impl Border {
    /// The position in 0..len that stands for `i`; len ≥ 1.
    pub fn at(self, i: isize, len: usize) -> usize {
        let len = len as isize;
        (match self {
            Border::Nearest => i.clamp(0, len - 1),
            Border::Reflect => {
                let i = i.rem_euclid(2 * len);
                i.min(2 * len - 1 - i)
            }
            Border::Mirror if len == 1 => 0,
            Border::Mirror => (len - 1) - ((len - 1) - i.rem_euclid(2 * (len - 1))).abs(),
        }) as usize
    }
}

/// Half of a normalized Gaussian of σ ≥ 0 cut at `truncate`·σ: the weight of the centre, then outwards. σ = 0 gives the identity.
fn half_gaussian(sigma: f64, truncate: f64) -> Vec<f64> {
    let radius = (truncate * sigma + 0.5) as i32;
    let mut weights: Vec<f64> = (0..=radius).map(|i| (-0.5 / (sigma * sigma) * f64::from(i * i)).exp()).collect();
    weights[0] = 1.0;
    let total = weights[0] + 2.0 * weights[1..].iter().sum::<f64>();
    weights.iter_mut().for_each(|weight| *weight /= total);
    weights
}

/// scipy's `gaussian_filter` of `values`, [height, width, channels], each channel on its own.
pub fn gaussian(values: &mut [f64], [height, width, channels]: [usize; 3], sigma: f64, truncate: f64, border: Border) {
    let weights = half_gaussian(sigma, truncate);
    let radius = weights.len() - 1;
    if radius == 0 {
        return;
    }
    let stride = width * channels;
    let source = values.to_vec();
    let row = |r: isize| &source[border.at(r, height) * stride..][..stride];
    for (r, out) in (0isize..).zip(values.chunks_exact_mut(stride)) {
        scale(out, weights[0]);
        for j in (1..=radius).rev() {
            let (above, below) = (row(r - j as isize), row(r + j as isize));
            add_pair(out, above, below, weights[j]);
        }
    }
    let mut padded = vec![0.0; stride + 2 * radius * channels];
    for out in values.chunks_exact_mut(stride) {
        for c in 0..width + 2 * radius {
            let from = border.at(c as isize - radius as isize, width) * channels;
            padded[c * channels..(c + 1) * channels].copy_from_slice(&out[from..from + channels]);
        }
        scale(out, weights[0]);
        for j in (1..=radius).rev() {
            let (left, right) = (&padded[(radius - j) * channels..][..stride], &padded[(radius + j) * channels..][..stride]);
            add_pair(out, left, right, weights[j]);
        }
    }
}

fn scale(out: &mut [f64], weight: f64) {
    out.iter_mut().for_each(|value| *value *= weight);
}

fn add_pair(out: &mut [f64], a: &[f64], b: &[f64], weight: f64) {
    for ((value, a), b) in out.iter_mut().zip(a).zip(b) {
        *value += (a + b) * weight;
    }
}

/// out(r, c) = Σ weight · in(r + row, c + column) over the taps (weight, row, column), for `values`, [height, width, channels].
pub fn correlate(values: &mut [f64], [height, width, channels]: [usize; 3], taps: &[(f64, isize, isize)], border: Border) {
    let reach = taps.iter().map(|(_, row, column)| row.abs().max(column.abs())).max().unwrap_or(0);
    let stride = (width + 2 * reach as usize) * channels;
    let mut padded = vec![0.0; (height + 2 * reach as usize) * stride];
    for (r, row) in (-reach..).zip(padded.chunks_exact_mut(stride)) {
        let from = border.at(r, height) * width;
        for (c, pixel) in (-reach..).zip(row.chunks_exact_mut(channels)) {
            let at = (from + border.at(c, width)) * channels;
            pixel.copy_from_slice(&values[at..at + channels]);
        }
    }
    values.fill(0.0);
    for (r, out) in (0isize..).zip(values.chunks_exact_mut(width * channels)) {
        for &(weight, row, column) in taps {
            let from = (r + row + reach) as usize * stride + (column + reach) as usize * channels;
            for (value, x) in out.iter_mut().zip(&padded[from..]) {
                *value += weight * x;
            }
        }
    }
}
