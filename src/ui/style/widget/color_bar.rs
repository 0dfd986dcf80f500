//! The colour bar of landscapes. It shows the values of the colours and changes them: limits by dragging the ends or by typing, spacing and
//! colours by a menu. Cells outside of the limits are marked at the ends.

use crate::figure::ColormapTable as _;
use egui::epaint::{Mesh, Vertex, WHITE_UV};
use egui::text::{CCursor, CCursorRange};
use egui::{
    Align2, Color32, CursorIcon, Id, Key, Pos2, Rect, Response, RichText, Role, Sense, Shape, Stroke, StrokeKind, TextEdit, Ui, UiBuilder,
    Vec2, WidgetInfo, pos2, vec2,
};

use super::ticks;
use crate::figure::number::significant;
use crate::figure::{ColorScale, Colormap, Spacing};
use crate::ui::style::theme;
use flatland_core::session::ColorSettings;

/// Content of the bar.
#[derive(Clone, Copy, Debug)]
pub struct ColorBar<'a> {
    /// Symbol of the quantity, drawn above the bar.
    pub label: &'a str,
    /// Full name of the quantity for screen readers; it identifies the bar.
    pub name: &'a str,
    /// The scale of values along it.
    pub scale: ColorScale,
    /// The colour map.
    pub colors: Colormap,
    /// The contour levels.
    pub levels: &'a [f64],
    /// The user's settings.
    pub settings: ColorSettings,
    /// Numbers of cells below and above the range.
    pub clipped: [usize; 2],
}

/// State of the bar: the limit that is being typed.
#[derive(Debug, Default)]
pub struct State {
    typed: Option<Typed>,
}

#[derive(Debug)]
struct Typed {
    bar: Id,
    end: End,
    text: String,
    is_new: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Low,
    High,
}

impl End {
    const BOTH: [End; 2] = [End::Low, End::High];

    fn word(self) -> &'static str {
        match self {
            End::Low => "Lower",
            End::High => "Upper",
        }
    }

    /// 1 for the high end, −1 for the low end.
    fn sign(self) -> f32 {
        match self {
            End::Low => 1.0,
            End::High => -1.0,
        }
    }
}

/// Height of the marks of clipped cells, points.
const MARK: f32 = 8.0;

/// Draws a bar that cannot be changed into `rect`; ticks and limits are at its right, its symbol above.
pub fn plain(ui: &Ui, rect: Rect, bar: &ColorBar<'_>) {
    body(ui, rect, bar, Sense::hover());
    for (end, value) in [(End::Low, bar.scale.low), (End::High, bar.scale.high)] {
        let at = pos2(rect.right() + 8.0, at(rect, end));
        ui.painter().text(at, Align2::LEFT_CENTER, significant(value, 3), theme::small(), theme::of(ui).weak);
    }
}

/// Draws the colours with their ticks and symbol.
fn body(ui: &Ui, rect: Rect, bar: &ColorBar<'_>, sense: Sense) -> Response {
    paint_colors(ui, rect, bar);
    paint_ticks(ui, rect, bar);
    let lift = if bar.clipped[1] > 0 { MARK + 2.0 } else { 0.0 };
    ui.painter().text(pos2(rect.left(), rect.top() - 8.0 - lift), Align2::LEFT_BOTTOM, bar.label, theme::body(), theme::of(ui).text);
    let body = ui.interact(rect, Id::unique(("colour bar", bar.name)), sense);
    let (low, high) = (significant(bar.scale.low, 3), significant(bar.scale.high, 3));
    let summary = format!("Colours of {}: {}, {}, from {low} to {high}", bar.name, bar.colors.label(), bar.scale.spacing.label());
    body.widget_info(|| WidgetInfo::labeled(Role::Image, true, &summary));
    body
}

