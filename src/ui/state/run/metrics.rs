//! [`Metrics`]: the measured values of a run by metric, and how each metric is named and shown.

use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::figure::number::{UNDEFINED, fixed, significant};
use flatland_core::result::capital;

/// A line of a file of metrics.
pub type Line = Map<String, Value>;

/// What the horizontal axis shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum XAxis {
    /// Epochs, with fractions.
    #[default]
    Epoch,
    /// Steps.
    Step,
    /// Minutes of training without pauses.
    Time,
}

impl XAxis {
    /// All choices.
    pub const ALL: [XAxis; 3] = [XAxis::Epoch, XAxis::Step, XAxis::Time];

    /// Name shown in the window.
    pub fn label(self) -> &'static str {
        match self {
            XAxis::Epoch => "epoch",
            XAxis::Step => "step",
            XAxis::Time => "minutes",
        }
    }
}

/// The measured values of a run: [step, value] by metric, in the order of the steps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metrics {
    series: IndexMap<String, Vec<[f64; 2]>>,
    /// From the last line that ended an epoch; `None` before.
    epochs_per_step: Option<f64>,
    /// [step, seconds of training]
    clock: Vec<[f64; 2]>,
}

/// Keys of a line that give the time, not a value.
const TIME_KEYS: [&str; 3] = ["step", "epoch", "elapsed_secs"];

impl Metrics {
    /// Reads the lines of `metrics.jsonl`, `steps.jsonl` and `timing.jsonl`. A metric with values at steps and after epochs keeps those at the steps.
    pub fn of(epochs: &[Line], steps: &[Line], timing: &[Line]) -> Self {
        let number = |line: &Line, name: &str| line.get(name).and_then(Value::as_f64);
        let mut series = curves(steps);
        for (name, curve) in curves(epochs).into_iter().chain(curves(timing)) {
            series.entry(name).or_insert(curve);
        }
        let last = epochs.iter().rev().find_map(|line| Some((number(line, "epoch")?, number(line, "step")?)));
        let clock = timing.iter().filter_map(|line| Some([number(line, "step")?, number(line, "elapsed_secs")?])).collect();
        Self { series, epochs_per_step: last.filter(|(_, step)| *step > 0.0).map(|(epoch, step)| epoch / step), clock }
    }

    /// Names of the metrics.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.series.keys().map(String::as_str)
    }

    /// The curve of a metric; points without a known x are left out.
    pub fn curve(&self, name: &str, x_axis: XAxis) -> Vec<[f64; 2]> {
        let points = self.series.get(name).into_iter().flatten().map(|&[step, value]| [self.place(step, x_axis), value]);
        points.filter(|[x, _]| x.is_finite()).collect()
    }

    /// The last value of a metric.
    pub fn last(&self, name: &str) -> Option<f64> {
        self.series.get(name)?.last().map(|point| point[1])
    }

    /// x of the last value of a metric.
    pub fn last_x(&self, name: &str, x_axis: XAxis) -> Option<f64> {
        let step = self.series.get(name)?.last()?[0];
        Some(self.place(step, x_axis)).filter(|x| x.is_finite())
    }

    /// x of a step; NaN when it is not known.
    fn place(&self, step: f64, x_axis: XAxis) -> f64 {
        match x_axis {
            // Before the first epoch ends, x is known for step 0 only.
            XAxis::Epoch if step == 0.0 => 0.0,
            XAxis::Epoch => step * self.epochs_per_step.unwrap_or(f64::NAN),
            XAxis::Step => step,
            XAxis::Time => self.seconds(step) / 60.0,
        }
    }

    /// Seconds of training at a step, interpolated between known steps; NaN outside of them.
    fn seconds(&self, step: f64) -> f64 {
        let after = self.clock.partition_point(|known| known[0] < step);
        let before = after.checked_sub(1).map_or([0.0; 2], |before| self.clock[before]);
        match self.clock.get(after) {
            Some(next) if next[0] > before[0] => before[1] + (next[1] - before[1]) * (step - before[0]) / (next[0] - before[0]),
            Some(next) => next[1],
            None => f64::NAN,
        }
    }
}

fn curves(lines: &[Line]) -> IndexMap<String, Vec<[f64; 2]>> {
    let mut series: IndexMap<String, Vec<[f64; 2]>> = IndexMap::new();
    for line in lines {
        let Some(step) = line.get("step").and_then(Value::as_f64) else { continue };
        for (name, value) in line.iter().filter(|(name, _)| !TIME_KEYS.contains(&name.as_str())) {
            // JSON has no numbers that are not finite: they are null.
            let value = match value {
                Value::Number(value) => value.as_f64().unwrap_or(f64::NAN),
                Value::Null => f64::NAN,
                _ => continue,
            };
            let curve = series.entry(name.clone()).or_default();
            if curve.last().is_none_or(|last| last[0] < step) {
                curve.push([step, value]);
            }
        }
    }
    series
}

/// Groups of panels of metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// The loss and its terms.
    Loss,
    /// Accuracies.
    Accuracy,
    /// AUROC and FPR@95.
    Detection,
    /// Learning rate, norms and speed.
    Optimizer,
}

