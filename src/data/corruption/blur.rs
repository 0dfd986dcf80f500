//! Gaussian and defocus blur.

use super::pixels::Pixels;

/// Gaussian of σ = c per channel, truncated at 4σ, borders continued by the nearest pixel (scikit-image's `gaussian`).
pub fn gaussian(x: &mut Pixels, level: usize) {
    let sigma: f64 = [0.4, 0.6, 0.7, 0.8, 1.0][level];
    let radius = (4.0 * sigma + 0.5) as isize;
    let weights: Vec<f64> = (-radius..=radius).map(|i| (-0.5 * (i as f64 / sigma).powi(2)).exp()).collect();
    let total: f64 = weights.iter().sum();
    let kernel: Vec<f64> = weights.iter().map(|w| w / total).collect();
    for (rows, columns) in [(1, 0), (0, 1)] {
        let taps = kernel.iter().zip(-radius..).map(|(&w, i)| (w, i * rows, i * columns)).collect::<Vec<_>>();
        correlate(x, &taps, |i, len| i.clamp(0, len - 1));
    }
}

/// A disk of radius r, smoothed by a 3x3 Gaussian of σ = alias; borders reflected without repeating the edge.
pub fn defocus(x: &mut Pixels, level: usize) {
    let (radius, alias): (f64, f64) = [(0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1.0, 0.2), (1.5, 0.1)][level];
    let inside = |row: isize, column: isize| f64::from((row * row + column * column) as f64 <= radius * radius);
    let side = (-0.5 / (alias * alias)).exp();
    let smooth = [side, 1.0, side].map(|w| w / (1.0 + 2.0 * side));
    let mut taps = Vec::new();
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
    correlate(x, &taps, |i, len| if len == 1 { 0 } else { (len - 1) - ((len - 1) - i.rem_euclid(2 * (len - 1))).abs() });
}

/// out(r, c) = Σ weight · x(r + row, c + column); `border` maps a position outside into 0..len.
fn correlate(x: &mut Pixels, taps: &[(f64, isize, isize)], border: impl Fn(isize, isize) -> isize) {
    let (height, width) = (x.height as isize, x.width as isize);
    let mut out = vec![0.0; x.values.len()];
    for r in 0..height {
        for c in 0..width {
            let at = ((r * width + c) * 3) as usize;
            for &(weight, row, column) in taps {
                let from = ((border(r + row, height) * width + border(c + column, width)) * 3) as usize;
                for channel in 0..3 {
                    out[at + channel] += weight * x.values[from + channel];
                }
            }
        }
    }
    x.values = out;
}
