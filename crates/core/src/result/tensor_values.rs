//! [`TensorValues`]: what the numbers of a tensor are like: norm, range, histogram.

use serde::{Deserialize, Serialize};

/// The numbers of a tensor in short. Norm, mean, deviation and range are of its finite values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TensorValues {
    /// The square root of the sum of squares, ‖w‖₂.
    pub norm: f64,
    /// Mean.
    pub mean: f64,
    /// Standard deviation over all values (divided by their number).
    pub std: f64,
    /// Smallest value.
    pub min: f64,
    /// Largest value.
    pub max: f64,
    /// How many values are 0.
    pub zeros: u64,
    /// How many values are NaN or infinite.
    pub non_finite: u64,
    /// How many finite values lie in each of [`TensorValues::BINS`] equal bins from `min` to `max`; all in the first where these are equal.
    pub histogram: Vec<u64>,
}

impl TensorValues {
    /// Bins of the histogram.
    pub const BINS: usize = 32;

    /// The numbers of a tensor in short; `None` where no value is finite.
    ///
    /// ```
    /// use flatland_core::result::TensorValues;
    ///
    /// let values = TensorValues::of(&[3.0, -4.0, 0.0, f32::NAN]).unwrap();
    /// assert_eq!((values.norm, values.min, values.max), (5.0, -4.0, 3.0));
    /// assert_eq!((values.zeros, values.non_finite), (1, 1));
    /// ```
    pub fn of(values: &[f32]) -> Option<Self> {
        let finite = || values.iter().map(|value| f64::from(*value)).filter(|value| value.is_finite());
        let (mut count, mut zeros, mut sum, mut squares) = (0_u64, 0, 0.0, 0.0);
        let (mut min, mut max) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in finite() {
            count += 1;
            zeros += u64::from(value == 0.0);
            sum += value;
            squares += value * value;
            (min, max) = (min.min(value), max.max(value));
        }
        if count == 0 {
            return None;
        }
        let mean = sum / count as f64;
        let mut histogram = vec![0; Self::BINS];
        // The mean is taken off first: the difference of two large sums would lose the digits of a small deviation.
        let mut deviations = 0.0;
        for value in finite() {
            deviations += (value - mean) * (value - mean);
            let place = if max > min { (value - min) / (max - min) * Self::BINS as f64 } else { 0.0 };
            histogram[(place as usize).min(Self::BINS - 1)] += 1;
        }
        let std = (deviations / count as f64).sqrt();
        Some(Self { norm: squares.sqrt(), mean, std, min, max, zeros, non_finite: values.len() as u64 - count, histogram })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_ramp_has_the_moments_of_a_ramp_and_fills_its_bins_evenly() {
        let ramp: Vec<f32> = (0..3200).map(|k| k as f32).collect();
        let values = TensorValues::of(&ramp).unwrap();
        assert_eq!((values.mean, values.min, values.max, values.zeros), (1599.5, 0.0, 3199.0, 1));
        assert!((values.std - ((3200.0_f64.powi(2) - 1.0) / 12.0).sqrt()).abs() < 1e-9);
        assert!((values.norm.powi(2) - 3199.0 * 3200.0 * 6399.0 / 6.0).abs() < 1e-3);
        assert_eq!(values.histogram.iter().sum::<u64>(), 3200);
        assert!(values.histogram.iter().all(|n| (99..=101).contains(n)), "{:?}", values.histogram);
    }

    #[test]
    fn a_small_deviation_beside_a_large_mean_keeps_its_digits() {
        let values = TensorValues::of(&[1e6, 1e6 + 0.125, 1e6 - 0.125, 1e6]).unwrap();
        assert!((values.std - (0.125_f64.powi(2) / 2.0).sqrt()).abs() < 1e-12);
    }

    #[test]
    fn one_value_lies_in_the_first_bin_and_none_gives_nothing() {
        let values = TensorValues::of(&[-2.5; 7]).unwrap();
        assert_eq!((values.std, values.histogram[0]), (0.0, 7));
        assert_eq!(TensorValues::of(&[]), None);
        assert_eq!(TensorValues::of(&[f32::NAN, f32::INFINITY]), None);
    }

    #[test]
    fn the_largest_floats_have_a_range() {
        let values = TensorValues::of(&[f32::MAX, -f32::MAX, 0.0]).unwrap();
        assert_eq!((values.histogram[0], values.histogram[16], values.histogram[31]), (1, 1, 1));
    }
}