/// Draws the bar into `rect`; ticks and limits are at its right, its symbol above, its menu below. Returns the settings if the user
/// changed them.
pub fn show(ui: &mut Ui, rect: Rect, bar: &ColorBar<'_>, state: &mut State) -> Option<ColorSettings> {
    let id = Id::unique(("colour bar", bar.name));
    let body = body(ui, rect, bar, Sense::click());
    let mut changed = None;
    if body.on_hover_text("Drag the ends, or click a limit to type it. Double click: automatic limits").double_clicked() {
        changed = Some(ColorSettings { low: None, high: None, ..bar.settings });
    }
    for end in End::BOTH {
        mark(ui, rect, bar, end, id);
        changed = drag(ui, rect, bar, end, id).or(changed);
        changed = limit(ui, rect, bar, end, id, state).or(changed);
    }
    menu(ui, rect, bar).or(changed)
}

fn paint_colors(ui: &Ui, rect: Rect, bar: &ColorBar<'_>) {
    const STEPS: u32 = 128;
    let mut mesh = Mesh::default();
    for k in 0..=STEPS {
        let t = f64::from(k) / f64::from(STEPS);
        let y = rect.bottom() - rect.height() * t as f32;
        for x in [rect.left(), rect.right()] {
            mesh.vertices.push(Vertex { pos: pos2(x, y), uv: WHITE_UV, color: theme::rgb(bar.colors.color(t)) });
        }
        if k > 0 {
            let i = 2 * k;
            mesh.add_triangle(i - 2, i - 1, i);
            mesh.add_triangle(i - 1, i, i + 1);
        }
    }
    let painter = ui.painter();
    painter.add(Shape::mesh(mesh));
    for level in bar.levels {
        painter.hline(rect.x_range(), place(rect, bar, *level), Stroke::new(1.0, Color32::from_white_alpha(90)));
    }
    painter.rect_stroke(rect, 0.0, Stroke::new(1.0, theme::of(ui).hairline), StrokeKind::Outside);
}

fn place(rect: Rect, bar: &ColorBar<'_>, value: f64) -> f32 {
    rect.bottom() - rect.height() * bar.scale.position(value).unwrap_or(0.0) as f32
}

/// Draws the ticks, except those too close to the limits.
fn paint_ticks(ui: &Ui, rect: Rect, bar: &ColorBar<'_>) {
    let (painter, palette) = (ui.painter(), theme::of(ui));
    let count = ((rect.height() / 42.0).floor() as usize).max(2);
    let [low, high] = [bar.scale.low, bar.scale.high].map(|value| bar.scale.spacing.plotted(value));
    // (value, label)
    let ticks: Vec<(f64, String)> = match bar.scale.spacing {
        Spacing::Linear => ticks::linear(low, high, count).into_iter().map(|tick| (tick.at, tick.label)).collect(),
        Spacing::Log => ticks::log10(low, high, count).into_iter().map(|tick| (10f64.powf(tick.at), tick.label)).collect(),
        Spacing::Symmetric => bar.scale.ticks(count).into_iter().map(|tick| (tick.value, tick.label)).collect(),
    };
    for (value, label) in ticks {
        let y = place(rect, bar, value);
        let length = if label.is_empty() { 2.0 } else { 4.0 };
        painter.hline((rect.right() + 1.0)..=(rect.right() + 1.0 + length), y, Stroke::new(1.0, palette.weak));
        if (y - rect.top()).min(rect.bottom() - y) > 14.0 {
            painter.text(pos2(rect.right() + 8.0, y), Align2::LEFT_CENTER, &label, theme::small(), palette.weak);
        }
    }
}

/// The y coordinate of an end of the bar.
fn at(rect: Rect, end: End) -> f32 {
    match end {
        End::Low => rect.bottom(),
        End::High => rect.top(),
    }
}

