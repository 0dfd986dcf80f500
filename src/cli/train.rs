//! `flatland train`

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use serde_json::json;

use super::options::ComputeOptions;
use super::output::say;
use super::sweep;
use super::watch::Watch;
use flatland_core::job::runs::{self, RunOptions};
use flatland_core::job::{RunConfig, RunFolder};
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
    /// Starts the run as a process of its own and follows it to its end. Ctrl-C stops it after the current step.
    pub(super) fn run(&self) -> anyhow::Result<()> {
        let options = RunOptions { device: self.compute.device, worker: self.compute.worker() };
        if let Some(file) = &self.sweep {
            let out = self.out.clone().unwrap_or_else(|| Path::new("runs").join(name_of(file)));
            return sweep::run(file, &out, &options, self.json);
        }
        let folder = match (&self.resume, &self.run) {
            (Some(dir), _) => {
                runs::resume(dir, &options)?;
                RunFolder::new(dir)
            }
            (None, Some(file)) => {
                let run = RunConfig::load(file)?;
                for assumption in run.assumptions() {
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
