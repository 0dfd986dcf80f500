//! The landscape tab: L(θ + αδ + βη) as colour on one log scale with contour lines, and beside the panels one plot of the
//! sections along α through the cursor.

use std::collections::BTreeMap;
use std::sync::Arc;

use egui::{Color32, Id, Rect, Role as WidgetRole, Shape, Stroke, Ui, WidgetInfo, pos2};

use super::{Scene, Standing, empty, panel_header, projections, reading, standing};
use crate::figure::number::{fixed, with_error};
use crate::figure::{ColorScale, Spacing as ColorSpacing};
use crate::job::Analysis;
use crate::result::{CellStatus, LossSurface, Quantity};
use crate::ui::command::Command;
use crate::ui::store::Landscape;
use crate::ui::theme;
use crate::ui::widget::axes::{Axes, Axis, Canvas, Scale, SharedView};
use crate::ui::widget::color_bar::{self, ColorBar};
use crate::ui::widget::grid::{Panel, Spacing, layout};
use crate::ui::widget::number::share;
use crate::ui::widget::picture::{self, Picture};
use crate::ui::widget::{hatch, header};

const SPACE: Spacing = Spacing { left: 48.0, right: 0.0, header: 44.0, footer: 40.0, below: 0.0, gap: 30.0 };
/// Width of the colour bar with its ticks.
const BAR: f32 = 66.0;
/// As many as in the figures.
const LEVELS: usize = 11;

/// What the tab remembers between frames.
#[derive(Default)]
pub struct State {
    view: SharedView,
    section: SharedView,
    pictures: BTreeMap<(String, Option<Quantity>), Picture>,
    /// Grid node under the pointer: (α, β).
    cursor: Option<[f64; 2]>,
}

/// What all panels share.
struct Shared<'a> {
    scale: Option<ColorScale>,
    levels: Vec<f64>,
    cursor: Option<[f64; 2]>,
    alpha: [f64; 2],
    beta: [f64; 2],
    quantity: Option<Quantity>,
    surfaces: Vec<(usize, &'a LossSurface)>,
}

impl Shared<'_> {
    /// What stands at an axis of the values.
    fn symbol(&self) -> &'static str {
        match self.surfaces.first() {
            Some((_, surface)) if surface.baseline.is_some() => "ΔL",
            _ => symbol(self.quantity),
        }
    }
}

/// Draws the tab.
pub fn show(ui: &mut Ui, scene: &mut Scene<'_>, state: &mut State, quantity: Option<Quantity>) {
    if scene.session.checkpoints.is_empty() {
        return empty(ui, "Open a checkpoint to see its loss landscape: type its path at the left, press Open…, or drop the file here.");
    }
    let Some(dataset) = scene.dataset else {
        return empty(ui, "Open images of the role ID or ID train, so that the loss has something to be measured on.");
    };
    let landscapes: Vec<Option<Landscape>> = scene.session.shown().map(|(_, c)| landscape(scene, &c.name, dataset, quantity)).collect();
    let colors: Vec<usize> = scene.session.shown().map(|(color, _)| color).collect();
    let surfaces: Vec<(usize, &LossSurface)> =
        landscapes.iter().enumerate().filter_map(|(i, found)| found.as_ref().map(|l| (colors[i], l.surface.as_ref()))).collect();
    let all = || surfaces.iter().map(|(_, surface)| *surface);
    let scale = if scene.difference { ColorScale::about_zero(all()) } else { ColorScale::shared(all(), ColorSpacing::of(quantity)) };
    let (alpha, beta) = match surfaces.first() {
        Some((_, surface)) => (ends(&surface.alpha), ends(&surface.beta)),
        None => (scene.session.landscape.extent(), scene.session.landscape.extent()),
    };
    let levels = scale.map(|scale| scale.levels(LEVELS)).unwrap_or_default();
    let shared = Shared { scale, levels, cursor: state.cursor, alpha, beta, quantity, surfaces };
    let area = ui.available_rect_before_wrap();
    // A plane through checkpoints belongs to the one at its origin; the others are drawn on it.
    let origin = scene.session.landscape.plane.through().first();
    let baseline = scene.session.landscape_baseline().filter(|_| scene.difference);
    let has_panel = |name: &String| origin.is_none_or(|origin| origin == name) && baseline != Some(name.as_str());
    let shown: Vec<_> = scene.session.shown().enumerate().filter(|(_, (_, c))| has_panel(&c.name)).collect();
    // One cell more than checkpoints: there the sections are compared.
    let n = shown.len();
    let panels = layout(area.with_max_x(area.right() - BAR), n + 1, Some(1.0), f32::INFINITY, SPACE);
    let (mut cursor, mut moved) = (None, None);
    for (panel, (i, (color, checkpoint))) in panels.iter().zip(shown) {
        let job = scene.store.job(Analysis::Landscape, &checkpoint.name, Some(dataset)).map(|(_, job)| job);
        let landscape = landscapes[i].as_ref();
        let subject = Subject { index: color, name: &checkpoint.name, dataset, panel, landscape, standing: standing(job) };
        let hovered = panel_of(ui, state, &shared, subject, &mut moved);
        cursor = cursor.or(hovered);
    }
    if let (Some(scale), Some(cell)) = (shared.scale, panels.last()) {
        sections(ui, state, &shared, scale, cell, n);
        let right = panels.iter().map(|panel| panel.plot.right()).fold(0.0, f32::max);
        let bottom =
            panels.iter().filter(|panel| panel.plot.top() == panels[0].plot.top()).map(|panel| panel.plot.bottom()).fold(0.0, f32::max);
        let top = panels[0].plot.top();
        let rect = Rect::from_min_max(pos2(right + 20.0, top), pos2(right + 32.0, bottom));
        let colors = picture::colormap(shared.surfaces.first().and_then(|(_, surface)| surface.baseline.as_deref()));
        color_bar::show(ui, rect, &ColorBar { label: shared.symbol(), scale, levels: &shared.levels }, |t| theme::rgb(colors.color(t)));
    }
    scene.commands.extend(moved);
    if cursor != state.cursor {
        state.cursor = cursor;
        ui.ctx().request_repaint();
    }
}

