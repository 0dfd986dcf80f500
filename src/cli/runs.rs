//! `flatland runs`

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::output::say;
use super::watch::Watch;
use crate::figure::number::{duration, terminal};
use flatland_core::job::runs::{self, RunOptions};
use flatland_core::job::{Control, Device, RunView, WorkerOptions, export_tensorboard};

/// Arguments of `flatland runs`.
#[derive(Debug, Args)]
pub struct Runs {
    /// A run directory, or a folder with runs and sweeps.
    #[arg(value_name = "DIR", default_value = "runs")]
    dir: PathBuf,
    #[command(flatten)]
    action: Action,
    /// Folder of what is written.
    #[arg(long, value_name = "DIR", requires = "tensorboard")]
    out: Option<PathBuf>,
    /// Where a run that is resumed computes: auto, cpu or cuda:N. Default: where it did.
    #[arg(long, requires = "resume")]
    device: Option<Device>,
    /// Threads of a run that is resumed; all cores when absent.
    #[arg(long, value_name = "N", requires = "resume", value_parser = clap::value_parser!(u32).range(1..))]
    threads: Option<u32>,
    /// One JSON object a run on stdout.
    #[arg(long)]
    json: bool,
}

/// What to do with the runs of DIR; nothing given: list them.
#[derive(Debug, Args)]
#[group(multiple = false)]
struct Action {
    /// Hold after the step under way, state saved, device free for others.
    #[arg(long)]
    pause: bool,
    /// Go on: after a pause, a stop, a kill, a crash, a failure.
    #[arg(long)]
    resume: bool,
    /// Finish the step under way, save, end.
    #[arg(long)]
    stop: bool,
    /// End at once; what was not saved is done again when the run is resumed.
    #[arg(long)]
    kill: bool,
    /// Show how the run goes until it ends; Ctrl-C stops the run.
    #[arg(long)]
    follow: bool,
    /// Write the curves as TensorBoard event files, a folder a run, into --out.
    #[arg(long, requires = "out")]
    tensorboard: bool,
}

impl Runs {
    /// Lists the runs, or sends them a command.
    pub(super) fn run(&self) -> anyhow::Result<()> {
        anyhow::ensure!(self.dir.is_dir(), "expected a folder with runs, found nothing there ({})", self.dir.display());
        let Action { pause, resume, stop, kill, follow, tensorboard } = self.action;
        let control = [(pause, Control::Pause), (stop, Control::Stop), (kill, Control::Kill)];
        let control = control.into_iter().find_map(|(asked, control)| asked.then_some(control));
        let mut failed = 0;
        let mut done = 0;
        for run in runs::list(&self.dir) {
            let outcome = run.map_err(anyhow::Error::from).and_then(|run| match control {
                _ if resume => self.resume(&run),
                Some(control) => ask(&run, control),
                None if follow => follow_one(&run),
                None if tensorboard => self.export(&run),
                None => {
                    self.tell(&run);
                    Ok(true)
                }
            });
            match outcome {
                Ok(true) => done += 1,
                Ok(false) => {}
                Err(error) => {
                    failed += 1;
                    eprintln!("error: {error:#}");
                }
            }
        }
        anyhow::ensure!(failed == 0, "{failed} of the runs could not be used");
        let wanted = if control.is_some() || follow { "a run under way" } else { "a run" };
        anyhow::ensure!(done > 0, "expected {wanted}, found none ({})", self.dir.display());
        Ok(())
    }

    /// Resumes a run that is not finished.
    fn resume(&self, run: &RunView) -> anyhow::Result<bool> {
        use flatland_core::job::RunStatus::{Done, Paused};
        if run.status == Done || (run.status.is_under_way() && run.status != Paused) {
            return Ok(false);
        }
        let had = run.state.device.as_deref().and_then(|device| device.parse().ok());
        let worker = WorkerOptions { threads: self.threads.map(|n| n as usize), ..WorkerOptions::default() };
        runs::resume(&run.dir, &RunOptions { device: self.device.or(had).unwrap_or_default(), worker })?;
        Ok(true)
    }

    fn export(&self, run: &RunView) -> anyhow::Result<bool> {
        let Some(out) = &self.out else { anyhow::bail!("expected --out DIR") };
        // A run of a sweep keeps the name of its sweep: runs/lr/rho=0.1 → OUT/lr/rho=0.1.
        let top = std::path::absolute(&self.dir)?;
        let below = run.dir.strip_prefix(&top).ok().filter(|below| !below.as_os_str().is_empty());
        let folder = out.join(below.map_or_else(|| run.name().into(), PathBuf::from));
        say(&export_tensorboard(&run.dir, &folder)?.display().to_string());
        Ok(true)
    }

    fn tell(&self, run: &RunView) {
        if self.json {
            let last = run.metrics.last();
            say(&json!({ "run": run.dir, "status": run.status, "state": run.state, "config": run.config, "last": last }).to_string());
            return;
        }
        let state = &run.state;
        let epochs = run.config.epochs.map_or_else(String::new, |epochs| format!("/{epochs}"));
        let mut line =
            format!("{}  {}  epoch {}{epochs}, step {}/{}", run.dir.display(), run.status.key(), state.epoch, state.step, state.steps);
        if state.elapsed_secs > 0.0 {
            line.push_str(&format!(", {}", duration(state.elapsed_secs)));
        }
        if let Some(eta) = state.eta_secs.filter(|_| run.status == flatland_core::job::RunStatus::Running) {
            line.push_str(&format!(", {} left", duration(eta)));
        }
        let metrics = run.metrics.last().into_iter().flatten().filter(|(name, _)| *name != "epoch" && *name != "step");
        let metrics: Vec<String> = metrics.filter_map(|(name, value)| Some(format!("{name} {}", terminal(value.as_f64()?, 4)))).collect();
        if !metrics.is_empty() {
            line.push_str(&format!("  {}", metrics.join(", ")));
        }
        if let Some(message) = &state.message {
            line.push_str(&format!("  ({message})"));
        }
        say(&line);
    }
}

/// Whether the run had a process to send the command to.
fn ask(run: &RunView, control: Control) -> anyhow::Result<bool> {
    if run.status.is_under_way() {
        runs::ask(&run.dir, control)?;
    }
    Ok(run.status.is_under_way())
}

fn follow_one(run: &RunView) -> anyhow::Result<bool> {
    if run.status.is_under_way() {
        Watch::new().follow(&run.dir)?;
    }
    Ok(run.status.is_under_way())
}