/// How a metric is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Appearance {
    /// Its group.
    pub group: Group,
    /// Name shown in the window.
    pub label: String,
    /// Whether it is a share in [0, 1], shown in per cent.
    pub is_share: bool,
    /// Whether lower values are better; `None` for a metric without a preferred direction.
    pub lower_is_better: Option<bool>,
}

impl Appearance {
    /// Label with its unit.
    pub fn title(&self) -> String {
        if self.is_share { format!("{}, %", self.label) } else { self.label.clone() }
    }

    /// A value with its unit; `value` of a share is in [0, 1].
    pub fn value(&self, value: f64) -> String {
        if value.is_nan() {
            UNDEFINED.into()
        } else if self.is_share {
            format!("{} %", fixed(100.0 * value, 1))
        } else {
            significant(value, if self.group == Group::Optimizer { 3 } else { 4 })
        }
    }
}

/// How the metric of this name is shown.
pub fn appearance(name: &str) -> Appearance {
    let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
    let label = || {
        let words: Vec<String> = name.split('_').map(word).collect();
        capital(&words.join(" "))
    };
    let (group, is_share, lower_is_better) = if ends(&["accuracy"]) {
        (Group::Accuracy, true, Some(false))
    } else if ends(&["fpr95"]) {
        (Group::Detection, true, Some(true))
    } else if ends(&["auroc", "aupr", "aupr_in", "aupr_out"]) {
        (Group::Detection, true, Some(false))
    } else if ends(&["lr", "norm", "per_sec"]) {
        (Group::Optimizer, false, None)
    } else {
        (Group::Loss, false, Some(true))
    };
    Appearance { group, label: label(), is_share, lower_is_better }
}

/// The spelling of a word in a metric's name.
fn word(word: &str) -> String {
    match word {
        "id" | "cs" | "ss" | "auroc" | "aupr" | "oe" | "irm" | "msp" | "ce" | "nll" => word.to_uppercase(),
        "fpr95" => "FPR@95".into(),
        "lr" => "learning rate".into(),
        "sec" => "second".into(),
        "train" => "training".into(),
        "vrex" => "VREx".into(),
        _ => word.into(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn lines(lines: &[&str]) -> Vec<Line> {
        lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn steps_have_an_x_by_epoch_and_by_time() {
        let metrics = Metrics::of(
            &lines(&[r#"{"epoch":0,"step":0,"id_accuracy":0.5}"#, r#"{"epoch":1,"step":10,"id_accuracy":0.7,"loss":9}"#]),
            &lines(&[r#"{"step":5,"loss":2.0}"#, r#"{"step":10,"loss":1.0}"#]),
            &lines(&[r#"{"step":5,"elapsed_secs":60}"#, r#"{"step":10,"elapsed_secs":180}"#]),
        );
        assert_eq!(metrics.curve("loss", XAxis::Epoch), [[0.5, 2.0], [1.0, 1.0]]);
        assert_eq!(metrics.curve("loss", XAxis::Step), [[5.0, 2.0], [10.0, 1.0]]);
        assert_eq!(metrics.curve("loss", XAxis::Time), [[1.0, 2.0], [3.0, 1.0]]);
        assert_eq!(metrics.curve("id_accuracy", XAxis::Epoch), [[0.0, 0.5], [1.0, 0.7]]);
        assert_eq!(metrics.curve("id_accuracy", XAxis::Time), [[0.0, 0.5], [3.0, 0.7]]);
        assert_eq!(metrics.last("id_accuracy"), Some(0.7));
        assert!(metrics.curve("nothing", XAxis::Step).is_empty());
    }

    #[test]
    fn without_times_or_before_the_first_epoch_x_is_not_known() {
        let metrics = Metrics::of(&[], &lines(&[r#"{"step":3,"loss":1}"#]), &[]);
        assert!(metrics.curve("loss", XAxis::Epoch).is_empty());
        assert!(metrics.curve("loss", XAxis::Time).is_empty());
        assert_eq!(metrics.curve("loss", XAxis::Step), [[3.0, 1.0]]);
    }

    #[test]
    fn what_is_not_finite_is_kept_as_a_gap() {
        let metrics = Metrics::of(&[], &lines(&[r#"{"step":1,"loss":null}"#, r#"{"step":2,"loss":1,"note":"words"}"#]), &[]);
        assert!(metrics.curve("loss", XAxis::Step)[0][1].is_nan());
        assert_eq!(metrics.names().collect::<Vec<_>>(), ["loss"]);
    }

    #[test]
    fn metrics_have_labels_and_groups() {
        let show = |name: &str| (appearance(name).label, appearance(name).group);
        assert_eq!(show("near_fpr95"), ("Near FPR@95".into(), Group::Detection));
        assert_eq!(show("id_accuracy"), ("ID accuracy".into(), Group::Accuracy));
        assert_eq!(show("lr"), ("Learning rate".into(), Group::Optimizer));
        assert_eq!(show("gradient_norm"), ("Gradient norm".into(), Group::Optimizer));
        assert_eq!(show("train_loss"), ("Training loss".into(), Group::Loss));
        assert_eq!(appearance("far_auroc").lower_is_better, Some(false));
        let value = |name: &str, value: f64| appearance(name).value(value);
        assert_eq!([value("id_accuracy", f64::NAN), value("id_loss", f64::INFINITY)], ["not defined", "∞"]);
    }
}