/// What there is to show of a checkpoint: its loss, that less the baseline's, or another quantity in its place.
fn landscape(scene: &Scene<'_>, checkpoint: &str, dataset: &str, quantity: Option<Quantity>) -> Option<Landscape> {
    let key = (checkpoint.to_owned(), dataset.to_owned());
    if scene.difference {
        return scene.store.differences.get(&key).cloned();
    }
    let found = scene.store.landscapes.get(&key)?;
    match quantity {
        None => Some(found.clone()),
        Some(quantity) => Some(Landscape { surface: Arc::new(found.surface.of(quantity)?), revision: found.revision }),
    }
}

/// What stands at an axis of the values.
fn symbol(quantity: Option<Quantity>) -> &'static str {
    match quantity {
        None => "L",
        Some(Quantity::Energy) => "E ID",
        Some(Quantity::OodEnergy) => "E SS",
        Some(Quantity::OutlierExposure) => "L OE",
        Some(Quantity::DrSam) => "L DR",
        Some(Quantity::Auroc | Quantity::Fpr95 | Quantity::NegativeCurvature) => "",
        Some(Quantity::LambdaMax | Quantity::LambdaMin) => "λ",
    }
}

/// The quantities that the landscapes on `dataset` have beside the loss.
pub fn quantities(scene: &Scene<'_>) -> Vec<Quantity> {
    let has = |quantity: &Quantity| {
        let on = scene.store.landscapes.iter().filter(|((_, dataset), _)| Some(dataset.as_str()) == scene.dataset);
        on.into_iter().any(|(_, found)| found.surface.maps.contains_key(quantity))
    };
    Quantity::ALL.into_iter().filter(has).collect()
}

struct Subject<'a> {
    index: usize,
    name: &'a str,
    dataset: &'a str,
    panel: &'a Panel,
    landscape: Option<&'a Landscape>,
    standing: Option<Standing>,
}

