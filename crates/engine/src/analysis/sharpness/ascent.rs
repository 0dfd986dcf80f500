//! Projected gradient ascent with restarts on the schedule of Auto-PGD (Croce & Hein 2020, arXiv 2003.01690, algorithm 1).
//!
//! Step 2ρ with momentum 0.75; at checkpoints that come ever closer the step is halved, and the search goes back to its best iterate,
//! when fewer than 75 % of the steps rose or neither step nor best changed. Every radius is searched from each start anew.

use flatland_core::job::Reporter;
use flatland_core::session::Restart;
use tch::Tensor;

use super::search::{Found, Search};
use crate::analysis::AnalysisError;

/// Share of the new point in the next iterate; the rest is momentum.
const MOMENTUM: f64 = 0.75;
/// Share of rising steps below which the step is halved.
const RISING: f64 = 0.75;

/// The best of all starts, or `smaller`.
pub(super) fn best_within(search: &mut Search, rho: f64, smaller: Found, reporter: &mut dyn Reporter) -> Result<Found, AnalysisError> {
    let mut best: Option<(f64, Tensor)> = None;
    for (k, &restart) in search.settings.restarts.iter().enumerate() {
        let Some(start) = start(search, rho, restart, k, reporter)? else { continue };
        let (value, u) = climb(search, rho, start, reporter)?;
        if value.is_finite() && best.as_ref().is_none_or(|(highest, _)| value > *highest) {
            best = Some((value, u));
        }
    }
    let Some((_, u)) = best else { return Ok(smaller) };
    let found = search.measure(rho, u, reporter)?;
    // Not `>=`: a NaN must not win.
    Ok(if found.point.sharpness > smaller.point.sharpness { found } else { smaller })
}

/// The `k`-th starting point.
fn start(search: &mut Search, rho: f64, restart: Restart, k: usize, reporter: &mut dyn Reporter) -> Result<Option<Tensor>, AnalysisError> {
    let zero = search.objective.zero()?;
    match restart {
        Restart::Zero => Ok(Some(zero)),
        Restart::Sphere => {
            let u = search.ball.random(&zero, "sharpness start", search.seed, k)?;
            Ok(Some(search.ball.project(u.f_mul_scalar(rho)?, rho)?))
        }
        Restart::Eigenvector => {
            let Some(curvature) = &search.second_order else { return Ok(None) };
            let Some(step) = search.ball.step(&curvature.vector, rho)? else { return Ok(None) };
            let sides = [step.f_neg()?, step];
            let mut heights = [f64::NAN; 2];
            for (height, side) in heights.iter_mut().zip(&sides) {
                let epsilon = search.ball.scaled(side)?;
                *height = super::mean(&search.differences(&epsilon, reporter)?);
            }
            let [down, up] = sides;
            Ok(Some(search.ball.project(if heights[0] > heights[1] { down } else { up }, rho)?))
        }
    }
}

/// Value and position of the best iterate from `start`.
fn climb(search: &mut Search, rho: f64, start: Tensor, reporter: &mut dyn Reporter) -> Result<(f64, Tensor), AnalysisError> {
    let steps = search.settings.steps;
    let (mut value, mut gradient) = search.evaluate(&start, reporter)?;
    // At θ the gradient may be zero: a fixed direction is used then.
    if search.ball.step(&gradient, rho)?.is_none() {
        gradient = search.slope.shallow_clone();
    }
    let (mut u, mut before) = (start.shallow_clone(), start.shallow_clone());
    let mut best = (value, start, gradient.shallow_clone());
    let (mut step, mut rose, mut since) = (2.0 * rho, 0, 0);
    let (mut step_changed, mut best_at_check) = (true, f64::NEG_INFINITY);
    let checks = checkpoints(steps);
    for k in 1..=steps {
        let Some(move_by) = search.ball.step(&gradient, step)? else { break };
        let to = search.ball.project(u.f_add(&move_by)?, rho)?;
        let mixed = if k == 1 {
            to
        } else {
            let forward = to.f_sub(&u)?.f_mul_scalar(MOMENTUM)?;
            let inertia = u.f_sub(&before)?.f_mul_scalar(1.0 - MOMENTUM)?;
            search.ball.project(u.f_add(&forward)?.f_add(&inertia)?, rho)?
        };
        let (height, next) = search.evaluate(&mixed, reporter)?;
        since += 1;
        rose += usize::from(height > value);
        (before, u, value, gradient) = (u, mixed, height, next);
        // A loss that is not finite does not count: halve the step and go back.
        let lost = !height.is_finite();
        if height > best.0 || (best.0.is_nan() && !lost) {
            best = (height, u.shallow_clone(), gradient.shallow_clone());
        }
        if lost || checks.contains(&k) {
            let stalled = !step_changed && best.0 <= best_at_check;
            step_changed = lost || (rose as f64) < RISING * since as f64 || stalled;
            if step_changed {
                step *= 0.5;
                (u, before, value, gradient) = (best.1.shallow_clone(), best.1.shallow_clone(), best.0, best.2.shallow_clone());
            }
            (rose, since, best_at_check) = (0, 0, best.0);
        }
    }
    Ok((best.0, best.1))
}

/// The steps after which the schedule looks back: at 0.22 of all, then in intervals that shrink by 0.03 down to 0.06.
fn checkpoints(steps: usize) -> Vec<usize> {
    let (mut at, mut interval, mut checks) = (0.22, 0.22, Vec::new());
    while at < 1.0 {
        checks.push((at * steps as f64).ceil() as usize);
        interval = f64::max(interval - 0.03, 0.06);
        at += interval;
    }
    checks
}
