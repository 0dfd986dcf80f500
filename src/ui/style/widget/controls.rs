//! Small controls of panels and tabs: section titles, frameless buttons, menus, small text and dialogs.

use egui::{Align, Layout, Response, RichText, Ui};

use crate::ui::style::theme;

/// The title of a section, with a number at the right.
pub fn section(ui: &mut Ui, title: &str, count: Option<usize>) {
    let palette = theme::of(ui);
    ui.add_space(14.0);
    ui.horizontal(|ui| {
        ui.label(RichText::new(title).font(theme::small()).color(palette.weak));
        if let Some(count) = count.filter(|count| *count > 0) {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                ui.label(RichText::new(count.to_string()).font(theme::small()).color(palette.weak));
            });
        }
    });
    ui.add_space(2.0);
}

/// A button without a frame; `name` is for screen readers.
pub fn quiet_button(ui: &mut Ui, text: &str, name: &str) -> Response {
    let response = ui.add(egui::Button::new(RichText::new(text).color(theme::of(ui).weak)).frame_when_inactive(false));
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, name));
    response.on_hover_text(name)
}

/// A button that opens a menu: its text is the present choice, `about` says what is chosen.
pub fn menu(ui: &mut Ui, text: &str, about: &str, choices: impl FnOnce(&mut Ui)) {
    let text = RichText::new(format!("{text}  ▾"));
    ui.menu_button(text, choices).response.on_hover_text(about);
}

/// A small line of secondary text, cut where it does not fit; the tooltip has the whole text.
pub fn small_text(ui: &mut Ui, text: &str) -> Response {
    let color = theme::of(ui).weak;
    ui.add(egui::Label::new(RichText::new(text).font(theme::small()).color(color)).truncate())
}

/// A small line with an error message, not cut.
pub fn error_text(ui: &mut Ui, text: &str) -> Response {
    let color = theme::of(ui).error;
    ui.add(egui::Label::new(RichText::new(text).font(theme::small()).color(color)).wrap().selectable(true))
}

/// The frame of a dialog.
pub fn dialog_frame(ctx: &egui::Context) -> egui::Frame {
    egui::Frame::popup(&ctx.global_style()).inner_margin(20.0).corner_radius(6.0)
}

/// The title of a dialog.
pub fn dialog_title(ui: &mut Ui, text: &str) {
    ui.label(RichText::new(text).font(theme::heading()).color(theme::of(ui).strong));
    ui.add_space(8.0);
}
