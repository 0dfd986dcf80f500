//! User input in tests: presses, drags, commands, and waiting for background work.

use egui::{Event, Key, Modifiers, PointerButton, Pos2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;

use crate::ui::command::Command;
use crate::ui::update::App;

/// Executes a command.
pub(super) fn give(harness: &mut Harness<'static, App>, command: Command) {
    harness.state_mut().commands.push(command);
    harness.run();
}

/// Presses the widget with this label.
pub(super) fn press(harness: &mut Harness<'static, App>, label: &str) {
    harness.get_by_label(label).click();
    harness.run();
}

/// Presses keys.
pub(super) fn press_keys(harness: &mut Harness<'static, App>, modifiers: Modifiers, key: Key) {
    harness.key_press_modifiers(modifiers, key);
    harness.run();
}

/// The event of the first mouse button pressed or released.
pub(super) fn button(pos: Pos2, pressed: bool) -> Event {
    Event::PointerButton { pos, button: PointerButton::Primary, pressed, modifiers: Modifiers::NONE }
}

/// Drags from the first of these places over the others to the last.
pub(super) fn drag(harness: &mut Harness<'static, App>, corners: &[Pos2]) {
    harness.event(Event::PointerMoved(corners[0]));
    harness.event(button(corners[0], true));
    for corner in &corners[1..] {
        harness.event(Event::PointerMoved(*corner));
    }
    harness.event(button(corners[corners.len() - 1], false));
    harness.run();
}

/// Runs frames until `done`, for work on other threads.
pub(super) fn run_until(harness: &mut Harness<'static, App>, done: impl Fn(&App) -> bool) {
    let start = std::time::Instant::now();
    while !done(harness.state()) {
        assert!(start.elapsed().as_secs() < 60, "still not there");
        std::thread::sleep(std::time::Duration::from_millis(5));
        harness.run();
    }
}

/// Opens a path by typing it.
pub(super) fn open_by_path(harness: &mut Harness<'static, App>, path: &str) {
    harness.get_by_label("Path to open").focus();
    harness.run();
    harness.get_by_label("Path to open").type_text(path);
    harness.run();
    harness.get_by_label("Open…").click();
    harness.run();
}

/// Whether a text is drawn anywhere in the window.
pub(super) fn drawn(harness: &Harness<'static, App>, wanted: &str) -> bool {
    fn has(shape: &egui::Shape, wanted: &str) -> bool {
        match shape {
            egui::Shape::Text(text) => text.galley.text() == wanted,
            egui::Shape::Vec(shapes) => shapes.iter().any(|shape| has(shape, wanted)),
            _ => false,
        }
    }
    harness.output().shapes.iter().any(|clipped| has(&clipped.shape, wanted))
}
