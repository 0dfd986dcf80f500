//! The line above the tabs: their titles, export and theme.

use egui::{Align, Layout, Pos2, Rect, Role as WidgetRole, Sense, Theme, Ui, Vec2, WidgetInfo};

use crate::ui::command::{Command, shortcut};
use crate::ui::state::TabTitle;
use crate::ui::state::memory::ThemeChoice;
use crate::ui::style::theme;
use crate::ui::style::widget::controls::menu;
use flatland_core::session::Tab;

/// Draws the tabs at the left, export and theme at the right.
pub fn show(ui: &mut Ui, tabs: &[TabTitle], current: &Tab, theme: ThemeChoice, commands: &mut Vec<Command>) {
    let line = ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = if ui.available_width() < 760.0 { 11.0 } else { 22.0 };
        for one in tabs {
            if tab(ui, one.title, one.tab == *current) {
                commands.push(Command::Show(one.tab.clone()));
            }
        }
        ui.spacing_mut().item_spacing.x = 8.0;
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            theme_menu(ui, theme, commands);
            if ui.button("Export…").on_hover_text(shortcut::hint("Write this view as SVG, PDF or PNG", &Command::ToggleExport)).clicked()
            {
                commands.push(Command::ToggleExport);
            }
        });
    });
    let y = line.response.rect.bottom();
    ui.painter().hline(ui.max_rect().x_range(), y, egui::Stroke::new(1.0, theme::of(ui).hairline));
    ui.add_space(8.0);
}

fn tab(ui: &mut Ui, text: &str, selected: bool) -> bool {
    let palette = theme::of(ui);
    let width = ui.painter().layout_no_wrap(text.into(), theme::heading(), palette.text).size().x;
    let (rect, response) = ui.allocate_exact_size(Vec2::new(width, 34.0), Sense::click());
    let color = if selected || response.hovered() || response.has_focus() { palette.strong } else { palette.weak };
    ui.painter().text(rect.center(), egui::Align2::CENTER_CENTER, text, theme::heading(), color);
    if selected {
        let line = Rect::from_min_max(Pos2::new(rect.left(), rect.bottom() - 2.0), rect.max);
        ui.painter().rect_filled(line, 0.0, palette.accent);
    }
    response.widget_info(|| WidgetInfo::selected(WidgetRole::Tab, true, selected, text));
    response.clicked()
}

fn theme_menu(ui: &mut Ui, current: ThemeChoice, commands: &mut Vec<Command>) {
    let shown = if ui.theme() == Theme::Dark { "Dark" } else { "Light" };
    menu(ui, shown, "Theme", |ui| {
        for theme in ThemeChoice::ALL {
            if ui.selectable_label(theme == current, theme.label()).clicked() {
                commands.push(Command::SetTheme(theme));
                ui.close();
            }
        }
    });
}
