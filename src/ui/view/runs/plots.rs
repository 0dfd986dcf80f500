//! Curves of the chosen runs: one small plot per metric, all with the same horizontal axis.

use std::collections::BTreeSet;
use std::path::Path;

use egui::{Id, Rect, Role as WidgetRole, Shape, Slider, Stroke, Ui, Vec2, WidgetInfo, pos2};
use indexmap::{IndexMap, IndexSet};

use crate::figure::number::significant;
use crate::figure::{CurvePanel, CurvesFigure};
use crate::ui::state::run::metrics::{Appearance, XAxis, appearance};
use crate::ui::state::run::run_list::Run;
use crate::ui::style::theme;
use crate::ui::style::widget::axes::{Axes, Axis, Canvas, Scale};
use crate::ui::style::widget::controls::menu;
use crate::ui::style::widget::curve::{nearest, thinned};
use crate::ui::style::widget::header;
use crate::ui::style::widget::reading::{chip, faded, reading};
use crate::ui::view::runs::curves::{Curve, CurveSettings, Curves, range, values};
use flatland_core::session::Extent;

/// State of the plots between frames.
#[derive(Default)]
pub struct State {
    x_axis: XAxis,
    log: bool,
    /// Time constant of the smoothing, in per cent of the whole length.
    smoothing: f64,
    hidden: BTreeSet<String>,
    x: Option<[f64; 2]>,
    y: IndexMap<String, Option<[f64; 2]>>,
    /// x under the pointer.
    cursor: Option<f64>,
    curves: Curves,
}

/// All metrics of these runs, in the order of the plots.
fn metrics(runs: &[&Run]) -> Vec<(String, Appearance)> {
    let names: IndexSet<&str> = runs.iter().flat_map(|run| run.metrics.names()).collect();
    let mut metrics: Vec<(String, Appearance)> = names.into_iter().map(|name| (name.to_owned(), appearance(name))).collect();
    metrics.sort_by_key(|(_, appearance)| appearance.group);
    metrics
}

impl State {
    /// The shown plots as a figure; `None` when there are none.
    pub fn figure(&self, runs: &[&Run]) -> Option<CurvesFigure> {
        let metrics = self.metrics(runs);
        let settings = self.settings(runs, &metrics);
        let panel = |(name, appearance): &(String, Appearance)| CurvePanel {
            title: appearance.title(),
            log: settings.log && !appearance.is_share,
            curves: runs.iter().map(|run| values(run, name, settings).1).collect(),
        };
        let panels: Vec<CurvePanel> = metrics.iter().map(panel).collect();
        let runs = runs.iter().map(|run| (run.view.name(), run.color)).collect();
        (!panels.is_empty()).then_some(CurvesFigure { runs, panels, across: self.x_axis.label() })
    }

    /// The shown metrics.
    fn metrics(&self, runs: &[&Run]) -> Vec<(String, Appearance)> {
        metrics(runs).into_iter().filter(|(name, _)| !self.hidden.contains(name)).collect()
    }

    fn settings(&self, runs: &[&Run], metrics: &[(String, Appearance)]) -> CurveSettings {
        let [start, end] = span(runs, metrics, self.x_axis);
        CurveSettings { x_axis: self.x_axis, log: self.log, constant: 0.01 * self.smoothing * (end - start) }
    }
}

