//! Relative errors of numbers and arrays. NaN if there is nothing to compare.

/// |found − expected| / |expected|; 0 where both are equal, also where both are 0 or the same infinity.
pub fn relative_error(found: f64, expected: f64) -> f64 {
    if found == expected { 0.0 } else { (found - expected).abs() / expected.abs() }
}

/// The largest [`relative_error`] of pairs (found, expected); NaN when one is, or when there is no pair.
pub fn largest_relative_error(pairs: impl IntoIterator<Item = (f64, f64)>) -> f64 {
    largest_error(pairs.into_iter().map(|(found, expected)| relative_error(found, expected)))
}

/// The largest magnitude; NaN when one is NaN, or when there is none.
pub fn largest_error(errors: impl IntoIterator<Item = f64>) -> f64 {
    errors.into_iter().map(f64::abs).reduce(worse).unwrap_or(f64::NAN)
}

/// max |found − expected| / max |expected|: for arrays whose small entries are differences of large numbers. NaN when a
/// number is NaN, when lengths differ, or when there are none.
pub fn error_of_largest(found: &[f64], expected: &[f64]) -> f64 {
    if found.len() != expected.len() || found.iter().chain(expected).any(|x| x.is_nan()) {
        return f64::NAN;
    }
    let difference = largest_error(found.iter().zip(expected).map(|(f, e)| f - e));
    if difference == 0.0 { 0.0 } else { difference / largest_error(expected.iter().copied()) }
}

/// The larger number, where NaN is larger than every number.
fn worse(worst: f64, next: f64) -> f64 {
    if next.is_nan() || next > worst { next } else { worst }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_relative_to_what_is_expected() {
        assert_eq!(relative_error(1.5, 2.0), 0.25);
        assert_eq!((relative_error(0.0, 0.0), relative_error(f64::INFINITY, f64::INFINITY)), (0.0, 0.0));
        assert_eq!(relative_error(1.0, 0.0), f64::INFINITY);
        assert_eq!(largest_relative_error([(1.0, 2.0), (4.0, 4.0)]), 0.5);
        assert_eq!(error_of_largest(&[1.0, -7.0], &[0.0, -8.0]), 0.125);
        assert_eq!(error_of_largest(&[0.0], &[0.0]), 0.0);
    }

    #[test]
    fn what_cannot_be_compared_is_no_small_error() {
        assert!(largest_relative_error([]).is_nan());
        assert!(error_of_largest(&[], &[]).is_nan());
        assert!(error_of_largest(&[1.0], &[1.0, 2.0]).is_nan());
        assert!(error_of_largest(&[1.0, f64::NAN], &[1.0, f64::NAN]).is_nan());
        for pairs in [[(f64::NAN, 1.0), (1.0, 1.0)], [(1.0, 1.0), (f64::NAN, 1.0)]] {
            assert!(largest_relative_error(pairs).is_nan(), "{pairs:?}");
        }
    }
}
