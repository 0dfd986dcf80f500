//! [`Schedule`]: the learning rate of every step.

use std::f64::consts::PI;

use flatland_core::job::Decay;
use serde::{Deserialize, Serialize};

/// Final learning rate of the cosine schedule.
const COSINE_MIN: f64 = 1e-6;
/// PyTorch's defaults of ReduceLROnPlateau: relative threshold and the smallest change that counts.
const THRESHOLD: f64 = 1e-4;
const EPS: f64 = 1e-8;

/// The schedule with its state; serialized with the run's state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Schedule {
    /// A constant learning rate.
    Constant {
        /// The learning rate.
        lr: f64,
    },
    /// ReduceLROnPlateau, mode min.
    Plateau {
        /// The learning rate now.
        lr: f64,
        /// Bad epochs that are tolerated.
        patience: usize,
        /// Factor at a reduction.
        factor: f64,
        /// Best value yet.
        best: Option<f64>,
        /// Bad epochs in a row.
        bad_epochs: usize,
    },
    /// From `lr` at step 0 to [`COSINE_MIN`] at step `steps`.
    Cosine {
        /// The first learning rate.
        lr: f64,
        /// Steps of the whole run.
        steps: usize,
    },
}

impl Schedule {
    /// The schedule of a run of `steps` steps, those of a warm-up left out, that starts at `lr`.
    pub fn new(decay: Decay, lr: f64, steps: usize) -> Self {
        match decay {
            Decay::Constant => Schedule::Constant { lr },
            Decay::Plateau { patience, factor } => Schedule::Plateau { lr, patience, factor, best: None, bad_epochs: 0 },
            Decay::Cosine => Schedule::Cosine { lr, steps },
        }
    }

    /// Learning rate of step `step`, counted from 0 over the whole run, or from the end of the warm-up.
    pub fn lr(&self, step: usize) -> f64 {
        match *self {
            Schedule::Constant { lr } | Schedule::Plateau { lr, .. } => lr,
            Schedule::Cosine { lr, steps } => COSINE_MIN + (lr - COSINE_MIN) * 0.5 * (1.0 + (PI * step as f64 / steps.max(1) as f64).cos()),
        }
    }

    /// Updates the schedule with the monitored value at the end of an epoch; NaN counts as worse.
    pub fn end_epoch(&mut self, value: f64) {
        let Schedule::Plateau { lr, patience, factor, best, bad_epochs } = self else { return };
        if value < best.map_or(f64::INFINITY, |best| best * (1.0 - THRESHOLD)) {
            *best = Some(value);
            *bad_epochs = 0;
        } else {
            *bad_epochs += 1;
        }
        if *bad_epochs > *patience {
            *bad_epochs = 0;
            let reduced = *lr * *factor;
            if *lr - reduced > EPS {
                *lr = reduced;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plateau(values: &[f64]) -> Vec<f64> {
        let mut schedule = Schedule::new(Decay::Plateau { patience: 5, factor: 0.1 }, 0.01, 0);
        values
            .iter()
            .map(|&value| {
                schedule.end_epoch(value);
                schedule.lr(0)
            })
            .collect()
    }

    /// Reference values, computed independently (torch.optim.lr_scheduler.ReduceLROnPlateau).
    #[test]
    fn plateau_matches_the_golden_values() {
        assert_eq!(plateau(&[1.0; 8]), [0.01, 0.01, 0.01, 0.01, 0.01, 0.01, 0.001, 0.001]);
    }

    #[test]
    fn plateau_takes_nan_and_tiny_gains_for_bad_and_gains_for_good() {
        assert_eq!(plateau(&[1.0, f64::NAN, 0.99999, f64::NAN, 1.0, 1.0, 1.0]).last(), Some(&0.001));
        assert_eq!(plateau(&[1.0, 1.0, 1.0, 0.9, 1.0, 1.0, 1.0, 1.0, 1.0]).last(), Some(&0.01));
    }

    #[test]
    fn plateau_stops_where_a_reduction_no_longer_counts() {
        let lr = plateau(&[1.0; 100]);
        assert!((lr[99] - 1e-8).abs() < 1e-12, "{}", lr[99]);
    }

    #[test]
    fn cosine_goes_from_the_first_rate_to_its_end_per_step() {
        let schedule = Schedule::new(Decay::Cosine, 0.1, 10);
        assert_eq!(schedule.lr(0), 0.1);
        assert!((schedule.lr(5) - 0.5 * (0.1 + 1e-6)).abs() < 1e-12);
        assert!((schedule.lr(10) - 1e-6).abs() < 1e-12);
    }
}
