//! [`ColorScale`]: one range of values for several surfaces, linear or logarithmic, mapped to [0, 1].

use super::tick::{Tick, linear_ticks, log_ticks};
use crate::result::{LossSurface, Quantity};

/// How values are spaced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Spacing {
    /// Equal differences.
    Linear,
    /// Equal ratios.
    #[default]
    Log,
    /// Equal ratios on both sides of 0, equal differences around it: asinh. On axes as [`Spacing::Linear`].
    Symmetric,
}

impl Spacing {
    /// That of a quantity: losses (cross-entropy when absent) by their ratios, others by their differences.
    pub fn of(quantity: Option<Quantity>) -> Self {
        if quantity.is_none_or(Quantity::by_ratio) { Spacing::Log } else { Spacing::Linear }
    }

    /// The number that is plotted for `value`: log10 of it on a log scale.
    pub fn plotted(self, value: f64) -> f64 {
        match self {
            Spacing::Linear | Spacing::Symmetric => value,
            Spacing::Log => value.log10(),
        }
    }
}

/// A range of values mapped to [0, 1]. `low < high`, both finite, both positive when the spacing is logarithmic.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ColorScale {
    /// The value at 0.
    pub low: f64,
    /// The value at 1.
    pub high: f64,
    /// How values are spaced between.
    pub spacing: Spacing,
}

impl ColorScale {
    /// Decades that a log scale spans at most, so that a loss of 1e-300 does not flatten the rest.
    const MAX_DECADES: f64 = 9.0;
    /// The share of the largest value of a symmetric scale around which its spacing turns from differences to ratios.
    const TURN: f64 = 1e-3;

    /// The symmetric scale from minus the largest to the largest magnitude of the finite known values of all surfaces.
    pub fn about_zero<'a>(surfaces: impl IntoIterator<Item = &'a LossSurface>) -> Option<Self> {
        let known = |s: &'a LossSurface| (0..s.loss.len()).filter_map(|k| s.known_loss(k)).map(|(loss, _)| loss.abs());
        let most = surfaces.into_iter().flat_map(known).filter(|v| v.is_finite()).fold(0.0, f64::max);
        Self::over(-most, most, Spacing::Symmetric)
    }

    /// asinh of a value in units of the turn.
    fn bent(&self, value: f64) -> f64 {
        (value / (Self::TURN * self.high)).asinh()
    }

    /// The scale from the smallest to the largest finite known loss of all surfaces; `None` while there is none.
    /// A log scale starts at the smallest positive loss, at most nine decades below the largest.
    pub fn shared<'a>(surfaces: impl IntoIterator<Item = &'a LossSurface>, spacing: Spacing) -> Option<Self> {
        let known = |s: &'a LossSurface| (0..s.loss.len()).filter_map(|k| s.known_loss(k)).map(|(loss, _)| loss);
        let usable = |v: &f64| v.is_finite() && (spacing != Spacing::Log || *v > 0.0);
        let values = surfaces.into_iter().flat_map(known).filter(usable);
        let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
        Self::over(low, high, spacing)
    }

    /// The scale over [low, high], widened when they are equal; `None` when they are not a range of finite values.
    /// A log scale needs `high > 0`.
    pub fn over(low: f64, high: f64, spacing: Spacing) -> Option<Self> {
        if !(low.is_finite() && high.is_finite() && low <= high) {
            return None;
        }
        let (mut low, mut high) = (low, high);
        match spacing {
            Spacing::Linear | Spacing::Symmetric if low == high => {
                let pad = if low == 0.0 { 1.0 } else { 0.1 * low.abs() };
                (low, high) = (low - pad, high + pad);
            }
            Spacing::Linear | Spacing::Symmetric => {}
            Spacing::Log if high <= 0.0 => return None,
            Spacing::Log => {
                low = low.max(high * 10.0_f64.powf(-Self::MAX_DECADES));
                if low == high {
                    (low, high) = (low / 1.1, high * 1.1);
                }
            }
        }
        Some(Self { low, high, spacing })
    }

    /// Where `value` lies in [0, 1]; values outside are clamped, NaN and infinities have no place.
    pub fn position(&self, value: f64) -> Option<f64> {
        if !value.is_finite() {
            return None;
        }
        let t = match self.spacing {
            Spacing::Linear => (value - self.low) / (self.high - self.low),
            Spacing::Symmetric => 0.5 + 0.5 * self.bent(value) / self.bent(self.high),
            Spacing::Log if value <= self.low => 0.0,
            Spacing::Log => (value / self.low).ln() / (self.high / self.low).ln(),
        };
        Some(t.clamp(0.0, 1.0))
    }

    /// The value at `t` in [0, 1].
    pub fn value(&self, t: f64) -> f64 {
        match self.spacing {
            Spacing::Linear => self.low + t * (self.high - self.low),
            Spacing::Log => self.low * (self.high / self.low).powf(t),
            Spacing::Symmetric => ((2.0 * t - 1.0) * self.bent(self.high)).sinh() * Self::TURN * self.high,
        }
    }

    /// `n` contour levels strictly inside the range at equal steps of the scale.
    pub fn levels(&self, n: usize) -> Vec<f64> {
        (1..=n).map(|k| self.value(k as f64 / (n + 1) as f64)).collect()
    }

    /// About `max` round values within the range, for the colour bar.
    pub fn ticks(&self, max: usize) -> Vec<Tick> {
        match self.spacing {
            Spacing::Linear => linear_ticks(self.low, self.high, max),
            Spacing::Log => log_ticks(self.low, self.high, max),
            Spacing::Symmetric => {
                let positive = log_ticks(3.0 * Self::TURN * self.high, self.high, max / 2);
                let negative = positive.iter().rev().map(|tick| Tick { value: -tick.value, label: format!("−{}", tick.label) });
                let zero = std::iter::once(Tick { value: 0.0, label: "0".into() });
                negative.chain(zero).chain(positive.iter().cloned()).collect()
            }
        }
    }
}

