//! The tabs. Those of analyses draw a row of equal panels, one per checkpoint, from the session and the store, and changes neither.

mod brush;
pub mod compare;
pub mod energy;
pub mod hessian;
pub mod landscape;
pub mod linked;
mod made;
pub mod planes;
pub mod runs;
pub mod scatter;
pub mod sharpness;

use egui::{
    Align, Color32, CornerRadius, Id, Layout, Pos2, Rect, Response, RichText, Role as WidgetRole, Sense, Tooltip, Ui, UiBuilder, Vec2,
    WidgetInfo,
};

use super::command::{CheckpointCommand, Command};
use super::store::{Job, JobState, Store};
use super::theme;
use super::widget::header::{self, Header};
use super::widget::number;
use super::widget::reorder::{self, Moved};
use flatland_core::job::Analysis;
use flatland_core::session::{Extents, Session, Tab};

/// The analysis that a tab shows.
pub fn analysis(tab: Tab) -> Option<Analysis> {
    match tab {
        Tab::Landscape => Some(Analysis::Landscape),
        Tab::Sharpness => Some(Analysis::Sharpness),
        Tab::Hessian => Some(Analysis::Hessian),
        Tab::Embedding => Some(Analysis::Embedding),
        Tab::Energy => Some(Analysis::Scores),
        Tab::Compare | Tab::Runs => None,
    }
}

/// What a view draws from, and where its gestures go.
pub struct Scene<'a> {
    /// What is open.
    pub session: &'a Session,
    /// Jobs and results.
    pub store: &'a Store,
    /// The dataset of landscapes and sharpness.
    pub dataset: Option<&'a str>,
    /// Whether landscapes are drawn as differences to the baseline's.
    pub difference: bool,
    /// Gestures.
    pub commands: &'a mut Vec<Command>,
}

impl Scene<'_> {
    /// Which part of a tab's plots is seen.
    pub fn extents(&self, tab: Tab) -> Extents {
        self.session.view.extents.get(&tab).cloned().unwrap_or_default()
    }

    /// Somebody may have moved or zoomed the plots of a tab: they show these parts now.
    pub fn see(&mut self, tab: Tab, extents: Extents) {
        if extents != self.extents(tab) {
            self.commands.push(Command::SetExtents(tab, extents));
        }
    }
}

/// How a job stands, for the header of the panel in which its result will appear.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Standing {
    /// In words.
    pub words: String,
    /// Share done while it runs.
    pub progress: Option<f32>,
    /// Whether it failed.
    pub failed: bool,
}

/// How a job stands; `None` when it is done.
pub fn standing(job: Option<&Job>) -> Option<Standing> {
    let quiet = |words: &str| Some(Standing { words: words.into(), ..Standing::default() });
    let Some(job) = job else { return quiet("not asked for") };
    match &job.state {
        JobState::Done => None,
        JobState::Looking => quiet("looking for results"),
        JobState::Waiting => quiet("waiting"),
        JobState::Cancelled => quiet("cancelled"),
        JobState::Interrupted => Some(Standing { words: "interrupted: the worker ended".into(), progress: None, failed: true }),
        JobState::Failed(message) => Some(Standing { words: message.clone(), progress: None, failed: true }),
        JobState::Paused => Some(Standing { words: "paused".into(), progress: Some(job.progress.fraction()), failed: false }),
        JobState::Running => Some(Standing { words: pace(job), progress: Some(job.progress.fraction()), failed: false }),
    }
}

/// How far a running job is: `123 of 441 cells · 12 s left`.
pub fn pace(job: &Job) -> String {
    let progress = &job.progress;
    if progress.total == 0 {
        return if progress.message.is_empty() { "starting".into() } else { progress.message.clone() };
    }
    let done = format!("{} of {} {}", number::count(progress.done), number::count(progress.total), progress.unit);
    match progress.eta_secs {
        Some(seconds) if seconds.is_finite() => format!("{done} · {} left", number::duration(seconds)),
        _ => done,
    }
}

/// The header of a panel: its facts, or how its job stands. It is the handle by which the panel of a checkpoint is moved; gives the
/// command to do so.
pub fn panel_header(
    ui: &Ui,
    rect: Rect,
    name: &str,
    color: Color32,
    facts: Option<String>,
    standing: Option<Standing>,
    reading: Option<String>,
) -> Option<Command> {
    let header = match standing {
        Some(standing) => Header { name, color, facts: standing.words, reading, progress: standing.progress, failed: standing.failed },
        None => Header { name, color, facts: facts.unwrap_or_default(), reading, progress: None, failed: false },
    };
    let cut = header::show(ui, rect, &header);
    let (mut response, moved) = reorder::handle(ui, rect.with_max_y(rect.top() + 34.0), "panel", name, false);
    if cut {
        response = response.on_hover_text(&header.facts);
    }
    response.widget_info(|| WidgetInfo::labeled(WidgetRole::Button, true, format!("Panel of {name}")));
    if response.has_focus() {
        ui.painter().rect_stroke(response.rect, 2.0, (1.0, theme::of(ui).accent), egui::StrokeKind::Outside);
    }
    let command = match moved? {
        Moved::By(by) => CheckpointCommand::MoveBy(by),
        Moved::To(other) => CheckpointCommand::TakePlaceOf(other),
    };
    Some(Command::Checkpoint(name.to_owned(), command))
}

