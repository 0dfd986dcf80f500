//! [`Density`]: the number of points in each square bin of the visible part of a panel.

use rayon::prelude::*;

/// Counts in square bins. The bins are anchored to the data, so that they move with it.
#[derive(Clone, Debug, PartialEq)]
pub struct Density {
    /// Left and lower edge of the first bin.
    pub low: [f64; 2],
    /// Side of a bin in data units.
    pub side: f64,
    /// Numbers of bins along x and y.
    pub bins: [usize; 2],
    /// Counts, row by row from below, [y × x].
    pub counts: Vec<u32>,
}

impl Density {
    /// Counts the shown `points` in bins that cover `x` and `y`; `side` > 0 is the side of a bin.
    pub fn new(points: &[[f32; 2]], shown: impl Fn(usize) -> bool + Sync, x: [f64; 2], y: [f64; 2], side: f64) -> Self {
        let first = [x[0], y[0]].map(|low| (low / side).floor());
        let last = [x[1], y[1]].map(|high| (high / side).floor());
        // At most as many as a screen has pixels.
        let bins = [0, 1].map(|axis| (last[axis] - first[axis] + 1.0).clamp(1.0, 4096.0) as usize);
        let bin = |point: &[f32; 2]| {
            let at = [0, 1].map(|axis| (f64::from(point[axis]) / side).floor() - first[axis]);
            let inside = at[0] >= 0.0 && at[1] >= 0.0 && at[0] < bins[0] as f64 && at[1] < bins[1] as f64;
            inside.then(|| at[1] as usize * bins[0] + at[0] as usize)
        };
        let part = points.len().div_ceil(rayon::current_num_threads()).max(1);
        let counted = points.par_chunks(part).enumerate().map(|(k, chunk)| {
            let mut counts = vec![0u32; bins[0] * bins[1]];
            for (_, point) in chunk.iter().enumerate().filter(|(j, _)| shown(k * part + j)) {
                if let Some(bin) = bin(point) {
                    counts[bin] += 1;
                }
            }
            counts
        });
        let add = |mut a: Vec<u32>, b: Vec<u32>| {
            a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
            a
        };
        let counts = counted.reduce_with(add).unwrap_or_else(|| vec![0; bins[0] * bins[1]]);
        Self { low: [first[0] * side, first[1] * side], side, bins, counts }
    }

    /// The largest count.
    pub fn max(&self) -> u32 {
        self.counts.iter().copied().max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_equal_those_of_testing_every_bin() {
        let value = |k: usize| ((k as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as f32 / 1_677_721.6 - 5.0;
        let mut points: Vec<[f32; 2]> = (0..500).map(|k| [value(2 * k), value(2 * k + 1)]).collect();
        points[3] = [f32::NAN, 0.0];
        points[4] = [f32::INFINITY, 0.0];
        points[5] = [-1.0, -0.5];
        let shown = |k: usize| !k.is_multiple_of(5) || k == 5;
        let density = Density::new(&points, shown, [-3.1, 2.0], [-2.0, 4.4], 0.5);
        assert_eq!((density.low, density.bins), ([-3.5, -2.0], [12, 13]));
        for j in 0..13 {
            for i in 0..12 {
                let (left, below) = (-3.5 + 0.5 * f64::from(i), -2.0 + 0.5 * f64::from(j));
                let inside =
                    |p: &[f32; 2]| (left..left + 0.5).contains(&f64::from(p[0])) && (below..below + 0.5).contains(&f64::from(p[1]));
                let expected = points.iter().enumerate().filter(|(k, p)| shown(*k) && inside(p)).count() as u32;
                assert_eq!(density.counts[(j * 12 + i) as usize], expected, "{i} {j}");
            }
        }
        assert_eq!(density.max(), density.counts.iter().copied().max().unwrap_or(0));
    }

    #[test]
    fn nothing_gives_empty_bins() {
        let density = Density::new(&[], |_| true, [0.0, 1.0], [0.0, 1.0], 0.25);
        assert_eq!((density.bins, density.max()), ([5, 5], 0));
    }
}
