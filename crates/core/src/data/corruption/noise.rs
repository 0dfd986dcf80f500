//! Noises: Gaussian, shot, impulse, speckle. Every element (pixel and channel) is drawn on its own.

use std::sync::OnceLock;

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

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
    let photons = PHOTONS[level];
    let tables = poisson_tables(level);
    for value in &mut x.values {
        // Images have 256 levels, so 256 distributions do.
        let (first, cumulative) = &tables[(*value * 255.0).round() as usize];
        let draw: f64 = rng.random();
        *value = (first + cumulative.partition_point(|&share| share <= draw)) as f64 / photons;
    }
}

const PHOTONS: [f64; 5] = [500.0, 250.0, 100.0, 75.0, 50.0];

/// The least count of Poisson(x·c), and the shares of counts up to it and up to each that follows, for x = 0/255 to 255/255. Counts rarer
/// than e⁻⁴⁰ next to the commonest are left out.
type PoissonTable = (usize, Vec<f64>);

fn poisson_tables(level: usize) -> &'static [PoissonTable] {
    static TABLES: [OnceLock<Vec<PoissonTable>>; 5] = [const { OnceLock::new() }; 5];
    TABLES[level].get_or_init(|| (0..=255).map(|x| poisson_table(f64::from(x) / 255.0 * PHOTONS[level])).collect())
}

fn poisson_table(rate: f64) -> PoissonTable {
    let mode = rate.floor() as usize;
    // Probabilities relative to that of the mode, by the ratio of neighbours: p(k) = p(k − 1)·rate/k.
    let rare = (-40.0f64).exp();
    let ratio = |k: usize| rate / k as f64;
    let below: Vec<f64> = (1..=mode).rev().scan(1.0, |p, k| keep(p, *p / ratio(k), rare)).collect();
    let above: Vec<f64> = (mode + 1..).scan(1.0, |p, k| keep(p, *p * ratio(k), rare)).collect();
    let shares = below.iter().rev().copied().chain([1.0]).chain(above);
    let mut cumulative: Vec<f64> = shares.scan(0.0, |sum, share| keep(sum, *sum + share, 0.0)).collect();
    let total = cumulative.last().copied().unwrap_or(1.0);
    cumulative.iter_mut().for_each(|share| *share /= total);
    // The last count gets the rest of the probability.
    cumulative.pop();
    (mode - below.len(), cumulative)
}

/// `next` becomes the state and the item; the end once it is not above `least`.
fn keep(state: &mut f64, next: f64, least: f64) -> Option<f64> {
    *state = next;
    (next > least).then_some(next)
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