/// Draws the controls.
pub fn controls(ui: &mut Ui, runs: &[&Run], state: &mut State) {
    let palette = theme::of(ui);
    ui.horizontal_wrapped(|ui| {
        ui.colored_label(palette.weak, "Across");
        ui.spacing_mut().item_spacing.x = 2.0;
        for x_axis in XAxis::ALL {
            if ui.selectable_label(state.x_axis == x_axis, x_axis.label()).clicked() {
                state.x_axis = x_axis;
                state.x = None;
            }
        }
        ui.add_space(14.0);
        ui.spacing_mut().item_spacing.x = 8.0;
        let label = ui.colored_label(palette.weak, "Smoothing");
        ui.spacing_mut().slider_width = 110.0;
        let slider = Slider::new(&mut state.smoothing, 0.0..=20.0).logarithmic(true).smallest_positive(0.1).show_value(false);
        let about = "Every point is averaged with those before it; one that is back by this share of the whole length has the weight 1/e. \
                     What was measured is drawn faint.";
        ui.add(slider).labelled_by(label.id).on_hover_text(about);
        let text = if state.smoothing > 0.0 { format!("{} %", significant(state.smoothing, 2)) } else { "none".into() };
        ui.add_sized([38.0, 20.0], egui::Label::new(egui::RichText::new(text).color(palette.weak)).halign(egui::Align::LEFT));
        ui.add_space(6.0);
        if ui.checkbox(&mut state.log, "Log y").on_hover_text("Losses, rates and norms; shares stay linear").changed() {
            state.y.clear();
        }
        ui.add_space(6.0);
        menu(ui, "Metrics", "Which metrics are shown", |ui| {
            ui.set_min_width(190.0);
            for (name, appearance) in metrics(runs) {
                let on = !state.hidden.contains(&name);
                if chip(ui, palette.accent, &appearance.label, on).clicked() && !state.hidden.remove(&name) {
                    state.hidden.insert(name);
                }
            }
        });
    });
}

const PLOT: Vec2 = Vec2::new(236.0, 150.0);
const LEFT: f32 = 50.0;
const ABOVE: f32 = 22.0;
const BELOW: f32 = 42.0;

/// Draws the plots. Curves of the run in `highlighted` are highlighted.
pub fn show(ui: &mut Ui, runs: &[&Run], state: &mut State, highlighted: Option<&Path>) {
    let metrics = state.metrics(runs);
    let (longest, settings) = (span(runs, &metrics, state.x_axis), state.settings(runs, &metrics));
    state.curves.keep(|dir| runs.iter().any(|run| run.view.dir == *dir));
    let width = ui.available_width() - 8.0;
    let columns = ((width / (LEFT + PLOT.x)).floor() as usize).clamp(1, metrics.len().max(1));
    let plot = Vec2::new((width / columns as f32 - LEFT).max(80.0).floor(), PLOT.y);
    let mut cursor = None;
    if metrics.is_empty() {
        ui.colored_label(theme::of(ui).weak, "Nothing has been measured yet.");
    }
    for (i, row) in metrics.chunks(columns).enumerate() {
        let (rect, _) = ui.allocate_exact_size(Vec2::new(width, ABOVE + plot.y + BELOW), egui::Sense::hover());
        if !ui.is_rect_visible(rect) {
            continue;
        }
        let is_last = (i + 1) * columns >= metrics.len();
        for (k, metric) in row.iter().enumerate() {
            let corner = pos2((rect.left() + LEFT + k as f32 * (LEFT + plot.x)).round(), (rect.top() + ABOVE).round());
            let x =
                Axis { label: if is_last { settings.x_axis.label() } else { "" }, range: longest, scale: Scale::Linear, labelled: true };
            cursor = panel(ui, Rect::from_min_size(corner, plot), runs, metric, settings, x, state, highlighted).or(cursor);
        }
    }
    if cursor != state.cursor {
        state.cursor = cursor;
        ui.ctx().request_repaint();
    }
}

/// Smallest and largest x of all shown curves.
fn span(runs: &[&Run], metrics: &[(String, Appearance)], x_axis: XAxis) -> [f64; 2] {
    let last = runs.iter().flat_map(|run| metrics.iter().map(move |(name, _)| run.metrics.last_x(name, x_axis)));
    let end = last.flatten().fold(0.0, f64::max);
    [0.0, if end > 0.0 { end } else { 1.0 }]
}

