//! The order in which images are evaluated.

use std::collections::BTreeMap;

/// Indices of the first image of every class, then of the second of every class, and so on; classes ascending.
pub(super) fn round_robin(labels: &[i64]) -> Vec<usize> {
    let mut seen = BTreeMap::new();
    let rank = |label: &i64| {
        let count = seen.entry(*label).or_insert(0usize);
        *count += 1;
        *count
    };
    let ranks: Vec<usize> = labels.iter().map(rank).collect();
    let mut order: Vec<usize> = (0..labels.len()).collect();
    order.sort_by_key(|&i| (ranks[i], labels[i]));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_beginning_of_the_order_has_its_share_of_each_class() {
        assert_eq!(round_robin(&[2, 2, 0, 2, 0, 1]), [2, 5, 0, 4, 1, 3]);
        assert!(round_robin(&[]).is_empty());
    }
}
