//! [`ColorScale`]: one range of values for several surfaces, linear or logarithmic, mapped to [0, 1].

use super::tick::{Tick, linear_ticks, log_ticks};
use flatland_core::result::{LossSurface, Quantity};
use flatland_core::session::ColorSettings;
pub use flatland_core::session::Spacing;

/// The spacing of a quantity: losses (cross-entropy when absent) by their ratios, others by their differences.
fn spacing_of(quantity: Option<Quantity>) -> Spacing {
    if quantity.is_none_or(Quantity::by_ratio) { Spacing::Log } else { Spacing::Linear }
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

    /// The scale that `settings` ask for; what is absent is chosen from the values of all surfaces: the smallest and the largest
    /// ([`ColorScale::shared`]), for differences symmetric about 0 ([`ColorScale::about_zero`]). `None` while there is no value.
    pub fn chosen<'a>(surfaces: &[&'a LossSurface], settings: &ColorSettings) -> Option<Self> {
        let first: &'a LossSurface = surfaces.first()?;
        let is_difference = first.baseline.is_some() && first.error_shown.is_none();
        let automatic = match (is_difference, first.error_shown) {
            (true, _) => Spacing::Symmetric,
            (false, Some(_)) => Spacing::Log,
            (false, None) => spacing_of(first.quantity),
        };
        let spacing = settings.spacing.unwrap_or(automatic);
        let all = || surfaces.iter().copied();
        let found = if is_difference {
            Self::about_zero(all()).map(|s| (s.low, s.high))
        } else {
            Self::shared(all(), spacing).map(|s| (s.low, s.high))
        };
        let (low, high) = match (settings.low, settings.high, found) {
            (Some(low), Some(high), _) => (low, high),
            (low, high, Some(found)) => (low.unwrap_or(found.0), high.unwrap_or(found.1)),
            _ => return None,
        };
        // A limit that was set beyond all values gives a range of one value there.
        let (low, high) = if low <= high { (low, high) } else { (settings.low.unwrap_or(high), settings.high.unwrap_or(low)) };
        Self::over(low, high, spacing)
    }

    /// How many known finite cells lie below and above the range.
    pub fn clipped<'a>(&self, surfaces: impl IntoIterator<Item = &'a LossSurface>) -> [usize; 2] {
        let known = |s: &'a LossSurface| (0..s.loss.len()).filter_map(|k| s.known_loss(k)).map(|(loss, _)| loss).filter(|v| v.is_finite());
        surfaces
            .into_iter()
            .flat_map(known)
            .fold([0, 0], |[below, above], value| [below + usize::from(value < self.low), above + usize::from(value > self.high)])
    }

    /// asinh of a value in units of the turn.
    fn bent(&self, value: f64) -> f64 {
        (value / self.turn()).asinh()
    }

    fn turn(&self) -> f64 {
        Self::TURN * self.high.abs().max(self.low.abs())
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

    /// The position of `value` in [0, 1]; values outside are clamped, NaN and infinities have none.
    pub fn position(&self, value: f64) -> Option<f64> {
        if !value.is_finite() {
            return None;
        }
        let t = match self.spacing {
            Spacing::Linear => (value - self.low) / (self.high - self.low),
            Spacing::Symmetric => (self.bent(value) - self.bent(self.low)) / (self.bent(self.high) - self.bent(self.low)),
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
            Spacing::Symmetric => ((1.0 - t) * self.bent(self.low) + t * self.bent(self.high)).sinh() * self.turn(),
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
                let side =
                    |most: f64| if most > 3.0 * self.turn() { log_ticks(3.0 * self.turn(), most, (max / 2).max(2)) } else { Vec::new() };
                let negative =
                    side(-self.low).into_iter().rev().map(|tick| Tick { value: -tick.value, label: format!("−{}", tick.label) });
                let zero = std::iter::once(Tick { value: 0.0, label: "0".into() });
                let all = negative.chain(zero).chain(side(self.high));
                all.filter(|tick| (self.low..=self.high).contains(&tick.value)).collect()
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
    use flatland_core::result::LandscapeManifest;

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
    fn what_is_not_chosen_comes_from_the_values() {
        let (a, b) = (surface(&[0.5, 2.0]), surface(&[1.0, 8.0]));
        let chosen = |settings| ColorScale::chosen(&[&a, &b], &settings).unwrap();
        let open = ColorSettings::default();
        assert_eq!(chosen(open), ColorScale { low: 0.5, high: 8.0, spacing: Spacing::Log });
        assert_eq!(chosen(ColorSettings { high: Some(4.0), ..open }), ColorScale { low: 0.5, high: 4.0, spacing: Spacing::Log });
        let linear = ColorSettings { low: Some(-1.0), spacing: Some(Spacing::Linear), ..open };
        assert_eq!(chosen(linear), ColorScale { low: -1.0, high: 8.0, spacing: Spacing::Linear });
        let beyond = chosen(ColorSettings { low: Some(10.0), ..open });
        assert!(beyond.low < 10.0 && 10.0 < beyond.high, "{beyond:?}");
        let mut difference = surface(&[-3.0, 1.0]);
        difference.baseline = Some("a".into());
        let scale = ColorScale::chosen(&[&difference], &open).unwrap();
        assert_eq!((scale.low, scale.high, scale.spacing), (-3.0, 3.0, Spacing::Symmetric));
        assert_eq!(ColorScale::chosen(&[&surface(&[f64::NAN])], &open), None);
        let both = ColorSettings { low: Some(1.0), high: Some(2.0), ..open };
        assert!(ColorScale::chosen(&[&surface(&[f64::NAN])], &both).is_some(), "limits that are set need no values");
    }

    #[test]
    fn clipped_cells_are_counted_at_either_end() {
        let scale = ColorScale::over(1.0, 4.0, Spacing::Log).unwrap();
        let mut pending = surface(&[0.1, 9.0]);
        pending.count = vec![0; 2];
        assert_eq!(scale.clipped([&surface(&[0.5, 1.0, 4.0, 4.1, 9.0]), &surface(&[f64::INFINITY, 0.0]), &pending]), [2, 2]);
    }

    #[test]
    fn a_symmetric_scale_of_unequal_ends_is_still_inverse_and_monotone() {
        let scale = ColorScale::over(-0.5, 40.0, Spacing::Symmetric).unwrap();
        let values = [-0.5, -0.01, 0.0, 0.02, 1.0, 40.0];
        let places: Vec<f64> = values.iter().map(|v| scale.position(*v).unwrap()).collect();
        assert!(places.is_sorted() && places[0] == 0.0 && (places[5] - 1.0).abs() < 1e-12, "{places:?}");
        assert!(values.iter().zip(&places).all(|(v, t)| (scale.value(*t) - v).abs() < 1e-9));
        assert!(scale.ticks(8).iter().all(|tick| (-0.5..=40.0).contains(&tick.value)));
        let above = ColorScale::over(0.08, 6.0, Spacing::Symmetric).unwrap();
        assert!(!above.ticks(6).is_empty() && above.ticks(6).iter().all(|tick| tick.value > 0.0));
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
