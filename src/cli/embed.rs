//! `flatland embed`

use clap::Args;
use serde_json::json;

use super::options::SessionOptions;
use super::output::say;
use super::runner::Runner;
use flatland_core::job::{Analysis, JobSpec};
use flatland_core::result::Embedding;

/// Arguments of `flatland embed`.
#[derive(Debug, Args)]
pub struct Embed {
    #[command(flatten)]
    session: SessionOptions,
}

impl Embed {
    /// Computes the embeddings.
    pub(super) fn run(&self) -> anyhow::Result<()> {
        let options = &self.session;
        let jobs = options.plan(&options.load()?, Analysis::Embedding, &options.plan_options())?;
        let mut runner = Runner::start(options.compute.worker());
        runner.run(jobs, |job, _| tell(job, options.json))?;
        runner.verdict()
    }
}

/// The result of one job in a line.
pub(super) fn tell(job: &JobSpec, json: bool) -> anyhow::Result<()> {
    let JobSpec::Embedding(job) = job else { return Ok(()) };
    let embedding = Embedding::load(&job.out)?;
    let datasets: Vec<&str> = job.datasets.iter().map(|dataset| dataset.source.name.as_str()).collect();
    if json {
        say(&json!({
            "checkpoint": job.checkpoint.name, "datasets": datasets, "out": job.out, "images": embedding.len(),
            "features": embedding.feature_dim, "classes": embedding.classes, "unreadable": embedding.unreadable,
            "engine": embedding.picture.engine.key(), "perplexity": embedding.picture.perplexity, "reason": embedding.picture.reason,
        })
        .to_string());
    } else {
        say(&format!(
            "{}: {} of {} images of {}, {} features ({})",
            job.checkpoint.name,
            embedding.picture.describe(),
            embedding.len(),
            datasets.join(", "),
            embedding.feature_dim,
            job.out.join("embedding.npz").display()
        ));
    }
    Ok(())
}
