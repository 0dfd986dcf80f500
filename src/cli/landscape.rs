//! `flatland landscape`

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::options::SessionOptions;
use super::runner::Runner;
use super::say;
use crate::job::{Analysis, JobSpec, PlanOptions};
use crate::result::LossSurface;

/// Arguments of `flatland landscape`.
#[derive(Debug, Args)]
pub struct Landscape {
    #[command(flatten)]
    session: SessionOptions,
    /// Also write directions.npz: `delta/<tensor>` and `eta/<tensor>`.
    #[arg(long)]
    save_directions: bool,
    /// Evaluate the plane of this directions.npz instead of drawing one.
    #[arg(long, value_name = "FILE")]
    directions: Option<PathBuf>,
}

impl Landscape {
    /// Computes the landscapes.
    pub(super) fn run(&self) -> anyhow::Result<()> {
        let options = &self.session;
        let choices = PlanOptions { save_directions: self.save_directions, directions: self.directions.clone(), ..options.plan_options() };
        let jobs = options.plan(&options.load()?, Analysis::Landscape, &choices)?;
        let mut runner = Runner::start(options.compute.worker());
        runner.run(jobs, |job, _| tell(job, options.json))?;
        runner.verdict()
    }
}

/// The result of one job in a line.
pub(super) fn tell(job: &JobSpec, json: bool) -> anyhow::Result<()> {
    let JobSpec::Landscape(job) = job else { return Ok(()) };
    let surface = LossSurface::load(&job.out)?;
    let (low, high) = surface.range().unwrap_or((f64::NAN, f64::NAN));
    let (a, b) = (surface.alpha.len(), surface.beta.len());
    if json {
        say(&json!({
            "checkpoint": job.checkpoint.name, "dataset": job.dataset.source.name, "out": job.out, "grid": [a, b],
            "computed": surface.computed(), "samples": surface.manifest.samples, "center_loss": surface.manifest.center_loss,
            "lowest_loss": low, "highest_loss": high,
        })
        .to_string());
    } else {
        say(&format!(
            "{} on {}: {a}x{b} cells, loss {low:.4} to {high:.4}, {:.4} at the centre ({})",
            job.checkpoint.name,
            job.dataset.source.name,
            surface.manifest.center_loss,
            job.out.join("landscape.npz").display()
        ));
    }
    Ok(())
}
