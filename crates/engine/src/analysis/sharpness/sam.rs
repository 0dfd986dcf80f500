//! One SAM step (Foret et al. 2021, arXiv 2010.01412, equation 2; with T, ASAM's): u = ρ·g/‖g‖ with g the derivative by u at 0, or
//! ρ·sign g over the l∞ cube.

use flatland_core::job::Reporter;

use super::search::{Found, Search};
use crate::analysis::AnalysisError;

/// The rise at the end of the step, which may be small or negative near a minimum. Without a gradient there is no step. Where the loss there
/// is not finite, the result is `smaller`.
pub(super) fn step(search: &mut Search, rho: f64, smaller: Found, reporter: &mut dyn Reporter) -> Result<Found, AnalysisError> {
    if !search.has_slope() {
        return search.nothing();
    }
    let Some(u) = search.ball.step(&search.slope, rho)? else { return Ok(smaller) };
    // The scaled gradient may lie outside of the ball by rounding.
    let u = search.ball.project(u, rho)?;
    let found = search.measure(rho, u, reporter)?;
    Ok(if found.point.sharpness.is_finite() { found } else { smaller })
}
