//! The command palette: type a few letters of a command, Enter executes it.

use egui::{Align2, Area, Context, Id, Key, Modal, Modifiers, Rect, RichText, ScrollArea, Sense, TextEdit, Ui, Vec2};
use nucleo_matcher::pattern::{AtomKind, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use crate::ui::command::Command;
use crate::ui::command::list::Item;
use crate::ui::state::palette::Palette;
use crate::ui::style::theme;
use crate::ui::style::widget::controls;

const WIDTH: f32 = 580.0;
const ROW: f32 = 28.0;
/// Width of the text at the right of a row, points.
const RIGHT_WIDTH: f32 = 200.0;

/// How the palette was closed.
pub enum Outcome {
    /// Without a choice.
    Closed,
    /// With this command.
    Given(Command),
}

/// The key under which the preferences store a used command.
pub fn key(command: &Command) -> String {
    format!("{command:?}")
}

/// Draws the palette; returns how it was closed, if it was.
pub fn show(ctx: &Context, state: &mut Palette, items: &[Item], used: &[String]) -> Option<Outcome> {
    let found = found(items, &state.query, used);
    state.chosen = state.chosen.min(found.len().saturating_sub(1));
    let (down, up, enter) = ctx.input_mut(|input| {
        let mut pressed = |key| input.count_and_consume_key(Modifiers::NONE, key);
        (pressed(Key::ArrowDown), pressed(Key::ArrowUp), pressed(Key::Enter) > 0)
    });
    state.chosen = (state.chosen + down).min(found.len().saturating_sub(1)).saturating_sub(up);
    let moved = down + up > 0;
    let mut outcome = None;
    let area = Area::new(Id::unique("palette")).order(egui::Order::Foreground).sense(Sense::hover());
    let area = area.anchor(Align2::CENTER_TOP, Vec2::new(0.0, 90.0)).kind(egui::UiKind::Modal);
    let modal = Modal::new(Id::unique("palette")).area(area).frame(controls::dialog_frame(ctx).inner_margin(12.0)).show(ctx, |ui| {
        ui.set_width(WIDTH);
        let field = TextEdit::singleline(&mut state.query).hint_text("Find a command").desired_width(f32::INFINITY);
        let field = ui.add(field.margin(egui::Margin::symmetric(10, 7)));
        field.widget_info(|| {
            let info = egui::WidgetInfo::text_edit(true, "", &state.query, "");
            egui::WidgetInfo { label: Some("Find a command".into()), ..info }
        });
        // Requesting the focus again would interrupt an input method, and with it the typed text.
        if !field.has_focus() {
            field.request_focus();
        }
        if field.changed() {
            state.chosen = 0;
        }
        ui.add_space(6.0);
        if found.is_empty() {
            controls::small_text(ui, "No command matches.");
        }
        ScrollArea::vertical().max_height(12.0 * ROW).auto_shrink([false, true]).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            for (k, item) in found.iter().enumerate() {
                if row(ui, item, k == state.chosen, moved) {
                    outcome = give(item);
                }
            }
        });
    });
    if enter {
        // Text typed in this frame is included.
        outcome = self::found(items, &state.query, used).get(state.chosen).and_then(|item| give(item)).or(outcome);
    }
    if modal.should_close() {
        outcome = Some(Outcome::Closed);
    }
    outcome
}

fn give(item: &Item) -> Option<Outcome> {
    item.unavailable.is_none().then(|| Outcome::Given(item.command.clone()))
}

fn row(ui: &mut Ui, item: &Item, chosen: bool, moved: bool) -> bool {
    let palette = theme::of(ui);
    let can = item.unavailable.is_none();
    let (rect, response) = ui.allocate_exact_size(Vec2::new(ui.available_width(), ROW), Sense::click());
    if chosen || response.hovered() {
        ui.painter().rect_filled(rect, 3.0, if chosen { palette.hairline } else { palette.hover });
    }
    if chosen && moved {
        response.scroll_to_me(None);
    }
    let inner = rect.shrink2(Vec2::new(10.0, 0.0));
    let color = if can { palette.strong } else { palette.weak };
    let mark = if item.chosen { "✓  " } else { "" };
    text(ui, inner, Align2::RIGHT_CENTER, RIGHT_WIDTH, RichText::new(right_text(item)).font(theme::small()).color(palette.weak));
    text(ui, inner, Align2::LEFT_CENTER, inner.width() - RIGHT_WIDTH, RichText::new(format!("{mark}{}", item.name)).color(color));
    response.widget_info(|| {
        let label = item.unavailable.as_ref().map_or(item.name.clone(), |why| format!("{}: {why}", item.name));
        egui::WidgetInfo::selected(egui::Role::ListBoxOption, can, chosen, label)
    });
    response.clicked()
}

