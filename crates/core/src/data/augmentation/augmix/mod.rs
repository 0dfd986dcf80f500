//! AugMix (Hendrycks et al. 2020, arXiv:1912.02781) as torchvision has it: `AugMix(severity, mixture_width=3, chain_depth=-1, alpha=1,
//! all_ops=True, interpolation=BILINEAR)`.
//!
//! m₀·image + m₁·Σᵢ wᵢ·chainᵢ with (m₀, m₁) ~ Dir(1, 1), w ~ Dir(1, 1, 1); a chain is 1 to 3 operations, each drawn from thirteen, at
//! a strength drawn from the first `severity` of ten steps. At severity 1, which the paper uses, only the first step is left: shears,
//! translations, rotations and enhancements are then the identity, and only posterizing to 4 bits, inverting 255, autocontrast and
//! equalization do anything.

mod operations;

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Exp1};

pub(super) use operations::Operation;

const CHAINS: usize = 3;

/// Mixes `image`, u8 RGB [height, width, 3], at `severity` 1..=10, in place.
pub fn augmix(image: &mut [u8], height: usize, width: usize, severity: u8, rng: &mut ChaCha8Rng) {
    // Dir(1, ..., 1) is exponentials over their sum; of two components, a uniform share.
    let keep: f32 = rng.random();
    let weights: [f32; CHAINS] = std::array::from_fn(|_| Exp1.sample(rng));
    let total: f32 = weights.iter().sum();
    let mut mix: Vec<f32> = image.iter().map(|&byte| keep * f32::from(byte)).collect();
    let mut chain = vec![0; image.len()];
    for weight in weights {
        chain.copy_from_slice(image);
        for _ in 0..rng.random_range(1..=3) {
            let operation = Operation::ALL[rng.random_range(0..Operation::ALL.len())];
            let magnitude = operation.magnitude(rng.random_range(0..usize::from(severity)), height, width);
            let sign = if operation.is_signed() && rng.random_bool(0.5) { -1.0 } else { 1.0 };
            operation.apply(&mut chain, height, width, sign * magnitude);
        }
        let weight = weight / total * (1.0 - keep);
        mix.iter_mut().zip(&chain).for_each(|(sum, &byte)| *sum += weight * f32::from(byte));
    }
    // Truncated, as a cast of the tensor does.
    image.iter_mut().zip(mix).for_each(|(byte, sum)| *byte = sum as u8);
}

#[cfg(test)]
mod tests;
