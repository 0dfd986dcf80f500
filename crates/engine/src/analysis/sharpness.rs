//! S(ρ) = max over ‖T⁻¹ε‖ ≤ ρ of the mean of L(θ+ε) − L(θ): lower bounds by several searches, and averages over random ε.
//!
//! All parameters move, or those of some layers, or those of each layer alone, under one global norm (l2 or l∞) seen through a diagonal T;
//! BatchNorm is frozen; arithmetic is f32 (never less: rounding weights to bf16 moves them farther than a small ρ). By default the mean is over all images; with m, every batch of m images
//! has an ε of its own (m-sharpness). Any ε found proves a lower bound, and what is claimed is measured at the f32 ε that is saved.
//! Balls are nested, so the best value of a smaller ball is a lower bound for a larger one, and the curve never falls. A single SAM step
//! and averages are reported unchanged. Each search is a file of its own; `ball` holds the geometry.
//! Not here: upper bounds.

mod ascent;
mod ball;
mod continuation;
mod random;
mod sam;
mod search;
mod second_order;

use flatland_core::job::{JobEvent, ProgressMeter, Reporter, SharpnessJob, label_record, unreadable_images};
use flatland_core::metric::mean_std_error;
use flatland_core::result::{LayerSharpness, SecondOrder, SharpnessCurve, SharpnessPoint, Stuck, Unmoved};
use flatland_core::session::{Estimator, SharpnessSettings};
use rand::seq::SliceRandom;
use tch::Tensor;

use super::flat::{draws, embedded, save_tensors};
use super::objective::Objective;
use super::{AnalysisError, Loss, layers};
use crate::model::{Network, Samples};
use ball::Ball;
use search::{Found, Search, mean};

/// Estimates a curve of S(ρ) and writes `sharpness.json` (and the perturbations on request) into `job.out`.
///
/// # Errors
/// When settings or labels are not as they must be, a glob matches no parameter, L(θ) is not finite, the job is cancelled, or a file cannot be
/// written.
pub fn run(network: &Network, samples: &Samples, job: &SharpnessJob, reporter: &mut dyn Reporter) -> Result<(), AnalysisError> {
    let settings = &job.settings;
    settings.check().map_err(|message| AnalysisError::Invalid(format!("sharpness: {message}")))?;
    let mut radii = settings.rho.clone();
    radii.sort_by(f64::total_cmp);
    radii.dedup();
    let parameters = layers::chosen(&settings.layers, network.parameter_names(), ["sharpness", "layers"])?;
    let layers = if settings.per_layer { layers::of(&parameters) } else { Vec::new() };
    let shuffled = shuffled(samples, settings, job.seed)?;
    let samples = shuffled.as_ref().unwrap_or(samples);
    let batches = parts(samples.len(), settings.m).len();
    let evaluations = batches * radii.len() * evaluations_per_radius(settings) * (1 + layers.len());
    let meter = ProgressMeter::new("steps", format!("sharpness on {}", samples.dataset.name), 0, evaluations as u64);
    let mut context = SearchContext { network, samples, radii, meter, before: 0 };
    let whole = context.measure(&parameters, job, true, reporter)?;
    // The overlay and the perturbations are of all parameters that move together.
    let settings_of_layers = SharpnessSettings { second_order: false, ..settings.clone() };
    let of_layer = SharpnessJob { settings: settings_of_layers, save_perturbations: false, ..job.clone() };
    let mut found = Vec::with_capacity(layers.len());
    for layer in &layers {
        let Measured { theta_norm, parameters, points, .. } = context.measure(&layer.parameters, &of_layer, false, reporter)?;
        found.push(LayerSharpness { name: layer.name.to_owned(), parameters, theta_norm, points });
    }
    let curve = SharpnessCurve {
        checkpoint: job.checkpoint.name.clone(),
        dataset: samples.dataset.name.clone(),
        center_loss: whole.center_loss,
        theta_norm: whole.theta_norm,
        samples: samples.len(),
        labels: Some(label_record(&samples.dataset)),
        unreadable: unreadable_images(&samples.dataset),
        gradient_norm: Some(whole.gradient_norm),
        second_order: whole.second_order,
        points: whole.points,
        layers: found,
        ..described(settings, samples.len())
    };
    let curve = SharpnessCurve { warning: curve.unmoved(), ..curve };
    if let Some(message) = &curve.warning {
        reporter.report(JobEvent::Warning { message: message.clone() });
    }
    Ok(curve.save(&job.out)?)
}