/// One panel; gives the grid node under the pointer.
fn panel_of(ui: &mut Ui, state: &mut State, shared: &Shared<'_>, subject: Subject<'_>, moved: &mut Option<Command>) -> Option<[f64; 2]> {
    let Subject { index, name, dataset, panel, landscape, standing } = subject;
    let color = theme::checkpoint(ui, index);
    let surface = landscape.map(|landscape| landscape.surface.as_ref());
    let at_cursor = surface.zip(shared.cursor).and_then(|(surface, cursor)| value_at(surface, cursor));
    let facts = surface.and_then(center_facts);
    let reading_at = at_cursor.map(|k| surface.map_or(String::new(), |s| loss_text(s, k)));
    *moved = panel_header(ui, panel.header, name, color, facts, standing, reading_at).or(moved.take());
    let axes = Axes {
        id: Id::unique(("landscape", name)),
        x: Axis { label: "α", range: shared.alpha, scale: Scale::Linear, labelled: true },
        y: Axis { label: "β", range: shared.beta, scale: Scale::Linear, labelled: panel.first },
        outline: color,
        grid: false,
        wheel: true,
    };
    let pictures = &mut state.pictures;
    let (canvas, ()) = axes.show(ui, panel.plot, &mut state.view, |ui, canvas| {
        let palette = theme::of(ui);
        let whole = Rect::from_two_pos(canvas.at(shared.alpha[0], shared.beta[0]), canvas.at(shared.alpha[1], shared.beta[1]));
        if surface.is_none_or(|surface| (0..surface.count.len()).any(|k| surface.status(k) == CellStatus::Pending)) {
            hatch::pending(&canvas.painter, whole, Stroke::new(1.0, palette.hatch));
        }
        if let (Some(landscape), Some(scale)) = (landscape, shared.scale) {
            let picture = pictures.entry((name.to_owned(), shared.quantity)).or_default();
            picture.refresh(ui.ctx(), name, landscape, scale, &shared.levels);
            picture.paint(canvas, palette);
        }
        mark_center(canvas);
        if let Some(record) = surface.and_then(|surface| surface.manifest.plane.as_ref()) {
            projections::draw(canvas, record);
        }
        if let Some([alpha, beta]) = shared.cursor {
            let at = canvas.at(alpha, beta);
            canvas.painter.circle_stroke(at, 4.5, Stroke::new(3.0, Color32::from_black_alpha(120)));
            canvas.painter.circle_stroke(at, 4.5, Stroke::new(1.5, Color32::WHITE));
        }
    });
    canvas.response.widget_info(|| WidgetInfo::labeled(WidgetRole::Image, true, summary(name, dataset, shared.quantity, surface)));
    let pointer = canvas.pointer()?;
    let surface = surface?;
    let (i, j) = (nearest(&surface.alpha, pointer.x)?, nearest(&surface.beta, pointer.y)?);
    let node = [surface.alpha[i], surface.beta[j]];
    let k = i * surface.beta.len() + j;
    let what = match &surface.baseline {
        Some(baseline) => format!("Loss − loss of {baseline}"),
        None => shared.quantity.map_or("Loss", Quantity::label).into(),
    };
    let mut rows = vec![(None, what, loss_text(surface, k))];
    if surface.count[k] > 0 {
        rows.push((None, "Accuracy".into(), share(surface.accuracy[k], surface.count[k] as usize)));
        rows.push((None, "Images".into(), crate::ui::widget::number::count(u64::from(surface.count[k]))));
        for (quantity, map) in surface.maps.iter().filter(|(quantity, _)| shared.quantity != Some(**quantity)) {
            rows.push((None, quantity.label().into(), with_error(map.value[k], map.std_error[k])));
        }
    }
    reading(ui, canvas.response.id, &format!("{name}   α {}   β {}", fixed(node[0], 2), fixed(node[1], 2)), &rows);
    Some(node)
}

/// The sections of all surfaces along α, through the cursor's β (else through θ), on the colour scale as axis.
fn sections(ui: &mut Ui, state: &mut State, shared: &Shared<'_>, scale: ColorScale, cell: &Panel, n: usize) {
    let beta = shared.cursor.map_or(0.0, |[_, beta]| beta);
    let spacing = scale.spacing;
    let range = [scale.low, scale.high].map(|value| spacing.plotted(value));
    let pad = 0.03 * (range[1] - range[0]);
    let axis = if spacing == ColorSpacing::Log { Scale::Log10 } else { Scale::Linear };
    let palette = theme::of(ui);
    header::plain(ui, cell.header, &format!("Section at β = {}", fixed(beta, 2)), "along α, through the pointer");
    // Its own axis stands inside of the cell, so that its frame is as high as the others.
    let rect = cell.plot.with_min_x(cell.plot.left() + if cell.first { 0.0 } else { 38.0 });
    let axes = Axes {
        id: Id::unique(("section", n)),
        x: Axis { label: "α", range: shared.alpha, scale: Scale::Linear, labelled: true },
        y: Axis { label: shared.symbol(), range: [range[0] - pad, range[1] + pad], scale: axis, labelled: true },
        outline: palette.hairline,
        grid: true,
        wheel: true,
    };
    let mut view = SharedView { x: state.view.x, y: state.section.y };
    let (canvas, ()) = axes.show(ui, rect, &mut view, |ui, canvas| {
        if let Some([alpha, _]) = shared.cursor {
            canvas.painter.vline(canvas.at(alpha, 0.0).x, canvas.rect().y_range(), Stroke::new(1.0, palette.weak));
        }
        for (i, surface) in &shared.surfaces {
            for run in cut(surface, beta, spacing) {
                let points = run.iter().map(|[alpha, loss]| canvas.at(*alpha, *loss)).collect();
                canvas.painter.add(Shape::line(points, Stroke::new(1.75, theme::checkpoint(ui, *i))));
            }
        }
    });
    canvas.response.widget_info(|| WidgetInfo::labeled(WidgetRole::Image, true, format!("Sections along α at β = {}", fixed(beta, 2))));
    (state.view.x, state.section.y) = (view.x, view.y);
}

