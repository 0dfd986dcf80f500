//! A line of the form: name, field, unit, and under it what is wrong.

use egui::{Align, ComboBox, Id, Label, Layout, Margin, RichText, Sense, Slider, TextEdit, Ui, Vec2};

use crate::figure::number::significant;
use crate::ui::style::theme;
use crate::ui::style::widget::controls::complaint;

/// Width of the names.
const NAME: f32 = 124.0;
/// Width of a field for a number.
pub const NUMBER: f32 = 74.0;

/// Draws the name (its tooltip says more), then what `field` draws, then the problem. `field` gets the id of the name.
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
            complaint(ui, problem);
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

/// A line with a number.
pub fn number(ui: &mut Ui, name: &str, about: &str, value: &mut String, unit: &str, problem: Option<&String>) {
    row(ui, name, about, problem, |ui, id| {
        text(ui, id, value, NUMBER, "", problem.is_some());
        if !unit.is_empty() {
            ui.colored_label(theme::of(ui).weak, unit);
        }
    });
}

/// The range of a number, and how its slider counts.
#[derive(Clone, Copy, Debug)]
pub struct Range {
    /// Smallest.
    pub min: f64,
    /// Largest.
    pub max: f64,
    /// Whether steps are factors.
    pub log: bool,
    /// Whether it is whole.
    pub whole: bool,
}

/// A number with a slider beside it where its range can be seen at a glance.
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

/// To three digits, as a field shows it.
fn rounded(value: f64) -> String {
    significant(value, 3).replace('−', "-").parse::<f64>().unwrap_or(value).to_string()
}

/// A field to choose from `options`: (value, what is shown).
pub fn choice<T: PartialEq + Clone>(ui: &mut Ui, id: Id, current: &mut T, options: &[(T, String)], width: f32) {
    let shown = options.iter().find(|(value, _)| value == current).map_or("–", |(_, text)| text);
    // High enough for all of them, as far as the window is: what lies below a list's edge is easily missed.
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
