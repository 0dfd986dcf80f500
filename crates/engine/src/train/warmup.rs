//! [`Warmup`]: the rise of the learning rate over the first steps.

use flatland_core::job::{WarmupConfig, WarmupLength};

/// A linear rise.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Warmup {
    /// Its steps; 0 = no warm-up.
    pub steps: usize,
    start: Option<f64>,
}

impl Warmup {
    /// The warm-up of a run with this number of steps per epoch.
    pub fn new(config: Option<&WarmupConfig>, steps_per_epoch: usize) -> Self {
        config.map_or_else(Self::default, |config| Self {
            steps: match config.length {
                WarmupLength::Steps(steps) => steps,
                WarmupLength::Epochs(epochs) => epochs.saturating_mul(steps_per_epoch),
            },
            start: config.start,
        })
    }

    /// What the learning rate of step `step`, counted from 0, is multiplied by: (step + 1)/steps, or with a start that of
    /// torch.optim.lr_scheduler.LinearLR with `start_factor` and `total_iters` = steps; 1 from step `steps` on.
    pub fn factor(&self, step: usize) -> f64 {
        if step >= self.steps {
            return 1.0;
        }
        match self.start {
            None => (step + 1) as f64 / self.steps as f64,
            Some(start) => start + (1.0 - start) * step as f64 / self.steps as f64,
        }
    }
}
