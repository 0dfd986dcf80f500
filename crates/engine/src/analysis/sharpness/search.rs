//! [`Search`]: one objective over one ball, with the values at θ that every estimator needs. [`Found`]: an ε with its values.

use flatland_core::job::{ProgressMeter, Reporter, SharpnessJob};
use flatland_core::metric::mean_std_error;
use flatland_core::result::{SharpnessPoint, Stuck};
use flatland_core::session::{Estimator, Restart, SharpnessSettings};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use tch::Tensor;

use super::ball::Ball;
use super::second_order::{Curvature, curvature};
use crate::analysis::AnalysisError;
use crate::analysis::flat::{norm, normal};
use crate::analysis::objective::Objective;

/// The best perturbation so far, with the numbers measured at it. Its point's `rho` is the radius it was found for.
pub(super) struct Found {
    /// T⁻¹ε
    pub u: Tensor,
    pub epsilon: Tensor,
    pub images: usize,
    pub point: SharpnessPoint,
}

pub(super) struct Search<'a> {
    pub objective: &'a Objective<'a>,
    pub ball: &'a Ball,
    pub settings: &'a SharpnessSettings,
    pub seed: u64,
    /// Cross-entropies at θ, [N].
    pub center: Vec<f64>,
    /// Derivative by u at 0, or a fixed direction where that is zero.
    pub slope: Tensor,
    /// ‖T∇L‖₂ of the derivative itself.
    pub gradient_norm: f64,
    /// ‖T∇L‖ and the top eigenpair of THT, where the overlay or a start needs them.
    pub second_order: Option<Curvature>,
    evaluations: u64,
    meter: &'a mut ProgressMeter,
}

impl<'a> Search<'a> {
    /// Evaluates θ; `before` passes are done already.
    pub fn new(
        objective: &'a Objective<'a>,
        ball: &'a Ball,
        job: &'a SharpnessJob,
        meter: &'a mut ProgressMeter,
        before: u64,
        reporter: &mut dyn Reporter,
    ) -> Result<Self, AnalysisError> {
        let settings = &job.settings;
        let zero = objective.zero()?;
        let (_, gradient) = objective.gradient(&zero, reporter)?;
        let mut slope = ball.scaled(&gradient)?;
        let center = objective.losses(&zero, reporter)?;
        if !mean(&center).is_finite() {
            return Err(AnalysisError::Invalid(format!(
                "sharpness needs a finite loss at θ, found {} on `{}`",
                mean(&center),
                job.dataset.source.name
            )));
        }
        let climbs_from_eigenvector = settings.estimator == Estimator::Ascent && settings.restarts.contains(&Restart::Eigenvector);
        let second_order = if settings.second_order || climbs_from_eigenvector {
            Some(curvature(objective, ball, &slope, job.seed, reporter)?)
        } else {
            None
        };
        let length = norm(&slope)?;
        if !(length.is_finite() && length > 0.0) {
            // At a critical point the direction is arbitrary.
            slope = normal(&zero, &mut ChaCha8Rng::seed_from_u64(0))?;
        }
        Ok(Self {
            objective,
            ball,
            settings,
            seed: job.seed,
            center,
            slope,
            gradient_norm: length,
            second_order,
            evaluations: before,
            meter,
        })
    }

    /// ε = 0, which every ball holds.
    pub fn nothing(&self) -> Result<Found, AnalysisError> {
        let zero = self.objective.zero()?;
        let point = SharpnessPoint { rho: 0.0, sharpness: 0.0, std_error: 0.0, epsilon_norm: 0.0, spread: None, unmoved: None };
        Ok(Found { u: zero.shallow_clone(), epsilon: zero, images: self.objective.len(), point })
    }

    /// L(θ + Tu) − L(θ) and its derivative by u.
    pub fn evaluate(&mut self, u: &Tensor, reporter: &mut dyn Reporter) -> Result<(f64, Tensor), AnalysisError> {
        let (losses, gradient) = self.objective.gradient(&self.ball.scaled(u)?, reporter)?;
        self.skip_to(self.evaluations + 1, reporter);
        Ok((mean(&losses) - mean(&self.center), self.ball.scaled(&gradient)?))
    }

    /// Cross-entropies at θ + ε less those at θ, [N], by plain forward passes.
    pub fn differences(&mut self, epsilon: &Tensor, reporter: &mut dyn Reporter) -> Result<Vec<f64>, AnalysisError> {
        let losses = self.objective.losses(epsilon, reporter)?;
        self.skip_to(self.evaluations + 1, reporter);
        Ok(losses.iter().zip(&self.center).map(|(at, center)| at - center).collect())
    }

    /// The values at u by plain forward passes, as anyone who loads the saved ε would get them.
    pub fn measure(&mut self, rho: f64, u: Tensor, reporter: &mut dyn Reporter) -> Result<Found, AnalysisError> {
        let epsilon = self.ball.scaled(&u)?;
        let differences = self.differences(&epsilon, reporter)?;
        let epsilon_norm = self.ball.norm_of_epsilon(&epsilon)?;
        let (sharpness, std_error) = (mean(&differences), std_error(&differences));
        let point = SharpnessPoint { rho, sharpness, std_error, epsilon_norm, spread: None, unmoved: None };
        Ok(Found { u, epsilon, images: differences.len(), point })
    }

    /// Whether the gradient at θ is not zero.
    pub fn has_slope(&self) -> bool {
        self.gradient_norm.is_finite() && self.gradient_norm > 0.0
    }

    /// Why the best ε within `rho`, or a random one, is not valid; `None` where it is.
    pub fn stuck(&self, rho: f64, epsilon: &Tensor) -> Result<Option<Stuck>, AnalysisError> {
        if rho == 0.0 {
            return Ok(None);
        }
        // These are always reported, the others only where the loss rises.
        if matches!(self.settings.estimator, Estimator::Random | Estimator::Sam) && norm(epsilon)? > 0.0 {
            return Ok(self.objective.rounds_away(epsilon)?.then_some(Stuck::Rounding));
        }
        if self.objective.is_moved_by(epsilon)? {
            return Ok(None);
        }
        if self.gradient_norm == 0.0 {
            return Ok(Some(Stuck::NoGradient));
        }
        let step = self.ball.step(&self.slope, rho)?.map(|u| self.ball.scaled(&u)).transpose()?;
        let is_lost = step.map_or(Ok(false), |epsilon| self.objective.rounds_away(&epsilon))?;
        Ok(Some(if is_lost { Stuck::Rounding } else { Stuck::NoRise }))
    }

    /// Counts evaluations that ascents which ended early did not use.
    pub fn skip_to(&mut self, evaluations: u64, reporter: &mut dyn Reporter) {
        self.evaluations = self.evaluations.max(evaluations);
        self.meter.set(self.evaluations, reporter);
    }
}

pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Of a mean; 0 where it has none (one sample).
pub(super) fn std_error(values: &[f64]) -> f64 {
    mean_std_error(values).map(|(_, error)| error).filter(|error| error.is_finite()).unwrap_or(0.0)
}
