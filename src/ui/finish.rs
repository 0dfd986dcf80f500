//! What is said when the last job has ended.

use super::app::App;
use super::loader::Finished;
use super::log::Level;
use super::machine::notify;
use super::store::{JobState, analysis_of};
use super::widget::number::duration;
use flatland_core::job::JobId;

/// Work that was done sooner is no news.
const WORTH_TELLING: f64 = 10.0;

/// The stretch of work that is under way.
#[derive(Debug, Default)]
pub struct Stretch {
    /// When it began, in the window's seconds.
    began: Option<f64>,
    /// The analyses that were in the worker.
    worked_on: Vec<JobId>,
}

impl App {
    /// Notes that work began; says so when all of it has ended: in the window, and on the desktop where the window is not looked at.
    pub(super) fn watch_finish(&mut self) {
        let now = self.ctx.input(|input| input.time);
        if let Some(id) = self.bench.job() {
            self.stretch.began.get_or_insert(now);
            let is_analysis = self.store.jobs.get(&id).is_some_and(|job| analysis_of(&job.spec).is_some());
            if is_analysis && !self.stretch.worked_on.contains(&id) {
                self.stretch.worked_on.push(id);
            }
        }
        if self.stretch.began.is_none() || self.store.jobs.values().any(|job| job.state.is_open()) {
            return;
        }
        let Stretch { began, worked_on } = std::mem::take(&mut self.stretch);
        let took = now - began.unwrap_or(now);
        let count = |state: fn(&JobState) -> bool| {
            worked_on.iter().filter(|id| self.store.jobs.get(*id).is_some_and(|job| state(&job.state))).count()
        };
        let (done, failed) =
            (count(|state| *state == JobState::Done), count(|state| matches!(state, JobState::Failed(_) | JobState::Interrupted)));
        if done + failed == 0 {
            return;
        }
        let jobs = |n: usize| if n == 1 { "1 job".to_owned() } else { format!("{n} jobs") };
        let failures = if failed > 0 { format!(", {failed} failed") } else { String::new() };
        let text = format!("Finished: {} done{failures}, in {}", jobs(done), duration(took));
        self.log.push(Level::Info, String::new(), &text);
        if took < WORTH_TELLING {
            return;
        }
        if self.message.as_ref().is_none_or(|message| !message.is_error) {
            self.tell(text.clone());
        }
        if !self.ctx.input(|input| input.focused) {
            self.ctx.send_viewport_cmd(egui::ViewportCommand::RequestUserAttention(egui::UserAttentionType::Informational));
            self.spawn_waiting(move || {
                // Where the desktop shows none, the line in the window stays.
                let _ = notify("Flatland", &text);
                Finished::Nothing
            });
        }
    }
}
