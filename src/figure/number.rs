//! Formatting of numbers: minus signs, digits that the standard error supports, powers of ten as exponents.

/// `text` with ASCII hyphens turned into minus signs; a negative zero loses its sign.
fn typeset(text: &str) -> String {
    if is_zero(text) { text.replace('-', "") } else { text.replace('-', "−") }
}

/// Whether a number as it is written has no digit but 0.
fn is_zero(text: &str) -> bool {
    text.contains('0') && !text.contains(|c: char| ('1'..='9').contains(&c))
}

/// `value` with `decimals` digits after the point.
pub fn fixed(value: f64, decimals: usize) -> String {
    if value.is_finite() { typeset(&format!("{value:.decimals$}")) } else { non_finite(value) }
}

/// `value` to `digits` significant digits; beyond 10⁻⁴ and 10⁶ as a power of ten.
pub fn significant(value: f64, digits: usize) -> String {
    if !value.is_finite() {
        return non_finite(value);
    }
    let digits = digits.max(1);
    let text = format!("{:.*e}", digits - 1, value);
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if value != 0.0 && !(-4..6).contains(&exponent) {
        return format!("{}×{}", typeset(mantissa), power_of_ten(exponent));
    }
    fixed(value, (digits as i32 - 1 - exponent).max(0) as usize)
}

/// `value` with `decimals` digits after the point in ASCII, for terminals and for text that programs read; a zero has no sign.
pub fn plain(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    if is_zero(&text) { text.replace('-', "") } else { text }
}

/// As [`plain`] with a sign, `+` for zero.
pub fn plain_signed(value: f64, decimals: usize) -> String {
    let text = plain(value, decimals);
    if text.starts_with('-') || value.is_nan() { text } else { format!("+{text}") }
}

/// `value` to `digits` significant digits in ASCII: `-0.4213`, beyond 10⁻⁴ and 10⁶ `3.142e-44`. So only 0 is printed as 0.
pub fn terminal(value: f64, digits: usize) -> String {
    let digits = digits.max(1);
    let text = format!("{:.*e}", digits - 1, value);
    let exponent: i32 = text.split_once('e').and_then(|(_, exponent)| exponent.parse().ok()).unwrap_or(0);
    if value == 0.0 || !value.is_finite() || (-4..6).contains(&exponent) {
        return plain(value, (digits as i32 - 1 - exponent).max(0) as usize);
    }
    text
}

/// `value` to the digits that `std_error` supports: its first digit (its first two when it begins with 1);
/// four significant digits when there is no standard error.
pub fn supported(value: f64, std_error: f64) -> String {
    match decimals(std_error) {
        Some(decimals) if value.is_finite() => fixed(value, decimals),
        _ => significant(value, 4),
    }
}

/// `value ± std_error`, both to the digits that the standard error supports.
pub fn with_error(value: f64, std_error: f64) -> String {
    match decimals(std_error) {
        Some(decimals) if value.is_finite() => format!("{} ± {}", fixed(value, decimals), fixed(std_error, decimals)),
        _ => significant(value, 4),
    }
}

/// The text for a requested number that is not defined: for images whose logits are not finite, or without images.
pub const UNDEFINED: &str = "not defined";

/// A share in [0, 1] in percent with one decimal, without the sign; `n/a` if it is missing.
pub fn percent(share: Option<f64>) -> String {
    share.filter(|s| s.is_finite()).map_or_else(|| "n/a".into(), |s| fixed(100.0 * s, 1))
}

/// A share in [0, 1] with its standard error in percent, without the sign: `95.2 ± 0.9`; as [`percent`] where the error is unknown or 0.
pub fn percent_with_error(share: Option<f64>, std_error: Option<f64>) -> String {
    match share.zip(std_error) {
        Some((share, error)) if share.is_finite() && error.is_finite() && error > 0.0 => with_error(100.0 * share, 100.0 * error),
        _ => percent(share),
    }
}

/// 10ⁿ.
pub(super) fn power_of_ten(exponent: i32) -> String {
    let superscript = |c: char| match c {
        '-' => '⁻',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        digit => char::from_u32('⁰' as u32 + (digit as u32 - '0' as u32)).unwrap_or(digit),
    };
    format!("10{}", exponent.to_string().chars().map(superscript).collect::<String>())
}

fn decimals(std_error: f64) -> Option<usize> {
    if !(std_error.is_finite() && std_error > 0.0) {
        return None;
    }
    let text = format!("{std_error:.1e}");
    let exponent: i32 = text.split_once('e')?.1.parse().ok()?;
    let digits = if text.starts_with('1') { 2 } else { 1 };
    Some((digits - 1 - exponent).clamp(0, 12) as usize)
}

