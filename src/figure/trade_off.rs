//! [`TradeOffFigure`]: the changes of detection and generalization from the first checkpoint to each other (the paper's Figure 2).

use super::layout::{Aspect, Axis, Frame, Margins, PanelGrid, draw_dots, draw_note, draw_title, draw_x_axis, draw_y_axis};
use super::scale::Spacing;
use super::scene::{HAIRLINE, Scene, Shape};
use super::{Data, Figure, FigureStyle, Panel, palette};
use flatland_core::metric::mean_std_error;
use flatland_core::result::{DatasetScores, ScoreTable};
use flatland_core::session::Role;

/// Height over width of the panel.
const ASPECT: f64 = 0.8;

/// A change in percentage points with its standard error (0 where it is not known).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change {
    /// Percentage points.
    pub value: f64,
    /// Percentage points.
    pub std_error: f64,
}

impl Change {
    /// Mean of independent changes.
    fn mean(changes: &[Change]) -> Option<Self> {
        let n = changes.len() as f64;
        let value = changes.iter().map(|change| change.value).sum::<f64>() / n;
        let std_error = changes.iter().map(|change| change.std_error.powi(2)).sum::<f64>().sqrt() / n;
        (!changes.is_empty()).then_some(Self { value, std_error })
    }
}

/// A checkpoint compared with the baseline.
#[derive(Clone, Debug, PartialEq)]
pub struct TradeOff {
    /// Name of the checkpoint.
    pub name: String,
    /// Its place in the session.
    pub color: usize,
    /// Change of FPR@95 of the score, mean over the SS datasets; smaller is better detection.
    pub fpr95: Change,
    /// Change of the accuracy, mean over the CS datasets; larger is better generalization.
    pub accuracy: Change,
}

/// ΔFPR@95 on the horizontal, Δ accuracy on the vertical axis, a point per checkpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct TradeOffFigure {
    /// Name of the checkpoint that the others are compared with.
    pub baseline: String,
    /// The others.
    pub points: Vec<TradeOff>,
    /// Score of the detection.
    pub score: String,
    shifts: String,
}

impl TradeOffFigure {
    /// The checkpoints of `tables` compared with the first.
    ///
    /// # Errors
    /// What is missing, when there are fewer than two tables, no CS data with an accuracy, or no SS data with the score.
    pub fn new(tables: &[Panel<ScoreTable>], score: &str) -> Result<Self, String> {
        let [baseline, others @ ..] = tables else { return Err("no scores: no checkpoint has any".into()) };
        if others.is_empty() {
            return Err("the scores of one checkpoint alone: there is nothing to compare it with".into());
        }
        let names = |roles: &[Role]| -> Vec<&str> {
            let of_role = |(_, key): &(&String, &String)| roles.iter().any(|role| role.key() == key.as_str());
            baseline.result.roles.iter().filter(of_role).map(|(name, _)| name.as_str()).collect()
        };
        let (cs, ss) = (names(&[Role::Cs]), names(&[Role::Near, Role::Far]));
        let mut points = Vec::new();
        for panel in others {
            let (was, is) = (baseline.result, panel.result);
            for (table, name) in [(was, baseline.name), (is, panel.name)] {
                // A mean over only some of the datasets would not be comparable.
                if let Some(reason) = ss.iter().find_map(|dataset| table.why_no_detection(score, dataset)) {
                    return Err(format!("the FPR@95 of {name} is not defined: {reason}"));
                }
                if let Some(dataset) = cs.iter().find(|dataset| table.lacks_accuracy(dataset)) {
                    return Err(format!("the accuracy of {name} on {dataset} is not defined: logits are not finite"));
                }
            }
            let fpr: Vec<Change> = ss.iter().filter_map(|name| fpr_change(was, is, score, name)).collect();
            let accuracy: Vec<Change> = cs.iter().filter_map(|name| accuracy_change(was, is, name)).collect();
            let fpr95 = Change::mean(&fpr).ok_or_else(|| format!("no FPR@95 of the score `{score}`: no near or far dataset has one"))?;
            let accuracy = Change::mean(&accuracy).ok_or("no accuracy on CS data: no dataset of the role `cs` has labels")?;
            points.push(TradeOff { name: panel.name.into(), color: panel.color, fpr95, accuracy });
        }
        let shifts = format!("SS: {} · CS: {}", ss.join(" + "), cs.join(" + "));
        Ok(Self { baseline: baseline.name.into(), points, score: score.into(), shifts })
    }

    /// `checkpoint, baseline, score, fpr95_change, fpr95_change_std_error, accuracy_change, accuracy_change_std_error`, in percentage points.
    pub fn data(&self) -> Data {
        let columns = ["fpr95_change", "fpr95_change_std_error", "accuracy_change", "accuracy_change_std_error"];
        let mut data = Data::new(&[["checkpoint", "baseline", "score"].as_slice(), &columns].concat());
        for TradeOff { name, fpr95, accuracy, .. } in &self.points {
            let numbers = [fpr95.value, fpr95.std_error, accuracy.value, accuracy.std_error];
            let names = [name.as_str(), &self.baseline, &self.score].map(Into::into);
            data.push(names.into_iter().chain(numbers.map(Into::into)).collect());
        }
        data
    }

