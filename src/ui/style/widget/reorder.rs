//! [`handle`]: moves an item of a row or list to the place of another, by the pointer or with Alt and the arrow keys.

use std::collections::BTreeMap;

use egui::{Context, CursorIcon, Id, Key, Modifiers, Pos2, Rect, Response, Sense, Stroke, Ui, Vec2};

use crate::ui::style::theme;

/// A move of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Moved {
    /// By this number of places.
    By(isize),
    /// To the place of the item of this name.
    To(String),
}

/// Places of the items of a group: by name, the pass in which each was drawn last and the rectangle of its handle.
type Places = BTreeMap<String, (u64, Rect)>;

/// Makes `rect` the handle of `name`. Items of one `group` are side by side, or below each other if `list`.
pub fn handle(ui: &Ui, rect: Rect, group: &'static str, name: &str, list: bool) -> (Response, Option<Moved>) {
    let response = ui.interact(rect, Id::unique((group, name)), Sense::click_and_drag());
    let (id, pass) = (Id::unique(("places of", group)), ui.ctx().cumulative_pass_nr());
    let places = ui.data_mut(|data| {
        let places: &mut Places = data.get_temp_mut_or_default(id);
        places.insert(name.to_owned(), (pass, rect));
        places.retain(|_, (seen, _)| *seen + 1 >= pass);
        (response.dragged() || response.drag_stopped()).then(|| places.clone())
    });
    let pointer = ui.ctx().pointer_interact_pos();
    let target = places.zip(pointer).and_then(|(places, pointer)| under(&places, pointer, list));
    if response.dragged() {
        ui.ctx().set_cursor_icon(CursorIcon::Grabbing);
        if let Some((_, place)) = target.as_ref().filter(|(other, _)| other != name) {
            mark(ui, *place, place_is_after(rect, *place, list), list);
        }
    }
    let moved = if response.drag_stopped() {
        target.map(|(other, _)| other).filter(|other| other != name).map(Moved::To)
    } else {
        by_key(ui.ctx(), &response, list).map(Moved::By)
    };
    (response, moved)
}

/// The item at the pointer: that of the handle at or above it, since a panel is below its handle.
fn under(places: &Places, pointer: Pos2, list: bool) -> Option<(String, Rect)> {
    let holds = |rect: &Rect| {
        if list { rect.y_range().contains(pointer.y) } else { rect.x_range().contains(pointer.x) && rect.top() <= pointer.y }
    };
    let held = places.iter().filter(|(_, (_, rect))| holds(rect));
    held.max_by(|a, b| a.1.1.top().total_cmp(&b.1.1.top())).map(|(name, (_, rect))| (name.clone(), *rect))
}

fn place_is_after(own: Rect, other: Rect, list: bool) -> bool {
    if list || (other.top() - own.top()).abs() > 1.0 { other.top() > own.top() } else { other.left() > own.left() }
}

/// Draws a line where the item will be inserted.
fn mark(ui: &Ui, place: Rect, after: bool, list: bool) {
    let stroke = Stroke::new(2.0, theme::of(ui).accent);
    if list {
        ui.painter().hline(place.x_range(), if after { place.bottom() } else { place.top() }, stroke);
    } else {
        let x = if after { place.right() + 6.0 } else { place.left() - 6.0 };
        ui.painter().with_clip_rect(place.expand2(Vec2::new(12.0, 0.0))).vline(x, place.y_range(), stroke);
    }
}

fn by_key(ctx: &Context, response: &Response, list: bool) -> Option<isize> {
    if !response.has_focus() {
        return None;
    }
    let (back, on) = if list { (Key::ArrowUp, Key::ArrowDown) } else { (Key::ArrowLeft, Key::ArrowRight) };
    ctx.input_mut(|input| {
        if input.consume_key(Modifiers::ALT, back) {
            Some(-1)
        } else if input.consume_key(Modifiers::ALT, on) {
            Some(1)
        } else {
            None
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::pos2;

    #[test]
    fn a_panel_is_found_below_its_handle_and_a_row_only_at_its_height() {
        let row = |x: f32, y: f32| Rect::from_min_size(pos2(x, y), Vec2::new(100.0, 20.0));
        let places: Places =
            [("a", row(0.0, 0.0)), ("b", row(110.0, 0.0)), ("c", row(0.0, 200.0))].map(|(name, rect)| (name.to_owned(), (1, rect))).into();
        let name = |x: f32, y: f32, list: bool| under(&places, pos2(x, y), list).map(|(name, _)| name);
        assert_eq!(name(150.0, 120.0, false).as_deref(), Some("b"));
        assert_eq!(name(50.0, 120.0, false).as_deref(), Some("a"));
        assert_eq!(name(50.0, 260.0, false).as_deref(), Some("c"), "of two handles above, the nearer");
        assert_eq!(name(105.0, 50.0, false), None);
        assert_eq!(name(500.0, 210.0, true).as_deref(), Some("c"));
        assert_eq!(name(0.0, 100.0, true), None);
    }
}
