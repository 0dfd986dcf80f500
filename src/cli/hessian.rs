//! `flatland hessian`

use clap::Args;
use serde_json::json;

use super::options::SessionOptions;
use super::runner::Runner;
use super::say;
use crate::job::{Analysis, JobSpec, PlanOptions};
use crate::result::HessianSpectrum;

/// Arguments of `flatland hessian`.
#[derive(Debug, Args)]
pub struct Hessian {
    #[command(flatten)]
    session: SessionOptions,
    /// Also write the unit eigenvectors (`eigenvector_<k>.npz`, `eigenvector_min.npz`, tensors named as in the state dict) and the plane
    /// of the top two, `directions.npz`, for `flatland landscape --directions`.
    #[arg(long)]
    save_eigenvectors: bool,
}

impl Hessian {
    /// Computes the spectra; a session without `[hessian]` gets the defaults.
    pub(super) fn run(&self) -> anyhow::Result<()> {
        let options = &self.session;
        let choices = PlanOptions { save_eigenvectors: self.save_eigenvectors, ..options.plan_options() };
        let jobs = options.plan(&options.load()?, Analysis::Hessian, &choices)?;
        let mut runner = Runner::start(options.compute.worker());
        runner.run(jobs, |job, _| tell(job, options.json))?;
        runner.verdict()
    }
}

/// The result of one job in a line.
pub(super) fn tell(job: &JobSpec, json: bool) -> anyhow::Result<()> {
    let JobSpec::Hessian(job) = job else { return Ok(()) };
    let spectrum = HessianSpectrum::load(&job.out)?;
    if json {
        let mut object = serde_json::to_value(&spectrum)?;
        object["out"] = json!(job.out);
        say(&object.to_string());
        return Ok(());
    }
    let mut facts: Vec<String> = Vec::new();
    facts.extend(spectrum.lambda_max().map(|top| format!("λ_max {:.4} (residual {:.1e})", top.value, top.residual)));
    facts.push(format!("λ_min {:.4} (residual {:.1e})", spectrum.lambda_min.value, spectrum.lambda_min.residual));
    facts.extend(spectrum.trace.map(|trace| format!("trace {:.4} ± {:.4}", trace.value, trace.std_error)));
    if !spectrum.converged {
        facts.push(format!("not converged in {} Lanczos steps: raise `lanczos_steps`", spectrum.lanczos_steps));
    }
    let path = job.out.join("hessian.json");
    say(&format!("{} on {}: {} ({})", spectrum.checkpoint, spectrum.dataset, facts.join(", "), path.display()));
    Ok(())
}
