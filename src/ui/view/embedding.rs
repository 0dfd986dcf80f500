//! The embedding tab: t-SNE of the penultimate features, coloured by role, moving while it runs.

use std::collections::BTreeSet;

use egui::{Id, Role as WidgetRole, Stroke, Ui, WidgetInfo};

use super::linked::{Cursor, Linked};
use super::{Scene, Standing, chip, empty, faded, panel_header, reading, standing};
use crate::job::Analysis;
use crate::session::Role;
use crate::ui::command::Command;
use crate::ui::store::{JobState, Points};
use crate::ui::theme;
use crate::ui::widget::axes::{Axes, Axis, Canvas, Scale, SharedView};
use crate::ui::widget::grid::{Spacing, layout};
use crate::ui::widget::number::count;

const SPACE: Spacing = Spacing { left: 22.0, right: 4.0, header: 44.0, footer: 26.0, below: 0.0, gap: 16.0 };
/// How near the pointer must be to a point, in screen points.
const REACH: f32 = 9.0;

/// What the tab remembers between frames.
#[derive(Default)]
pub struct State {
    view: Linked<SharedView>,
    /// The image under the pointer, by dataset and index; marked in every panel where the cursor is linked.
    cursor: Cursor<(String, i64)>,
}

/// Roles that the points have, in the order of the legend.
pub fn roles(scene: &Scene<'_>) -> Vec<Role> {
    let present: BTreeSet<&str> = scene.store.embeddings.values().flat_map(|points| points.roles().iter().map(String::as_str)).collect();
    Role::ALL.into_iter().filter(|role| present.contains(role.key())).collect()
}

/// The legend; a click hides or shows a role.
pub fn legend(ui: &mut Ui, scene: &mut Scene<'_>, hidden: &BTreeSet<Role>) {
    for role in roles(scene) {
        let color = theme::role(ui, role);
        if chip(ui, color, role.label(), !hidden.contains(&role)).on_hover_text("Click to hide or show").clicked() {
            scene.commands.push(Command::ToggleRole(role));
        }
    }
}

/// Draws the tab.
pub fn show(ui: &mut Ui, scene: &mut Scene<'_>, state: &mut State, hidden: &BTreeSet<Role>) {
    if scene.session.checkpoints.is_empty() {
        return empty(ui, "Open a checkpoint to see how it separates what it knows from what it does not.");
    }
    if scene.session.datasets.is_empty() {
        return empty(ui, "Open images with their roles (ID, CS, near SS, far SS) to see where their features lie.");
    }
    let range = range(scene);
    let area = ui.available_rect_before_wrap();
    let shown: Vec<_> = scene.session.shown().collect();
    let panels = layout(area, shown.len(), Some(1.0), f32::INFINITY, SPACE);
    let (links, mut cursor, mut moved) = (scene.session.links, Cursor::default(), None);
    for (panel, (color, checkpoint)) in panels.iter().zip(shown) {
        let color = theme::checkpoint(ui, color);
        let points = scene.store.embeddings.get(&checkpoint.name);
        let job = scene.store.job(Analysis::Embedding, &checkpoint.name, None).map(|(_, job)| job);
        let facts = match points {
            Some(Points::Finished(embedding)) => {
                Some(format!("{} images · {} features", count(embedding.len() as u64), embedding.feature_dim))
            }
            _ => None,
        };
        let mut stands = standing(job);
        if let (Some(Points::Live { iteration, .. }), Some(Standing { words, .. }), Some(JobState::Running)) =
            (points, &mut stands, job.map(|job| &job.state))
        {
            *words = format!("t-SNE iteration {} · {words}", count(*iteration as u64));
        }
        moved = panel_header(ui, panel.header, &checkpoint.name, color, facts, stands, None).or(moved);
        let axes = Axes {
            id: Id::unique(("embedding", &checkpoint.name)),
            x: Axis { label: "t-SNE 1", range, scale: Scale::Bare, labelled: true },
            y: Axis { label: "t-SNE 2", range, scale: Scale::Bare, labelled: panel.first },
            outline: color,
            grid: false,
            wheel: true,
        };
        let remembered = state.cursor.of(links.cursor, &checkpoint.name);
        let view = state.view.of(links.axes, &checkpoint.name);
        let (canvas, near) = axes
            .show(ui, panel.plot, view, |ui, canvas| points.and_then(|points| scatter(ui, canvas, points, hidden, remembered.as_ref())));
        canvas.response.widget_info(|| WidgetInfo::labeled(WidgetRole::Image, true, summary(&checkpoint.name, points)));
        if let (Some(points), Some(k)) = (points, near) {
            let (title, rows) = words(points, k);
            reading(ui, canvas.response.id, &title, &rows);
            if let Points::Finished(embedding) = points {
                cursor.at = Some((checkpoint.name.clone(), (embedding.dataset[k].clone(), embedding.index[k])));
            }
        }
    }
    scene.commands.extend(moved);
    if cursor != state.cursor {
        state.cursor = cursor;
        ui.ctx().request_repaint();
    }
}

