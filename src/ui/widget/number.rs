//! Numbers that only the window says; the others are the figures'.

use crate::figure::number::{percent_with_error, significant, supported, with_error};
use crate::metric::share_std_error;

/// A share as per cent with the binomial standard error of `n` draws: `95.2 ± 0.9 %`.
pub fn share(value: f64, n: usize) -> String {
    let unit = if value.is_finite() { " %" } else { "" };
    percent_with_error(Some(value), Some(share_std_error(value, n))) + unit
}

/// A difference with its sign: `+1.2 ± 0.4`; 0 where nothing differs.
pub fn signed(value: f64, error: f64) -> String {
    if value == 0.0 && error == 0.0 {
        return "0".into();
    }
    format!("{}{}", if value > 0.0 { "+" } else { "" }, with_error(value, error))
}

/// A value and how far off it may be, to one digit of that.
pub fn with_residual(value: f64, residual: f64) -> String {
    // With very small residuals the value to all its digits would be a long number.
    if residual > 1e-5 * value.abs() {
        with_error(value, residual)
    } else {
        format!("{} ± {}", supported(value, f64::NAN), significant(residual, 1))
    }
}

/// With commas between thousands: 271,117.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(c);
    }
    text
}

/// `9 s`, `3 min 05 s`, `2 h 10 min`.
pub fn duration(seconds: f64) -> String {
    let s = seconds.max(0.0).round() as u64;
    match s {
        0..60 => format!("{s} s"),
        60..3600 => format!("{} min {:02} s", s / 60, s % 60),
        _ => format!("{} h {:02} min", s / 3600, s % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_carries_its_binomial_error() {
        assert_eq!(share(0.9, 900), "90.0 ± 1.0 %");
        assert_eq!(share(1.0, 900), "100.0 %");
        assert_eq!(share(f64::NAN, 900), "n/a");
    }

    #[test]
    fn differences_have_signs_and_residuals_digits() {
        assert_eq!(signed(1.23, 0.41), "+1.2 ± 0.4");
        assert_eq!(signed(-1.23, 0.41), "−1.2 ± 0.4");
        assert_eq!(signed(0.0, 0.0), "0");
        assert_eq!(with_residual(12.1, 0.05), "12.10 ± 0.05");
        assert_eq!(with_residual(12.1, 2e-7), "12.10 ± 2×10⁻⁷");
    }

    #[test]
    fn counts_and_durations_read_well() {
        assert_eq!(count(271_117), "271,117");
        assert_eq!(count(12), "12");
        assert_eq!(duration(185.0), "3 min 05 s");
        assert_eq!(duration(8.6), "9 s");
    }
}
