//! Lower bounds of S(ρ) = max over ‖ε‖₂ ≤ ρ of the mean of L(θ+ε) − L(θ), by projected gradient ascent.
//!
//! All parameters move, under one global l2 norm; BatchNorm is frozen; the mean is over all images. Every radius is climbed from
//! θ and from the best ε of the radius before, scaled; each climb goes on from its best iterate with long steps that shrink only
//! when they lose height (on ResNet-20 this reaches in 14 steps more than the usual decay from 2ρ to ρ/4 does in 20). Balls are nested, so the best of a smaller ball is the least
//! that a larger one may claim and the curve never falls. What is claimed is measured at the f32 ε that is saved.
//! Deliberately absent: upper bounds, other norms, averages over random ε.

mod objective;

use flatland::job::{JobEvent, ProgressMeter, Reporter, SharpnessJob};
use flatland::metric::mean_std_error;
use flatland::result::{Npz, NpzValues, SharpnessCurve, SharpnessPoint};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use tch::{Kind, Tensor};

use super::AnalysisError;
use crate::model::{Network, ParameterVector, Samples};
use objective::Objective;

/// First step of a climb over ρ: so long that the gradient nearly alone says where on the sphere it ends.
const FIRST_STEP: f64 = 8.0;
/// A step that does not climb is tried again so much shorter.
const STEP_SHRINK: f64 = 0.25;
/// A climb ends when its best value has not grown by this share in [`STALL_STEPS`] steps.
const STALL_GROWTH: f64 = 1e-4;
/// See [`STALL_GROWTH`].
const STALL_STEPS: usize = 3;

/// Finds a curve of lower bounds of S(ρ) and writes `sharpness.json` (and `epsilon_<rho>.npz` when asked) into `job.out`.
///
/// # Errors
/// When radii or labels are not as they must be, L(θ) is not finite, the job is cancelled, or a file cannot be written.
pub fn run(network: &Network, samples: &Samples, job: &SharpnessJob, reporter: &mut dyn Reporter) -> Result<(), AnalysisError> {
    let radii = radii(job)?;
    let mut search = Search::new(network, samples, job.steps, radii.len(), reporter)?;
    let mut curve = SharpnessCurve {
        checkpoint: job.checkpoint.name.clone(),
        dataset: samples.dataset.name.clone(),
        center_loss: mean(&search.center),
        theta_norm: search.objective.theta().norm()?,
        samples: samples.len(),
        estimator: "projected gradient ascent".into(),
        bound: "lower".into(),
        steps: job.steps,
        batch_norm: "frozen".into(),
        precision: "f32".into(),
        points: Vec::new(),
    };
    let mut best = Found::nothing(search.objective.theta())?;
    for (position, &rho) in radii.iter().enumerate() {
        best = search.best_within(rho, best, reporter)?;
        search.skip_to(((position + 1) * search.evaluations_per_radius()) as u64, reporter);
        let point = SharpnessPoint { rho, ..best.point };
        if job.save_perturbations {
            save_perturbation(search.objective.theta(), &best.epsilon, &job.out.join(format!("epsilon_{rho}.npz")))?;
        }
        curve.points.push(point);
        reporter.report(JobEvent::Sharpness { point });
    }
    curve.save(&job.out)?;
    Ok(())
}

/// The radii asked for, ascending, each once.
fn radii(job: &SharpnessJob) -> Result<Vec<f64>, AnalysisError> {
    if job.steps == 0 {
        return Err(AnalysisError::Invalid("sharpness needs at least 1 gradient step per radius, found 0".into()));
    }
    if job.rho.is_empty() {
        return Err(AnalysisError::Invalid("sharpness needs at least one radius, found none".into()));
    }
    if let Some(rho) = job.rho.iter().find(|rho| !(rho.is_finite() && **rho >= 0.0)) {
        return Err(AnalysisError::Invalid(format!("expected radii ≥ 0, found {rho}")));
    }
    let mut radii = job.rho.clone();
    radii.sort_by(f64::total_cmp);
    radii.dedup();
    Ok(radii)
}

