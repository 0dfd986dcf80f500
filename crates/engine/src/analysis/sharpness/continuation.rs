//! Projected gradient ascent with continuation in ρ: every radius is searched from θ and from the best ε of the radius before, scaled.
//!
//! Each ascent continues from its best iterate with long steps that shrink only when the loss falls (on ResNet-20 this reaches in 14
//! steps more than the usual decay from 2ρ to ρ/4 does in 20).

use flatland_core::job::Reporter;
use tch::Tensor;

use super::search::{Found, Search};
use crate::analysis::AnalysisError;

/// First step of an ascent, relative to ρ: so long that its end on the sphere depends almost only on the gradient.
const FIRST_STEP: f64 = 8.0;
/// Factor by which a step is shortened when the loss does not rise.
const STEP_SHRINK: f64 = 0.25;
/// An ascent ends when its best value has not grown by this share in [`STALL_STEPS`] steps.
const STALL_GROWTH: f64 = 1e-4;
/// See [`STALL_GROWTH`].
const STALL_STEPS: usize = 3;

/// The best iterate of one ascent.
struct Climb {
    /// Mean of L(θ+ε) − L(θ).
    value: f64,
    u: Tensor,
}

/// The best ε of radius `rho` that the ascents find, or `smaller`, the best of a smaller radius.
pub(super) fn best_within(search: &mut Search, rho: f64, smaller: Found, reporter: &mut dyn Reporter) -> Result<Found, AnalysisError> {
    let origin = Climb { value: 0.0, u: smaller.u.f_zeros_like()? };
    let slope = search.slope.shallow_clone();
    let mut best = climb(search, rho, origin, slope, None, reporter)?;
    if smaller.point.epsilon_norm > 0.0 {
        let u = search.ball.project(smaller.u.f_mul_scalar(rho / smaller.point.epsilon_norm)?, rho)?;
        let (value, gradient) = search.evaluate(&u, reporter)?;
        if value.is_finite() {
            let rival = climb(search, rho, Climb { value, u }, gradient, Some(best.value), reporter)?;
            if rival.value > best.value {
                best = rival;
            }
        }
    }
    let found = search.measure(rho, best.u, reporter)?;
    // Not `>=`: a NaN must not win.
    Ok(if found.point.sharpness > smaller.point.sharpness { found } else { smaller })
}

/// Up to `steps` steps from `best`, where the loss has `gradient`. Ends early when it stalls, and after a third of the steps
/// when it is below `rival`.
fn climb(
    search: &mut Search,
    rho: f64,
    mut best: Climb,
    mut gradient: Tensor,
    rival: Option<f64>,
    reporter: &mut dyn Reporter,
) -> Result<Climb, AnalysisError> {
    let (mut step, mut high_water, mut since) = (FIRST_STEP * rho, best.value, 0);
    for k in 0..search.settings.steps {
        let behind = rival.is_some_and(|rival| k >= search.settings.steps.div_ceil(3) && best.value < rival);
        if behind || since > STALL_STEPS {
            break;
        }
        let Some(move_by) = search.ball.step(&gradient, step)? else { break };
        let u = search.ball.project(best.u.f_add(&move_by)?, rho)?;
        let (value, next) = search.evaluate(&u, reporter)?;
        // A loss that is not finite does not count.
        if value.is_finite() && value > best.value {
            (best, gradient) = (Climb { value, u }, next);
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
