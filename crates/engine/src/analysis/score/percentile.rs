//! The percentile of NumPy, by which OpenOOD chooses thresholds.

/// `numpy.percentile(values, percent)` with its linear interpolation: between the order statistics around (n − 1)·percent/100. `values`: in any
/// order, which changes; `percent`: 0 to 100. NaN where there are none.
pub fn percentile<T: Copy + PartialOrd + Into<f64>>(values: &mut [T], percent: f64) -> f64 {
    if values.is_empty() {
        return f64::NAN;
    }
    let at = (values.len() - 1) as f64 * percent / 100.0;
    let below = (at.floor() as usize).min(values.len() - 1);
    let order = |a: &T, b: &T| (*a).into().total_cmp(&(*b).into());
    let (_, low, above) = values.select_nth_unstable_by(below, order);
    let low: f64 = (*low).into();
    let next = above.iter().map(|&value| value.into()).fold(f64::INFINITY, f64::min);
    if next.is_finite() { low + (next - low) * (at - at.floor()) } else { low }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_between_the_order_statistics_as_in_numpy() {
        // numpy.percentile([3, 1, 2, 10], p)
        for (percent, expected) in [(0.0, 1.0), (50.0, 2.5), (90.0, 7.9), (100.0, 10.0)] {
            assert!((percentile(&mut [3.0f64, 1.0, 2.0, 10.0], percent) - expected).abs() < 1e-12, "{percent}");
        }
        assert_eq!(percentile(&mut [5.0f32], 30.0), 5.0);
        assert!(percentile::<f64>(&mut [], 30.0).is_nan());
    }
}
