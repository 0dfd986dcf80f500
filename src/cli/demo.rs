//! `flatland demo`

use std::path::PathBuf;

use clap::Args;

use super::figures::{Target, draw};
use super::options::{ComputeOptions, plan};
use super::runner::Runner;
use super::{embed, hessian, landscape, score, sharpness};
use flatland_core::job::{Analysis, JobSpec, PlanOptions, demo_session};
use flatland_core::result::{cell_cache, gather_scores};
use flatland_core::session::Session;

/// Arguments of `flatland demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// Folder of the results and figures.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// One JSON object a result on stdout.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    compute: ComputeOptions,
}

impl Demo {
    /// All analyses of every demo checkpoint, and their figures.
    pub(super) fn run(&self) -> anyhow::Result<()> {
        let path = demo_session()?;
        let session = Session::load(&path)?;
        let options = PlanOptions { device: self.compute.device, cells: Some(cell_cache()), ..PlanOptions::default() };
        let mut jobs = Vec::new();
        for analysis in Analysis::of(&session) {
            jobs.extend(plan(&session, &path, analysis, &self.out, &options)?);
        }
        let mut runner = Runner::start(self.compute.worker());
        runner.run(jobs.clone(), |job, _| match job {
            JobSpec::Landscape(_) => landscape::tell(job, self.json),
            JobSpec::Sharpness(_) => sharpness::tell(job, self.json),
            JobSpec::Hessian(_) => hessian::tell(job, self.json),
            JobSpec::Embedding(_) => embed::tell(job, self.json),
            JobSpec::Score(_)
            | JobSpec::Inspect { .. }
            | JobSpec::Methods
            | JobSpec::Pace { .. }
            | JobSpec::Weights(_)
            | JobSpec::Conformance(_) => score::tell(job, self.json),
        })?;
        gather_scores(&self.out, session.checkpoints.iter().map(|entry| entry.name.as_str()))?;
        draw(&session, &jobs, &Target { out: &self.out, session: &path, report: true, json: self.json })?;
        runner.verdict()
    }
}
