//! `flatland sharpness`

use clap::Args;
use serde_json::json;

use super::options::{LayerOptions, SessionOptions};
use super::output::say;
use super::runner::Runner;
use crate::figure::number::{count, terminal};
use flatland_core::job::{Analysis, JobSpec, PlanOptions};
use flatland_core::result::{SharpnessCurve, SharpnessPoint};

/// Arguments of `flatland sharpness`.
#[derive(Debug, Args)]
pub struct Sharpness {
    #[command(flatten)]
    session: SessionOptions,
    /// Also write the best ε of every ρ as `epsilon_<rho>.npz`, tensors named as in the state dict.
    #[arg(long)]
    save_perturbations: bool,
    #[command(flatten)]
    layers: LayerOptions,
}

impl Sharpness {
    /// Computes the curves.
    pub(super) fn run(&self) -> anyhow::Result<()> {
        let options = &self.session;
        let choices = PlanOptions { save_perturbations: self.save_perturbations, ..options.plan_options() };
        let mut session = options.load()?;
        self.layers.apply(&mut session.sharpness.layers, &mut session.sharpness.per_layer);
        let jobs = options.plan(&session, Analysis::Sharpness, &choices)?;
        let mut runner = Runner::start(options.compute.worker());
        runner.run(jobs, |job, _| tell(job, options.json))?;
        runner.verdict()
    }
}

/// The result of one job in a line.
pub(super) fn tell(job: &JobSpec, json: bool) -> anyhow::Result<()> {
    let JobSpec::Sharpness(job) = job else { return Ok(()) };
    let curve = SharpnessCurve::load(&job.out)?;
    if json {
        let mut object = serde_json::to_value(&curve)?;
        object["out"] = json!(job.out);
        say(&object.to_string());
    } else {
        let (name, sign) = if curve.is_average() {
            ("mean S", "=")
        } else if curve.m.is_some() {
            ("S_m", "≥")
        } else {
            ("S", "≥")
        };
        let point = |point: &SharpnessPoint| match point.stuck() {
            Some(_) => format!("{name}({}): no ε found", point.rho),
            None => format!("{name}({}) {sign} {}", point.rho, terminal(point.sharpness, 4)),
        };
        let points = |points: &[SharpnessPoint]| points.iter().map(point).collect::<Vec<_>>().join(", ");
        let path = job.out.join("sharpness.json");
        say(&format!("{} on {}: {} ({})", curve.checkpoint, curve.dataset, points(&curve.points), path.display()));
        if let Some(warning) = &curve.warning {
            say(&format!("  {warning}"));
        }
        for layer in &curve.layers {
            say(&format!("  {}, {} parameters: {}", layer.name, count(layer.parameters as u64), points(&layer.points)));
        }
    }
    Ok(())
}
