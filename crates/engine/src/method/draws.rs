//! Random draws of methods: functions of (what for, seed, step), so that a resumed run draws what it would have drawn.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// The generator of `purpose` at `step` of a run with `seed`.
pub fn draws(purpose: &str, seed: u64, step: usize) -> ChaCha8Rng {
    let mut key = blake3::Hasher::new_derive_key("flatland draws of a method");
    key.update(&seed.to_le_bytes()).update(&(step as u64).to_le_bytes()).update(purpose.as_bytes());
    ChaCha8Rng::from_seed(*key.finalize().as_bytes())
}
