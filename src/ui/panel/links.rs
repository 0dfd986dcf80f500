//! What the panels of the shown tab share: a chain icon for each property, at the right of the line above the panels.

use egui::{CornerRadius, Pos2, Response, Role as WidgetRole, Sense, Ui, Vec2, WidgetInfo};

use crate::ui::command::Command;
use crate::ui::style::theme;
use crate::ui::style::widget::icon;
use crate::ui::style::widget::icon::Icon;
use flatland_core::session::{Link, Links};

/// Draws the icons from right to left.
pub fn show(ui: &mut Ui, links: &[Link], state: Links, commands: &mut Vec<Command>) {
    ui.spacing_mut().item_spacing.x = 2.0;
    for link in links.iter().rev() {
        if switch(ui, *link, state.has(*link)).clicked() {
            commands.push(Command::SetLink(*link, !state.has(*link)));
        }
    }
}

fn switch(ui: &mut Ui, link: Link, on: bool) -> Response {
    let palette = theme::of(ui);
    let color = if on { palette.text } else { palette.weak };
    let galley = ui.painter().layout_no_wrap(link.label().into(), theme::small(), color);
    let (rect, response) = ui.allocate_exact_size(Vec2::new(galley.size().x + 30.0, 24.0), Sense::click());
    if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(rect, CornerRadius::same(3), palette.hover);
    }
    icon::draw(ui.painter(), Icon::Chain, Pos2::new(rect.left() + 12.0, rect.center().y), on, if on { palette.accent } else { color });
    ui.painter().galley(Pos2::new(rect.left() + 24.0, rect.center().y - galley.size().y / 2.0), galley, color);
    response.widget_info(|| WidgetInfo::selected(WidgetRole::CheckBox, true, on, format!("Link {}", link.label())));
    response.on_hover_text(if on { "All panels share it. Click to separate them." } else { "Every panel has its own. Click to share." })
}