fn non_finite(value: f64) -> String {
    let text = match (value.is_nan(), value > 0.0) {
        (true, _) => "NaN",
        (_, true) => "∞",
        (_, false) => "−∞",
    };
    text.into()
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
    fn the_standard_error_decides_the_digits() {
        assert_eq!(with_error(0.365_930_18, 0.0213), "0.37 ± 0.02");
        assert_eq!(with_error(0.365_930_18, 0.0134), "0.366 ± 0.013");
        assert_eq!(with_error(151.046, 12.3), "151 ± 12");
        assert_eq!(with_error(-0.5, 0.04), "−0.50 ± 0.04");
        assert_eq!(with_error(2.5, 0.0), "2.500");
        assert_eq!(supported(0.365_930_18, 0.0096), "0.366");
        assert_eq!(supported(0.365_930_18, f64::NAN), "0.3659");
    }

    #[test]
    fn significant_digits() {
        assert_eq!(significant(0.0, 3), "0.00");
        assert_eq!(significant(-1234.56, 3), "−1235");
        assert_eq!(significant(0.012_345, 3), "0.0123");
        assert_eq!(significant(9.996, 3), "10.0");
        assert_eq!(significant(3.2e-7, 2), "3.2×10⁻⁷");
        assert_eq!(significant(6.02e23, 3), "6.02×10²³");
    }

    #[test]
    fn zero_has_no_sign_and_infinity_has() {
        assert_eq!(fixed(-0.001, 2), "0.00");
        assert_eq!(fixed(-0.5, 1), "−0.5");
        assert_eq!(significant(f64::NEG_INFINITY, 3), "−∞");
        assert_eq!(significant(f64::NAN, 3), "NaN");
        assert_eq!(percent(Some(0.8766)), "87.7");
        assert_eq!(percent(None), "n/a");
        assert_eq!(percent_with_error(Some(0.8766), Some(0.0123)), "87.7 ± 1.2");
        assert_eq!([percent_with_error(Some(1.0), Some(0.0)), percent_with_error(Some(0.5), None)], ["100.0", "50.0"]);
    }

    #[test]
    fn no_number_is_a_negative_zero_and_only_zero_reads_as_zero() {
        assert_eq!(
            [terminal(-0.42134, 4), terminal(-1e-9, 3), terminal(0.0, 4), terminal(-0.0, 4)],
            ["-0.4213", "-1.00e-9", "0.000", "0.000"]
        );
        assert_eq!([terminal(3.1419e-44, 4), terminal(1234.56, 4), terminal(0.000_123_4, 3)], ["3.142e-44", "1235", "0.000123"]);
        assert_eq!([terminal(f64::NAN, 4), terminal(f64::NEG_INFINITY, 4)], ["NaN", "-inf"]);
        assert_eq!(
            [plain(-0.00004, 4), plain(-0.4, 1), plain_signed(-0.0004, 3), plain_signed(0.5, 1)],
            ["0.0000", "-0.4", "+0.000", "+0.5"]
        );
        let tiny = [-0.0, -1e-320, -1e-44, -4.9e-5, -1e-7, -0.049, -0.4];
        for value in tiny {
            for digits in 0..8 {
                for text in [fixed(value, digits), plain(value, digits), plain_signed(value, digits)].into_iter().chain([
                    significant(value, digits),
                    terminal(value, digits),
                    supported(value, 0.1),
                    with_error(value, 0.3),
                ]) {
                    let number = text.split(" ±").next().unwrap_or_default().replace('−', "-");
                    let is_negative = number.starts_with('-');
                    assert!(!is_negative || number.contains(|c: char| ('1'..='9').contains(&c)), "{value} with {digits} digits: {text}");
                }
            }
            assert!(value == 0.0 || !is_zero(&terminal(value, 3)), "{value}");
        }
    }

    #[test]
    fn counts_and_durations_read_well() {
        assert_eq!(count(271_117), "271,117");
        assert_eq!([count(12), count(999), count(1000), count(11_173_962)], ["12", "999", "1,000", "11,173,962"]);
        assert_eq!(duration(185.0), "3 min 05 s");
        assert_eq!(duration(7800.0), "2 h 10 min");
        assert_eq!([duration(8.6), duration(f64::NAN), duration(-1.0)], ["9 s", "0 s", "0 s"]);
    }
}