/// Edges of the cells around the values of an axis, [n + 1]: midpoints, and half a step beyond both ends.
/// A single value gets a cell of width 1. The axis is ascending.
pub fn cell_edges(axis: &[f64]) -> Vec<f64> {
    match axis {
        [] => Vec::new(),
        [only] => vec![only - 0.5, only + 0.5],
        [first, second, ..] => {
            let (last, before) = (axis[axis.len() - 1], axis[axis.len() - 2]);
            let inner = axis.windows(2).map(|pair| 0.5 * (pair[0] + pair[1]));
            std::iter::once(first - 0.5 * (second - first)).chain(inner).chain([last + 0.5 * (last - before)]).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::LandscapeManifest;

    fn surface(loss: &[f64]) -> LossSurface {
        let axis = (0..loss.len()).map(|i| i as f64).collect();
        let mut surface = LossSurface::pending(axis, vec![0.0], LandscapeManifest::default());
        surface.loss = loss.to_vec();
        surface.count = vec![1; loss.len()];
        surface
    }

    #[test]
    fn the_range_is_shared_and_ignores_what_is_not_computed_or_not_finite() {
        let (a, mut b) = (surface(&[0.5, 2.0, f64::NAN]), surface(&[1.0, f64::INFINITY, 1e9]));
        b.count[2] = 0;
        let scale = ColorScale::shared([&a, &b], Spacing::Log).unwrap();
        assert_eq!((scale.low, scale.high), (0.5, 2.0));
        assert_eq!(ColorScale::shared([&surface(&[f64::NAN])], Spacing::Log), None);
        assert_eq!(ColorScale::shared([], Spacing::Linear), None);
    }

    #[test]
    fn a_log_scale_starts_at_the_smallest_positive_loss() {
        let scale = ColorScale::shared([&surface(&[0.0, 0.01, 100.0])], Spacing::Log).unwrap();
        assert_eq!((scale.low, scale.high), (0.01, 100.0));
        assert_eq!(scale.position(0.0), Some(0.0));
        assert_eq!(scale.position(1.0), Some(0.5));
        assert_eq!(scale.position(f64::INFINITY), None);
        assert_eq!(ColorScale::over(1e-300, 1.0, Spacing::Log).unwrap().low, 1e-9);
        assert_eq!(ColorScale::over(0.0, 0.0, Spacing::Log), None);
    }

    #[test]
    fn levels_are_at_equal_steps_of_the_scale() {
        assert_eq!(ColorScale::over(0.0, 4.0, Spacing::Linear).unwrap().levels(3), [1.0, 2.0, 3.0]);
        let levels = ColorScale::over(0.01, 100.0, Spacing::Log).unwrap().levels(3);
        for (found, expected) in levels.iter().zip([0.1, 1.0, 10.0]) {
            assert!((found / expected - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn position_and_value_are_inverse() {
        let symmetric = ColorScale::over(-7.0, 7.0, Spacing::Symmetric).unwrap();
        for scale in [ColorScale::over(0.3, 278.0, Spacing::Log).unwrap(), ColorScale::over(-2.0, 5.0, Spacing::Linear).unwrap(), symmetric]
        {
            for t in [0.0, 0.1, 0.5, 0.99, 1.0] {
                assert!((scale.position(scale.value(t)).unwrap() - t).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn a_symmetric_scale_is_odd_about_zero_and_its_ticks_too() {
        let scale = ColorScale::about_zero([&surface(&[-3.0, 0.5, 40.0])]).unwrap();
        assert_eq!((scale.low, scale.high), (-40.0, 40.0));
        assert_eq!([scale.position(0.0), scale.position(-40.0), scale.position(40.0)], [Some(0.5), Some(0.0), Some(1.0)]);
        assert!((scale.position(4.0).unwrap() + scale.position(-4.0).unwrap() - 1.0).abs() < 1e-12);
        let ticks: Vec<String> = scale.ticks(8).into_iter().map(|tick| tick.label).collect();
        assert!(ticks.contains(&"0".to_owned()) && ticks.contains(&"−10".to_owned()) && ticks.contains(&"10".to_owned()), "{ticks:?}");
    }

    #[test]
    fn a_flat_surface_has_a_scale() {
        for spacing in [Spacing::Linear, Spacing::Log] {
            let scale = ColorScale::over(2.3, 2.3, spacing).unwrap();
            assert!(scale.low < 2.3 && 2.3 < scale.high);
            assert!((scale.position(2.3).unwrap() - 0.5).abs() < 1e-9);
        }
    }

    #[test]
    fn cell_edges_are_midpoints() {
        assert_eq!(cell_edges(&[-1.0, -0.5, 0.0, 1.0]), [-1.25, -0.75, -0.25, 0.5, 1.5]);
        assert_eq!(cell_edges(&[3.0]), [2.5, 3.5]);
    }
}
