//! The start page, shown when nothing is open: recent sessions and the demo.

use egui::{Align, Layout, Rect, RichText, Ui, UiBuilder};

use crate::ui::command::list::{leftover_name, short};
use crate::ui::command::{Command, OpenAs, shortcut};
use crate::ui::state::memory::{Leftover, Recent};
use crate::ui::style::theme;
use crate::ui::style::widget::controls;
use flatland_core::session::Role;

/// Width of the list, points.
const WIDTH: f32 = 420.0;

/// Draws the page into `area`.
pub fn show(ui: &mut Ui, area: Rect, recents: &[Recent], left: &[Leftover], commands: &mut Vec<Command>) {
    let middle = Rect::from_center_size(area.center(), egui::vec2(WIDTH.min(area.width()), area.height()));
    ui.scope_builder(UiBuilder::new().max_rect(middle).layout(Layout::top_down(Align::LEFT)), |ui| {
        egui::ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
            ui.horizontal(|ui| {
                let open = Command::OpenDialog(OpenAs::ByContent);
                if ui
                    .button("Open files…")
                    .on_hover_text(shortcut::hint("A session, checkpoints, or exported programs (.pt2)", &open))
                    .clicked()
                {
                    commands.push(open);
                }
                let images = Command::OpenDialog(OpenAs::Dataset(Role::Id));
                if ui.button("Open images…").on_hover_text(shortcut::hint("A folder of ID images", &images)).clicked() {
                    commands.push(images);
                }
                if ui.button("Open the demo").on_hover_text("A finished study of five small networks").clicked() {
                    commands.push(Command::OpenDemo);
                }
            });
            if left.iter().any(|left| left.unsaved) {
                controls::section(ui, "Not saved", None);
            }
            for one in left.iter().filter(|left| left.unsaved) {
                unsaved(ui, one, commands);
            }
            if !recents.is_empty() {
                controls::section(ui, "Recent sessions", None);
            }
            for recent in recents {
                recent_file(ui, recent, commands);
            }
        });
    });
}

fn unsaved(ui: &mut Ui, left: &Leftover, commands: &mut Vec<Command>) {
    ui.horizontal(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let name = leftover_name(left);
            if controls::quiet_button(ui, "×", &format!("Forget unsaved {name}")).clicked() {
                commands.push(Command::Forget(left.id.clone()));
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let file = || left.file.as_ref().map_or("never saved".into(), |file| file.display().to_string());
                let place = left.error.clone().unwrap_or_else(file);
                if row(ui, &name, &place, left.error.is_none(), &format!("Bring back unsaved {name}")) {
                    commands.push(Command::Restore(left.id.clone()));
                }
            });
        });
    });
}

fn recent_file(ui: &mut Ui, recent: &Recent, commands: &mut Vec<Command>) {
    let name = recent.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let folder = recent.path.parent().map(|folder| folder.display().to_string()).unwrap_or_default();
    let place = if recent.missing { format!("missing: {folder}") } else { folder };
    if row(ui, &name, &place, !recent.missing, &format!("Open recent {}", short(&recent.path))) {
        commands.push(Command::Open(vec![recent.path.clone()], OpenAs::ByContent));
    }
}

/// Draws a name and its path; returns whether it was clicked.
fn row(ui: &mut Ui, name: &str, place: &str, enabled: bool, label: &str) -> bool {
    let palette = theme::of(ui);
    let mut text = egui::text::LayoutJob::default();
    let color = if enabled { palette.strong } else { palette.weak };
    RichText::new(name).color(color).append_to(&mut text, ui.style(), egui::FontSelection::Default, Align::Center);
    let place_text = RichText::new(format!("   {place}")).color(palette.weak).font(theme::small());
    place_text.append_to(&mut text, ui.style(), egui::FontSelection::Default, Align::Center);
    let button = egui::Button::new(text).truncate().frame_when_inactive(false);
    let response = ui.add_enabled(enabled, button).on_hover_text(place).on_disabled_hover_text(place);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, enabled, label));
    response.clicked()
}