/// The result with ε in some of the parameters.
struct Measured {
    center_loss: f64,
    parameters: usize,
    theta_norm: f64,
    gradient_norm: f64,
    second_order: Option<SecondOrder>,
    points: Vec<SharpnessPoint>,
}

/// The network, images and settings that all searches of a job share.
struct SearchContext<'a> {
    network: &'a Network,
    samples: &'a Samples,
    radii: Vec<f64>,
    meter: ProgressMeter,
    /// Passes of earlier searches.
    before: u64,
}

impl SearchContext<'_> {
    /// Searches all radii with ε in `parameters`; each point is reported when it is found, if `tell`.
    fn measure(
        &mut self,
        parameters: &[String],
        job: &SharpnessJob,
        tell: bool,
        reporter: &mut dyn Reporter,
    ) -> Result<Measured, AnalysisError> {
        let (settings, radii) = (&job.settings, self.radii.clone());
        let objective = Objective::of(self.network, self.samples, Loss(settings.loss), parameters)?;
        let ball = Ball::new(settings, objective.theta())?;
        let parts = parts(self.samples.len(), settings.m);
        let mut sums: Vec<Sum> = radii.iter().map(|_| Sum::default()).collect();
        let (mut centers, mut slopes, mut overlays, mut points) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (k, &(first, count)) in parts.iter().enumerate() {
            let part = objective.part(first, count);
            let mut search = Search::new(&part, &ball, job, &mut self.meter, self.before, reporter)?;
            centers.extend_from_slice(&search.center);
            slopes.push(search.gradient_norm);
            overlays.extend(search.second_order.as_ref().map(|found| found.overlay));
            let mut best = search.nothing()?;
            for (position, &rho) in radii.iter().enumerate() {
                best = within(&mut search, rho, best, reporter)?;
                self.before += evaluations_per_radius(settings) as u64;
                search.skip_to(self.before, reporter);
                if job.save_perturbations && settings.estimator != Estimator::Random {
                    let batch = if parts.len() > 1 { format!("_batch{k}") } else { String::new() };
                    let whole = embedded(self.network, objective.theta(), &best.epsilon)?;
                    save_tensors(&whole, whole.flat(), &job.out.join(format!("epsilon_{rho}{batch}.npz")))?;
                }
                sums[position].add(&best, search.stuck(rho, &best.epsilon)?);
                if k + 1 == parts.len() {
                    let point = sums[position].point(rho);
                    points.push(point);
                    if tell {
                        reporter.report(JobEvent::Sharpness { point });
                    }
                }
            }
        }
        let theta = objective.theta();
        Ok(Measured {
            center_loss: mean(&centers),
            parameters: theta.layout().len as usize,
            theta_norm: theta.norm()?,
            gradient_norm: mean(&slopes),
            second_order: mean_overlay(&overlays),
            points,
        })
    }
}

/// The best that the chosen estimator finds within `rho`, given the best of a smaller radius.
fn within(search: &mut Search, rho: f64, smaller: Found, reporter: &mut dyn Reporter) -> Result<Found, AnalysisError> {
    if rho == 0.0 {
        return Ok(smaller);
    }
    match search.settings.estimator {
        Estimator::Continuation => continuation::best_within(search, rho, smaller, reporter),
        Estimator::Sam => sam::step(search, rho, smaller, reporter),
        Estimator::Ascent => ascent::best_within(search, rho, smaller, reporter),
        Estimator::Random => random::average(search, rho, reporter),
    }
}

/// At most: passes over the images of a part.
fn evaluations_per_radius(settings: &SharpnessSettings) -> usize {
    match settings.estimator {
        Estimator::Continuation => 2 * settings.steps + 2,
        Estimator::Sam => 1,
        Estimator::Ascent => settings.restarts.len() * (settings.steps + 2) + 1,
        Estimator::Random => settings.draws,
    }
}

/// First image and size of each batch of m; the last may be smaller.
fn parts(n: usize, m: Option<usize>) -> Vec<(usize, usize)> {
    let m = m.map_or(n, |m| m.clamp(1, n.max(1)));
    (0..n).step_by(m.max(1)).map(|first| (first, m.min(n - first))).collect()
}

