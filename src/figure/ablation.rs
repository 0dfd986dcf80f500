//! [`AblationFigure`]: metrics of a sweep of fine-tuning runs over a swept number or choice (the paper's Figure 8).

use super::layout::{Aspect, Axis, Frame, Margins, PanelGrid, bottom_margin, draw_dots, draw_note, draw_title, draw_x_axis, draw_y_axis};
use super::palette::{self, Rgb};
use super::scale::Spacing;
use super::scene::{Anchor, HAIRLINE, Scene, Shape, clip_segment, fit, text_width};
use super::{Data, Figure, FigureStyle};
use flatland_core::result::{SweepPointResults, SweepResults};
use flatland_core::session::Role;

/// Height over width of a panel.
const ASPECT: f64 = 0.72;

/// Panels over a swept number: (metric, title).
const OVER: [(&str, &str); 3] =
    [("near_fpr95", "FPR@95, near SS (%)"), ("far_fpr95", "FPR@95, far SS (%)"), ("cs_accuracy", "accuracy, CS (%)")];
/// Panels by choice: title and its metrics with their roles.
const BY: [(&str, [(&str, Role); 2]); 2] = [
    ("accuracy (%)", [("id_accuracy", Role::Id), ("cs_accuracy", Role::Cs)]),
    ("AUROC (%)", [("near_auroc", Role::Near), ("far_auroc", Role::Far)]),
];

/// Mean and standard deviation over seeds of every point of a sweep. A swept number (ρ before others) is on the horizontal axis, with a
/// line for each combination of the other fields. Without one, every choice is a row.
#[derive(Clone, Copy, Debug)]
pub struct AblationFigure<'a> {
    /// The sweep.
    pub sweep: &'a SweepResults,
}

