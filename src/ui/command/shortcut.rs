//! The shortcuts of each command. Everything that shows or handles a shortcut uses this file: keyboard, tooltips, menus, palette, list.

use egui::{Key, KeyboardShortcut, Modifiers};

use super::{Close, Command, OpenAs};
use flatland_core::session::Role;

const CTRL: Modifiers = Modifiers::CTRL;
const CTRL_SHIFT: Modifiers = Modifiers { shift: true, ..Modifiers::CTRL };

const fn key(modifiers: Modifiers, key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(modifiers, key)
}

/// The commands that have shortcuts.
static SHORTCUTS: [(Command, &[KeyboardShortcut]); 16] = [
    (Command::NewSession, &[key(CTRL, Key::N)]),
    (Command::OpenDialog(OpenAs::ByContent), &[key(CTRL, Key::O)]),
    (Command::OpenDialog(OpenAs::Dataset(Role::Id)), &[key(CTRL_SHIFT, Key::O)]),
    (Command::Save, &[key(CTRL, Key::S)]),
    (Command::SaveDialog, &[key(CTRL_SHIFT, Key::S)]),
    (Command::Undo, &[key(CTRL, Key::Z)]),
    (Command::Redo, &[key(CTRL_SHIFT, Key::Z), key(CTRL, Key::Y)]),
    (Command::TogglePalette, &[key(CTRL, Key::K), key(CTRL_SHIFT, Key::P), key(CTRL, Key::P)]),
    (Command::ToggleShortcuts, &[key(Modifiers::NONE, Key::F1), key(Modifiers::NONE, Key::Questionmark), key(CTRL, Key::Slash)]),
    (Command::Back, &[key(Modifiers::NONE, Key::Escape)]),
    (Command::ZoomIn, &[key(CTRL, Key::Plus), key(CTRL, Key::Equals)]),
    (Command::ZoomOut, &[key(CTRL, Key::Minus)]),
    (Command::ZoomReset, &[key(CTRL, Key::Num0)]),
    (Command::Close(Close::Ask), &[key(CTRL, Key::Q), key(CTRL, Key::W)]),
    (Command::ToggleExport, &[key(CTRL_SHIFT, Key::E)]),
    (Command::CopyFigure, &[key(CTRL_SHIFT, Key::C)]),
];

/// The shortcuts of a command; the first one is shown.
pub fn of(command: &Command) -> &'static [KeyboardShortcut] {
    SHORTCUTS.iter().find(|(known, _)| known == command).map(|(_, keys)| *keys).unwrap_or_default()
}

/// The shortcuts of the tab at this index, counted from 0: `Ctrl+1` to `Ctrl+9`.
pub fn numbered(index: usize) -> &'static [KeyboardShortcut] {
    const NUMBERS: [KeyboardShortcut; 9] = [
        key(CTRL, Key::Num1),
        key(CTRL, Key::Num2),
        key(CTRL, Key::Num3),
        key(CTRL, Key::Num4),
        key(CTRL, Key::Num5),
        key(CTRL, Key::Num6),
        key(CTRL, Key::Num7),
        key(CTRL, Key::Num8),
        key(CTRL, Key::Num9),
    ];
    const { &NUMBERS }.get(index..=index).unwrap_or_default()
}

/// Whether a focused text field uses these keys itself: it undoes its own edits, and signs are typed into it.
pub fn belongs_to_text(command: &Command, keys: &KeyboardShortcut) -> bool {
    matches!(command, Command::Undo | Command::Redo) || (keys.modifiers.is_none() && keys.logical_key != Key::F1)
}

/// The shortcut as text: `Ctrl+Shift+E`.
pub fn text(keys: &KeyboardShortcut) -> String {
    let mut parts: Vec<&str> = Vec::new();
    if keys.modifiers.ctrl || keys.modifiers.command {
        parts.push("Ctrl");
    }
    if keys.modifiers.shift {
        parts.push("Shift");
    }
    parts.push(match keys.logical_key {
        Key::Questionmark => "?",
        Key::Slash => "/",
        Key::Plus => "+",
        Key::Minus => "−",
        Key::Equals => "=",
        Key::Escape => "Esc",
        key => key.symbol_or_name(),
    });
    parts.join("+")
}

/// The first shortcut of a command as text.
pub fn shown(command: &Command) -> Option<String> {
    of(command).first().map(text)
}

/// A tooltip with the shortcut of the command.
pub fn hint(words: &str, command: &Command) -> String {
    shown(command).map_or(words.to_owned(), |keys| format!("{words} ({keys})"))
}