/// With m, the images in an order drawn with the seed: files are often sorted by class, and a batch should be a random sample.
fn shuffled(samples: &Samples, settings: &SharpnessSettings, seed: u64) -> Result<Option<Samples>, AnalysisError> {
    let n = samples.len();
    if settings.m.is_none_or(|m| m >= n) {
        return Ok(None);
    }
    let mut order: Vec<i64> = (0..n as i64).collect();
    order.shuffle(&mut draws("sharpness batches", seed, 0));
    let order = Tensor::f_from_slice(&order)?.f_to_device(samples.x.device())?;
    let (x, y) = (samples.x.f_index_select(0, &order)?, samples.y.f_index_select(0, &order)?);
    Ok(Some(Samples { dataset: samples.dataset.clone(), x, y }))
}

/// The results of all batches within one radius.
#[derive(Default)]
struct Sum {
    found: Vec<(usize, SharpnessPoint)>,
    stuck: Vec<Stuck>,
}

impl Sum {
    fn add(&mut self, found: &Found, stuck: Option<Stuck>) {
        self.found.push((found.images, found.point));
        self.stuck.extend(stuck);
    }

    /// The mean over the batches, each weighed by its images. Its standard error is over the batches. NaN where no search left θ.
    fn point(&self, rho: f64) -> SharpnessPoint {
        let unmoved = self.stuck.first().map(|&why| Unmoved { batches: self.stuck.len(), why });
        let point = SharpnessPoint { unmoved, ..self.mean(rho) };
        let nowhere = self.stuck.len() == self.found.len();
        if nowhere { SharpnessPoint { sharpness: f64::NAN, std_error: f64::NAN, spread: None, ..point } } else { point }
    }

    fn mean(&self, rho: f64) -> SharpnessPoint {
        if let [(_, only)] = self.found[..] {
            return SharpnessPoint { rho, ..only };
        }
        let images: usize = self.found.iter().map(|(images, _)| images).sum();
        let sharpness = self.found.iter().map(|(images, point)| *images as f64 * point.sharpness).sum::<f64>() / images as f64;
        let values: Vec<f64> = self.found.iter().map(|(_, point)| point.sharpness).collect();
        let std_error = mean_std_error(&values).map_or(f64::NAN, |(_, error)| error);
        let epsilon_norm = self.found.iter().map(|(_, point)| point.epsilon_norm).fold(0.0, f64::max);
        SharpnessPoint { rho, sharpness, std_error, epsilon_norm, spread: None, unmoved: None }
    }
}

/// The overlay is linear in ‖g‖ and λ₁: the mean over batches of the overlays is that of the means.
fn mean_overlay(overlays: &[SecondOrder]) -> Option<SecondOrder> {
    let of = |f: fn(&SecondOrder) -> f64| overlays.iter().map(f).sum::<f64>() / overlays.len() as f64;
    (!overlays.is_empty()).then(|| SecondOrder {
        gradient_norm: of(|o| o.gradient_norm),
        lambda_max: of(|o| o.lambda_max),
        residual: overlays.iter().map(|o| o.residual).fold(0.0, f64::max),
    })
}

/// The settings that a result records.
fn described(settings: &SharpnessSettings, n: usize) -> SharpnessCurve {
    let climbs = matches!(settings.estimator, Estimator::Continuation | Estimator::Ascent);
    let restarts = if settings.estimator == Estimator::Ascent { settings.restarts.as_slice() } else { &[] };
    SharpnessCurve {
        estimator: settings.estimator.label().into(),
        bound: settings.estimator.bound().into(),
        steps: if climbs { settings.steps } else { 0 },
        batch_norm: "frozen".into(),
        precision: "f32".into(),
        moving: settings.layers.clone(),
        loss: settings.loss.description(),
        norm: settings.norm.key().into(),
        adaptive: settings.adaptive.key().into(),
        eta: settings.adaptive.has_eta().then_some(settings.eta),
        m: settings.m.filter(|m| *m < n),
        restarts: restarts.iter().map(|restart| restart.key().to_owned()).collect(),
        draws: (settings.estimator == Estimator::Random).then_some(settings.draws),
        ..SharpnessCurve::default()
    }
}

#[cfg(test)]
mod estimator_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod unmoved_tests;