/// The best perturbation so far, with the numbers measured at it. Its point's `rho` is the radius it was found for.
struct Found {
    epsilon: Tensor,
    point: SharpnessPoint,
}

impl Found {
    /// ε = 0, which every ball holds.
    fn nothing(theta: &ParameterVector) -> Result<Self, AnalysisError> {
        let point = SharpnessPoint { rho: 0.0, sharpness: 0.0, std_error: 0.0, epsilon_norm: 0.0 };
        Ok(Self { epsilon: theta.flat().f_zeros_like()?, point })
    }
}

/// The best iterate of one climb.
struct Climb {
    /// Mean of L(θ+ε) − L(θ).
    value: f64,
    epsilon: Tensor,
}

struct Search<'a> {
    objective: Objective<'a>,
    /// Cross-entropies at θ, [N].
    center: Vec<f64>,
    /// ∇L(θ), or a fixed direction where that is zero.
    slope: Tensor,
    steps: usize,
    evaluations: u64,
    meter: ProgressMeter,
}

impl<'a> Search<'a> {
    fn new(
        network: &'a Network,
        samples: &'a Samples,
        steps: usize,
        radii: usize,
        reporter: &mut dyn Reporter,
    ) -> Result<Self, AnalysisError> {
        let objective = Objective::new(network, samples)?;
        let zero = objective.theta().flat().f_zeros_like()?;
        let (_, mut slope) = objective.gradient(&zero, reporter)?;
        let center = objective.losses(&zero, reporter)?;
        if !mean(&center).is_finite() {
            return Err(AnalysisError::Invalid(format!(
                "sharpness needs a finite loss at θ, found {} on `{}`",
                mean(&center),
                samples.dataset.name
            )));
        }
        let length = norm(&slope)?;
        if !(length.is_finite() && length > 0.0) {
            // At a critical point every direction is as good as any other to leave it.
            let mut random = ChaCha8Rng::seed_from_u64(0);
            let direction: Vec<f32> = (0..zero.numel()).map(|_| StandardNormal.sample(&mut random)).collect();
            slope = Tensor::f_from_slice(&direction)?.f_to_device(network.device)?;
        }
        let mut search = Self { objective, center, slope, steps, evaluations: 0, meter: ProgressMeter::new("steps", "", 0, 0) };
        let message = format!("sharpness on {}", samples.dataset.name);
        search.meter = ProgressMeter::new("steps", message, 0, (radii * search.evaluations_per_radius()) as u64);
        Ok(search)
    }

    /// At most: both climbs and the measurement.
    fn evaluations_per_radius(&self) -> usize {
        2 * self.steps + 2
    }

    /// The best ε with ‖ε‖ ≤ `rho` that the climbs find, or `smaller`, the best of a smaller radius.
    fn best_within(&mut self, rho: f64, smaller: Found, reporter: &mut dyn Reporter) -> Result<Found, AnalysisError> {
        if rho == 0.0 {
            return Ok(smaller);
        }
        let origin = Climb { value: 0.0, epsilon: smaller.epsilon.f_zeros_like()? };
        let slope = self.slope.shallow_clone();
        let mut best = self.climb(rho, origin, slope, None, reporter)?;
        if smaller.point.epsilon_norm > 0.0 {
            let epsilon = project(smaller.epsilon.f_mul_scalar(rho / smaller.point.epsilon_norm)?, rho)?;
            let (value, gradient) = self.evaluate(&epsilon, reporter)?;
            if value.is_finite() {
                let rival = self.climb(rho, Climb { value, epsilon }, gradient, Some(best.value), reporter)?;
                if rival.value > best.value {
                    best = rival;
                }
            }
        }
        let found = self.measure(rho, best.epsilon, reporter)?;
        // Not `>=`: a NaN must lose.
        Ok(if found.point.sharpness > smaller.point.sharpness { found } else { smaller })
    }