impl AblationFigure<'_> {
    /// The swept field on the horizontal axis.
    fn across(&self) -> Option<usize> {
        let numbers = |axis: &usize| {
            let values: Vec<&str> = self.sweep.points.iter().map(|p| p.values[*axis].as_str()).filter(|v| !v.is_empty()).collect();
            values.iter().all(|value| value.parse::<f64>().is_ok_and(f64::is_finite)) && values.iter().any(|value| value != &values[0])
        };
        let numeric = || (0..self.sweep.axes.len()).filter(numbers);
        numeric().find(|axis| self.sweep.axes[*axis].ends_with("rho")).or_else(|| numeric().next())
    }

    /// The label of a point: its values on all axes except `without`.
    fn name(&self, point: &SweepPointResults, without: Option<usize>) -> String {
        let others =
            self.sweep.axes.iter().zip(&point.values).enumerate().filter(|(k, (_, value))| Some(*k) != without && !value.is_empty());
        let names: Vec<String> = others.map(|(_, (axis, value))| format!("{} {value}", symbol(axis)).trim().to_owned()).collect();
        if names.is_empty() { "all".into() } else { names.join(", ") }
    }

    /// Lines over the axis `across`: name, then (x, point) by x.
    fn lines(&self, across: usize) -> Vec<(String, Vec<(f64, &SweepPointResults)>)> {
        let mut lines: indexmap::IndexMap<String, Vec<(f64, &SweepPointResults)>> = indexmap::IndexMap::new();
        for point in &self.sweep.points {
            if let Ok(x) = point.values[across].parse::<f64>() {
                lines.entry(self.name(point, Some(across))).or_default().push((x, point));
            }
        }
        lines.values_mut().for_each(|line| line.sort_by(|a, b| a.0.total_cmp(&b.0)));
        lines.into_iter().collect()
    }

    fn has(&self, metric: &str) -> bool {
        self.sweep.points.iter().any(|point| point.metrics.contains_key(metric))
    }

    fn over(&self) -> Vec<(&'static str, &'static str)> {
        OVER.into_iter().filter(|(metric, _)| self.has(metric)).collect()
    }

    fn by(&self) -> Vec<(&'static str, [(&'static str, Role); 2])> {
        BY.into_iter().filter(|(_, pair)| pair.iter().any(|(metric, _)| self.has(metric))).collect()
    }

    /// Range of metrics in percent with their deviations and a small margin.
    fn range(&self, metrics: &[&str]) -> (f64, f64) {
        let of = |point: &SweepPointResults| {
            metrics.iter().filter_map(|m| point.metrics.get(*m)).flat_map(|(m, s)| [m - s, m + s]).collect::<Vec<_>>()
        };
        let ends = self.sweep.points.iter().flat_map(of).map(|v| 100.0 * v).filter(|v| v.is_finite());
        let (low, high) = ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
        if low > high { (0.0, 100.0) } else { (low - (0.06 * (high - low)).max(0.5), high + (0.06 * (high - low)).max(0.5)) }
    }

    /// The swept fields, `runs, metric, mean, std`, a row per point and metric that is drawn; shares in [0, 1].
    pub fn data(&self) -> Data {
        let axes = self.sweep.axes.iter().map(String::as_str);
        let mut data = Data::new(&axes.chain(["runs", "metric", "mean", "std"]).collect::<Vec<_>>());
        let metrics = OVER.iter().map(|(metric, _)| *metric).chain(BY.iter().flat_map(|(_, pair)| pair.map(|(metric, _)| metric)));
        let metrics: indexmap::IndexSet<&str> = metrics.collect();
        for point in &self.sweep.points {
            for metric in &metrics {
                if let Some((mean, std)) = point.metrics.get(*metric) {
                    let values = point.values.iter().map(|value| value.as_str().into());
                    data.push(values.chain([point.runs.into(), (*metric).into(), (*mean).into(), (*std).into()]).collect());
                }
            }
        }
        data
    }

    fn note(&self) -> String {
        let runs: Vec<usize> = self.sweep.points.iter().map(|point| point.runs).collect();
        let (low, high) = (runs.iter().min().copied().unwrap_or(0), runs.iter().max().copied().unwrap_or(0));
        let seeds = if low == high { format!("{low}") } else { format!("{low} to {high}") };
        format!("mean ± population standard deviation over {seeds} runs a point · OOD positive · weights of the highest ID accuracy")
    }

    /// Panels over a number, each with its own vertical axis, and the lines' names below.
    fn draw_over(&self, across: usize, style: &FigureStyle) -> Scene {
        let (font, chrome) = (style.font_pt, palette::chrome(style.theme));
        let (lines, panels) = (self.lines(across), self.over());
        let xs = || lines.iter().flat_map(|(_, line)| line.iter().map(|(x, _)| *x));
        let (low, high) = (xs().fold(f64::INFINITY, f64::min), xs().fold(f64::NEG_INFINITY, f64::max));
        let room = 0.05 * (high - low);
        let label = self.sweep.axes[across].as_str();
        let x_axis = |frame: &Frame| Axis::new(low - room, high + room, Spacing::Linear, symbol_of_axis(label), frame.width(), font, true);
        let left = 3.4 * font;
        let probe = Axis::new(low - room, high + room, Spacing::Linear, symbol_of_axis(label), 12.0 * font, font, true);
        let bottom = bottom_margin(&probe, font);
        let margins = Margins { left, right: 0.8 * font, title: 1.75 * font, footer: 0.4 * font, bottom, gap: left };
        let grid = PanelGrid::new(panels.len(), style, Aspect::Free(ASPECT), &margins);
        let mut scene = Scene::new(grid.width, grid.height, chrome.background);
        for (k, ((metric, title), frame)) in panels.iter().zip(&grid.frames).enumerate() {
            let (low, high) = self.range(&[metric]);
            let (x, y) = (x_axis(frame), Axis::new(low, high, Spacing::Linear, "", frame.height(), font, false));
            draw_x_axis(&mut scene, frame, &x, font, &chrome, frame.lowest);
            draw_y_axis(&mut scene, frame, &y, font, &chrome, true);
            for (color, (_, line)) in lines.iter().enumerate() {
                let color = palette::checkpoint(color, style.theme);
                let measured = line.iter().filter_map(|(x, point)| Some((*x, point.metrics.get(*metric)?)));
                let at = |across: f64, value: f64| frame.at(x.position(across), y.position(100.0 * value));
                let points: Vec<[[f64; 2]; 3]> = measured.map(|(x, (m, s))| [at(x, *m), at(x, m - s), at(x, m + s)]).collect();
                for pair in points.windows(2) {
                    if let Some(segment) = clip_segment(pair[0][0], pair[1][0], frame.from, frame.to) {
                        scene.line(segment.to_vec(), color, 2.4 * HAIRLINE);
                    }
                }
                points.iter().for_each(|point| draw_point(&mut scene, *point, color, font));
            }
            scene.frame(frame.from, frame.to, chrome.line);
            draw_title(&mut scene, frame, &style.letter(k), None, title, font, &chrome);
        }
        let names = lines.iter().enumerate().map(|(k, (name, _))| (name.clone(), palette::checkpoint(k, style.theme)));
        draw_dots(&mut scene, names, style);
        draw_note(&mut scene, &self.note(), font, &chrome);
        scene
    }

    /// A row per point; its name stands at the left of the first panel.
    fn draw_by(&self, style: &FigureStyle) -> Scene {
        let (font, chrome) = (style.font_pt, palette::chrome(style.theme));
        let names: Vec<String> = self.sweep.points.iter().map(|point| self.name(point, None)).collect();
        let widest = names.iter().map(|name| text_width(name, font, false)).fold(0.0, f64::max).min(0.35 * style.width_pt());
        let axis = |frame: &Frame, metrics: &[&str]| {
            let (low, high) = self.range(metrics);
            Axis::new(low, high, Spacing::Linear, "", frame.width(), font, true)
        };
        let margins =
            Margins { left: widest + 1.2 * font, right: 0.8 * font, title: 1.75 * font, footer: 0.0, bottom: 1.8 * font, gap: 1.4 * font };
        let (rows, panels) = (names.len().max(1) as f64, self.by());
        let width = PanelGrid::new(panels.len(), style, Aspect::Free(1.0), &margins).frames[0].width();
        let grid = PanelGrid::new(panels.len(), style, Aspect::Free(1.5 * font * rows / width), &margins);
        let mut scene = Scene::new(grid.width, grid.height, chrome.background);
        for (k, ((title, metrics), frame)) in panels.iter().zip(&grid.frames).enumerate() {
            let x = axis(frame, &metrics.map(|(metric, _)| metric));
            draw_x_axis(&mut scene, frame, &x, font, &chrome, true);
            for (row, (point, name)) in self.sweep.points.iter().zip(&names).enumerate() {
                let y = 1.0 - (row as f64 + 0.5) / rows;
                if frame.first_column {
                    let [left, middle] = frame.at(0.0, y);
                    scene.text([left - 0.6 * font, middle + 0.3 * font], fit(name, font, false, widest), font, Anchor::End, chrome.text);
                }
                for (metric, role) in metrics {
                    if let Some((mean, std)) = point.metrics.get(*metric) {
                        let at = |value: f64| frame.at(x.position(100.0 * value), y);
                        draw_point(&mut scene, [at(*mean), at(mean - std), at(mean + std)], palette::role(*role, style.theme), font);
                    }
                }
            }
            scene.frame(frame.from, frame.to, chrome.line);
            draw_title(&mut scene, frame, &style.letter(k), None, title, font, &chrome);
        }
        let shown = BY.iter().flat_map(|(_, pair)| *pair).filter(|(metric, _)| self.has(metric));
        draw_dots(&mut scene, shown.map(|(_, role)| (role.label().to_owned(), palette::role(role, style.theme))), style);
        draw_note(&mut scene, &self.note(), font, &chrome);
        scene
    }
}