/// Draws a plot; returns x under the pointer.
#[expect(clippy::too_many_arguments, reason = "one call")]
fn panel(
    ui: &mut Ui,
    rect: Rect,
    runs: &[&Run],
    (name, appearance): &(String, Appearance),
    settings: CurveSettings,
    x: Axis<'_>,
    state: &mut State,
    highlighted: Option<&Path>,
) -> Option<f64> {
    let palette = theme::of(ui);
    let curves: Vec<(&Run, Curve)> = runs.iter().map(|run| (*run, state.curves.get(run, name, settings).clone())).collect();
    let curves: Vec<(&Run, Curve)> = curves.into_iter().filter(|(_, curve)| !curve.raw.is_empty()).collect();
    header::line(ui, pos2(rect.left(), rect.top() - 11.0), rect.width(), &appearance.title(), theme::body(), palette.strong);
    let log = settings.log && !appearance.is_share;
    let y = Axis {
        label: "",
        range: range(curves.iter().map(|(_, curve)| curve)),
        scale: if log { Scale::Log10 } else { Scale::Linear },
        labelled: true,
    };
    let axes = Axes { wheel: false, ..Axes::new(Id::unique(("run metric", name)), x, y, palette.hairline) };
    let mut view = Extent { x: state.x, y: state.y.get(name).copied().flatten() };
    let remembered = state.cursor;
    let (canvas, ()) = axes.show(ui, rect, &mut view, |ui, canvas| {
        if let Some(x) = remembered {
            canvas.painter.vline(canvas.at(x, 0.0).x, canvas.rect().y_range(), Stroke::new(1.0, palette.hairline));
        }
        for (run, curve) in &curves {
            let color = theme::checkpoint(ui, run.color);
            let (color, thick) = match highlighted {
                Some(dir) if dir == run.view.dir => (color, 2.5),
                Some(_) if curves.iter().any(|(run, _)| Some(run.view.dir.as_path()) == highlighted) => {
                    (faded(color, palette.canvas, 0.65), 1.5)
                }
                _ => (color, 1.5),
            };
            if settings.constant > 0.0 {
                draw(canvas, &curve.raw, Stroke::new(1.0, faded(color, palette.canvas, 0.72)));
            }
            draw(canvas, &curve.smooth, Stroke::new(thick, color));
        }
    });
    state.x = view.x;
    state.y.insert(name.clone(), view.y);
    canvas.response.widget_info(|| WidgetInfo::labeled(WidgetRole::Image, true, summary(name, appearance, runs)));
    let pointer = canvas.pointer()?;
    let value = |y: f64| {
        appearance.value(if appearance.is_share {
            0.01 * y
        } else if log {
            10f64.powf(y)
        } else {
            y
        })
    };
    let mut rows = Vec::new();
    let mut at = pointer.x;
    for (run, curve) in &curves {
        // A curve that ended long before the pointer has no value here.
        let Some([x, y]) = nearest(&curve.smooth, pointer.x).filter(|p| p[1].is_finite()) else { continue };
        let distance = (canvas.at(x, y) - canvas.at(pointer.x, pointer.y)).y.abs();
        at = x;
        let text = match nearest(&curve.raw, pointer.x).filter(|_| settings.constant > 0.0) {
            Some(raw) => format!("{}  ({})", value(y), value(raw[1])),
            None => value(y),
        };
        rows.push((distance, (Some(theme::checkpoint(ui, run.color)), run.view.name(), text)));
    }
    if !rows.is_empty() {
        rows.sort_by(|a, b| a.0.total_cmp(&b.0));
        let rows: Vec<_> = rows.into_iter().map(|(_, row)| row).collect();
        reading(ui, canvas.response.id, &format!("{} at {} {}", appearance.label, settings.x_axis.label(), significant(at, 4)), &rows);
    }
    Some(pointer.x)
}

/// Draws a line with gaps where values are not finite; a short curve is drawn as points.
fn draw(canvas: &Canvas, points: &[[f64; 2]], stroke: Stroke) {
    let bounds = canvas.transform.bounds();
    let columns = canvas.rect().width().max(1.0) as usize;
    let points = thinned(points, [bounds.min()[0], bounds.max()[0]], columns);
    let few = points.len() <= columns / 8;
    for part in points.split(|point| !point[1].is_finite()) {
        let line: Vec<egui::Pos2> = part.iter().map(|point| canvas.at(point[0], point[1])).collect();
        if few || line.len() == 1 {
            for at in &line {
                canvas.painter.circle_filled(*at, stroke.width + 0.6, stroke.color);
            }
        }
        canvas.painter.add(Shape::line(line, stroke));
    }
}

fn summary(name: &str, appearance: &Appearance, runs: &[&Run]) -> String {
    let of = |run: &&Run| Some(format!("{} {}", run.view.name(), appearance.value(run.metrics.last(name)?)));
    format!("{}: {}", appearance.label, runs.iter().filter_map(of).collect::<Vec<_>>().join(", "))
}