    /// Up to `steps` steps from `best`, where the loss has `gradient`. Ends early when it stalls, and after a third of the steps
    /// when it is below `rival`.
    fn climb(
        &mut self,
        rho: f64,
        mut best: Climb,
        mut gradient: Tensor,
        rival: Option<f64>,
        reporter: &mut dyn Reporter,
    ) -> Result<Climb, AnalysisError> {
        let (mut step, mut high_water, mut since) = (FIRST_STEP * rho, best.value, 0);
        for k in 0..self.steps {
            let behind = rival.is_some_and(|rival| k >= self.steps.div_ceil(3) && best.value < rival);
            let length = norm(&gradient)?;
            if behind || since > STALL_STEPS || !(length.is_finite() && length > 0.0) {
                break;
            }
            let epsilon = project(best.epsilon.f_add(&gradient.f_mul_scalar(step / length)?)?, rho)?;
            let (value, next) = self.evaluate(&epsilon, reporter)?;
            // A loss that is not finite is no height.
            if value.is_finite() && value > best.value {
                (best, gradient) = (Climb { value, epsilon }, next);
            } else {
                step *= STEP_SHRINK;
            }
            since += 1;
            if best.value > high_water * (1.0 + STALL_GROWTH) {
                (high_water, since) = (best.value, 0);
            }
        }
        Ok(best)
    }

    /// L(θ+ε) − L(θ) and its gradient.
    fn evaluate(&mut self, epsilon: &Tensor, reporter: &mut dyn Reporter) -> Result<(f64, Tensor), AnalysisError> {
        let (losses, gradient) = self.objective.gradient(epsilon, reporter)?;
        self.skip_to(self.evaluations + 1, reporter);
        Ok((mean(&losses) - mean(&self.center), gradient))
    }

    /// The numbers of ε by plain forward passes, as anyone who loads the saved ε would get them.
    fn measure(&mut self, rho: f64, epsilon: Tensor, reporter: &mut dyn Reporter) -> Result<Found, AnalysisError> {
        let losses = self.objective.losses(&epsilon, reporter)?;
        self.skip_to(self.evaluations + 1, reporter);
        let differences: Vec<f64> = losses.iter().zip(&self.center).map(|(at, center)| at - center).collect();
        // One sample has none.
        let std_error = mean_std_error(&differences).map(|(_, error)| error).filter(|error| error.is_finite()).unwrap_or(0.0);
        let point = SharpnessPoint { rho, sharpness: mean(&differences), std_error, epsilon_norm: norm(&epsilon)? };
        Ok(Found { epsilon, point })
    }

    /// Climbs that ended early leave evaluations unspent.
    fn skip_to(&mut self, evaluations: u64, reporter: &mut dyn Reporter) {
        self.evaluations = evaluations;
        self.meter.set(evaluations, reporter);
    }
}

/// ε, or the nearest point of the ball.
fn project(epsilon: Tensor, rho: f64) -> Result<Tensor, AnalysisError> {
    let length = norm(&epsilon)?;
    Ok(if length > rho { epsilon.f_mul_scalar(rho / length)? } else { epsilon })
}

/// ‖·‖₂ summed in f64.
fn norm(flat: &Tensor) -> Result<f64, AnalysisError> {
    let flat = flat.f_to_kind(Kind::Double)?;
    Ok(f64::try_from(flat.f_dot(&flat)?)?.sqrt())
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn save_perturbation(theta: &ParameterVector, epsilon: &Tensor, path: &std::path::Path) -> Result<(), AnalysisError> {
    let views = theta.with_flat(epsilon.f_to_device(tch::Device::Cpu)?).views()?;
    let mut npz = Npz::default();
    for (name, shape, _) in &theta.layout().entries {
        if let Some(view) = views.get(name) {
            let shape: Vec<usize> = shape.iter().map(|&n| n as usize).collect();
            npz.push(name.clone(), &shape, NpzValues::F32(Vec::<f32>::try_from(&view.f_flatten(0, -1)?)?));
        }
    }
    npz.save(path)?;
    Ok(())
}

#[cfg(test)]
mod tests;
