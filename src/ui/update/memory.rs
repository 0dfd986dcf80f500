//! Keeps the session in the memory: a second after every change, on another thread; when the window closes, at once.

use std::time::{Duration, Instant};

use egui::Context;

use super::App;
use crate::ui::state::document::Restoring;
use crate::ui::state::memory::{Preferences, ThemeChoice};
use crate::ui::work::memory::queue::{Finished, MemoryQueue, Task, perform};

/// The longest time that closing the window waits for a thread that writes.
const EXIT_TIMEOUT: Duration = Duration::from_secs(3);

impl App {
    /// Adds a memory to the window. Without paths to open, the session that was open last is restored.
    pub fn with_memory(mut self, memory_queue: MemoryQueue, preferences: Preferences) -> Self {
        self.memory_queue = memory_queue;
        self.state.memory.preferences = preferences;
        apply_preferences(&self.ctx, &self.state.memory.preferences);
        self.memory_queue.push(Task::ListSessions);
        if self.commands.is_empty() {
            self.state.restoring = Some(Restoring::Last);
            self.memory_queue.push(Task::RestoreLast);
        }
        self
    }

    /// Keeps changes, and starts the queued tasks of the memory.
    pub(in crate::ui) fn update_memory(&mut self) {
        self.update_title();
        if !self.memory_queue.has_memory() {
            return;
        }
        let now = self.ctx.input(|input| input.time);
        let mut memory_queue = std::mem::take(&mut self.memory_queue);
        // While a session is being restored, the open one is only a placeholder.
        if self.state.restoring.is_none() && (memory_queue.has_kept() || !self.state.is_empty()) {
            let (file, unsaved) = (&self.state.document.file, self.state.unsaved());
            let wait = memory_queue.keep_when_due(
                || self.state.kept_session(false),
                |kept| !kept.closed && kept.file == *file && kept.unsaved == unsaved && kept.session == self.state.session,
                now,
            );
            if let Some(wait) = wait {
                self.ctx.request_repaint_after(Duration::from_secs_f64(wait));
            }
        }
        self.memory_queue = memory_queue;
        if let Some((mut memory, tasks)) = self.memory_queue.take_work() {
            let ctx = self.ctx.clone();
            let work = move || {
                let report = perform(&mut memory, tasks);
                (memory, report)
            };
            self.memory_work.spawn(work, move || ctx.request_repaint());
        }
    }

    /// Applies the results of threads that wrote the memory.
    pub(in crate::ui) fn receive_memory(&mut self) {
        while let Some(finished) = self.memory_work.try_next() {
            match finished {
                Ok(finished) => self.memory_returned(finished),
                Err(error) => self.state.report_error(error),
            }
        }
    }

    fn memory_returned(&mut self, (memory, report): Finished) {
        self.memory_queue.return_memory(memory);
        if let Some(recents) = report.recents {
            self.state.memory.recents = recents;
        }
        if let Some(programs) = report.programs {
            self.state.memory.programs = programs;
        }
        self.state.memory.leftovers = report.leftovers;
        for error in report.errors {
            self.state.report_error(error);
        }
        if let Some(restored) = report.restored {
            self.restored(restored.map(|restored| *restored));
        }
        self.restore_leftover();
    }

    /// Keeps the open session before the window closes; returns when it is written.
    pub(in crate::ui) fn keep_before_exit(&mut self) {
        if self.memory_queue.has_memory() && (self.memory_queue.has_kept() || !self.state.is_empty()) && self.state.restoring.is_none() {
            let kept = self.state.kept_session(true);
            self.memory_queue.keep(kept);
        }
        let until = Instant::now() + EXIT_TIMEOUT;
        while self.memory_queue.is_busy() {
            match self.memory_work.next_within(until.saturating_duration_since(Instant::now())) {
                Some(Ok((memory, _))) => self.memory_queue.return_memory(memory),
                Some(Err(_)) => {}
                None => return,
            }
        }
        if let Some((mut memory, tasks)) = self.memory_queue.take_work() {
            perform(&mut memory, tasks);
        }
    }

    /// Changes the preferences, applies them and keeps them.
    pub(in crate::ui) fn change_preferences(&mut self, change: impl FnOnce(&mut Preferences)) {
        let before = self.state.memory.preferences.clone();
        change(&mut self.state.memory.preferences);
        let now = self.state.memory.preferences.clone();
        apply_preferences(&self.ctx, &now);
        if now != before {
            self.memory_queue.push(Task::SavePreferences(Box::new([before, now])));
        }
    }

    pub(in crate::ui) fn set_theme(&mut self, theme: ThemeChoice) {
        self.change_preferences(|preferences| preferences.theme = theme);
    }
}

fn apply_preferences(ctx: &Context, preferences: &Preferences) {
    ctx.set_theme(match preferences.theme {
        ThemeChoice::System => egui::ThemePreference::System,
        ThemeChoice::Light => egui::ThemePreference::Light,
        ThemeChoice::Dark => egui::ThemePreference::Dark,
    });
    ctx.set_zoom_factor(preferences.zoom);
}
