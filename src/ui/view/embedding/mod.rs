//! The embedding tab: t-SNE of the penultimate features, one panel per checkpoint, updated while it runs; colours, density, selection,
//! cards of images, and the selected images below.

mod card;
mod density;
mod figure;
mod pane;
mod panel;
mod table;
mod thumbnails;
mod toolbar;

use crate::ui::view::gesture::Gesture;
use crate::ui::view::{Drafts, TabInfo, TabView};
use crate::ui::work::export::Export;

use egui::{Event, Key, Panel as Region, Rect, Ui, Vec2, pos2};

use super::Scene;
use crate::figure::{ColorScale, Spacing as ScaleSpacing};
use crate::ui::command::Command;
use crate::ui::command::scatter::ScatterCommand;
use crate::ui::state::cursor::Cursor;
use crate::ui::state::scatter::{ImageKey, Scatter, color};
use crate::ui::style::theme;
use crate::ui::style::widget::color_bar;
use crate::ui::style::widget::color_bar::ColorBar;
use crate::ui::style::widget::grid::{Spacing, layout};
use crate::ui::style::widget::reading::empty;
use flatland_core::job::Analysis;
use flatland_core::session::{ColorSettings, Extents, Link, Pane, Tab};

const SPACE: Spacing = Spacing { left: 22.0, right: 4.0, header: 44.0, footer: 26.0, below: 0.0, gap: 16.0 };
/// Width of a colour bar at the right, points.
const BAR: f32 = 84.0;

/// State of the tab between frames that is not stored in the session.
#[derive(Default)]
pub struct EmbeddingTab {
    drag: Gesture,
    density: density::Pictures,
    table: table::State,
    thumbnails: thumbnails::State,
    /// Whether a text field had the focus or a menu was open in the frame before.
    busy: bool,
}

/// What the panels share in a frame.
struct Frame<'a> {
    scatter: &'a mut Scatter,
    state: &'a mut EmbeddingTab,
    /// The range of both axes before the user zooms.
    range: [f64; 2],
    /// The image under the pointer in this frame.
    cursor: Cursor<ImageKey>,
    /// Whether the pointer sets the cursor. While the pointer rests, the keys set it.
    pointer_active: bool,
    /// Whether the pointer is over a panel that nothing covers.
    pointing: bool,
    /// The visible parts of the panels.
    extents: Extents,
}

impl TabView for EmbeddingTab {
    fn info(&self) -> TabInfo {
        TabInfo {
            key: "embedding",
            title: "Embedding",
            analysis: Some(Analysis::Embedding),
            links: &[Link::Axes, Link::Cursor, Link::Selection],
            empty_sentence: Some("Open a checkpoint to see how it separates what it knows from what it does not."),
            has_controls: true,
        }
    }

    fn controls(&mut self, ui: &mut Ui, scene: &mut Scene<'_>, drafts: &mut Drafts<'_>) {
        toolbar::show(ui, scene, drafts.scatter);
    }

    fn draw(&mut self, ui: &mut Ui, scene: &mut Scene<'_>, drafts: &mut Drafts<'_>) {
        draw(ui, scene, self, drafts.scatter);
    }

    fn figure(&self, scene: &Scene<'_>) -> Option<Export> {
        figure::of(scene)
    }
}

fn draw(ui: &mut Ui, scene: &mut Scene<'_>, state: &mut EmbeddingTab, scatter: &mut Scatter) {
    if scene.session.datasets.is_empty() {
        return empty(ui, "Open images with their roles (ID, CS, near SS, far SS) to see where their features are.");
    }
    scatter.update_styles(theme::figure_theme(ui));
    keys(ui, scene, scatter, state);
    toolbar::legend(ui, scene, scatter);
    ui.add_space(6.0);
    if scatter.view.pane != Pane::Closed {
        let frame = egui::Frame::new().inner_margin(egui::Margin { left: 0, right: 0, top: 6, bottom: 0 });
        Region::bottom("selected images").default_size(230.0).size_range(120.0..=520.0).resizable(true).frame(frame).show(ui, |ui| {
            pane::show(ui, scene, state, scatter);
        });
    }
    panels(ui, scene, state, scatter);
    card::pinned(ui, scene, scatter);
}

