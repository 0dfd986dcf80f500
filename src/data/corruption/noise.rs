//! Noises: Gaussian, shot, impulse, speckle. Every element (pixel and channel) is drawn on its own.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Poisson, StandardNormal};

use super::pixels::Pixels;

fn normal(rng: &mut ChaCha8Rng) -> f64 {
    StandardNormal.sample(rng)
}

/// x + N(0, c²)
pub fn gaussian(x: &mut Pixels, level: usize, rng: &mut ChaCha8Rng) {
    let deviation = [0.04, 0.06, 0.08, 0.09, 0.10][level];
    for value in &mut x.values {
        *value += deviation * normal(rng);
    }
}

/// Poisson(x·c) / c
pub fn shot(x: &mut Pixels, level: usize, rng: &mut ChaCha8Rng) {
    let photons = [500.0, 250.0, 100.0, 75.0, 50.0][level];
    for value in &mut x.values {
        // A rate of 0 has no distribution here; its only outcome is 0, which black already is.
        if let Ok(poisson) = Poisson::new(*value * photons) {
            *value = poisson.sample(rng) / photons;
        }
    }
}

/// With probability c an element becomes 1 or 0, each half of the time.
pub fn impulse(x: &mut Pixels, level: usize, rng: &mut ChaCha8Rng) {
    let share = [0.01, 0.02, 0.03, 0.05, 0.07][level];
    for value in &mut x.values {
        if rng.random_bool(share) {
            *value = if rng.random_bool(0.5) { 1.0 } else { 0.0 };
        }
    }
}

/// x + x·N(0, c²)
pub fn speckle(x: &mut Pixels, level: usize, rng: &mut ChaCha8Rng) {
    let deviation = [0.06, 0.1, 0.12, 0.16, 0.2][level];
    for value in &mut x.values {
        *value += *value * deviation * normal(rng);
    }
}