impl Figure for AblationFigure<'_> {
    fn scene(&self, style: &FigureStyle) -> Scene {
        match self.across() {
            Some(across) => self.draw_over(across, style),
            None => self.draw_by(style),
        }
    }

    fn panels(&self) -> usize {
        if self.across().is_some() { self.over().len() } else { self.by().len() }
    }
}

/// A swept field as the paper prints it.
fn symbol(axis: &str) -> &str {
    match axis.rsplit('.').next().unwrap_or(axis) {
        "rho" => "ρ",
        "lambda" => "λ",
        // Its values need no name before them.
        "name" | "method" | "augmentation" | "kind" => "",
        other => other,
    }
}

/// The same for the horizontal axis, whose labels are known.
fn symbol_of_axis(axis: &str) -> &'static str {
    match symbol(axis) {
        "ρ" => "ρ",
        "λ" => "λ",
        "lr" => "learning rate",
        "epochs" => "epochs",
        "severity" => "severity",
        _ => "value",
    }
}

/// A mean with its bar from low to high.
fn draw_point(scene: &mut Scene, [mean, low, high]: [[f64; 2]; 3], color: Rgb, font: f64) {
    scene.line(vec![low, high], color, 1.6 * HAIRLINE);
    scene.shapes.push(Shape::Dot { center: mean, radius: 0.24 * font, fill: color, opacity: 1.0 });
}
