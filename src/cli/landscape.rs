//! `flatland landscape`

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use serde_json::json;

use super::options::SessionOptions;
use super::output::say;
use super::runner::{Runner, cost_text};
use crate::figure::number::{plain, plain_signed, terminal};
use crate::figure::{barrier_remark, barrier_text};
use flatland_core::job::{Analysis, JobSpec, LandscapeJob, Named, PlanOptions, WeightsJob, check_paths};
use flatland_core::result::{LandscapeBand, LandscapeManifest, LossBarrier, LossSurface, Quantity};
use flatland_core::session::{DirectionSettings, Preset};

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
    /// So many random planes, with seeds SEED, SEED + 1, ...: mean and standard deviation in landscape_band.npz.
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(1..))]
    planes: Option<u32>,
    /// Definition of random directions; replaces `[landscape.directions]` of the session.
    #[arg(long, value_name = "NAME", value_parser = preset)]
    preset: Option<Preset>,
    /// Instead of the landscape write the weights at α, β of its plane as a checkpoint: OUT/<checkpoint>/weights.safetensors.
    #[arg(long, value_name = "ALPHA,BETA", value_parser = point, allow_hyphen_values = true, conflicts_with = "estimate")]
    weights_at: Option<[f64; 2]>,
    /// Only tell the time and memory that it would take, from one evaluation of θ; cells that are in the cache cost nothing.
    #[arg(long)]
    estimate: bool,
}

fn preset(text: &str) -> Result<Preset, String> {
    let known = "li2018, tomgoldstein, loss_landscapes, lla, landscaper, xxxnell or pascalsun";
    serde_json::from_value(text.into()).map_err(|_| format!("expected {known}"))
}

fn point(text: &str) -> Result<[f64; 2], String> {
    // A zero has no sign.
    let number = |part: &str| part.trim().parse().ok().map(|x: f64| x + 0.0);
    let numbers: Vec<f64> = text.split(',').filter_map(number).filter(|x| x.is_finite()).collect();
    <[f64; 2]>::try_from(numbers).map_err(|_| "expected two numbers, as in 0.5,-0.25".into())
}

impl Landscape {
    /// Computes the landscapes.
    pub(super) fn run(&self) -> anyhow::Result<()> {
        let options = &self.session;
        let choices = PlanOptions { save_directions: self.save_directions, directions: self.directions.clone(), ..options.plan_options() };
        let jobs = if options.session.extension().is_some_and(|extension| extension == "json") {
            vec![self.again()?]
        } else {
            let mut session = options.load()?;
            if let Some(planes) = self.planes {
                session.landscape.planes = planes as usize;
            }
            if let Some(preset) = self.preset {
                session.landscape.directions = DirectionSettings { preset, ..DirectionSettings::default() };
            }
            options.plan(&session, Analysis::Landscape, &choices)?
        };
        let in_input_space = |job: &JobSpec| matches!(job, JobSpec::Landscape(job) if job.plane.axes.input().is_some());
        if self.weights_at.is_some() && jobs.iter().any(in_input_space) {
            anyhow::bail!("expected a plane of weights for --weights-at, found one in input space, where weights stay as they are");
        }
        let mut runner = Runner::start(options.landscape_worker());
        if let Some(at) = self.weights_at {
            let weights = |job| {
                let JobSpec::Landscape(landscape) = job else { return None };
                let file = landscape.out.join("weights.safetensors");
                Some(JobSpec::Weights(Box::new(WeightsJob { landscape, at, file })))
            };
            runner.run(jobs.into_iter().filter_map(weights).collect(), |job, _| {
                if let JobSpec::Weights(job) = job {
                    tell_weights(job, options.json);
                }
                Ok(())
            })?;
        } else if self.estimate {
            for job in jobs {
                tell_cost(&job, runner.cost(job.clone())?, options.json);
            }
        } else {
            runner.run(jobs, |job, _| tell(job, options.json))?;
        }
        runner.verdict()
    }

    /// The job of a `landscape.json`.
    fn again(&self) -> anyhow::Result<JobSpec> {
        let path = &self.session.session;
        let named = || path.display().to_string();
        let text = std::fs::read_to_string(path).with_context(named)?;
        let manifest: LandscapeManifest = serde_json::from_str(&text).with_context(named)?;
        let out = std::path::absolute(&self.session.out)?;
        let job = LandscapeJob::of_manifest(&manifest, out).map_err(anyhow::Error::msg).with_context(named)?;
        let job = JobSpec::Landscape(LandscapeJob { cells: self.session.plan_options().cells, ..job });
        check_paths(std::slice::from_ref(&job)).with_context(named)?;
        Ok(job)
    }
}

/// What one job would take in a line; nothing where it failed.
fn tell_cost(job: &JobSpec, cost: Option<(f64, u64)>, json: bool) {
    let (JobSpec::Landscape(job), Some((seconds, bytes))) = (job, cost) else { return };
    let (checkpoint, dataset) = (&job.checkpoint.name, &job.dataset.source.name);
    if json {
        say(&json!({ "checkpoint": checkpoint, "dataset": dataset, "seconds": seconds, "bytes": bytes }).to_string());
    } else {
        say(&format!("{checkpoint} on {dataset}: {}", cost_text(seconds, bytes)));
    }
}

