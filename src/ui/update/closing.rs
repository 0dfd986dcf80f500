//! Closes the window. The open session is kept anyway, so it asks only about jobs and runs in progress, not about unsaved changes.
//!
//! Keep: runs are separate processes and continue; analyses end with the window, and missing results are computed when the session is
//! opened again. Stop: runs finish their step, save and end, and can be resumed; analyses wait at the next start until the user starts
//! them.

use egui::ViewportCommand;

use super::App;
use crate::ui::command::Close;
use crate::ui::state::closing::Closing;
use crate::ui::work::stop_runs::stop_runs;
use flatland_core::job::{JobId, RunStatus};

impl App {
    /// Prevents that the window closes while jobs or runs are in progress, and asks first.
    pub(in crate::ui) fn confirm_closing(&mut self) {
        if self.ctx.input(|input| input.viewport().close_requested())
            && self.state.closing != Closing::Confirmed
            && self.state.counts_in_progress() != (0, 0)
        {
            self.ctx.send_viewport_cmd(ViewportCommand::CancelClose);
            if self.state.closing == Closing::No {
                self.state.closing = Closing::Asked;
            }
        }
        if self.state.closing == Closing::Stopping && self.state.runs_asked_to_stop && self.worker.is_idle() {
            self.close_now();
        }
    }

    pub(in crate::ui) fn close(&mut self, close: Close) {
        match close {
            Close::Ask => self.ctx.send_viewport_cmd(ViewportCommand::Close),
            Close::Stay => self.state.closing = Closing::No,
            Close::Keep => self.close_now(),
            Close::Stop => self.stop_and_close(),
        }
    }

    fn close_now(&mut self) {
        self.state.closing = Closing::Confirmed;
        self.ctx.send_viewport_cmd(ViewportCommand::Close);
    }

    fn stop_and_close(&mut self) {
        self.state.closing = Closing::Stopping;
        self.state.stopped = true;
        let open: Vec<JobId> = self.state.store.jobs.iter().filter(|(_, job)| job.state.is_open()).map(|(id, _)| *id).collect();
        open.into_iter().for_each(|id| self.cancel(id));
        let under_way = |status: RunStatus| status.is_under_way() && status != RunStatus::Stopping;
        let runs =
            self.state.runs.run_list.runs.values().filter(|run| under_way(run.view.status)).map(|run| run.view.dir.clone()).collect();
        self.state.runs_asked_to_stop = false;
        self.spawn(move || stop_runs(runs), Self::runs_stopped);
    }

    /// Handles the result of stopping the runs; if one could not be stopped, the window stays open.
    pub(in crate::ui) fn runs_stopped(&mut self, errors: Vec<String>) {
        self.state.runs_asked_to_stop = true;
        if !errors.is_empty() {
            (self.state.closing, self.state.stopped) = (Closing::No, false);
            self.state.report_error(errors.join("\n"));
        }
    }
}
