//! The list of all shortcuts, made from the list of commands.

use egui::{Context, Grid, Id, Modal, RichText, ScrollArea, Ui};

use crate::ui::command::list::{Item, Section};
use crate::ui::command::{Command, shortcut};
use crate::ui::style::theme;
use crate::ui::style::widget::controls;

/// Gestures and keys in plots and lists for which there is no command.
const GESTURES: [(&str, &str); 5] = [
    ("Drag", "move a plot"),
    ("Wheel", "zoom a plot about the pointer"),
    ("Double click", "show all of a plot"),
    ("Tab, Shift+Tab", "next control, or the one before"),
    ("Space, Enter", "press the focused control"),
];

/// Height of the whole list, if the window is large enough.
const TALL: f32 = 560.0;

/// Draws the list; returns whether it is to be closed.
pub fn show(ctx: &Context, items: &[Item]) -> bool {
    let height = ctx.content_rect().height() - 120.0;
    let modal = Modal::new(Id::unique("shortcuts")).frame(controls::dialog_frame(ctx)).show(ctx, |ui| {
        ui.set_width(720.0);
        controls::dialog_title(ui, "All shortcuts");
        // Without this, a dialog that is shown for the first time would be too small.
        ScrollArea::vertical().max_height(height).min_scrolled_height(height.min(TALL)).show(ui, |ui| {
            ui.columns(2, |columns| {
                for (k, section) in Section::ALL.into_iter().enumerate() {
                    // The section of views has about as many rows as all others together.
                    let column = usize::from(k >= 2);
                    of_section(&mut columns[column], section, items);
                }
                rows(&mut columns[0], "In plots and everywhere", GESTURES.map(|(keys, what)| (keys.to_owned(), what.to_owned())).into());
            });
        });
        ui.add_space(8.0);
        let closes = ui.button("Close").on_hover_text("Esc").clicked();
        controls::small_text(
            ui,
            &shortcut::hint("Everything else is found by name in the palette", &crate::ui::command::Command::TogglePalette),
        );
        closes
    });
    modal.inner || modal.should_close()
}

fn of_section(ui: &mut Ui, section: Section, items: &[Item]) {
    let with_keys = items.iter().filter(|item| item.section == section && item.keys().is_some());
    let keys = |item: &Item| item.shortcuts.iter().map(shortcut::text).collect::<Vec<_>>().join(", ");
    // The name of the step to undo is not shown here.
    let steps = [(Command::Undo, "Undo"), (Command::Redo, "Redo")];
    let name = |item: &Item| {
        let step = steps.iter().find(|(command, _)| *command == item.command);
        step.map_or_else(|| item.name.clone(), |(_, name)| (*name).to_owned())
    };
    rows(ui, section.label(), with_keys.map(|item| (keys(item), name(item))).collect());
}

fn rows(ui: &mut Ui, title: &str, rows: Vec<(String, String)>) {
    if rows.is_empty() {
        return;
    }
    let palette = theme::of(ui);
    controls::section(ui, title, None);
    Grid::new(("shortcuts", title)).num_columns(2).spacing([14.0, 4.0]).min_col_width(110.0).show(ui, |ui| {
        for (keys, what) in rows {
            ui.label(RichText::new(keys).color(palette.weak));
            ui.label(RichText::new(what).color(palette.text));
            ui.end_row();
        }
    });
}
