//! Closing the window. What is open is kept anyway, so unsaved changes are no reason to ask; work under way is.
//!
//! Keep: runs are processes of their own and go on; analyses end with the window, and what they lack is computed when the session is
//! opened again. Stop: runs finish their step, save and end, and can be resumed; analyses wait at the next start until they are asked
//! for again.

use egui::ViewportCommand;

use super::app::App;
use super::command::Close;
use super::loader::{self, Finished};
use super::store::analysis_of;
use flatland_core::job::{JobId, RunStatus};

/// How far closing is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Closing {
    /// Nobody wants to.
    #[default]
    No,
    /// The person is asked.
    Asked,
    /// Runs are being told, and the worker lets go of its job.
    Stopping,
    /// Everything is told: the window may close.
    Free,
}

impl App {
    /// Analyses and runs that are under way.
    pub(super) fn under_way(&self) -> (usize, usize) {
        let analyses = self.store.jobs.values().filter(|job| job.state.is_open() && analysis_of(&job.spec).is_some()).count();
        let runs = self.runs.book.runs.values().filter(|run| run.view.status.is_under_way()).count();
        (analyses, runs)
    }

    /// Holds back a window that somebody closes while work is under way.
    pub(super) fn guard_closing(&mut self) {
        if self.ctx.input(|input| input.viewport().close_requested()) && self.closing != Closing::Free && self.under_way() != (0, 0) {
            self.ctx.send_viewport_cmd(ViewportCommand::CancelClose);
            if self.closing == Closing::No {
                self.closing = Closing::Asked;
            }
        }
        if self.closing == Closing::Stopping && self.runs_told && self.bench.is_idle() {
            self.leave();
        }
    }

    pub(super) fn close(&mut self, close: Close) {
        match close {
            Close::Ask => self.ctx.send_viewport_cmd(ViewportCommand::Close),
            Close::Stay => self.closing = Closing::No,
            Close::Keep => self.leave(),
            Close::Stop => self.stop_and_leave(),
        }
    }

    fn leave(&mut self) {
        self.closing = Closing::Free;
        self.ctx.send_viewport_cmd(ViewportCommand::Close);
    }

    fn stop_and_leave(&mut self) {
        self.closing = Closing::Stopping;
        self.stopped = true;
        let open: Vec<JobId> = self.store.jobs.iter().filter(|(_, job)| job.state.is_open()).map(|(id, _)| *id).collect();
        open.into_iter().for_each(|id| self.cancel(id));
        let under_way = |status: RunStatus| status.is_under_way() && status != RunStatus::Stopping;
        let runs = self.runs.book.runs.values().filter(|run| under_way(run.view.status)).map(|run| run.view.dir.clone()).collect();
        self.runs_told = false;
        self.spawn(move || Finished::RunsStopped(loader::stop_runs(runs)));
    }

    /// The runs were told to stop; one that could not be told keeps the window open.
    pub(super) fn runs_stopped(&mut self, complaints: Vec<String>) {
        self.runs_told = true;
        if !complaints.is_empty() {
            (self.closing, self.stopped) = (Closing::No, false);
            self.complain(complaints.join("\n"));
        }
    }
}
