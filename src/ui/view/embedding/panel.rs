//! The points of one checkpoint: drawing, pointing, dragging, moving by keys.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use egui::{EventFilter, Id, Key, Rect, Role as WidgetRole, Stroke, StrokeKind, Ui, WidgetInfo};

use super::{Frame, card, density};
use crate::ui::command::Command;
use crate::ui::command::scatter::ScatterCommand;
use crate::ui::state::number::count;
use crate::ui::state::scatter::cloud::Cloud;
use crate::ui::state::scatter::{ImageKey, PointStyles, Scatter};
use crate::ui::state::store::{JobState, JobSummary, Points, job_summary};
use crate::ui::style::gpu::points::{PointsCallback, PointsSettings};
use crate::ui::style::theme;
use crate::ui::style::widget::axes::{Axes, Axis, Canvas, Scale};
use crate::ui::style::widget::grid::Panel;
use crate::ui::view::gesture::{self, Form};
use crate::ui::view::{Scene, panel_header};
use flatland_core::job::Analysis;
use flatland_core::result::{Engine, Picture};
use flatland_core::session::{CheckpointEntry, SelectMode};

/// Largest distance between pointer and point, screen points.
const REACH: f32 = 9.0;
/// Opacity of points.
const OPACITY: f32 = 0.85;
/// Opacity of points that are not selected while others are.
const DIMMED: f32 = 0.16;

/// Draws the panel of a checkpoint with its colour; returns its largest density.
pub fn show(
    ui: &mut Ui,
    scene: &mut Scene<'_>,
    frame: &mut Frame<'_>,
    (color, checkpoint): (usize, &CheckpointEntry),
    place: &Panel,
) -> u32 {
    let color = theme::checkpoint(ui, color);
    let styled = frame.scatter.styled_cloud(&checkpoint.name);
    let (facts, job_state) = words(scene, checkpoint, styled.as_ref());
    let moved = panel_header(ui, place.header, &checkpoint.name, color, facts, job_state, None);
    scene.commands.extend(moved);
    let tool = frame.scatter.view.tool;
    let engine = match scene.store.embeddings.get(&checkpoint.name) {
        Some(Points::Finished(embedding)) => embedding.picture.engine,
        Some(Points::Live { .. }) | None => Engine::default(),
    };
    let [across, up] = engine.axes();
    let x = Axis { label: across, range: frame.range, scale: Scale::NoTicks, labelled: true };
    let y = Axis { label: up, labelled: place.first, ..x };
    let (id, drag_disabled) = (Id::unique(("embedding", &checkpoint.name)), frame.state.drag.selects(ui, tool));
    let axes = Axes { grid: false, drag_disabled, ..Axes::new(id, x, y, color) };
    let linked = frame.scatter.links.axes;
    let mut extent = frame.extents.of(linked, &checkpoint.name);
    let (canvas, (near, most)) = axes.show(ui, place.plot, &mut extent, |ui, canvas| match &styled {
        None => (None, 0),
        Some((cloud, point_styles)) => {
            let most = draw(ui, frame, canvas, &checkpoint.name, cloud, point_styles);
            let near = canvas.response.hover_pos().and_then(|_| pick(canvas, cloud, point_styles));
            mark(ui, frame.scatter, canvas, &checkpoint.name, cloud, near.filter(|_| frame.pointer_active));
            (near, most)
        }
    });
    frame.extents.set(linked, &checkpoint.name, extent);
    frame.pointing |= canvas.response.hover_pos().is_some();
    let points = scene.store.embeddings.get(&checkpoint.name);
    canvas.response.widget_info(|| WidgetInfo::labeled(WidgetRole::Image, true, summary(&checkpoint.name, points)));
    let form = Form::over_points(ui, tool);
    if let Some((outline, mode)) = frame.state.drag.follow(ui, &canvas, &checkpoint.name, tool, form) {
        scene.commands.push(Command::Scatter(ScatterCommand::SelectWithin(checkpoint.name.clone(), outline, mode)));
    }
    let Some((cloud, point_styles)) = &styled else { return most };
    let image = near.and_then(|row| image(cloud, row));
    if canvas.response.clicked() {
        click(ui, scene, frame.scatter, &checkpoint.name, image.clone());
    }
    // When keys have moved the cursor away from the point under the resting pointer, the card at the pointer is not shown.
    let points_at = |image: &&ImageKey| frame.pointer_active || frame.scatter.cursor.at.as_ref().is_some_and(|(_, at)| at == *image);
    if let Some(image) = image.as_ref().filter(points_at).filter(|_| !frame.state.drag.is_under_way()) {
        card::hover(ui, frame.scatter, &canvas, cloud, image);
    }
    frame.cursor.at = frame.cursor.at.take().or(image.map(|image| (checkpoint.name.clone(), image)));
    if canvas.response.has_focus() {
        ui.painter().rect_stroke(place.plot.expand(2.0), 0.0, Stroke::new(1.0, theme::of(ui).accent), StrokeKind::Outside);
        move_cursor(ui, scene, frame.scatter, &canvas, &checkpoint.name, cloud, point_styles);
    }
    most
}

