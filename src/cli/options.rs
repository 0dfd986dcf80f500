//! Flags that several subcommands share.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;

use flatland_core::job::{self, Analysis, Device, JobSpec, PlanOptions, Precision, WorkerOptions};
use flatland_core::result::cell_cache;
use flatland_core::session::Session;

/// Where and how to compute.
#[derive(Clone, Debug, Args)]
pub struct ComputeOptions {
    /// auto (the first GPU when there is one), cpu, or cuda:N.
    #[arg(long, default_value = "auto")]
    pub device: Device,
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
    /// Arithmetic of the forward passes of landscapes: f32; for pictures of them tf32 (TensorFloat-32 convolutions on a GPU) or bf16. All
    /// other analyses stay in f32.
    #[arg(long, default_value = "f32")]
    pub precision: Precision,
    #[command(flatten)]
    pub compute: ComputeOptions,
}

impl SessionOptions {
    /// How to start the worker of landscapes. A worker for TF32 computes everything on a GPU in TF32, so the other analyses need another one.
    pub fn landscape_worker(&self) -> WorkerOptions {
        WorkerOptions { tf32: self.precision == Precision::Tf32, ..self.compute.worker() }
    }

    /// The choices that these flags make.
    pub fn plan_options(&self) -> PlanOptions {
        PlanOptions {
            checkpoints: self.checkpoint.clone(),
            datasets: self.dataset.clone(),
            samples: self.samples.map(|n| n as usize),
            seed: self.seed,
            device: self.compute.device,
            precision: self.precision,
            cells: (!self.no_cache).then(cell_cache),
            ..PlanOptions::default()
        }
    }

    /// The jobs of one analysis, whose files all exist.
    pub fn plan(&self, session: &Session, analysis: Analysis, options: &PlanOptions) -> anyhow::Result<Vec<JobSpec>> {
        plan(session, &self.session, analysis, &self.out, options)
    }

    /// Reads the session, and prints its assumptions.
    pub fn load(&self) -> anyhow::Result<Session> {
        load(&self.session)
    }
}

/// Reads the session at `path`, and prints its assumptions to stderr.
pub fn load(path: &Path) -> anyhow::Result<Session> {
    let session = Session::load(path)?;
    for assumption in session.assumptions() {
        eprintln!("assumed: {assumption} ({})", path.display());
    }
    Ok(session)
}

/// The jobs of one analysis, whose files all exist; errors name the session file.
pub fn plan(session: &Session, path: &Path, analysis: Analysis, out: &Path, options: &PlanOptions) -> anyhow::Result<Vec<JobSpec>> {
    let context = || format!("session {}", path.display());
    let jobs = job::plan(session, analysis, out, options).with_context(context)?;
    job::check_paths(&jobs).with_context(context)?;
    Ok(jobs)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        session: SessionOptions,
    }

    #[test]
    fn a_worker_is_started_for_the_precision_that_its_landscapes_ask_for() {
        for (text, precision, tf32) in [("f32", Precision::F32, false), ("tf32", Precision::Tf32, true), ("bf16", Precision::Bf16, false)] {
            let line = Line::try_parse_from(["x", "s.toml", "--out", "out", "--precision", text, "--threads", "3"]).unwrap();
            assert_eq!(line.session.plan_options().precision, precision);
            assert_eq!((line.session.landscape_worker().tf32, line.session.landscape_worker().threads), (tf32, Some(3)));
            assert!(!line.session.compute.worker().tf32, "other analyses stay in f32");
        }
    }
}

/// Which layers move.
#[derive(Debug, Args)]
pub struct LayerOptions {
    /// Only parameters that match this glob move, e.g. `layer3.*` (repeatable); replaces `layers` of the session.
    #[arg(long, value_name = "GLOB")]
    layers: Vec<String>,
    /// Also each layer alone: which layer is sharp.
    #[arg(long)]
    per_layer: bool,
}

impl LayerOptions {
    /// Puts what was asked for in the place of the session's.
    pub(super) fn apply(&self, layers: &mut Vec<String>, per_layer: &mut bool) {
        if !self.layers.is_empty() {
            layers.clone_from(&self.layers);
        }
        *per_layer |= self.per_layer;
    }
}
