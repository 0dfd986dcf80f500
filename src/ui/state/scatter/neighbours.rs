//! The nearest images of an image in feature space, by exact search.

use rayon::prelude::*;

use flatland_core::result::Embedding;

/// Number of neighbours.
pub const COUNT: usize = 8;

/// Row and Euclidean distance of the [`COUNT`] rows whose features are nearest to those of `row`, nearest first; ties by row.
pub fn nearest(embedding: &Embedding, row: u32) -> Vec<(u32, f32)> {
    let dim = embedding.feature_dim.max(1);
    let Some(own) = embedding.features.chunks_exact(dim).nth(row as usize) else { return Vec::new() };
    // f64 sums of f32 differences: equal features are at distance 0 exactly.
    let distance = |other: &[f32]| own.iter().zip(other).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>();
    let keep = |mut best: Vec<(f64, u32)>, one: (f64, u32)| {
        let before = |a: &(f64, u32)| a.0.total_cmp(&one.0).then(a.1.cmp(&one.1)).is_lt();
        let index = best.partition_point(before);
        if index < COUNT {
            best.insert(index, one);
            best.truncate(COUNT);
        }
        best
    };
    let others = embedding.features.par_chunks_exact(dim).enumerate().filter(|(other, _)| *other != row as usize);
    let found = others
        .map(|(other, features)| (distance(features), other as u32))
        .fold(Vec::new, keep)
        .reduce(Vec::new, |a, b| b.into_iter().fold(a, keep));
    found.into_iter().map(|(squared, other)| (other, squared.sqrt() as f32)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_equal_those_of_a_search_through_all_pairs() {
        let value = |k: usize| ((k as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 48) as f32 / 6553.6;
        let embedding = Embedding { feature_dim: 5, features: (0..5 * 300).map(value).collect(), ..Embedding::default() };
        for row in [0usize, 17, 299] {
            let of = |r: usize| &embedding.features[5 * r..5 * r + 5];
            let distance = |r: usize| of(row).iter().zip(of(r)).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>().sqrt();
            let mut all: Vec<usize> = (0..300).filter(|r| *r != row).collect();
            all.sort_by(|a, b| distance(*a).total_cmp(&distance(*b)));
            let found = nearest(&embedding, row as u32);
            assert_eq!(found.iter().map(|(r, _)| *r as usize).collect::<Vec<_>>(), all[..COUNT]);
            assert!(found.iter().all(|(r, d)| (f64::from(*d) - distance(*r as usize)).abs() < 1e-5));
        }
    }

    #[test]
    fn few_points_have_few_neighbours_and_equal_ones_are_at_zero() {
        let embedding = Embedding { feature_dim: 2, features: vec![1.0, 2.0, 1.0, 2.0, 4.0, 6.0], ..Embedding::default() };
        assert_eq!(nearest(&embedding, 0), [(1, 0.0), (2, 5.0)]);
        assert_eq!(nearest(&embedding, 9), []);
    }
}
