//! `flatland train`

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use serde_json::json;

use super::options::ComputeOptions;
use super::runner::Runner;
use super::say;
use crate::job::{JobSpec, RunConfig, TrainJob, check_paths};
use crate::result::safe_name;

/// Arguments of `flatland train`.
#[derive(Debug, Args)]
pub struct Train {
    /// The run file (*.toml).
    #[arg(value_name = "RUN", required_unless_present = "resume", conflicts_with = "resume")]
    run: Option<PathBuf>,
    /// The run directory; goes on with the run that is in it. Default: a new folder in runs/, named after the run file.
    #[arg(long, value_name = "DIR", conflicts_with = "resume")]
    out: Option<PathBuf>,
    /// Goes on with the run in this directory, from its own run.toml.
    #[arg(long, value_name = "DIR")]
    resume: Option<PathBuf>,
    /// One JSON object on stdout at the end.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    compute: ComputeOptions,
}

impl Train {
    /// Runs to the end of the run file.
    pub(super) fn run(&self) -> anyhow::Result<()> {
        let (file, dir) = match (&self.resume, &self.run) {
            (Some(dir), _) => (dir.join("run.toml"), dir.clone()),
            (None, Some(file)) => (file.clone(), self.out.clone().unwrap_or_else(|| fresh_folder(file))),
            (None, None) => anyhow::bail!("expected a run file or --resume DIR"),
        };
        let run = RunConfig::load(&file)?;
        let dir = std::path::absolute(&dir).unwrap_or(dir);
        let job = JobSpec::Train(Box::new(TrainJob { run, dir: dir.clone(), device: self.compute.device }));
        check_paths(std::slice::from_ref(&job)).with_context(|| format!("run {}", file.display()))?;
        let mut runner = Runner::start(self.compute.worker());
        runner.run(vec![job], |_, _| {
            let weights = dir.join("checkpoints/last.safetensors");
            if self.json {
                say(&json!({ "run": dir, "last": weights }).to_string());
            } else {
                say(&format!("{}", weights.display()));
            }
            Ok(())
        })?;
        runner.verdict()
    }
}

/// `runs/<name of the run file>`, or with the first number that is free.
fn fresh_folder(file: &Path) -> PathBuf {
    let name = safe_name(&file.file_stem().unwrap_or_default().to_string_lossy());
    let runs = Path::new("runs");
    let numbered = (2..).map(|number| runs.join(format!("{name}-{number}")));
    std::iter::once(runs.join(&name)).chain(numbered).find(|dir| !dir.exists()).unwrap_or_else(|| runs.join(&name))
}