fn tell_weights(job: &WeightsJob, json: bool) {
    let (checkpoint, [alpha, beta]) = (&job.landscape.checkpoint.name, job.at);
    if json {
        say(&json!({ "checkpoint": checkpoint, "alpha": alpha, "beta": beta, "weights": job.file }).to_string());
    } else {
        say(&format!("{checkpoint} at α = {alpha}, β = {beta}: {}", job.file.display()));
    }
}

/// The predicted classes of a landscape in input space with their shares of its cells, largest first; empty of other landscapes.
fn regions(surface: &LossSurface) -> Vec<(String, f64)> {
    let Some(map) = surface.maps.get(&Quantity::Prediction) else { return Vec::new() };
    let mut cells: BTreeMap<usize, usize> = BTreeMap::new();
    for &class in map.value.iter().filter(|class| class.is_finite()) {
        *cells.entry(class as usize).or_default() += 1;
    }
    let mut shares: Vec<(String, f64)> =
        cells.into_iter().map(|(class, n)| (surface.class_name(class), n as f64 / map.value.len() as f64)).collect();
    shares.sort_by(|a, b| b.1.total_cmp(&a.1));
    shares
}

/// The loss barrier of a line between two checkpoints with what is known of it, and `missing` for the rest; null of other landscapes.
fn barrier(surface: &LossSurface) -> serde_json::Value {
    match &surface.barrier {
        None => serde_json::Value::Null,
        Some(Err(missing)) => json!({ "missing": missing }),
        Some(Ok(LossBarrier { height, rise, t, std_error, samples })) => json!({
            "height": height, "rise": rise, "t": t, "std_error": std_error.as_ref().ok(), "samples": samples,
            "missing": std_error.as_ref().err(), "remark": barrier_remark(surface),
        }),
    }
}

/// The result of one job in a line.
pub(super) fn tell(spec: &JobSpec, json: bool) -> anyhow::Result<()> {
    let JobSpec::Landscape(job) = spec else { return Ok(()) };
    let surface = LossSurface::load(&job.out)?.named(spec);
    let (low, high) = surface.range().unwrap_or((f64::NAN, f64::NAN));
    let (a, b) = (surface.alpha.len(), surface.beta.len());
    let band = if job.plane.planes > 1 { Some(LandscapeBand::load(&job.out)?) } else { None };
    let cut: Vec<_> = band.iter().flat_map(|band| band.cut()).collect();
    if json {
        let cut: Vec<_> = cut.iter().map(|(alpha, mean, std)| json!({ "alpha": alpha, "mean": mean, "std": std })).collect();
        say(&json!({
            "checkpoint": job.checkpoint.name, "dataset": job.dataset.source.name, "out": job.out, "grid": [a, b],
            "computed": surface.computed(), "samples": surface.manifest.samples, "center_loss": surface.manifest.center_loss,
            "lowest_loss": low, "highest_loss": high, "definition": surface.manifest.definition, "plane": surface.manifest.plane,
            "planes": job.plane.planes, "band": cut, "input": surface.manifest.input, "regions": regions(&surface),
            "barrier": barrier(&surface), "unreadable": surface.manifest.unreadable,
        })
        .to_string());
    } else {
        say(&format!(
            "{} on {}: {a}x{b} cells, loss {} to {}, {} at the centre ({})",
            job.checkpoint.name,
            job.dataset.source.name,
            terminal(low, 5),
            terminal(high, 5),
            terminal(surface.manifest.center_loss, 5),
            job.out.join("landscape.npz").display()
        ));
        for said in [barrier_text(&surface), barrier_remark(&surface)].into_iter().flatten() {
            say(&format!("  {said}"));
        }
        if let Some(input) = &surface.manifest.input {
            let shares: Vec<String> = regions(&surface).iter().map(|(name, share)| format!("{name} {:.1} %", 100.0 * share)).collect();
            say(&format!("  around image {} ({}): {}", input.image, input.classes_said(), shares.join(", ")));
        }
        if let Some(plane) = surface.manifest.plane.as_ref().filter(|plane| !plane.explained_variance.is_empty()) {
            let shares: Vec<String> = plane.explained_variance.iter().take(2).map(|share| format!("{:.1} %", 100.0 * share)).collect();
            let order = if plane.order.is_empty() { String::new() } else { format!(", ordered {}", plane.order) };
            let n = plane.trajectory.len();
            say(&format!("  {} of the variance of the {n} checkpoints of the trajectory{order}", shares.join(" + ")));
        }
        for point in surface.manifest.plane.iter().flat_map(|plane| plane.points.iter().chain(&plane.trajectory)) {
            let loss = point.loss.map_or(String::new(), |loss| format!(", its own loss {}", terminal(loss, 5)));
            say(&format!(
                "  {} at α = {}, β = {}, {} beside the plane{loss}",
                point.name,
                plain(point.alpha, 3),
                plain(point.beta, 3),
                terminal(point.distance, 4)
            ));
        }
        for file in surface.manifest.plane.iter().flat_map(|plane| &plane.left_out) {
            say(&format!("  left out of the trajectory: {} ({})", file.path.display(), file.reason));
        }
        if let Some(band) = &band {
            say(&format!("  over {} planes along α ({}):", band.manifest.seeds.len(), job.out.join("landscape_band.npz").display()));
            for (alpha, mean, std) in &cut {
                say(&format!("  α = {}: {} ± {}", plain_signed(*alpha, 3), terminal(*mean, 5), terminal(*std, 2)));
            }
        }
    }
    Ok(())
}