    /// The range of a change, including 0 and error bars.
    fn range(&self, change: impl Fn(&TradeOff) -> Change) -> (f64, f64) {
        let ends = self.points.iter().map(&change).flat_map(|c| [c.value - c.std_error, c.value + c.std_error]);
        let (low, high) = ends.filter(|v| v.is_finite()).fold((0.0_f64, 0.0_f64), |(low, high), v| (low.min(v), high.max(v)));
        let room = if high > low { 0.14 * (high - low) } else { 1.0 };
        (low - room, high + room)
    }
}

fn of<'a>(table: &'a ScoreTable, name: &str) -> Option<&'a DatasetScores> {
    table.datasets.iter().find(|data| data.name == name)
}

fn fpr_change(was: &ScoreTable, is: &ScoreTable, score: &str, name: &str) -> Option<Change> {
    let fpr = |table: &ScoreTable| table.detection(score, name).map(|detection| detection.fpr95);
    let error = |table: &ScoreTable| table.std_error(score, name).fpr95;
    // Both numbers are of the same images and so not independent: the error is at most about this.
    let std_error = error(was).zip(error(is)).map_or(0.0, |(a, b)| a.hypot(b));
    Some(Change { value: 100.0 * (fpr(is)? - fpr(was)?), std_error: 100.0 * std_error })
}

fn accuracy_change(was: &ScoreTable, is: &ScoreTable, name: &str) -> Option<Change> {
    let value = 100.0 * (is.accuracy(name)?.0 - was.accuracy(name)?.0);
    let right = |data: &DatasetScores| -> Vec<f64> { data.prediction.iter().zip(&data.label).map(|(p, l)| f64::from(p == l)).collect() };
    // Paired: image by image.
    let paired = of(was, name).zip(of(is, name)).map(|(a, b)| right(b).iter().zip(&right(a)).map(|(b, a)| b - a).collect::<Vec<_>>());
    let std_error = paired.and_then(|differences| mean_std_error(&differences)).map_or(0.0, |(_, error)| error);
    Some(Change { value, std_error: 100.0 * if std_error.is_finite() { std_error } else { 0.0 } })
}

impl Figure for TradeOffFigure {
    fn scene(&self, style: &FigureStyle) -> Scene {
        let (font, chrome) = (style.font_pt, palette::chrome(style.theme));
        let (across, up) = (self.range(|point| point.fpr95), self.range(|point| point.accuracy));
        let axes = |frame: &Frame| {
            let x = Axis::new(across.0, across.1, Spacing::Linear, "ΔFPR@95 on SS (points)", frame.width(), font, true);
            (x, Axis::new(up.0, up.1, Spacing::Linear, "Δ accuracy on CS (points)", frame.height(), font, false))
        };
        let grid = |left: f64, bottom: f64| {
            let title = if style.letters.is_some() { 1.75 } else { 0.8 } * font;
            let margins = Margins { left, right: 0.8 * font, title, footer: 0.4 * font, bottom, gap: 0.0 };
            PanelGrid::new(1, style, Aspect::Free(ASPECT), &margins)
        };
        let (grid, x, y) = PanelGrid::with_axes(font, grid, axes);
        let frame = grid.frames[0];
        let mut scene = Scene::new(grid.width, grid.height, chrome.background);
        let zero = [x.position(0.0), y.position(0.0)];
        scene.line(vec![frame.at(zero[0], 0.0), frame.at(zero[0], 1.0)], chrome.line, HAIRLINE);
        scene.line(vec![frame.at(0.0, zero[1]), frame.at(1.0, zero[1])], chrome.line, HAIRLINE);
        draw_x_axis(&mut scene, &frame, &x, font, &chrome, true);
        draw_y_axis(&mut scene, &frame, &y, font, &chrome, true);
        for point in &self.points {
            let color = palette::checkpoint(point.color, style.theme);
            let at = |fpr: f64, accuracy: f64| frame.at(x.position(fpr), y.position(accuracy));
            let (fpr, accuracy) = (point.fpr95, point.accuracy);
            let bar = |change: Change| [change.value - change.std_error, change.value + change.std_error];
            scene.line(bar(fpr).map(|v| at(v, accuracy.value)).into(), color, 1.6 * HAIRLINE);
            scene.line(bar(accuracy).map(|v| at(fpr.value, v)).into(), color, 1.6 * HAIRLINE);
            scene.shapes.push(Shape::Dot { center: at(fpr.value, accuracy.value), radius: 0.32 * font, fill: color, opacity: 1.0 });
        }
        scene.frame(frame.from, frame.to, chrome.line);
        if style.letters.is_some() {
            draw_title(&mut scene, &frame, &style.letter(0), None, "", font, &chrome);
        }
        let names = self.points.iter().map(|point| (point.name.clone(), palette::checkpoint(point.color, style.theme)));
        draw_dots(&mut scene, names, style);
        let note = format!(
            "against {}, score {} · left: better detection, up: better generalization · bars: ± 1 standard error · {}",
            self.baseline, self.score, self.shifts
        );
        draw_note(&mut scene, &note, font, &chrome);
        scene
    }
}
