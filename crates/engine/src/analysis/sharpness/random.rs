//! Average-case sharpness: the mean rise over random ε of the ball, with its spread.
//!
//! ε = T u with u uniform on the sphere of radius ρ (l2) or in the cube of half side ρ (l∞). The draws depend on the seed alone: all
//! radii and all checkpoints of one architecture share them, so that their differences are paired. The mean is no bound. At
//! small ρ, or where θ is no minimum, it may be negative.

use flatland_core::job::Reporter;
use flatland_core::result::{SharpnessPoint, Spread};

use super::search::{Found, Search, mean, std_error};
use crate::analysis::AnalysisError;

/// Mean, standard deviation and largest of the rises at `draws` random ε.
pub(super) fn average(search: &mut Search, rho: f64, reporter: &mut dyn Reporter) -> Result<Found, AnalysisError> {
    let mut found = search.nothing()?;
    let (mut rises, mut sums, mut norm) = (Vec::new(), vec![0.0; search.center.len()], 0.0_f64);
    for k in 0..search.settings.draws {
        let u = search.ball.random(&found.u, "sharpness direction", search.seed, k)?.f_mul_scalar(rho)?;
        let u = search.ball.project(u, rho)?;
        let epsilon = search.ball.scaled(&u)?;
        norm = norm.max(search.ball.norm_of_epsilon(&epsilon)?);
        let differences = search.differences(&epsilon, reporter)?;
        sums.iter_mut().zip(&differences).for_each(|(sum, difference)| *sum += difference);
        rises.push(mean(&differences));
        found.epsilon = epsilon;
    }
    let n = rises.len() as f64;
    let average = mean(&rises);
    let sd = (rises.iter().map(|rise| (rise - average).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
    let per_image: Vec<f64> = sums.iter().map(|sum| sum / n).collect();
    let max = rises.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let spread = Spread { sd, max, image_std_error: std_error(&per_image) };
    found.point =
        SharpnessPoint { rho, sharpness: average, std_error: sd / n.sqrt(), epsilon_norm: norm, spread: Some(spread), unmoved: None };

    Ok(found)
}
