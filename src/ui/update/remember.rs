//! Keeps the session in the memory: a second after every change, on another thread; when the window closes, at once.

use std::time::{Duration, Instant};

use egui::Context;

use super::App;
use crate::ui::state::document::Recalling;
use crate::ui::state::memory::{Preferences, ThemeChoice};
use crate::ui::work::memory::keeper::{Finished, Keeper, Task, perform};

/// The longest time that closing the window waits for a thread that writes.
const PATIENCE: Duration = Duration::from_secs(3);

impl App {
    /// Adds a memory to the window. Without paths to open, the session that was open last is restored.
    pub fn remembering(mut self, keeper: Keeper, preferences: Preferences) -> Self {
        self.keeper = keeper;
        self.state.memory.preferences = preferences;
        impose(&self.ctx, &self.state.memory.preferences);
        self.keeper.ask(Task::Look);
        if self.commands.is_empty() {
            self.state.recalling = Some(Recalling::Last);
            self.keeper.ask(Task::TakeLast);
        }
        self
    }

    /// Keeps changes, and starts the queued tasks of the memory.
    pub(in crate::ui) fn remember(&mut self) {
        self.entitle();
        if !self.keeper.remembers() {
            return;
        }
        let now = self.ctx.input(|input| input.time);
        let mut keeper = std::mem::take(&mut self.keeper);
        // While a session is being restored, the open one is only a placeholder.
        if self.state.recalling.is_none() && (keeper.has_kept() || !self.state.is_empty()) {
            let (file, unsaved) = (&self.state.document.file, self.state.unsaved());
            let wait = keeper.watch(
                || self.state.kept(false),
                |kept| !kept.closed && kept.file == *file && kept.unsaved == unsaved && kept.session == self.state.session,
                now,
            );
            if let Some(wait) = wait {
                self.ctx.request_repaint_after(Duration::from_secs_f64(wait));
            }
        }
        self.keeper = keeper;
        if let Some((mut memory, tasks)) = self.keeper.take_work() {
            let ctx = self.ctx.clone();
            let work = move || {
                let report = perform(&mut memory, tasks);
                (memory, report)
            };
            self.memory_work.spawn(work, move || ctx.request_repaint());
        }
    }

    /// Applies the results of threads that wrote the memory.
    pub(in crate::ui) fn take_in_memory(&mut self) {
        while let Some(finished) = self.memory_work.try_next() {
            match finished {
                Ok(finished) => self.remembered(finished),
                Err(error) => self.state.complain(error),
            }
        }
    }

    fn remembered(&mut self, (memory, report): Finished) {
        self.keeper.back(memory);
        if let Some(recents) = report.recents {
            self.state.memory.recents = recents;
        }
        self.state.memory.left = report.left;
        for complaint in report.complaints {
            self.state.complain(complaint);
        }
        if let Some(restored) = report.restored {
            self.restored(restored.map(|restored| *restored));
        }
        self.look_for_left();
    }

    /// Keeps the open session before the window closes; returns when it is written.
    pub(in crate::ui) fn keep_before_exit(&mut self) {
        if self.keeper.remembers() && (self.keeper.has_kept() || !self.state.is_empty()) && self.state.recalling.is_none() {
            let kept = self.state.kept(true);
            self.keeper.keep(kept);
        }
        let until = Instant::now() + PATIENCE;
        while self.keeper.is_busy() {
            match self.memory_work.next_within(until.saturating_duration_since(Instant::now())) {
                Some(Ok((memory, _))) => self.keeper.back(memory),
                Some(Err(_)) => {}
                None => return,
            }
        }
        if let Some((mut memory, tasks)) = self.keeper.take_work() {
            perform(&mut memory, tasks);
        }
    }

    /// Changes the preferences, applies them and keeps them.
    pub(in crate::ui) fn prefer(&mut self, change: impl FnOnce(&mut Preferences)) {
        let before = self.state.memory.preferences.clone();
        change(&mut self.state.memory.preferences);
        let now = self.state.memory.preferences.clone();
        impose(&self.ctx, &now);
        if now != before {
            self.keeper.ask(Task::Prefer(Box::new([before, now])));
        }
    }

    pub(in crate::ui) fn set_theme(&mut self, theme: ThemeChoice) {
        self.prefer(|preferences| preferences.theme = theme);
    }
}

fn impose(ctx: &Context, preferences: &Preferences) {
    ctx.set_theme(match preferences.theme {
        ThemeChoice::System => egui::ThemePreference::System,
        ThemeChoice::Light => egui::ThemePreference::Light,
        ThemeChoice::Dark => egui::ThemePreference::Dark,
    });
    ctx.set_zoom_factor(preferences.zoom);
}
