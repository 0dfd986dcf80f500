//! How the window formats numbers; most formats are those of the figures.

use crate::figure::number::{UNDEFINED, percent_with_error, significant, supported, with_error};
pub use crate::figure::number::{count, duration};
use flatland_core::metric::share_std_error;

/// A share in per cent with the binomial standard error of `n` draws: `95.2 ± 0.9 %`.
pub fn share(value: f64, n: usize) -> String {
    if !value.is_finite() {
        return UNDEFINED.into();
    }
    percent_with_error(Some(value), Some(share_std_error(value, n))) + " %"
}

/// A difference with its sign and error: `+1.2 ± 0.4`; 0 for no difference.
pub fn signed(value: f64, error: f64) -> String {
    if value == 0.0 && error == 0.0 {
        return "0".into();
    }
    format!("{}{}", if value > 0.0 { "+" } else { "" }, with_error(value, error))
}

/// A value with its residual; the residual has one digit.
pub fn with_residual(value: f64, residual: f64) -> String {
    // With a very small residual, all digits of the value would make a long number.
    if residual > 1e-5 * value.abs() {
        with_error(value, residual)
    } else {
        format!("{} ± {}", supported(value, f64::NAN), significant(residual, 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_carries_its_binomial_error() {
        assert_eq!(share(0.9, 900), "90.0 ± 1.0 %");
        assert_eq!(share(1.0, 900), "100.0 %");
        assert_eq!(share(f64::NAN, 900), "not defined");
    }

    #[test]
    fn differences_have_signs_and_residuals_digits() {
        assert_eq!(signed(1.23, 0.41), "+1.2 ± 0.4");
        assert_eq!(signed(-1.23, 0.41), "−1.2 ± 0.4");
        assert_eq!(signed(0.0, 0.0), "0");
        assert_eq!(with_residual(12.1, 0.05), "12.10 ± 0.05");
        assert_eq!(with_residual(12.1, 2e-7), "12.10 ± 2×10⁻⁷");
    }
}
