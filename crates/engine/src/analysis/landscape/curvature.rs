//! The Hessian's largest and smallest eigenvalue in a cell: whether a surface that looks convex in two dimensions is so in the others.

use flatland_core::job::{ProgressMeter, Reporter};
use flatland_core::result::{Quantity, Reading};
use flatland_core::session::{BatchNormPolicy, Curvature};
use tch::Tensor;

use super::super::AnalysisError;
use super::super::hessian::{Eigenpair, HessianProduct, Search, Symmetric, extremes};
use super::super::objective::Objective;
use super::super::reporting::Quiet;
use super::{Direction, Directions, Evaluation};
use crate::model::{Network, ParameterVector};

/// Evaluates λ_max and λ_min of ∇²L at θ + αδ + βη over all trainable parameters, BatchNorm frozen, in f32.
pub(super) struct CellCurvature<'a> {
    objective: Objective<'a>,
    delta: Tensor,
    eta: Tensor,
    settings: Curvature,
}

impl<'a> CellCurvature<'a> {
    /// That of the first images of `evaluation`.
    ///
    /// # Errors
    /// When running statistics move or are not θ's, so that the plane is not one of parameters alone.
    pub(super) fn new(
        network: &'a Network,
        evaluation: &Evaluation<'a>,
        directions: &Directions,
        settings: Curvature,
    ) -> Result<Self, AnalysisError> {
        let objective = Objective::of(network, evaluation.samples, evaluation.loss, &network.parameter_names())?;
        let objective = objective.part(0, settings.samples.min(objective.len()));
        let theta = objective.theta();
        if evaluation.batch_norm != BatchNormPolicy::Frozen || directions.move_statistics() {
            return Err(AnalysisError::Invalid(
                "curvature: expected frozen running statistics that are θ's in every cell, found a plane or a policy that changes them"
                    .into(),
            ));
        }
        let (delta, eta) = (flat(&directions.delta, theta)?, flat(&directions.eta, theta)?);
        Ok(Self { objective, delta, eta, settings })
    }

    /// λ_max, λ_min and |λ_min/λ_max| at θ + `alpha`·δ + `beta`·η; NaN where second derivatives are not finite. They have no standard error:
    /// they are of these images.
    ///
    /// # Errors
    /// [`AnalysisError::Cancelled`] when the reporter says so, and when libtorch refuses.
    pub(super) fn at(&self, [alpha, beta]: [f64; 2], reporter: &mut dyn Reporter) -> Result<[Reading; 3], AnalysisError> {
        let epsilon = self.delta.f_mul_scalar(alpha)?.f_add(&self.eta.f_mul_scalar(beta)?)?;
        let Curvature { lanczos_steps: steps, tolerance, .. } = self.settings;
        let mut silent = Quiet(reporter);
        let mut h = HessianProduct::new(&self.objective, &epsilon, None, ProgressMeter::new("products", String::new(), 0, 0), &mut silent);
        let found = match extremes(&mut h, &Search { top: 1, bottom: true, steps, tolerance, seed: 0 }) {
            Ok(found) => Some(found),
            Err(AnalysisError::Invalid(_)) => None,
            Err(error) => return Err(error),
        };
        let value = |pair: Option<&Eigenpair>| pair.map_or(f64::NAN, |pair| pair.value);
        let max = value(found.as_ref().and_then(|found| found.top.first()));
        let min = value(found.as_ref().and_then(|found| found.bottom.as_ref()));
        let reading = |quantity, value| Reading { quantity, value, std_error: f64::NAN };
        Ok([reading(Quantity::LambdaMax, max), reading(Quantity::LambdaMin, min), reading(Quantity::NegativeCurvature, (min / max).abs())])
    }

    /// One product with H at θ, for an estimate of what cells take, and how many there are at most in a cell.
    ///
    /// # Errors
    /// As [`CellCurvature::at`].
    pub(super) fn one_product(&self, reporter: &mut dyn Reporter) -> Result<usize, AnalysisError> {
        let zero = self.objective.zero()?;
        let mut silent = Quiet(reporter);
        let mut h = HessianProduct::new(&self.objective, &zero, None, ProgressMeter::new("products", String::new(), 0, 0), &mut silent);
        h.apply(&self.delta).map(drop)?;
        // Those that measure both residuals come after the steps.
        Ok(self.settings.lanczos_steps + 2)
    }
}

impl std::fmt::Debug for CellCurvature<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CellCurvature").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// `direction` in the layout of θ; zero where it has no tensor.
fn flat(direction: &Direction, theta: &ParameterVector) -> Result<Tensor, AnalysisError> {
    let mut parts = Vec::new();
    for (name, shape, _) in &theta.layout().entries {
        let n = shape.iter().product::<i64>();
        parts.push(match direction.tensor(name, theta.flat().device())? {
            Some(tensor) => tensor.f_flatten(0, -1)?,
            None => Tensor::f_zeros([n], (theta.flat().kind(), theta.flat().device()))?,
        });
    }
    Ok(Tensor::f_cat(&parts, 0)?)
}