/// Text at the right of a row: why the command is not available, else its shortcut.
fn right_text(item: &Item) -> String {
    item.unavailable.clone().or_else(|| item.keys()).unwrap_or_default()
}

/// Draws text at a side of `rect`, cut where it does not fit. It is painted and not a label, since the row's label contains it.
fn text(ui: &Ui, rect: Rect, align: Align2, width: f32, text: RichText) {
    let galley = egui::WidgetText::from(text).into_galley(ui, Some(egui::TextWrapMode::Truncate), width, egui::TextStyle::Body);
    let place = align.align_size_within_rect(galley.size(), rect);
    ui.painter().galley(place.min, galley, theme::of(ui).text);
}

/// The items that match `query`, the best first: a name typed in full comes before all others; of equal matches, commands used recently come first.
fn found<'a>(items: &'a [Item], query: &str, used: &[String]) -> Vec<&'a Item> {
    let lately = |item: &Item| used.iter().position(|used| *used == key(&item.command)).unwrap_or(used.len());
    let mut fit = fitting(query);
    let mut fitting: Vec<_> = items.iter().filter_map(|item| Some((fit(&item.name)?, item))).collect();
    let in_full = |item: &Item| item.name.to_lowercase() == query.trim().to_lowercase();
    fitting.sort_by_key(|(fit, item)| (!in_full(item), std::cmp::Reverse(*fit), item.unavailable.is_some(), lately(item)));
    fitting.into_iter().map(|(_, item)| item).collect()
}

/// Returns the score of a name; `None` when it does not match. Every typed word must be in the name, letter after letter; matches at the
/// start of the name or of a word, and without gaps, have a higher score.
fn fitting(query: &str) -> impl FnMut(&str) -> Option<u32> {
    let pattern = Pattern::new(query, CaseMatching::Ignore, Normalization::Smart, AtomKind::Fuzzy);
    let mut config = Config::DEFAULT;
    config.prefer_prefix = true;
    let (mut matcher, mut letters) = (Matcher::new(config), Vec::new());
    move |name| pattern.score(Utf32Str::new(name, &mut letters), &mut matcher)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_few_letters_are_enough_and_whole_words_fit_best() {
        let fit = |query: &str, name: &str| fitting(query)(name);
        assert!(fit("save", "Save as…") > fit("save", "Close what is saved"), "the beginning of a name");
        assert!(fit("cl sam", "Close checkpoint SAM") > fit("cl sam", "Close checkpoint SWA, made"), "in one piece");
        assert_eq!(fit("xyz", "Save"), None);
        assert!(fit("shsh", "Show Sharpness").is_some() && fit("", "Anything") == Some(0));
        assert!(fit("SAVE", "save").is_some() && fit("save now", "Save").is_none());
    }

    #[test]
    fn recently_used_commands_come_first_and_unavailable_ones_last() {
        let item = |name: &str, command: Command, unavailable: Option<&str>| Item {
            section: crate::ui::command::list::Section::Edit,
            submenu: "",
            name: name.into(),
            command,
            unavailable: unavailable.map(str::to_owned),
            chosen: false,
            shortcuts: &[],
        };
        let items =
            [item("Undo", Command::Undo, Some("nothing to undo")), item("Save", Command::Save, None), item("Redo", Command::Redo, None)];
        let names = |query: &str, used: &[String]| found(&items, query, used).iter().map(|item| item.name.clone()).collect::<Vec<_>>();
        assert_eq!(names("", &[]), ["Save", "Redo", "Undo"]);
        assert_eq!(names("", &[key(&Command::Redo)]), ["Redo", "Save", "Undo"]);
        assert_eq!(names("s", &[key(&Command::Redo)]), ["Save"]);
    }
}
