//! Flags that several subcommands share.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, ValueEnum};

use crate::job::{self, Analysis, Device, JobSpec, PlanOptions, WorkerOptions};
use crate::result::cell_cache;
use crate::session::Session;

/// Where and how to compute.
#[derive(Clone, Debug, Args)]
pub struct ComputeOptions {
    /// auto (the first GPU when there is one), cpu, or cuda:N.
    #[arg(long, default_value = "auto")]
    pub device: Device,
    /// Arithmetic of the forward passes.
    #[arg(long, default_value = "f32")]
    pub precision: Precision,
    /// Threads of the arithmetic; all cores when absent.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub threads: Option<u32>,
}

impl ComputeOptions {
    /// How to start the worker.
    pub fn worker(&self) -> WorkerOptions {
        WorkerOptions { threads: self.threads.map(|n| n as usize), ..WorkerOptions::default() }
    }
}

/// Which part of a session, and where to put the results.
#[derive(Clone, Debug, Args)]
pub struct SessionOptions {
    /// The session file (*.toml).
    pub session: PathBuf,
    /// Folder of the results.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Only this checkpoint (repeatable).
    #[arg(long, value_name = "NAME")]
    pub checkpoint: Vec<String>,
    /// This dataset instead of those that the session chooses (repeatable).
    #[arg(long, value_name = "NAME")]
    pub dataset: Vec<String>,
    /// At most so many images of every dataset.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub samples: Option<u32>,
    /// Replaces the session's seed.
    #[arg(long, value_name = "SEED")]
    pub seed: Option<u64>,
    /// One JSON object a result on stdout.
    #[arg(long)]
    pub json: bool,
    /// Neither take cells of landscapes from the user's cache nor keep them there.
    #[arg(long)]
    pub no_cache: bool,
    #[command(flatten)]
    pub compute: ComputeOptions,
}

impl SessionOptions {
    /// The choices that these flags make.
    pub fn plan_options(&self) -> PlanOptions {
        PlanOptions {
            checkpoints: self.checkpoint.clone(),
            datasets: self.dataset.clone(),
            samples: self.samples.map(|n| n as usize),
            seed: self.seed,
            device: self.compute.device,
            precision: match self.compute.precision {
                Precision::F32 => job::Precision::F32,
                Precision::Tf32 => job::Precision::Tf32,
                Precision::Bf16 => job::Precision::Bf16,
            },
            cells: (!self.no_cache).then(cell_cache),
            ..PlanOptions::default()
        }
    }

    /// The jobs of one analysis, all of whose files are there.
    pub fn plan(&self, session: &Session, analysis: Analysis, options: &PlanOptions) -> anyhow::Result<Vec<JobSpec>> {
        plan(session, &self.session, analysis, &self.out, options)
    }

    /// Reads the session.
    pub fn load(&self) -> anyhow::Result<Session> {
        Ok(Session::load(&self.session)?)
    }
}

/// The jobs of one analysis, all of whose files are there; complaints name the session file.
pub fn plan(session: &Session, path: &Path, analysis: Analysis, out: &Path, options: &PlanOptions) -> anyhow::Result<Vec<JobSpec>> {
    let context = || format!("session {}", path.display());
    let jobs = job::plan(session, analysis, out, options).with_context(context)?;
    job::check_paths(&jobs).with_context(context)?;
    Ok(jobs)
}

/// Arithmetic of the forward passes.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Precision {
    /// IEEE float32.
    F32,
    /// TensorFloat-32 convolutions on a GPU, for pictures of landscapes; everything else stays in float32.
    Tf32,
    /// bfloat16 forward passes, for pictures of landscapes; everything else stays in float32.
    Bf16,
}
