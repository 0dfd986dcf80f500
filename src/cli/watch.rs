//! [`Watch`]: follows runs on stderr to their end.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::progress_line::ProgressLine;
use super::runner::Interrupted;
use crate::figure::number::{duration, terminal};
use flatland_core::job::runs::Follower;
use flatland_core::job::{Control, RunStatus};

/// Follows runs on stderr, one after the other; Ctrl-C stops the one that is followed.
pub(super) struct Watch {
    interrupted: Arc<AtomicBool>,
    line: ProgressLine,
}

impl Watch {
    /// Handles Ctrl-C.
    pub(super) fn new() -> Self {
        let interrupted = Arc::new(AtomicBool::new(false));
        let flag = interrupted.clone();
        // A second handler cannot be set; then Ctrl-C ends this process, and the run goes on.
        let _ = ctrlc::set_handler(move || flag.store(true, Ordering::Release));
        Self { interrupted, line: ProgressLine::new() }
    }

    /// Prints a line that stays.
    pub(super) fn say(&mut self, text: &str) {
        self.line.say(text);
    }

    /// Shows the progress of the run in `dir` until it has no process any more.
    ///
    /// # Errors
    /// When it does not end in [`RunStatus::Done`]; [`Interrupted`] when Ctrl-C was the reason.
    pub(super) fn follow(&mut self, dir: &Path) -> anyhow::Result<()> {
        let mut follower = Follower::open(dir)?;
        let (mut printed, mut noted) = (0, 0);
        let mut asked = false;
        let status = follower.follow(|follower| {
            // Assumptions of the run file were printed already.
            let said = |note: &&String| note.starts_with("assumed: ");
            for note in follower.view.state.notes.iter().skip(noted).filter(|note| !said(note)) {
                self.line.say(&format!("run {}, {note}", follower.view.name()));
            }
            noted = noted.max(follower.view.state.notes.len());
            for metrics in follower.view.metrics.iter().skip(printed) {
                self.line.say(&epoch_line(follower, metrics));
            }
            printed = follower.view.metrics.len();
            self.line.show(&progress(follower));
            let stop = self.interrupted.load(Ordering::Acquire) && !std::mem::replace(&mut asked, self.interrupted.load(Ordering::Acquire));
            stop.then_some(Control::Stop)
        })?;
        self.line.clear();
        let state = &follower.view.state;
        let again = format!("`flatland train --resume {}` goes on", dir.display());
        match status {
            RunStatus::Done => {
                self.line.say(&format!("run {}: done in {}", follower.view.name(), duration(state.elapsed_secs)));
                Ok(())
            }
            _ if asked => Err(Interrupted.into()),
            RunStatus::Failed => anyhow::bail!("run {}: {}", dir.display(), state.message.as_deref().unwrap_or("failed")),
            RunStatus::Cancelled => anyhow::bail!("run {}: stopped on request after step {}; {again}", dir.display(), state.step),
            RunStatus::Queued | RunStatus::Running | RunStatus::Paused | RunStatus::Stopping | RunStatus::Interrupted => {
                anyhow::bail!("run {}: its process ended unexpectedly; log.txt there may say why; {again}", dir.display())
            }
        }
    }
}

/// `run mine, epoch 2: train_loss 0.31, id_accuracy 0.93`
fn epoch_line(follower: &Follower, metrics: &serde_json::Map<String, serde_json::Value>) -> String {
    let values = metrics.iter().filter(|(name, _)| *name != "epoch" && *name != "step");
    let values: Vec<String> = values.filter_map(|(name, value)| Some(format!("{name} {}", terminal(value.as_f64()?, 4)))).collect();
    let epoch = metrics.get("epoch").map_or_else(String::new, ToString::to_string);
    format!("run {}, epoch {epoch}: {}", follower.view.name(), values.join(", "))
}

fn progress(follower: &Follower) -> String {
    let (state, name) = (&follower.view.state, follower.view.name());
    match follower.view.status {
        RunStatus::Running if state.steps > 0 => {
            let left = state.eta_secs.map_or(String::new(), |eta| format!(", {} left", duration(eta)));
            let pace = state.images_per_sec.map_or(String::new(), |pace| format!(", {pace:.0} images/s"));
            format!("run {name}: epoch {}, step {}/{}{pace}{left}", state.epoch + 1, state.step, state.steps)
        }
        status => {
            let why = state.message.as_deref().map_or(String::new(), |message| format!(" ({message})"));
            format!("run {name}: {}{why}", status.key())
        }
    }
}
