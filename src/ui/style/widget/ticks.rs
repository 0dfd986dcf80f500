//! Ticks of the window's axes: round values as in the figures, with minor ticks on log axes, in plotted units.

use crate::figure::{linear_ticks, log_ticks};

/// A tick of an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    /// Position in plotted units.
    pub at: f64,
    /// Label; empty for minor ticks.
    pub label: String,
}

/// At most `count` ticks at round values in [low, high].
pub fn linear(low: f64, high: f64, count: usize) -> Vec<Tick> {
    linear_ticks(low, high, count).into_iter().map(|tick| Tick { at: tick.value, label: tick.label }).collect()
}

/// Ticks of an axis that plots log10 of its values; `low` and `high` are logarithms.
pub fn log10(low: f64, high: f64, count: usize) -> Vec<Tick> {
    let mut ticks: Vec<Tick> = log_ticks(10f64.powf(low), 10f64.powf(high), count)
        .into_iter()
        .map(|tick| Tick { at: tick.value.log10(), label: tick.label })
        .collect();
    if high - low <= 6.0 && high - low >= 0.5 {
        for exponent in (low.floor() as i32)..=(high.ceil() as i32) {
            let minor = (1..10).map(|digit| f64::from(exponent) + f64::from(digit).log10());
            for at in minor.filter(|at| (low..=high).contains(at)) {
                if !ticks.iter().any(|tick| (tick.at - at).abs() < 1e-6) {
                    ticks.push(Tick { at, label: String::new() });
                }
            }
        }
    }
    ticks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(ticks: &[Tick]) -> Vec<&str> {
        ticks.iter().map(|tick| tick.label.as_str()).filter(|label| !label.is_empty()).collect()
    }

    #[test]
    fn decades_are_labelled_and_what_lies_between_is_minor() {
        let ticks = log10(-2.0, 2.0, 5);
        assert_eq!(labels(&ticks), ["0.01", "0.1", "1", "10", "100"]);
        assert_eq!(ticks.len(), 4 * 9 + 1);
    }

    #[test]
    fn an_empty_range_has_no_ticks() {
        assert!(linear(1.0, 1.0, 4).is_empty());
        assert!(log10(f64::NAN, 1.0, 4).is_empty());
    }
}