/// One sentence where a view has nothing to show.
pub fn empty(ui: &mut Ui, sentence: &str) {
    let rect = ui.available_rect_before_wrap();
    let middle = Rect::from_center_size(rect.center() - Vec2::new(0.0, rect.height() * 0.08), Vec2::new(rect.width().min(460.0), 60.0));
    ui.scope_builder(UiBuilder::new().max_rect(middle).layout(Layout::top_down(Align::Center)), |ui| {
        ui.label(RichText::new(sentence).color(theme::of(ui).weak).font(theme::heading()));
    });
}

/// A legend entry that can be switched off: a disc and a name.
pub fn chip(ui: &mut Ui, color: Color32, text: &str, on: bool) -> Response {
    let palette = theme::of(ui);
    let galley = ui.painter().layout_no_wrap(text.into(), theme::body(), if on { palette.text } else { palette.weak });
    let (rect, response) = ui.allocate_exact_size(Vec2::new(galley.size().x + 20.0, 24.0), Sense::click());
    if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(rect, CornerRadius::same(3), palette.hover);
    }
    let disc = Pos2::new(rect.left() + 9.0, rect.center().y);
    if on {
        ui.painter().circle_filled(disc, 4.0, color);
    } else {
        ui.painter().circle_stroke(disc, 3.5, egui::Stroke::new(1.0, palette.weak));
    }
    ui.painter().galley(Pos2::new(rect.left() + 17.0, rect.center().y - galley.size().y / 2.0), galley, palette.text);
    response.widget_info(|| WidgetInfo::selected(WidgetRole::CheckBox, true, on, text));
    response
}

/// Rows of names and values beside the pointer.
pub fn reading(ui: &Ui, id: Id, title: &str, rows: &[(Option<Color32>, String, String)]) {
    let palette = theme::of(ui);
    Tooltip::always_open(ui.ctx().clone(), ui.layer_id(), id, egui::PopupAnchor::Pointer).gap(14.0).show(|ui| {
        ui.spacing_mut().item_spacing = Vec2::new(12.0, 2.0);
        if !title.is_empty() {
            ui.label(RichText::new(title).color(palette.weak).font(theme::small()));
        }
        // Measured, not laid out by a grid: a grid knows its columns a frame later, and while the pointer rests there is none.
        let width = |text: &str| ui.painter().layout_no_wrap(text.into(), theme::body(), palette.text).size().x;
        let widest = |texts: &mut dyn Iterator<Item = f32>| texts.fold(0.0, f32::max);
        let swatches = if rows.iter().any(|(color, ..)| color.is_some()) { 16.0 } else { 0.0 };
        let names = swatches + widest(&mut rows.iter().map(|(_, name, _)| width(name)));
        let values = widest(&mut rows.iter().map(|(.., value)| width(value)));
        for (color, name, value) in rows {
            let (rect, _) = ui.allocate_exact_size(Vec2::new(names + 14.0 + values, 20.0), Sense::hover());
            if let Some(color) = color {
                let square = Rect::from_center_size(rect.left_center() + Vec2::new(4.5, 0.0), Vec2::splat(9.0));
                ui.painter().rect_filled(square, CornerRadius::same(2), *color);
            }
            let name_at = rect.with_min_x(rect.left() + swatches);
            cell(ui, name_at, false, RichText::new(name).color(palette.weak));
            cell(ui, rect, true, RichText::new(value).color(palette.strong));
        }
    });
}

/// A cell of a small table: text at the left or right of `rect`.
pub fn cell(ui: &mut Ui, rect: Rect, right: bool, text: RichText) {
    let layout = if right { Layout::right_to_left(Align::Center) } else { Layout::left_to_right(Align::Center) };
    let mut child = ui.new_child(UiBuilder::new().max_rect(rect).layout(layout));
    child.add(egui::Label::new(text).truncate());
}

/// The colour of the canvas mixed into `color`, to let it stand back.
pub fn faded(color: Color32, canvas: Color32, share: f32) -> Color32 {
    canvas.lerp_to_gamma(color, share)
}
