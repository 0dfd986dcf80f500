//! [`Curves`]: the curves of metrics of runs, computed again only when the run or the settings change.

use std::path::PathBuf;

use indexmap::IndexMap;

use crate::ui::state::run::metrics::{XAxis, appearance};
use crate::ui::state::run::run_list::Run;
use crate::ui::style::widget::curve::smoothed;

/// Settings of the curves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CurveSettings {
    /// What the horizontal axis shows.
    pub x_axis: XAxis,
    /// Whether y is logarithmic (never for shares).
    pub log: bool,
    /// Time constant of the smoothing in units of x; 0 = none.
    pub constant: f64,
}

/// A metric of a run as it is plotted: shares in per cent, logarithms if y is logarithmic.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curve {
    /// The measured values.
    pub raw: Vec<[f64; 2]>,
    /// The smoothed values.
    pub smooth: Vec<[f64; 2]>,
}

/// Cache of the drawn curves.
#[derive(Debug, Default)]
pub struct Curves {
    curves: IndexMap<(PathBuf, String), (u64, CurveSettings, Curve)>,
}

impl Curves {
    /// The curve of `metric` of `run`.
    pub fn get(&mut self, run: &Run, metric: &str, settings: CurveSettings) -> &Curve {
        let key = (run.view.dir.clone(), metric.to_owned());
        let entry = self.curves.entry(key).or_insert_with(|| (0, settings, Curve::default()));
        if entry.0 != run.revision || entry.1 != settings {
            *entry = (run.revision, settings, curve(run, metric, settings));
        }
        &entry.2
    }

    /// Removes the curves of runs that no longer exist.
    pub fn keep(&mut self, is_there: impl Fn(&PathBuf) -> bool) {
        self.curves.retain(|(dir, _), _| is_there(dir));
    }
}

/// The measured values and the smoothed ones; shares in per cent.
pub fn values(run: &Run, metric: &str, settings: CurveSettings) -> (Vec<[f64; 2]>, Vec<[f64; 2]>) {
    let unit = if appearance(metric).is_share { 100.0 } else { 1.0 };
    let raw: Vec<[f64; 2]> = run.metrics.curve(metric, settings.x_axis).into_iter().map(|[x, y]| [x, unit * y]).collect();
    let smooth = smoothed(&raw, settings.constant);
    (raw, smooth)
}

fn curve(run: &Run, metric: &str, settings: CurveSettings) -> Curve {
    let log = settings.log && !appearance(metric).is_share;
    // Values without a logarithm are gaps.
    let y = |y: f64| {
        if !log {
            y
        } else if y > 0.0 {
            y.log10()
        } else {
            f64::NAN
        }
    };
    let plotted = |points: Vec<[f64; 2]>| points.into_iter().map(|[x, value]| [x, y(value)]).collect();
    let (raw, smooth) = values(run, metric, settings);
    Curve { raw: plotted(raw), smooth: plotted(smooth) }
}

/// The range of y for `curves`: all smoothed points, and the raw points except the most extreme hundredth on each side.
pub fn range<'a>(curves: impl Iterator<Item = &'a Curve>) -> [f64; 2] {
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    let mut take = |value: f64| {
        low = low.min(value);
        high = high.max(value);
    };
    for curve in curves {
        curve.smooth.iter().map(|point| point[1]).filter(|y| y.is_finite()).for_each(&mut take);
        let mut raw: Vec<f64> = curve.raw.iter().map(|point| point[1]).filter(|y| y.is_finite()).collect();
        if raw.len() >= 100 {
            raw.sort_by(f64::total_cmp);
            let cut = raw.len() / 100;
            take(raw[cut]);
            take(raw[raw.len() - 1 - cut]);
        }
    }
    if low > high {
        return [0.0, 1.0];
    }
    let pad = if high > low { 0.06 * (high - low) } else { (0.05 * low.abs()).max(1e-12) };
    [low - pad, high + pad]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spike_does_not_flatten_the_rest() {
        let raw: Vec<[f64; 2]> = (0..1000).map(|i| [f64::from(i), if i == 500 { 1e6 } else { f64::from(i % 10) }]).collect();
        let smooth = raw.iter().map(|p| [p[0], 4.5]).collect();
        let [low, high] = range([Curve { raw, smooth }].iter());
        assert!((-1.0..=0.0).contains(&low) && (9.0..=10.0).contains(&high), "{low} {high}");
    }

    #[test]
    fn nothing_and_a_constant_have_a_range() {
        assert_eq!(range(std::iter::empty()), [0.0, 1.0]);
        let flat = Curve { raw: vec![[0.0, 2.0]], smooth: vec![[0.0, 2.0], [1.0, f64::NAN]] };
        let [low, high] = range([flat].iter());
        assert!(low < 2.0 && 2.0 < high);
    }
}
