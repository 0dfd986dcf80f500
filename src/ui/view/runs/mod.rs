//! The runs tab: at the left the runs of a folder, at the right the curves of the chosen runs, or the form of a new run.

mod comparison;
mod curves;
mod data;
mod field;
mod form;
mod list;
mod optimizer;
mod plots;

use egui::{Align, Layout, Rect, ScrollArea, Ui, UiBuilder, pos2};

use crate::figure::CaptionedFigure;
use crate::ui::state::run::runs::Form;
use crate::ui::style::theme;
use crate::ui::style::widget::reading::empty;
use crate::ui::view::{Drafts, Scene, TabInfo, TabView};
use crate::ui::work::export::Export;

use plots::State as Plots;

/// Width of the list, points.
const LIST: f32 = 286.0;
const GAP: f32 = 24.0;

/// State of the tab between frames.
#[derive(Default)]
pub struct RunsTab {
    /// The list.
    pub list: list::State,
    /// The curves.
    pub plots: Plots,
}

impl TabView for RunsTab {
    fn info(&self) -> TabInfo {
        TabInfo { key: "runs", title: "Runs", analysis: None, links: &[], empty_sentence: None, has_controls: false }
    }

    fn draw(&mut self, ui: &mut Ui, scene: &mut Scene<'_>, drafts: &mut Drafts<'_>) {
        draw(ui, scene, self, drafts.form);
    }

    fn figure(&self, scene: &Scene<'_>) -> Option<Export> {
        let figure = self.plots.figure(&scene.run_list.shown())?;
        Export::new(&scene.session.figure, figure, |figure| Some(CaptionedFigure::curves(figure.clone())))
    }
}

fn draw(ui: &mut Ui, scene: &mut Scene<'_>, state: &mut RunsTab, form: &mut Option<Form>) {
    let area = ui.available_rect_before_wrap();
    let left = area.with_max_x(area.left() + LIST);
    let right = area.with_min_x(left.right() + GAP);
    let x = left.right() + 0.5 * GAP;
    ui.painter().vline(x, area.y_range(), egui::Stroke::new(1.0, theme::of(ui).hairline));
    let within = |rect: Rect| UiBuilder::new().max_rect(rect).layout(Layout::top_down(Align::LEFT));
    ui.scope_builder(within(left).id_salt("runs list"), |ui| list::show(ui, scene, &mut state.list));
    ui.scope_builder(within(right).id_salt("runs right"), |ui| {
        ui.set_clip_rect(right.expand2(egui::vec2(8.0, 0.0)).intersect(ui.clip_rect()));
        match form {
            Some(form) => form::show(ui, scene, form),
            None => charts(ui, scene, state),
        }
    });
    ui.advance_cursor_after_rect(Rect::from_min_max(area.min, pos2(area.right(), area.bottom())));
}

/// Draws the curves and the comparison of the runs.
fn charts(ui: &mut Ui, scene: &mut Scene<'_>, state: &mut RunsTab) {
    if scene.run_list.runs.is_empty() {
        let sentence = if scene.run_list.was_read { "Start a run with New run, and watch it here." } else { "Looking for runs…" };
        return empty(ui, sentence);
    }
    let shown = scene.run_list.shown();
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