/// Draws a triangle at an end with clipped cells, in their colour and with their number.
fn mark(ui: &Ui, rect: Rect, bar: &ColorBar<'_>, end: End, id: Id) {
    let (cells, word) = match end {
        End::Low => (bar.clipped[0], "below"),
        End::High => (bar.clipped[1], "above"),
    };
    if cells == 0 {
        return;
    }
    let palette = theme::of(ui);
    let (base, tip) = (at(rect, end) + 2.0 * end.sign(), at(rect, end) + (MARK + 2.0) * end.sign());
    let color = theme::rgb(bar.colors.color(if end == End::High { 1.0 } else { 0.0 }));
    let points = vec![pos2(rect.left(), base), pos2(rect.right(), base), pos2(rect.center().x, tip)];
    ui.painter().add(Shape::convex_polygon(points, color, Stroke::new(1.0, palette.hairline)));
    let text = crate::ui::state::number::count(cells as u64);
    let beside = pos2(rect.right() + 8.0, at(rect, end) + 14.0 * end.sign());
    let drawn = ui.painter().text(beside, Align2::LEFT_CENTER, format!("{text} {word}"), theme::small(), palette.weak);
    let response = ui.interact(
        drawn.union(Rect::from_two_pos(pos2(rect.left(), base), pos2(rect.right(), tip))),
        id.with((word, "mark")),
        Sense::hover(),
    );
    let limit = significant(if end == End::High { bar.scale.high } else { bar.scale.low }, 3);
    let name_text = format!("{text} cells {word} {limit} of {}", bar.name);
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &name_text));
    response.on_hover_text(format!("{text} cells are {word} {limit} and have the colour of this end"));
}

fn with_limit(settings: ColorSettings, end: End, value: Option<f64>) -> ColorSettings {
    match end {
        End::Low => ColorSettings { low: value, ..settings },
        End::High => ColorSettings { high: value, ..settings },
    }
}

/// Moves a limit along the scale when an end is dragged.
fn drag(ui: &Ui, rect: Rect, bar: &ColorBar<'_>, end: End, id: Id) -> Option<ColorSettings> {
    let handle = Rect::from_center_size(pos2(rect.center().x, at(rect, end) - 3.0 * end.sign()), vec2(rect.width() + 8.0, 12.0));
    // For the pointer only: the keyboard uses the limit's text field.
    let sense = Sense::CLICK | Sense::DRAG;
    let response = ui.interact(handle, id.with((end.word(), "handle")), sense).on_hover_cursor(CursorIcon::ResizeVertical);
    if response.double_clicked() {
        return Some(ColorSettings { low: None, high: None, ..bar.settings });
    }
    if response.hovered() || response.dragged() {
        let y = at(rect, end);
        ui.painter().hline((rect.left() - 3.0)..=(rect.right() + 3.0), y, Stroke::new(2.0, theme::of(ui).accent));
    }
    let moved = response.drag_delta().y / rect.height().max(1.0);
    (response.dragged() && moved != 0.0).then(|| {
        // Dragging the colour of an end towards the middle shrinks the range.
        let t = if end == End::High { 1.0 - f64::from(moved) } else { -f64::from(moved) };
        let value = bar.scale.value(t);
        let other = if end == End::High { bar.scale.low } else { bar.scale.high };
        let in_order = if end == End::High { value > other } else { value < other };
        if value.is_finite() && in_order { with_limit(bar.settings, end, Some(value)) } else { bar.settings }
    })
}

