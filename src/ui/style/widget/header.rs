//! The two lines above a panel: the checkpoint, and its facts or the progress of its job.

use egui::text::{LayoutJob, TextFormat, TextWrapping};
use egui::{Align2, Color32, FontId, Pos2, Rect, Ui, Vec2};

use crate::ui::style::theme;

/// Content of the header of a panel.
#[derive(Debug)]
pub struct Header<'a> {
    /// Name of the checkpoint.
    pub name: &'a str,
    /// Its colour.
    pub color: Color32,
    /// Facts about the result, or the progress of the job.
    pub facts: String,
    /// The value under the cursor, right of the name.
    pub reading: Option<String>,
    /// Share done while a job runs.
    pub progress: Option<f32>,
    /// Whether the facts describe a failure.
    pub failed: bool,
}

/// Draws the header into `rect`; returns whether the facts were cut.
pub fn show(ui: &Ui, rect: Rect, header: &Header<'_>) -> bool {
    let palette = theme::of(ui);
    let painter = ui.painter();
    let top = rect.top() + 8.0;
    let swatch = Rect::from_center_size(Pos2::new(rect.left() + 5.0, top), Vec2::splat(9.0));
    painter.rect_filled(swatch, 1.5, header.color);
    let mut right = rect.right();
    if let Some(reading) = &header.reading {
        right -= painter.text(Pos2::new(right, top), Align2::RIGHT_CENTER, reading, theme::body(), palette.strong).width() + 8.0;
    }
    line(ui, Pos2::new(rect.left() + 16.0, top), right - rect.left() - 16.0, header.name, theme::heading(), palette.strong);
    let color = if header.failed { palette.error } else { palette.weak };
    let cut = line(ui, Pos2::new(rect.left(), rect.top() + 27.0), rect.width(), &header.facts, theme::small(), color);
    if let Some(progress) = header.progress {
        let rail = Rect::from_min_size(Pos2::new(rect.left(), rect.bottom() - 4.0), Vec2::new(rect.width(), 1.0));
        painter.rect_filled(rail, 0.0, palette.hairline);
        let done = Rect::from_min_size(rail.min - Vec2::new(0.0, 0.5), Vec2::new(rail.width() * progress, 2.0));
        painter.rect_filled(done, 0.0, palette.accent);
    }
    cut
}

/// Draws a header without a checkpoint: a name and small text.
pub fn plain(ui: &Ui, rect: Rect, name: &str, aside: &str) {
    let palette = theme::of(ui);
    line(ui, Pos2::new(rect.left(), rect.top() + 8.0), rect.width(), name, theme::heading(), palette.strong);
    line(ui, Pos2::new(rect.left(), rect.top() + 27.0), rect.width(), aside, theme::small(), palette.weak);
}

/// A line of text, cut with an ellipsis where it does not fit, with its left end at `left_center`; returns whether it was cut.
pub fn line(ui: &Ui, left_center: Pos2, width: f32, text: &str, font: FontId, color: Color32) -> bool {
    let mut job = LayoutJob::single_section(text.into(), TextFormat::simple(font, color));
    job.wrap = TextWrapping::truncate_at_width(width.max(10.0));
    let galley = ui.painter().layout_job(job);
    let (position, cut) = (left_center - Vec2::new(0.0, galley.size().y / 2.0), galley.elided);
    ui.painter().galley(position, galley, color);
    cut
}
