//! Round values on axes with their labels.

use super::number::{fixed, power_of_ten};

/// A round value on an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    /// Its position, in units of the axis.
    pub value: f64,
    /// Its label.
    pub label: String,
}

/// At most `max` (≥ 2) values within [low, high] at a step of 1, 2 or 5 times a power of ten, all with the same decimals.
pub fn linear_ticks(low: f64, high: f64, max: usize) -> Vec<Tick> {
    let span = high - low;
    if !(span.is_finite() && span > 0.0) {
        return Vec::new();
    }
    // Ends that are missed only by rounding count as inside.
    let slack = 1e-9 * span;
    let ticks_at = |mantissa: f64, exponent: i32| {
        // Dividing by a power of ten keeps 0.1, 0.2, ... exact where multiplying would not.
        let at = |k: f64| if exponent < 0 { k * mantissa / 10.0_f64.powi(-exponent) } else { k * mantissa * 10.0_f64.powi(exponent) };
        let step = at(1.0);
        let (first, last) = (((low - slack) / step).ceil() as i64, ((high + slack) / step).floor() as i64);
        (last - first < max.max(2) as i64).then(|| (first..=last).map(|k| at(k as f64)).collect::<Vec<f64>>())
    };
    let start = (span / max.max(2) as f64).log10().floor() as i32 - 1;
    let steps = (start..start + 4).flat_map(|exponent| [1.0, 2.0, 5.0].map(|mantissa| (mantissa, exponent)));
    let Some((values, exponent)) = steps.filter_map(|(m, e)| Some((ticks_at(m, e)?, e))).next() else { return Vec::new() };
    let largest = low.abs().max(high.abs());
    if largest >= 1e5 || exponent < -4 {
        let power = largest.log10().floor() as i32;
        let decimals = (power - exponent).max(0) as usize;
        let label = |v: f64| {
            if v == 0.0 { "0".into() } else { format!("{}×{}", fixed(v / 10.0_f64.powi(power), decimals), power_of_ten(power)) }
        };
        return values.into_iter().map(|value| Tick { value, label: label(value) }).collect();
    }
    let decimals = (-exponent).max(0) as usize;
    values.into_iter().map(|value| Tick { value, label: fixed(value, decimals) }).collect()
}

/// At most about `max` values within [low, high] (both > 0) for a log axis: 1, 2, 5 times powers of ten, powers of ten alone,
/// or every k-th power; linear ticks when the range holds fewer than two of them.
pub fn log_ticks(low: f64, high: f64, max: usize) -> Vec<Tick> {
    if !(low > 0.0 && high.is_finite() && low < high) {
        return Vec::new();
    }
    let inside = |v: f64| v >= low * (1.0 - 1e-9) && v <= high * (1.0 + 1e-9);
    let exponents = || low.log10().floor() as i32..=high.log10().ceil() as i32;
    let of = |mantissas: &'static [i32]| {
        let all = exponents().flat_map(move |e| mantissas.iter().map(move |&m| (m, e)));
        all.filter(|&(m, e)| inside(decimal(m, e))).collect::<Vec<_>>()
    };
    let decades = of(&[1]);
    let mut chosen = [of(&[1, 2, 5]), of(&[1, 3]), decades.clone()].into_iter().find(|t| t.len() <= max).unwrap_or_else(|| {
        let every = decades.len().div_ceil(max.max(1)) as i32;
        decades.into_iter().filter(|(_, e)| e.rem_euclid(every) == 0).collect()
    });
    chosen.dedup();
    if chosen.len() < 2 {
        return linear_ticks(low, high, max.min(5));
    }
    // All labels of an axis have the same form: powers of ten if one label would be long.
    let powers = chosen.iter().any(|&(_, e)| !(-3..5).contains(&e));
    let label = |m: i32, e: i32| match (powers, m) {
        (true, 1) => power_of_ten(e),
        (true, m) => format!("{m}×{}", power_of_ten(e)),
        (false, _) => fixed(decimal(m, e), (-e).max(0) as usize),
    };
    chosen.into_iter().map(|(m, e)| Tick { value: decimal(m, e), label: label(m, e) }).collect()
}

/// m · 10ᵉ, correctly rounded for |e| ≤ 22.
fn decimal(mantissa: i32, exponent: i32) -> f64 {
    let m = f64::from(mantissa);
    if exponent < 0 { m / 10.0_f64.powi(-exponent) } else { m * 10.0_f64.powi(exponent) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(ticks: &[Tick]) -> Vec<&str> {
        ticks.iter().map(|t| t.label.as_str()).collect()
    }

    #[test]
    fn linear_axes() {
        assert_eq!(labels(&linear_ticks(-1.0, 1.0, 5)), ["−1.0", "−0.5", "0.0", "0.5", "1.0"]);
        assert_eq!(labels(&linear_ticks(-1.05, 1.05, 3)), ["−1", "0", "1"]);
        assert_eq!(labels(&linear_ticks(0.0, 0.35, 5)), ["0.0", "0.1", "0.2", "0.3"]);
        assert_eq!(labels(&linear_ticks(3.0, 21.0, 6)), ["5", "10", "15", "20"]);
        assert_eq!(labels(&linear_ticks(0.0, 2e6, 3)), ["0", "1×10⁶", "2×10⁶"]);
        assert!(linear_ticks(1.0, 1.0, 5).is_empty());
    }

    #[test]
    fn linear_ticks_are_exact_and_within_the_range() {
        assert_eq!(linear_ticks(0.0, 0.3, 4).iter().map(|t| t.value).collect::<Vec<_>>(), [0.0, 0.1, 0.2, 0.3]);
        for (low, high) in [(-7.3, 11.9), (0.001, 0.0012), (1e-9, 5e-9), (99_000.0, 101_000.0)] {
            for max in 2..9 {
                let ticks = linear_ticks(low, high, max);
                assert!(!ticks.is_empty() && ticks.len() <= max);
                assert!(ticks.iter().all(|t| t.value >= low - 1e-9 * (high - low) && t.value <= high + 1e-9 * (high - low)));
            }
        }
    }

    #[test]
    fn log_axes() {
        assert_eq!(labels(&log_ticks(0.01, 0.5, 6)), ["0.01", "0.02", "0.05", "0.1", "0.2", "0.5"]);
        assert_eq!(labels(&log_ticks(0.3, 300.0, 4)), ["1", "10", "100"]);
        assert_eq!(labels(&log_ticks(0.3, 278.0, 6)), ["0.3", "1", "3", "10", "30", "100"]);
        assert_eq!(labels(&log_ticks(1e-8, 1.0, 5)), ["10⁻⁸", "10⁻⁶", "10⁻⁴", "10⁻²", "10⁰"]);
        assert_eq!(labels(&log_ticks(2.30, 2.34, 5)), ["2.30", "2.31", "2.32", "2.33", "2.34"]);
    }
}
