//! Means with their standard errors, and medians.

/// Mean and standard error (sample standard deviation over √n) of `values`; the error of a single value is NaN.
/// `None` when there are no values or one is NaN.
pub fn mean_std_error(values: &[f64]) -> Option<(f64, f64)> {
    if values.is_empty() || values.iter().any(|v| v.is_nan()) {
        return None;
    }
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|v| (v - mean) * (v - mean)).sum();
    Some((mean, (squares / (n - 1.0) / n).sqrt()))
}

/// Mean and population standard deviation (√(Σ(x − mean)²/n), NumPy's default) of `values`; what papers print as ±.
/// `None` when there are no values or one is NaN.
pub fn mean_population_std(values: &[f64]) -> Option<(f64, f64)> {
    if values.is_empty() || values.iter().any(|v| v.is_nan()) {
        return None;
    }
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    Some((mean, (values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / n).sqrt()))
}

/// The value in the middle, or the mean of the two there. `None` when there are no values or one is NaN.
pub fn median(values: &[f64]) -> Option<f64> {
    if values.is_empty() || values.iter().any(|v| v.is_nan()) {
        return None;
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let [low, high] = [(sorted.len() - 1) / 2, sorted.len() / 2].map(|k| sorted[k]);
    Some(if low == high { low } else { 0.5 * low + 0.5 * high })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closed_form() {
        let (mean, error) = mean_std_error(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]).unwrap();
        assert_eq!(mean, 5.0);
        assert!((error - (32.0_f64 / 7.0 / 8.0).sqrt()).abs() < 1e-15);
        assert!(mean_std_error(&[3.0]).unwrap().1.is_nan());
        assert_eq!(mean_std_error(&[]), None);
        assert_eq!(mean_std_error(&[1.0, f64::NAN]), None);
    }

    #[test]
    fn the_median_lies_in_the_middle() {
        assert_eq!(median(&[9.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[9.0, 1.0, 2.0, 4.0]), Some(3.0));
        assert_eq!(median(&[f64::INFINITY; 2]), Some(f64::INFINITY));
        assert_eq!((median(&[]), median(&[f64::NAN])), (None, None));
    }

    #[test]
    fn the_population_deviation_divides_by_n() {
        assert_eq!(mean_population_std(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]), Some((5.0, 2.0)));
        assert_eq!(mean_population_std(&[3.0]), Some((3.0, 0.0)));
        assert_eq!(mean_population_std(&[]), None);
    }
}