/// One square range that holds the points of all checkpoints.
fn range(scene: &Scene<'_>) -> [f64; 2] {
    let all = scene.store.embeddings.values().flat_map(|points| points.xy().iter().flatten());
    let reach = all.filter(|v| v.is_finite()).fold(0.0f32, |reach, v| reach.max(v.abs()));
    let reach = if reach > 0.0 { f64::from(reach) * 1.06 } else { 1.0 };
    [-reach, reach]
}

/// Draws the points; gives the one nearest to the pointer.
fn scatter(ui: &Ui, canvas: &Canvas, points: &Points, hidden: &BTreeSet<Role>, marked: Option<&(String, i64)>) -> Option<usize> {
    let palette = theme::of(ui);
    let xy = points.xy();
    let roles = points.roles();
    let zoom = (canvas.rect().width() / 400.0).clamp(0.7, 1.4);
    let radius = (70.0 / (xy.len().max(1) as f32).sqrt()).clamp(1.3, 3.2) * zoom;
    // What is not ID lies on top: it is what one looks for.
    let mut nearest: Option<(usize, f32)> = None;
    let pointer = canvas.response.hover_pos();
    for role in Role::ALL.into_iter().filter(|role| !hidden.contains(role)) {
        let color = theme::role(ui, role).gamma_multiply(0.85);
        for (k, [x, y]) in xy.iter().enumerate() {
            if roles.get(k).map(String::as_str) != Some(role.key()) || !(x.is_finite() && y.is_finite()) {
                continue;
            }
            let at = canvas.at(f64::from(*x), f64::from(*y));
            if !canvas.rect().expand(radius).contains(at) {
                continue;
            }
            canvas.painter.circle_filled(at, radius, color);
            if let Some(distance) = pointer.map(|pointer| pointer.distance(at)).filter(|distance| *distance < REACH)
                && nearest.is_none_or(|(_, least)| distance <= least)
            {
                nearest = Some((k, distance));
            }
        }
    }
    let own = nearest.map(|(k, _)| k);
    let linked = match (points, marked) {
        (Points::Finished(embedding), Some((dataset, index))) => {
            (0..embedding.len()).find(|k| embedding.index[*k] == *index && embedding.dataset[*k] == *dataset)
        }
        _ => None,
    };
    for k in own.into_iter().chain(linked) {
        let at = canvas.at(f64::from(xy[k][0]), f64::from(xy[k][1]));
        canvas.painter.circle_stroke(at, radius + 3.5, Stroke::new(3.0, faded(palette.canvas, palette.canvas, 1.0)));
        canvas.painter.circle_stroke(at, radius + 3.5, Stroke::new(1.5, palette.strong));
    }
    own
}

/// What is known of a point.
fn words(points: &Points, k: usize) -> (String, Vec<(Option<egui::Color32>, String, String)>) {
    let label = |key: &str| Role::ALL.into_iter().find(|role| role.key() == key).map_or(key.to_owned(), |role| role.label().to_owned());
    match points {
        Points::Live { roles, .. } => (roles.get(k).map(|key| label(key)).unwrap_or_default(), Vec::new()),
        Points::Finished(embedding) => {
            let class = |class: i64| if class < 0 { "none".to_owned() } else { class.to_string() };
            let title = format!("{} ({})", embedding.dataset[k], label(&embedding.role[k]));
            let rows = vec![
                (None, "Label".into(), class(embedding.label[k])),
                (None, "Prediction".into(), class(embedding.prediction[k])),
                (None, "Index".into(), embedding.index[k].to_string()),
            ];
            (title, rows)
        }
    }
}

fn summary(name: &str, points: Option<&Points>) -> String {
    match points {
        None => format!("Embedding of {name}, nothing computed yet"),
        Some(Points::Live { iteration, xy, .. }) => format!("Embedding of {name}, {} points, iteration {iteration}", xy.len()),
        Some(Points::Finished(embedding)) => format!("Embedding of {name}, {} points", embedding.len()),
    }
}