fn image(cloud: &Cloud, row: u32) -> Option<ImageKey> {
    cloud.image(row).map(|(dataset, position)| (dataset.to_owned(), position))
}

/// Text of the header: the points, and the state of the job.
fn words(
    scene: &Scene<'_>,
    checkpoint: &CheckpointEntry,
    styled: Option<&(std::sync::Arc<Cloud>, PointStyles)>,
) -> (Option<String>, Option<JobSummary>) {
    let points = scene.store.embeddings.get(&checkpoint.name);
    let job = scene.store.job(Analysis::Embedding, &checkpoint.name, None).map(|(_, job)| job);
    let facts = match (points, styled) {
        (Some(Points::Finished(embedding)), Some((cloud, point_styles))) => {
            let all = cloud.len() as u64;
            let shown = if point_styles.visible == cloud.len() {
                format!("{} images", count(all))
            } else {
                format!("{} of {} images", count(point_styles.visible as u64), count(all))
            };
            let selected = if point_styles.has_selected { point_styles.mask.iter().filter(|selected| **selected).count() } else { 0 };
            let rest =
                if selected > 0 { format!("{} selected", count(selected as u64)) } else { format!("{} features", embedding.feature_dim) };
            let made = unexpected(&embedding.picture).map_or(String::new(), |made| format!("{made} · "));
            Some(format!("{made}{shown} · {rest}"))
        }
        (Some(Points::Finished(_)), None) => Some("arranging the points".into()),
        (Some(Points::Live { .. }) | None, _) => None,
    };
    let mut job_state = job_summary(job);
    if let (Some(Points::Live { iteration, .. }), Some(JobSummary { text: words, .. }), Some(JobState::Running)) =
        (points, &mut job_state, job.map(|job| &job.state))
    {
        *words = format!("t-SNE iteration {} · {words}", count(*iteration as u64));
    }
    (facts, job_state)
}

/// The method that placed the points, if it is not the requested one.
fn unexpected(picture: &Picture) -> Option<String> {
    picture.reason.as_ref().map(|_| picture.describe())
}

/// Radius of the discs: smaller for more points, larger in larger panels and when zoomed in.
fn radius(canvas: &Canvas, range: [f64; 2], points: usize) -> f32 {
    let size = (canvas.rect().width() / 400.0).clamp(0.7, 1.4);
    let bounds = canvas.transform.bounds();
    let zoom = ((range[1] - range[0]) / (bounds.max()[0] - bounds.min()[0])).max(1.0) as f32;
    let least = if points > 200_000 { 0.7 } else { 1.3 };
    ((70.0 / (points.max(1) as f32).sqrt()).clamp(least, 3.2) * size * zoom.powf(0.25)).min(6.0)
}

