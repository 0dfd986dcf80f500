//! The header of a checkpoint's panel, which is also the handle by which the panel is moved.

use egui::{Color32, Rect, Role as WidgetRole, Ui, WidgetInfo};

use crate::ui::command::{CheckpointCommand, Command};
use crate::ui::state::store::JobSummary;
use crate::ui::style::theme;
use crate::ui::style::widget::header::{self, Header};
use crate::ui::style::widget::reorder::{self, Moved};

/// Draws the header of a panel: its facts, or the state of its job. It is also the handle for moving the panel of a checkpoint; returns
/// the command to do so.
pub fn panel_header(
    ui: &Ui,
    rect: Rect,
    name: &str,
    color: Color32,
    facts: Option<String>,
    job_summary: Option<JobSummary>,
    reading: Option<String>,
) -> Option<Command> {
    let header = match job_summary {
        Some(job_summary) => {
            Header { name, color, facts: job_summary.text, reading, progress: job_summary.progress, failed: job_summary.failed }
        }
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
