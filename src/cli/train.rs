//! `flatland train`

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;
use clap::Args;
use serde_json::json;

use super::options::ComputeOptions;
use super::progress_line::ProgressLine;
use super::runner::Interrupted;
use super::say;
use crate::figure::number::{duration, terminal};
use flatland_core::job::runs::{self, Follower, RunOptions};
use flatland_core::job::{Control, RunConfig, RunFolder, RunStatus};
use flatland_core::result::safe_name;

/// Arguments of `flatland train`.
#[derive(Debug, Args)]
pub struct Train {
    /// The run file (*.toml).
    #[arg(value_name = "RUN", required_unless_present_any = ["resume", "sweep"], conflicts_with_all = ["resume", "sweep"])]
    run: Option<PathBuf>,
    /// The run directory (of a sweep: the folder of its run directories); goes on with what is in it. Default: a folder in runs/, named
    /// after the file; for a run a new one.
    #[arg(long, value_name = "DIR", conflicts_with = "resume")]
    out: Option<PathBuf>,
    /// Goes on with the run in this directory, from its own run.toml.
    #[arg(long, value_name = "DIR")]
    resume: Option<PathBuf>,
    /// A run file in which fields are lists: their product, one run after the other, and a table of the results.
    #[arg(long, value_name = "SWEEP", conflicts_with_all = ["resume", "detach"])]
    sweep: Option<PathBuf>,
    /// Starts the run and returns; `flatland runs` tells how it goes.
    #[arg(long)]
    detach: bool,
    /// One JSON object on stdout at the end.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    compute: ComputeOptions,
}

impl Train {
    /// Starts the run as a process of its own and watches it to its end. Ctrl-C stops it after the step under way.
    pub(super) fn run(&self) -> anyhow::Result<()> {
        let options = RunOptions { device: self.compute.device, worker: self.compute.worker() };
        if let Some(file) = &self.sweep {
            let out = self.out.clone().unwrap_or_else(|| Path::new("runs").join(name_of(file)));
            return super::sweep::run(file, &out, &options, self.json);
        }
        let folder = match (&self.resume, &self.run) {
            (Some(dir), _) => {
                runs::resume(dir, &options)?;
                RunFolder::new(dir)
            }
            (None, Some(file)) => {
                let run = RunConfig::load(file)?;
                if let Some(assumption) = run.assumption() {
                    eprintln!("assumed: {assumption} ({})", file.display());
                }
                let dir = self.out.clone().unwrap_or_else(|| fresh_folder(file));
                runs::start(&run, &dir, &options).with_context(|| format!("run {}", file.display()))?
            }
            (None, None) => anyhow::bail!("expected a run file or --resume DIR"),
        };
        let dir = folder.path();
        if !self.detach {
            Watch::new().follow(dir)?;
        }
        if self.json {
            say(&json!({ "run": dir, "last": folder.last_weights(), "best": folder.best_weights() }).to_string());
        } else if self.detach {
            say(&dir.display().to_string());
        } else {
            say(&folder.last_weights().display().to_string());
        }
        Ok(())
    }
}

/// Follows runs on stderr, one after the other; Ctrl-C stops the one that is followed.
pub(super) struct Watch {
    interrupted: Arc<AtomicBool>,
    line: ProgressLine,
}

impl Watch {
    /// Takes over Ctrl-C.
    pub(super) fn new() -> Self {
        let interrupted = Arc::new(AtomicBool::new(false));
        let flag = interrupted.clone();
        // A second handler cannot be set; then Ctrl-C ends this process, and the run goes on.
        let _ = ctrlc::set_handler(move || flag.store(true, Ordering::Release));
        Self { interrupted, line: ProgressLine::new() }
    }

    /// Says something that stays.
    pub(super) fn say(&mut self, text: &str) {
        self.line.say(text);
    }

    /// Shows how the run in `dir` goes until nobody is at it.
    ///
    /// # Errors
    /// When it does not end in [`RunStatus::Done`]; [`Interrupted`] when Ctrl-C was the reason.
    pub(super) fn follow(&mut self, dir: &Path) -> anyhow::Result<()> {
        let mut follower = Follower::open(dir)?;
        let (mut told, mut noted) = (0, 0);
        let mut asked = false;
        let status = follower.follow(|follower| {
            // What the run file leaves open has been said.
            let said = |note: &&String| note.starts_with("assumed: ");
            for note in follower.view.state.notes.iter().skip(noted).filter(|note| !said(note)) {
                self.line.say(&format!("run {}, {note}", follower.view.name()));
            }
            noted = noted.max(follower.view.state.notes.len());
            for metrics in follower.view.metrics.iter().skip(told) {
                self.line.say(&epoch_line(follower, metrics));
            }
            told = follower.view.metrics.len();
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
            _ => anyhow::bail!("run {}: its process ended without a word; log.txt there may hold its last ones; {again}", dir.display()),
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

fn name_of(file: &Path) -> String {
    safe_name(&file.file_stem().unwrap_or_default().to_string_lossy())
}

/// `runs/<name of the run file>`, or with the first number that is free.
fn fresh_folder(file: &Path) -> PathBuf {
    let name = name_of(file);
    let runs = Path::new("runs");
    let numbered = (2..).map(|number| runs.join(format!("{name}-{number}")));
    std::iter::once(runs.join(&name)).chain(numbered).find(|dir| !dir.exists()).unwrap_or_else(|| runs.join(&name))
}
