//! What the window does about its memory: every change is kept a second later, by another thread; when the window ends, at once.

use std::time::{Duration, Instant};

use egui::Context;

use super::app::App;
use super::document::Recalling;
use super::loader::Finished;
use super::memory::keeper::{Keeper, Report, Task, perform};
use super::memory::{Memory, Preferences, ThemeChoice};

/// How long the end of the window may wait for a thread that writes.
const PATIENCE: Duration = Duration::from_secs(3);

impl App {
    /// A window that remembers. When it was asked to open nothing, what was open last comes back.
    pub fn remembering(mut self, keeper: Keeper) -> Self {
        self.keeper = keeper;
        impose(&self.ctx, &self.keeper.preferences);
        self.keeper.ask(Task::Look);
        if self.commands.is_empty() {
            self.recalling = Some(Recalling::Last);
            self.keeper.ask(Task::TakeLast);
        }
        self
    }

    /// Keeps what has changed, and does what the memory is asked for.
    pub(super) fn remember(&mut self) {
        self.entitle();
        if !self.keeper.remembers() {
            return;
        }
        let now = self.ctx.input(|input| input.time);
        let mut keeper = std::mem::take(&mut self.keeper);
        // While something is recalled, what is open is only a place for it.
        if self.recalling.is_none() && (keeper.has_kept() || !self.is_empty()) {
            let (file, unsaved) = (&self.document.file, self.unsaved());
            let wait = keeper.watch(
                || self.kept(false),
                |kept| !kept.closed && kept.file == *file && kept.unsaved == unsaved && kept.session == self.session,
                now,
            );
            if let Some(wait) = wait {
                self.ctx.request_repaint_after(Duration::from_secs_f64(wait));
            }
        }
        self.keeper = keeper;
        if let Some((mut memory, tasks)) = self.keeper.take_work() {
            self.spawn(move || {
                let report = perform(&mut memory, tasks);
                Finished::Remembered(memory, Box::new(report))
            });
        }
    }

    pub(super) fn remembered(&mut self, memory: Box<Memory>, report: Report) {
        let report = self.keeper.back(memory, report);
        for complaint in report.complaints {
            self.complain(complaint);
        }
        if let Some(restored) = report.restored {
            self.restored(restored.map(|restored| *restored));
        }
        self.look_for_left();
    }

    /// The window ends: keeps what is open, before this returns.
    pub(super) fn farewell(&mut self) {
        if self.keeper.remembers() && (self.keeper.has_kept() || !self.is_empty()) && self.recalling.is_none() {
            let kept = self.kept(true);
            self.keeper.keep(kept);
        }
        let until = Instant::now() + PATIENCE;
        while self.keeper.is_busy() {
            match self.background.next_within(until.saturating_duration_since(Instant::now())) {
                Some(Ok(Finished::Remembered(memory, report))) => drop(self.keeper.back(memory, *report)),
                Some(_) => {}
                None => return,
            }
        }
        if let Some((mut memory, tasks)) = self.keeper.take_work() {
            perform(&mut memory, tasks);
        }
    }

    /// Changes what the person likes, puts it in force and keeps it.
    pub(super) fn prefer(&mut self, change: impl FnOnce(&mut Preferences)) {
        let before = self.keeper.preferences.clone();
        change(&mut self.keeper.preferences);
        let now = self.keeper.preferences.clone();
        impose(&self.ctx, &now);
        if now != before {
            self.keeper.ask(Task::Prefer(Box::new([before, now])));
        }
    }

    pub(super) fn set_theme(&mut self, theme: ThemeChoice) {
        self.prefer(|preferences| preferences.theme = theme);
    }
}

fn impose(ctx: &Context, preferences: &Preferences) {
    ctx.set_theme(egui::ThemePreference::from(preferences.theme));
    ctx.set_zoom_factor(preferences.zoom);
}
