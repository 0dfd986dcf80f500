//! A line of the form: name, field, unit, and below it the error message.

use egui::{Align, ComboBox, Id, Label, Layout, Margin, RichText, Sense, Slider, TextEdit, Ui, Vec2};

use crate::figure::number::significant;
use crate::ui::style::theme;
use crate::ui::style::widget::controls::error_text;

/// Width of the names, points.
const NAME: f32 = 124.0;
/// Width of a number field, points.
pub const NUMBER: f32 = 74.0;

/// Draws the name with the tooltip `about`, then calls `field` with the id of the name, then draws the error message.
pub fn row(ui: &mut Ui, name: &str, about: &str, problem: Option<&String>, field: impl FnOnce(&mut Ui, Id)) {
    ui.horizontal(|ui| {
        let (rect, _) = ui.allocate_exact_size(Vec2::new(NAME, ui.spacing().interact_size.y), Sense::hover());
        let mut place = ui.new_child(egui::UiBuilder::new().max_rect(rect).layout(Layout::left_to_right(Align::Center)));
        let label = place.add(Label::new(RichText::new(name).color(theme::of(ui).weak)).truncate().show_tooltip_when_elided(false));
        let id = label.id;
        if !about.is_empty() {
            label.on_hover_ui(|ui| {
                ui.set_max_width(380.0);
                ui.label(about);
            });
        }
        field(ui, id);
    });
    if let Some(problem) = problem {
        ui.horizontal(|ui| {
            ui.add_space(NAME + 8.0);
            error_text(ui, problem);
        });
    }
}

/// A field for text of this width.
pub fn text(ui: &mut Ui, id: Id, value: &mut String, width: f32, hint: &str, wrong: bool) {
    let mut field = TextEdit::singleline(value).desired_width(width).margin(Margin::symmetric(7, 4)).hint_text(hint);
    if wrong {
        field = field.text_color(theme::of(ui).error);
    }
    ui.add(field).labelled_by(id);
}

/// A line with a number field.
pub fn number(ui: &mut Ui, name: &str, about: &str, value: &mut String, unit: &str, problem: Option<&String>) {
    row(ui, name, about, problem, |ui, id| {
        text(ui, id, value, NUMBER, "", problem.is_some());
        if !unit.is_empty() {
            ui.colored_label(theme::of(ui).weak, unit);
        }
    });
}

/// The range of a number, and the scale of its slider.
#[derive(Clone, Copy, Debug)]
pub struct Range {
    /// Smallest value.
    pub min: f64,
    /// Largest value.
    pub max: f64,
    /// Whether the slider is logarithmic.
    pub log: bool,
    /// Whether the number is an integer.
    pub whole: bool,
}

/// A number field with a slider if its range is small enough.
pub fn slider(ui: &mut Ui, id: Id, name: &str, value: &mut String, range: Range, wrong: bool) {
    text(ui, id, value, NUMBER, "", wrong);
    let fits = (range.max - range.min).is_finite() && (range.log || range.max - range.min <= 1000.0);
    if !fits {
        return;
    }
    let mut at = value.trim().parse::<f64>().ok().filter(|at| at.is_finite()).unwrap_or(range.min).clamp(range.min, range.max);
    ui.spacing_mut().slider_width = 110.0;
    let mut slider = Slider::new(&mut at, range.min..=range.max).show_value(false).logarithmic(range.log);
    if range.log && range.min <= 0.0 {
        slider = slider.smallest_positive(1e-4 * range.max);
    }
    let response = ui.add(if range.whole { slider.integer() } else { slider });
    response.widget_info(|| egui::WidgetInfo::slider(true, at, format!("{name}, slider")));
    if response.changed() {
        *value = if range.whole { format!("{at:.0}") } else { rounded(at) };
    }
}

/// The value with three significant digits.
fn rounded(value: f64) -> String {
    significant(value, 3).replace('−', "-").parse::<f64>().unwrap_or(value).to_string()
}

/// A menu of `options`: (value, label).
pub fn choice<T: PartialEq + Clone>(ui: &mut Ui, id: Id, current: &mut T, options: &[(T, String)], width: f32) {
    let shown = options.iter().find(|(value, _)| value == current).map_or("–", |(_, text)| text);
    // The list is as high as all options need, if the window is high enough, since options below its edge are easily missed.
    let room = 0.6 * ui.ctx().content_rect().height();
    let combo = ComboBox::from_id_salt(id.with("choice")).width(width).height(room).selected_text(shown).truncate();
    let inner = combo.show_ui(ui, |ui| {
        for (value, text) in options {
            if ui.selectable_label(value == current, text).clicked() {
                *current = value.clone();
            }
        }
    });
    inner.response.labelled_by(id);
}