fn panels(ui: &mut Ui, scene: &mut Scene<'_>, state: &mut EmbeddingTab, scatter: &mut Scatter) {
    let bar = bar(state, scatter);
    let space = Spacing { right: if bar.is_some() { BAR } else { SPACE.right }, ..SPACE };
    let area = ui.available_rect_before_wrap();
    let shown: Vec<_> = scene.session.shown().collect();
    let places = layout(area, shown.len(), Some(1.0), f32::INFINITY, space);
    let range = range(scatter);
    state.density.keep(|name| scatter.clouds.contains_key(name));
    let mut frame = Frame {
        scatter,
        state,
        range,
        cursor: Cursor::default(),
        pointer_active: ui.input(pointer_active),
        pointing: false,
        extents: scene.extents(Tab::EMBEDDING),
    };
    let mut most = 0;
    for (place, checkpoint) in places.iter().zip(shown) {
        most = most.max(panel::show(ui, scene, &mut frame, checkpoint, place));
    }
    let (cursor, pointing) = (frame.cursor, frame.pointing && frame.pointer_active);
    scene.set_extents(Tab::EMBEDDING, frame.extents);
    if let (Some((name, scale)), Some(first)) = (&bar, places.first()) {
        let right = places.iter().map(|place| place.plot.right()).fold(0.0, f32::max);
        let rect = Rect::from_min_size(pos2(right + 16.0, first.plot.top()), Vec2::new(12.0, first.plot.height().min(260.0)));
        let (settings, clipped) = (ColorSettings::default(), [0; 2]);
        color_bar::plain(ui, rect, &ColorBar { label: name, name, scale: *scale, colors: color::MAP, levels: &[], settings, clipped });
    }
    // The scale is that of all panels, so it is known one frame later.
    if scatter.view.density && state.density.most != most {
        state.density.most = most;
        ui.ctx().request_repaint();
    }
    if pointing && cursor != scatter.cursor {
        scatter.cursor = cursor;
        ui.ctx().request_repaint();
    }
}

/// Whether the pointer moves, or the picture under it does.
fn pointer_active(input: &egui::InputState) -> bool {
    let by_pointer =
        |event: &Event| matches!(event, Event::PointerMoved(_) | Event::PointerButton { .. } | Event::PointerGone | Event::Zoom(_));
    input.events.iter().any(by_pointer) || input.smooth_scroll_delta != Vec2::ZERO
}

/// The quantity and scale of the colour bar; `None` when colours show categories.
fn bar(state: &EmbeddingTab, scatter: &Scatter) -> Option<(String, ColorScale)> {
    if scatter.view.density {
        let most = f64::from(state.density.most.max(1));
        return Some(("points".into(), ColorScale::over(1.0, most, ScaleSpacing::Log)?));
    }
    Some((crate::ui::state::scores::label(scatter.view.color_by.score()?), scatter.scale?))
}

/// A square range that contains the points of all checkpoints.
fn range(scatter: &Scatter) -> [f64; 2] {
    let reach = if scatter.max_abs() > 0.0 { f64::from(scatter.max_abs()) * 1.06 } else { 1.0 };
    [-reach, reach]
}

/// Handles keys that do not depend on the focus, unless the user types text.
fn keys(ui: &Ui, scene: &mut Scene<'_>, scatter: &Scatter, state: &mut EmbeddingTab) {
    let now = ui.ctx().text_edit_focused() || egui::Popup::is_any_open(ui.ctx());
    // Esc has already closed what it closes.
    let busy = std::mem::replace(&mut state.busy, now) || now;
    // In a drag, Esc only ends the drag.
    if busy || !ui.input(|input| input.key_pressed(Key::Escape)) || state.drag.is_under_way() {
        return;
    }
    if scatter.pinned.is_some() {
        scene.commands.push(Command::Scatter(ScatterCommand::Pin(None)));
    } else if !scatter.view.selection.is_empty() {
        scene.commands.push(Command::Scatter(ScatterCommand::Clear));
    }
}