/// Runs of known finite points (α, plotted value) along α at the grid's β nearest to `beta`.
fn cut(surface: &LossSurface, beta: f64, spacing: ColorSpacing) -> Vec<Vec<[f64; 2]>> {
    let Some(j) = nearest(&surface.beta, beta) else { return Vec::new() };
    let mut runs = vec![Vec::new()];
    for (i, alpha) in surface.alpha.iter().enumerate() {
        let k = i * surface.beta.len() + j;
        match surface.known_loss(k).map(|(loss, _)| spacing.plotted(loss)).filter(|value| value.is_finite()) {
            Some(value) => runs.last_mut().into_iter().for_each(|run| run.push([*alpha, value])),
            None => runs.push(Vec::new()),
        }
    }
    runs.retain(|run| run.len() > 1);
    runs
}

/// θ itself: a small cross that shows on every colour.
fn mark_center(canvas: &Canvas) {
    let center = canvas.at(0.0, 0.0);
    for (width, color) in [(3.0, Color32::from_black_alpha(140)), (1.25, Color32::WHITE)] {
        let stroke = Stroke::new(width, color);
        canvas.painter.hline((center.x - 5.0)..=(center.x + 5.0), center.y, stroke);
        canvas.painter.vline(center.x, (center.y - 5.0)..=(center.y + 5.0), stroke);
    }
}

fn ends(axis: &[f64]) -> [f64; 2] {
    match axis {
        [] => [-1.0, 1.0],
        [only] => [only - 0.5, only + 0.5],
        [first, .., last] => [*first, *last],
    }
}

fn nearest(axis: &[f64], value: f64) -> Option<usize> {
    (0..axis.len()).min_by(|&a, &b| (axis[a] - value).abs().total_cmp(&(axis[b] - value).abs()))
}

fn value_at(surface: &LossSurface, [alpha, beta]: [f64; 2]) -> Option<usize> {
    Some(nearest(&surface.alpha, alpha)? * surface.beta.len() + nearest(&surface.beta, beta)?)
}

fn loss_text(surface: &LossSurface, k: usize) -> String {
    match surface.known_loss(k) {
        None => "not computed".into(),
        Some((loss, error)) if surface.status(k) == CellStatus::Estimated => format!("about {}", with_error(loss, error)),
        Some((loss, error)) => with_error(loss, error),
    }
}

/// Loss and accuracy at θ.
fn center_facts(surface: &LossSurface) -> Option<String> {
    let (i, j) = (surface.alpha.iter().position(|a| *a == 0.0)?, surface.beta.iter().position(|b| *b == 0.0)?);
    let k = i * surface.beta.len() + j;
    (surface.count[k] > 0).then(|| {
        let what = if surface.baseline.is_some() { "ΔL" } else { "L" };
        format!(
            "{what}(θ) {} · acc. {}",
            with_error(surface.loss[k], surface.loss_std_error[k]),
            share(surface.accuracy[k], surface.count[k] as usize)
        )
    })
}

fn summary(name: &str, dataset: &str, quantity: Option<Quantity>, surface: Option<&LossSurface>) -> String {
    let baseline = surface.and_then(|surface| surface.baseline.as_ref());
    let (title, value) = match quantity {
        None if baseline.is_some() => (format!("Difference to {} of the loss", baseline.map_or("", String::as_str)), "differences"),
        None => ("Loss landscape".into(), "loss"),
        Some(quantity) => (format!("Landscape of {}", quantity.label()), "values"),
    };
    match surface {
        None => format!("{title} of {name} on {dataset}, nothing computed yet"),
        Some(surface) => {
            let range = surface.range().map_or(String::new(), |(low, high)| {
                format!(", {value} {} to {}", crate::figure::number::significant(low, 3), crate::figure::number::significant(high, 3))
            });
            let (a, b) = (surface.alpha.len(), surface.beta.len());
            format!("{title} of {name} on {dataset}, {a} × {b} cells, {} computed{range}", surface.computed())
        }
    }
}
