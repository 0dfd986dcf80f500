//! Marks a value that was inferred and not confirmed: with a question mark in the accent colour after it.

use egui::text::LayoutJob;
use egui::{RichText, TextFormat, Ui};

use crate::ui::style::theme;

/// First sentence of the tooltip of an assumed value.
pub const ASSUMED: &str = "Assumed, not confirmed. Choosing a value, also this one, confirms it.";

/// `value` in small text, with a mark if it is assumed and `▾` for the menu that it opens.
pub fn value(ui: &Ui, value: &str, is_assumed: bool) -> LayoutJob {
    list(ui, &[value.to_owned()], is_assumed)
}

/// The same for several values; only the first may be assumed.
pub fn list(ui: &Ui, values: &[String], is_assumed: bool) -> LayoutJob {
    let palette = theme::of(ui);
    let quiet = TextFormat::simple(theme::small(), palette.weak);
    let mut job = LayoutJob::default();
    let (first, others) = values.split_first().map_or(("", &[][..]), |(first, others)| (first.as_str(), others));
    job.append(first, 0.0, quiet.clone());
    if is_assumed {
        job.append("?", 1.0, TextFormat::simple(theme::small(), palette.accent));
    }
    let rest: String = others.iter().map(|value| format!(" · {value}")).collect();
    job.append(&format!("{rest}  ▾"), 0.0, quiet);
    job
}

/// The mark alone, for a place beside a field.
pub fn mark(ui: &Ui) -> RichText {
    RichText::new("?").font(theme::small()).color(theme::of(ui).accent)
}

/// `label` for screen readers.
pub fn accessible_label(label: &str, is_assumed: bool) -> String {
    if is_assumed { format!("{label}, assumed") } else { label.to_owned() }
}
