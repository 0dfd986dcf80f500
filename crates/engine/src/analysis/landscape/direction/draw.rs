//! Draws of random directions: keyed by (seed, axis, tensor name), so that checkpoints of one architecture share them.

use flatland_core::session::Law;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::RngCore;

use crate::model::derived_rng;

/// `n` draws of `law` for a tensor of an axis.
pub fn draws(law: Law, seed: u64, axis: &str, name: &str, n: usize) -> Vec<f64> {
    match law {
        Law::Normal => {
            let mut normal = Normal { rng: keyed("flatland landscape direction li2018 v1", seed, axis, name), spare: None };
            (0..n).map(|_| normal.draw()).collect()
        }
        Law::Uniform => {
            let mut rng = keyed("flatland landscape direction uniform v1", seed, axis, name);
            (0..n).map(|_| uniform(&mut rng)).collect()
        }
    }
}

fn keyed(context: &str, seed: u64, axis: &str, name: &str) -> ChaCha8Rng {
    derived_rng(context, &[&seed.to_le_bytes(), axis.as_bytes(), b"/", name.as_bytes()])
}

/// U[0, 1) with 53 bits.
fn uniform(rng: &mut ChaCha8Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64
}

/// N(0, 1) by Box and Muller over ChaCha8, with the logarithm and cosine of the `libm` crate: the same bits on every platform.
struct Normal {
    rng: ChaCha8Rng,
    spare: Option<f64>,
}

impl Normal {
    fn draw(&mut self) -> f64 {
        if let Some(value) = self.spare.take() {
            return value;
        }
        // The radius draws from (0, 1], so that its logarithm is finite.
        let radius = libm::sqrt(-2.0 * libm::log(1.0 - uniform(&mut self.rng)));
        let angle = std::f64::consts::TAU * uniform(&mut self.rng);
        self.spare = Some(radius * libm::sin(angle));
        radius * libm::cos(angle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(draws: &[f64], k: i32) -> f64 {
        draws.iter().map(|x| x.powi(k)).sum::<f64>() / draws.len() as f64
    }

    #[test]
    fn landscape_draws_have_the_moments_of_their_laws() {
        let normal = draws(Law::Normal, 0, "delta", "w", 200_000);
        for (k, expected, within) in [(1, 0.0, 0.01), (2, 1.0, 0.02), (3, 0.0, 0.05), (4, 3.0, 0.1)] {
            assert!((moment(&normal, k) - expected).abs() < within);
        }
        let uniform = draws(Law::Uniform, 0, "delta", "w", 200_000);
        assert!(uniform.iter().all(|x| (0.0..1.0).contains(x)));
        for k in 1..5 {
            assert!((moment(&uniform, k) - 1.0 / f64::from(k + 1)).abs() < 0.005);
        }
    }
}
