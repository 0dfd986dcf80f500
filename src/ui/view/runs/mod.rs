//! The runs tab: at the left the runs of a folder, at the right the curves of those that are chosen, or the form of a new one.

mod comparison;
mod curves;
mod data;
mod field;
mod form;
mod list;
mod optimizer;
mod plots;

use egui::{Align, Layout, Rect, ScrollArea, Ui, UiBuilder, pos2};

use super::empty;
use crate::ui::command::Command;
use crate::ui::run::book::Book;
use crate::ui::store::Store;
use crate::ui::theme;
use flatland_core::job::MethodInfo;
use flatland_core::session::Session;

pub use form::Form;
pub use list::name_of;
pub use plots::State as Plots;

/// Width of the list.
const LIST: f32 = 286.0;
const GAP: f32 = 24.0;

/// What the tab draws from, and where its gestures go.
pub struct RunScene<'a> {
    /// What is open.
    pub session: &'a Session,
    /// Reports on checkpoints.
    pub store: &'a Store,
    /// The runs.
    pub book: &'a Book,
    /// The folder that they are in.
    pub root: &'a std::path::Path,
    /// What the worker can train with; empty until it has said so.
    pub methods: &'a [MethodInfo],
    /// Gestures.
    pub commands: &'a mut Vec<Command>,
}

/// What the tab remembers between frames.
#[derive(Default)]
pub struct State {
    /// The list.
    pub list: list::State,
    /// The curves.
    pub plots: Plots,
    /// The form of a new run, while it is open.
    pub form: Option<Form>,
}

/// Draws the tab.
pub fn show(ui: &mut Ui, scene: &mut RunScene<'_>, state: &mut State) {
    let area = ui.available_rect_before_wrap();
    let left = area.with_max_x(area.left() + LIST);
    let right = area.with_min_x(left.right() + GAP);
    let x = left.right() + 0.5 * GAP;
    ui.painter().vline(x, area.y_range(), egui::Stroke::new(1.0, theme::of(ui).hairline));
    let within = |rect: Rect| UiBuilder::new().max_rect(rect).layout(Layout::top_down(Align::LEFT));
    ui.scope_builder(within(left).id_salt("runs list"), |ui| list::show(ui, scene, &mut state.list));
    ui.scope_builder(within(right).id_salt("runs right"), |ui| {
        ui.set_clip_rect(right.expand2(egui::vec2(8.0, 0.0)).intersect(ui.clip_rect()));
        match &mut state.form {
            Some(form) => form::show(ui, scene, form),
            None => watched(ui, scene, state),
        }
    });
    ui.advance_cursor_after_rect(Rect::from_min_max(area.min, pos2(area.right(), area.bottom())));
}

/// The curves and what tells the runs apart.
fn watched(ui: &mut Ui, scene: &mut RunScene<'_>, state: &mut State) {
    if scene.book.runs.is_empty() {
        let sentence = if scene.book.looked { "Start a run with New run, and watch it here." } else { "Looking for runs…" };
        return empty(ui, sentence);
    }
    let shown = scene.book.shown();
    if shown.is_empty() {
        return empty(ui, "Choose runs at the left to see their curves.");
    }
    plots::controls(ui, &shown, &mut state.plots);
    ui.add_space(8.0);
    ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        plots::show(ui, &shown, &mut state.plots, state.list.hovered.as_deref());
        comparison::show(ui, &shown);
    });
}
