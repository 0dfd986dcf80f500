//! Random draws of methods: functions of (what for, seed, step), so that a resumed run draws what it would have drawn.

use rand_chacha::ChaCha8Rng;

use crate::model::derived_rng;

/// The generator of `purpose` at `step` of a run with `seed`.
pub fn draws(purpose: &str, seed: u64, step: usize) -> ChaCha8Rng {
    derived_rng("flatland draws of a method", &[&seed.to_le_bytes(), &(step as u64).to_le_bytes(), purpose.as_bytes()])
}
