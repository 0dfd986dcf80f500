//! One SAM step (Foret et al. 2021, arXiv 2010.01412, equation 2; with T, ASAM's): u = ρ·g/‖g‖ with g the derivative by u at 0, or
//! ρ·sign g over the l∞ cube.

use flatland_core::job::Reporter;

use super::search::{Found, Search};
use crate::analysis::AnalysisError;

/// The rise at the end of the step, as it is: near a minimum the step sees little slope and may find little. Without any there is no step.
/// Where the loss there is not finite, `smaller` stands.
pub(super) fn step(search: &mut Search, rho: f64, smaller: Found, reporter: &mut dyn Reporter) -> Result<Found, AnalysisError> {
    if !search.has_slope() {
        return search.nothing();
    }
    let Some(u) = search.ball.step(&search.slope, rho)? else { return Ok(smaller) };
    // Rounding of the scaled gradient may leave the ball.
    let u = search.ball.project(u, rho)?;
    let found = search.measure(rho, u, reporter)?;
    Ok(if found.point.sharpness.is_finite() { found } else { smaller })
}
