//! Slope and curvature at θ in the coordinates of the ball: the overlay ρ‖T∇L‖ + ρ²λ₁(THT)/2 and a start for the ascent.

use flatland_core::job::{ProgressMeter, Reporter};
use flatland_core::result::SecondOrder;
use tch::Tensor;

use super::ball::Ball;
use crate::analysis::AnalysisError;
use crate::analysis::flat::norm;
use crate::analysis::hessian::{HessianProduct, Search, extremes};
use crate::analysis::objective::Objective;

/// Lanczos steps at most.
const STEPS: usize = 40;
/// Largest residual of λ₁, as a share of the largest |λ|.
const TOLERANCE: f64 = 1e-3;

pub(super) struct Curvature {
    pub overlay: SecondOrder,
    /// The top eigenvector of THT, of length 1.
    pub vector: Tensor,
}

/// ‖slope‖ and the top eigenpair of the Hessian by u.
pub(super) fn curvature(
    objective: &Objective,
    ball: &Ball,
    slope: &Tensor,
    seed: u64,
    reporter: &mut dyn Reporter,
) -> Result<Curvature, AnalysisError> {
    let zero = objective.zero()?;
    let meter = ProgressMeter::new("products", "curvature at θ", 0, STEPS as u64 + 1);
    let mut product = HessianProduct::new(objective, &zero, ball.scale(), meter, reporter);
    let found = extremes(&mut product, &Search { top: 1, bottom: false, steps: STEPS, tolerance: TOLERANCE, seed })?;
    let Some(pair) = found.top.into_iter().next() else {
        return Err(AnalysisError::Invalid("expected at least one parameter, found none".into()));
    };
    let overlay = SecondOrder { gradient_norm: norm(slope)?, lambda_max: pair.value, residual: pair.residual };
    Ok(Curvature { overlay, vector: pair.vector })
}
