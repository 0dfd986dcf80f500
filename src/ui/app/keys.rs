//! Pushes the commands whose keys are pressed.

use egui::{Event, Ui};

use crate::ui::command::{Command, list, shortcut};
use crate::ui::state::closing::Closing;
use crate::ui::update::App;

impl App {
    /// Pushes the commands whose keys are pressed. While a dialog is open above the view, only the keys that close it work.
    pub(in crate::ui) fn keys(&mut self, ui: &Ui) {
        let is_pressed = |event: &Event| matches!(event, Event::Key { pressed: true, .. });
        if !ui.input(|input| input.events.iter().any(is_pressed)) {
            return;
        }
        let writes = ui.ctx().text_edit_focused();
        let above = self.state.palette.is_some() || self.state.shortcuts || self.state.closing != Closing::No;
        let closes = |command: &Command| {
            (*command == Command::TogglePalette && self.state.palette.is_some())
                || (*command == Command::ToggleShortcuts && self.state.shortcuts)
        };
        // An open menu closes by itself.
        let menu = egui::Popup::is_any_open(ui.ctx());
        let mut candidates: Vec<_> = list::list(&self.state)
            .into_iter()
            .filter(|item| item.unavailable.is_none())
            .flat_map(|item| item.shortcuts.iter().map(move |keys| (*keys, item.command.clone())))
            .filter(|(keys, command)| !(writes && shortcut::belongs_to_text(command, keys)))
            .filter(|(_, command)| if *command == Command::Back { !menu && !writes } else { !above || closes(command) })
            .collect();
        // Otherwise Ctrl+Shift+Z would also match Ctrl+Z.
        candidates.sort_by_key(|(keys, _)| std::cmp::Reverse(u8::from(keys.modifiers.shift) + u8::from(keys.modifiers.ctrl)));
        for (keys, command) in candidates {
            if ui.input_mut(|input| input.consume_shortcut(&keys)) {
                self.commands.push(command);
            }
        }
    }
}
