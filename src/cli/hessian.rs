//! `flatland hessian`

use clap::Args;
use serde_json::json;

use super::options::{LayerOptions, SessionOptions};
use super::output::say;
use super::runner::Runner;
use crate::figure::number::{count, terminal};
use flatland_core::job::{Analysis, JobSpec, PlanOptions};
use flatland_core::result::{Eigenvalue, HessianSpectrum, LayerCurvature};

/// Arguments of `flatland hessian`.
#[derive(Debug, Args)]
pub struct Hessian {
    #[command(flatten)]
    session: SessionOptions,
    /// Also write the unit eigenvectors (`eigenvector_<k>.npz`, `eigenvector_min.npz`, tensors named as in the state dict) and the plane
    /// of the top two, `directions.npz`, for `flatland landscape --directions`.
    #[arg(long)]
    save_eigenvectors: bool,
    #[command(flatten)]
    layers: LayerOptions,
}

impl Hessian {
    /// Computes the spectra; a session without `[hessian]` gets the defaults.
    pub(super) fn run(&self) -> anyhow::Result<()> {
        let options = &self.session;
        let choices = PlanOptions { save_eigenvectors: self.save_eigenvectors, ..options.plan_options() };
        let mut session = options.load()?;
        let settings = session.hessian.get_or_insert_default();
        self.layers.apply(&mut settings.layers, &mut settings.per_layer);
        let jobs = options.plan(&session, Analysis::Hessian, &choices)?;
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
    let path = job.out.join("hessian.json");
    say(&format!("{} on {}: {} ({})", spectrum.checkpoint, spectrum.dataset, facts(&spectrum).join(", "), path.display()));
    if let Some(warning) = &spectrum.warning {
        say(&format!("  {warning}"));
    }
    for layer in &spectrum.layers {
        say(&format!("  {}", of_layer(layer)));
    }
    Ok(())
}

/// `layer3.0.conv1, 2,304 parameters: λ_max 3.1 (residual 0.01), trace per parameter 0.02 ± 0.001`
fn of_layer(layer: &LayerCurvature) -> String {
    let LayerCurvature { name, parameters, lambda_max, converged, .. } = layer;
    let trace = layer
        .mean_eigenvalue()
        .map_or(String::new(), |(mean, error)| format!(", trace per parameter {} ± {}", terminal(mean, 4), terminal(error, 2)));
    let open = if *converged { "" } else { ", not converged" };
    let (value, residual) = (terminal(lambda_max.value, 4), terminal(lambda_max.residual, 2));
    format!("{name}, {} parameters: λ_max {value} (residual {residual}{open}){trace}", count(*parameters as u64))
}

fn facts(spectrum: &HessianSpectrum) -> Vec<String> {
    let eigenvalue = |found: Eigenvalue| format!("{} (residual {})", terminal(found.value, 6), terminal(found.residual, 2));
    let mut facts: Vec<String> = Vec::new();
    facts.extend(spectrum.lambda_max().map(|top| format!("λ_max {}", eigenvalue(top))));
    facts.push(format!("λ_min {}", eigenvalue(spectrum.lambda_min)));
    facts.extend(spectrum.trace.map(|trace| format!("trace {} ± {}", terminal(trace.value, 6), terminal(trace.std_error, 2))));
    if !spectrum.converged {
        facts.push(format!("not converged in {} Lanczos steps: raise `lanczos_steps`", spectrum.lanczos_steps));
    }
    facts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_negative_eigenvalue_is_no_negative_zero() {
        let spectrum = HessianSpectrum {
            top: vec![Eigenvalue { value: 14.780_123, residual: 1.3e-3 }],
            lambda_min: Eigenvalue { value: -2.0e-7, residual: 4e-8 },
            converged: true,
            ..HessianSpectrum::default()
        };
        assert_eq!(facts(&spectrum), ["λ_max 14.7801 (residual 0.0013)", "λ_min -2.00000e-7 (residual 4.0e-8)"]);
        let nothing = HessianSpectrum { lambda_min: Eigenvalue { value: -0.0, residual: 0.0 }, ..spectrum };
        assert_eq!(facts(&nothing)[1], "λ_min 0.00000 (residual 0.0)");
    }
}