/// The value of a limit. A click opens a text field; empty text or `auto` makes the limit automatic.
fn limit(ui: &mut Ui, rect: Rect, bar: &ColorBar<'_>, end: End, id: Id, state: &mut State) -> Option<ColorSettings> {
    let (value, is_set) = match end {
        End::Low => (bar.scale.low, bar.settings.low.is_some()),
        End::High => (bar.scale.high, bar.settings.high.is_some()),
    };
    let name = format!("{} limit of {}", end.word(), bar.name);
    let middle = pos2(rect.right() + 8.0, at(rect, end));
    if let Some(typed) = state.typed.as_mut().filter(|typed| typed.bar == id && typed.end == end) {
        let field = Rect::from_min_size(middle - vec2(2.0, 11.0), vec2(54.0, 22.0));
        let mut child = ui.new_child(UiBuilder::new().max_rect(field));
        let edit = child.add(TextEdit::singleline(&mut typed.text).font(theme::small()).desired_width(50.0));
        edit.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, &name));
        if std::mem::take(&mut typed.is_new) {
            edit.request_focus();
            let all = CCursorRange::two(CCursor::new(0), CCursor::new(typed.text.chars().count()));
            let mut typing = TextEdit::load_state(ui.ctx(), edit.id).unwrap_or_default();
            typing.cursor.set_char_range(Some(all));
            typing.store(ui.ctx(), edit.id);
            return None;
        }
        if !edit.lost_focus() {
            return None;
        }
        let text = typed.text.trim().replace('−', "-");
        state.typed = None;
        if ui.input(|input| input.key_pressed(Key::Escape)) {
            return None;
        }
        let chosen = if text.is_empty() || text == "auto" { None } else { Some(text.parse::<f64>().ok()?) };
        let settings = with_limit(bar.settings, end, chosen);
        return settings.check().is_ok().then_some(settings);
    }
    let palette = theme::of(ui);
    let text = significant(value, 3);
    let galley = ui.painter().layout_no_wrap(text.clone(), theme::small(), if is_set { palette.strong } else { palette.weak });
    let place = Rect::from_min_size(middle - vec2(0.0, 0.5 * galley.size().y), galley.size());
    let response = ui.interact(place.expand(3.0), id.with((end.word(), "limit")), Sense::click()).on_hover_cursor(CursorIcon::Text);
    if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(place.expand(3.0), 2.0, palette.hover);
    }
    ui.painter().galley(place.min, galley, palette.weak);
    if is_set {
        ui.painter().hline(place.x_range(), place.bottom(), Stroke::new(1.0, palette.accent));
    }
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
    let hint = if is_set { "chosen by hand; click to change, leave empty for automatic" } else { "automatic; click to set" };
    if response.on_hover_text(format!("{name}: {text}, {hint}")).clicked() {
        state.typed = Some(Typed { bar: id, end, text, is_new: true });
    }
    None
}

/// The menu of spacing and colours.
fn menu(ui: &mut Ui, rect: Rect, bar: &ColorBar<'_>) -> Option<ColorSettings> {
    let mut changed = None;
    let below = Rect::from_min_size(Pos2::new(rect.left() - 6.0, rect.bottom() + 22.0), Vec2::new(64.0, 20.0));
    let mut child = ui.new_child(UiBuilder::new().max_rect(below));
    let text = match bar.scale.spacing {
        Spacing::Symmetric => "sym. log",
        other => other.label(),
    };
    child.spacing_mut().button_padding = vec2(4.0, 1.0);
    let shown = child.menu_button(RichText::new(format!("{text} ▾")).font(theme::small()), |ui| {
        let current = bar.settings;
        let mut choose = |ui: &mut Ui, label: &str, on: bool, settings: ColorSettings| {
            if ui.selectable_label(on, label).clicked() {
                changed = Some(settings);
                ui.close();
            }
        };
        heading(ui, "Spacing");
        choose(ui, "automatic spacing", current.spacing.is_none(), ColorSettings { spacing: None, ..current });
        for spacing in Spacing::ALL {
            let on = current.spacing == Some(spacing);
            choose(ui, spacing.label(), on, ColorSettings { spacing: Some(spacing), ..current });
        }
        ui.separator();
        heading(ui, "Colours");
        choose(ui, "automatic colours", current.map.is_none(), ColorSettings { map: None, ..current });
        for map in Colormap::ALL {
            choose(ui, map.label(), current.map == Some(map), ColorSettings { map: Some(map), ..current });
        }
        ui.separator();
        choose(ui, "automatic limits", current.low.is_none() && current.high.is_none(), ColorSettings { low: None, high: None, ..current });
    });
    let name = format!("Colour scale of {}", bar.name);
    label_menu(&shown.response, &name);
    changed
}

fn label_menu(response: &Response, name: &str) {
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, name));
}

fn heading(ui: &mut Ui, text: &str) {
    ui.label(RichText::new(text).font(theme::small()).color(theme::of(ui).weak));
}