/// Draws points or their density; returns the largest density.
fn draw(ui: &Ui, frame: &mut Frame<'_>, canvas: &Canvas, checkpoint: &str, cloud: &Cloud, point_styles: &PointStyles) -> u32 {
    let selecting = point_styles.has_selected;
    let dense = frame.scatter.view.density;
    let most = if dense { density::draw(ui, &mut frame.state.density, canvas, checkpoint, cloud, point_styles) } else { 0 };
    if dense && !selecting {
        return most;
    }
    let mut hasher = DefaultHasher::new();
    (canvas.response.id, checkpoint).hash(&mut hasher);
    let bounds = canvas.transform.bounds();
    let [r, g, b, _] = theme::of(ui).strong.to_array();
    let settings = PointsSettings {
        x: [bounds.min()[0], bounds.max()[0]],
        y: [bounds.min()[1], bounds.max()[1]],
        radius: radius(canvas, frame.range, cloud.len()),
        opacity: OPACITY,
        // Over a density, only selected points are drawn.
        unselected: selecting.then_some(if dense { 0.0 } else { DIMMED }),
        ring: [r, g, b],
    };
    let points = PointsCallback {
        layer: hasher.finish(),
        rect: canvas.rect(),
        positions: cloud.positions.clone(),
        styles: point_styles.styles.clone(),
        settings,
    };
    canvas.painter.add(points.shape());
    most
}

/// The row of the point under the pointer.
fn pick(canvas: &Canvas, cloud: &Cloud, point_styles: &PointStyles) -> Option<u32> {
    let pointer = canvas.pointer()?;
    cloud.embedding.as_ref()?;
    let bounds = canvas.transform.bounds();
    let reach = f64::from(REACH) * (bounds.max()[0] - bounds.min()[0]) / f64::from(canvas.rect().width());
    cloud.index.nearest(&cloud.xy, [pointer.x, pointer.y], reach, |row| point_styles.shown[row as usize])
}

/// Rings around the image under the cursor, set here or in another panel, and around the pinned image.
fn mark(ui: &Ui, scatter: &Scatter, canvas: &Canvas, checkpoint: &str, cloud: &Cloud, near: Option<u32>) {
    let palette = theme::of(ui);
    let row = |key: &ImageKey| cloud.row(&key.0, key.1);
    let cursor = scatter.cursor.of(scatter.links.cursor, checkpoint).as_ref().and_then(row);
    let pinned = scatter.pinned.as_ref().and_then(|(_, key)| row(key));
    let neighbours = pinned.and_then(|row| scatter.neighbours(checkpoint, row)).unwrap_or_default();
    let ring = |row: u32, radius: f32, color| {
        let [x, y] = cloud.xy[row as usize];
        let at = canvas.at(f64::from(x), f64::from(y));
        canvas.painter.circle_stroke(at, radius, Stroke::new(3.0, palette.canvas));
        canvas.painter.circle_stroke(at, radius, Stroke::new(1.5, color));
    };
    neighbours.iter().for_each(|(row, _)| ring(*row, 4.5, palette.accent));
    near.or(cursor).into_iter().for_each(|row| ring(row, 6.0, palette.strong));
    pinned.into_iter().for_each(|row| ring(row, 6.5, palette.accent));
}

/// A click pins the card; with Shift or Alt it selects or deselects the image.
fn click(ui: &Ui, scene: &mut Scene<'_>, scatter: &Scatter, checkpoint: &str, image: Option<ImageKey>) {
    let command = match (gesture::mode(ui.input(|input| input.modifiers)), image) {
        (SelectMode::Replace, Some(image)) => ScatterCommand::Pin(Some((checkpoint.to_owned(), image))),
        (SelectMode::Replace, None) if scatter.pinned.is_some() => ScatterCommand::Pin(None),
        (mode @ (SelectMode::Add | SelectMode::Subtract), Some((dataset, position))) => {
            ScatterCommand::Select(flatland_core::session::Selection::of(&dataset, vec![position]), mode)
        }
        (SelectMode::Replace | SelectMode::Add | SelectMode::Subtract, None) => return,
    };
    scene.commands.push(Command::Scatter(command));
}

