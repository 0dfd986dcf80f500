//! Draws the subset of a source.

use std::collections::BTreeMap;

use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::Subset;

/// Indices into `labels` of the images in `subset`, ascending. At most all of them.
///
/// The stratified draw gives each class its share of `n` by largest remainders (ties to the smaller label), so the total
/// is exact; unlabelled images are one class. Each class is shuffled by a ChaCha keyed by (seed, label), and its first
/// images are taken: a smaller subset lies within a larger one up to the rounding of the shares.
pub(super) fn choose(labels: &[i64], subset: Subset, seed: u64) -> Vec<usize> {
    match subset {
        Subset::All => (0..labels.len()).collect(),
        Subset::First(n) => (0..n.min(labels.len())).collect(),
        Subset::Stratified(n) if n >= labels.len() => (0..labels.len()).collect(),
        Subset::Stratified(n) => stratified(labels, n, seed),
    }
}

fn stratified(labels: &[i64], n: usize, seed: u64) -> Vec<usize> {
    let mut classes: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
    for (position, &label) in labels.iter().enumerate() {
        classes.entry(label).or_default().push(position);
    }
    let total = labels.len() as u128;
    let share = |count: usize| (n as u128 * count as u128 / total, n as u128 * count as u128 % total);
    let mut counts: Vec<usize> = classes.values().map(|of_class| share(of_class.len()).0 as usize).collect();
    let mut by_remainder: Vec<(u128, usize)> = classes.values().enumerate().map(|(k, of_class)| (share(of_class.len()).1, k)).collect();
    by_remainder.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    let missing = n - counts.iter().sum::<usize>();
    for &(_, k) in by_remainder.iter().take(missing) {
        counts[k] += 1;
    }
    let mut chosen = Vec::with_capacity(n);
    for ((label, mut of_class), count) in classes.into_iter().zip(counts) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(label as u64);
        of_class.shuffle(&mut rng);
        chosen.extend_from_slice(&of_class[..count]);
    }
    chosen.sort_unstable();
    chosen
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn count(labels: &[i64], chosen: &[usize], label: i64) -> usize {
        chosen.iter().filter(|&&i| labels[i] == label).count()
    }

    #[test]
    fn shares_follow_the_class_frequencies_and_add_up() {
        // 600, 300 and 100 images, interleaved.
        let labels: Vec<i64> = (0..1000).map(|i| [0, 0, 0, 0, 0, 0, 1, 1, 1, 2][i % 10]).collect();
        for n in [1, 7, 10, 99, 100, 333, 999] {
            let chosen = choose(&labels, Subset::Stratified(n), 3);
            assert_eq!(chosen.len(), n);
            assert!(chosen.is_sorted_by(|a, b| a < b), "file order, each once");
            for (label, share) in [(0, 0.6), (1, 0.3), (2, 0.1)] {
                assert!((count(&labels, &chosen, label) as f64 - share * n as f64).abs() < 1.0);
            }
        }
    }

    #[test]
    fn the_seed_decides_and_a_smaller_draw_lies_within_a_larger_one() {
        let labels: Vec<i64> = (0..1000).map(|i| i % 10).collect();
        let draw = |n, seed| choose(&labels, Subset::Stratified(n), seed);
        assert_eq!(draw(200, 1), draw(200, 1));
        assert_ne!(draw(200, 1), draw(200, 2));
        let larger = draw(400, 1);
        assert!(draw(200, 1).iter().all(|i| larger.contains(i)));
        // Classes are drawn apart: not the same places in each.
        let places = |label: usize| draw(200, 1).into_iter().filter(|i| i % 10 == label).map(|i| i / 10).collect::<Vec<_>>();
        assert_ne!(places(0), places(1));
    }

    #[test]
    fn unlabelled_images_are_one_class_and_more_than_all_is_all() {
        let labels = vec![-1; 50];
        assert_eq!(choose(&labels, Subset::Stratified(20), 0).len(), 20);
        assert_eq!(choose(&labels, Subset::Stratified(60), 0), (0..50).collect::<Vec<_>>());
        assert_eq!(choose(&labels, Subset::First(3), 0), [0, 1, 2]);
        assert_eq!(choose(&labels, Subset::First(99), 0).len(), 50);
        assert_eq!(choose(&[], Subset::Stratified(3), 0), [0usize; 0]);
    }
}
