//! Reports that all jobs have ended.

use super::App;
use crate::ui::state::busy_period::BusyPeriod;
use crate::ui::state::log::Level;
use crate::ui::state::number::duration;
use crate::ui::state::store::{JobState, analysis_of};
use crate::ui::work::machine::notify;

/// Work that took fewer seconds is not reported.
const MIN_SECONDS: f64 = 10.0;

impl App {
    /// Records when work starts. When all jobs have ended, reports it in the window, and on the desktop if the window is not focused.
    pub(in crate::ui) fn update_busy_period(&mut self) {
        let now = self.ctx.input(|input| input.time);
        if let Some(id) = self.worker.job() {
            self.state.busy_period.start.get_or_insert(now);
            let is_analysis = self.state.store.jobs.get(&id).is_some_and(|job| analysis_of(&job.spec).is_some());
            if is_analysis && !self.state.busy_period.analyses.contains(&id) {
                self.state.busy_period.analyses.push(id);
            }
        }
        if self.state.busy_period.start.is_none() || self.state.store.jobs.values().any(|job| job.state.is_open()) {
            return;
        }
        let BusyPeriod { start, analyses } = std::mem::take(&mut self.state.busy_period);
        let took = now - start.unwrap_or(now);
        let count = |state: fn(&JobState) -> bool| {
            analyses.iter().filter(|id| self.state.store.jobs.get(*id).is_some_and(|job| state(&job.state))).count()
        };
        let (done, failed) =
            (count(|state| *state == JobState::Done), count(|state| matches!(state, JobState::Failed(_) | JobState::Interrupted)));
        if done + failed == 0 {
            return;
        }
        let jobs = |n: usize| if n == 1 { "1 job".to_owned() } else { format!("{n} jobs") };
        let failures = if failed > 0 { format!(", {failed} failed") } else { String::new() };
        let text = format!("Finished: {} done{failures}, in {}", jobs(done), duration(took));
        self.state.log.push(Level::Info, String::new(), &text);
        if took < MIN_SECONDS {
            return;
        }
        if self.state.message.as_ref().is_none_or(|message| !message.is_error) {
            self.state.inform(text.clone());
        }
        if !self.ctx.input(|input| input.focused) {
            self.ctx.send_viewport_cmd(egui::ViewportCommand::RequestUserAttention(egui::UserAttentionType::Informational));
            // On a desktop without notifications, the message in the window remains.
            self.spawn_waiting(move || drop(notify("Flatland", &text)));
        }
    }
}