/// Arrow keys move the cursor to the next point in that direction, Enter pins its card, Space selects it.
fn move_cursor(
    ui: &Ui,
    scene: &mut Scene<'_>,
    scatter: &mut Scatter,
    canvas: &Canvas,
    checkpoint: &str,
    cloud: &Cloud,
    point_styles: &PointStyles,
) {
    let filter = EventFilter { horizontal_arrows: true, vertical_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(canvas.response.id, filter));
    let cursor = |scatter: &Scatter| scatter.cursor.of(scatter.links.cursor, checkpoint);
    let own = cursor(scatter).and_then(|(dataset, position)| cloud.row(&dataset, position));
    let steps = [(Key::ArrowLeft, [-1.0, 0.0]), (Key::ArrowRight, [1.0, 0.0]), (Key::ArrowUp, [0.0, 1.0]), (Key::ArrowDown, [0.0, -1.0])];
    for (_, way) in steps.into_iter().filter(|(key, _)| ui.input(|input| input.key_pressed(*key))) {
        if let Some(image) = next(canvas.rect(), canvas, cloud, point_styles, own, way).and_then(|row| image(cloud, row)) {
            scatter.cursor.at = Some((checkpoint.to_owned(), image));
            ui.ctx().request_repaint();
        }
    }
    let Some(image) = cursor(scatter).filter(|_| own.is_some()) else { return };
    if ui.input(|input| input.key_pressed(Key::Enter)) {
        scene.commands.push(Command::Scatter(ScatterCommand::Pin(Some((checkpoint.to_owned(), image.clone())))));
    }
    if ui.input(|input| input.key_pressed(Key::Space)) {
        let selected = scatter.view.selection.contains(&image.0, image.1);
        let mode = if selected { SelectMode::Subtract } else { SelectMode::Add };
        scene.commands.push(Command::Scatter(ScatterCommand::Select(flatland_core::session::Selection::of(&image.0, vec![image.1]), mode)));
    }
}

/// The nearest shown point in direction `way` from the present one, within 45°; the point nearest to the middle if there is no present one.
fn next(area: Rect, canvas: &Canvas, cloud: &Cloud, point_styles: &PointStyles, own: Option<u32>, way: [f64; 2]) -> Option<u32> {
    let place = |row: u32| cloud.xy[row as usize].map(f64::from);
    let middle = canvas.transform.value_from_position(area.center());
    let from = own.map_or([middle.x, middle.y], place);
    let rows = (0..cloud.len() as u32).filter(|row| point_styles.shown[*row as usize] && Some(*row) != own);
    let ahead = rows.filter_map(|row| {
        let [x, y] = place(row);
        let (dx, dy) = (x - from[0], y - from[1]);
        let along = dx * way[0] + dy * way[1];
        let across = (dx * way[1] - dy * way[0]).abs();
        let distance = dx.hypot(dy);
        (distance.is_finite() && (own.is_none() || (along > 0.0 && across <= along))).then_some((distance, row))
    });
    ahead.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, row)| row)
}

fn summary(name: &str, points: Option<&Points>) -> String {
    match points {
        None => format!("Embedding of {name}, nothing computed yet"),
        Some(Points::Live { iteration, xy, .. }) => format!("Embedding of {name}, {} points, iteration {iteration}", xy.len()),
        Some(Points::Finished(embedding)) => {
            let made = unexpected(&embedding.picture).map_or(String::new(), |made| format!(", {made}"));
            format!("Embedding of {name}, {} points{made}", embedding.len())
        }
    }
}
