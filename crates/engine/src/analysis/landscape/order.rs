//! The order in which cells are computed: coarse to fine on nested grids, from θ outwards on each.

/// Fewest steps of the coarsest grid along an axis: 5 x 5 cells with both ends.
const COARSEST: usize = 4;

/// The grids, coarsest first, each as the list of cells (i, j) that it adds to the grids before. The coarsest takes every 2ᵏ-th node of an
/// axis, at least four steps of them, and the last node; each grid halves the steps of the one before. Within a grid the cells nearest
/// to θ come first, distances in units of the axes' extents; ties in row-major order.
pub fn nested(alpha: &[f64], beta: &[f64]) -> Vec<Vec<(usize, usize)>> {
    let extent = |axis: &[f64]| axis.iter().fold(0.0f64, |extent, x| extent.max(x.abs())).max(f64::MIN_POSITIVE);
    let (a, b) = (extent(alpha), extent(beta));
    let distance = |&(i, j): &(usize, usize)| (alpha[i] / a).powi(2) + (beta[j] / b).powi(2);
    let (rows, columns) = (levels(alpha.len()), levels(beta.len()));
    let mut grids = vec![Vec::new(); rows.iter().chain(&columns).max().map_or(0, |finest| finest + 1)];
    for (i, row) in rows.iter().enumerate() {
        for (j, column) in columns.iter().enumerate() {
            grids[*row.max(column)].push((i, j));
        }
    }
    for grid in &mut grids {
        grid.sort_by(|x, y| distance(x).total_cmp(&distance(y)));
    }
    grids
}

/// The grid that each of `n` nodes of an axis first belongs to.
fn levels(n: usize) -> Vec<usize> {
    let steps = n.saturating_sub(1);
    let halvings = (steps / COARSEST).checked_ilog2().unwrap_or(0) as usize;
    let level = |i: usize| if i == 0 || i == steps { 0 } else { halvings - (i.trailing_zeros() as usize).min(halvings) };
    (0..n).map(level).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn landscape_order_is_coarse_to_fine_and_centre_out_and_complete() {
        let axis: Vec<f64> = (0..21).map(|i| f64::from(i) / 10.0 - 1.0).collect();
        let grids = nested(&axis, &axis);
        assert_eq!(grids.iter().map(Vec::len).collect::<Vec<_>>(), [36, 121 - 36, 441 - 121]);
        assert_eq!(grids[0][0], (8, 8), "the coarsest node nearest to θ");
        assert_eq!(grids[1][0], (10, 10), "θ itself");
        let mut all = grids.concat();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 441);
    }

    #[test]
    fn landscape_order_of_small_and_uneven_grids() {
        let (alpha, beta) = ([-1.0, -0.5, 0.0, 0.5, 1.0], [0.0, 2.0, 4.0]);
        assert_eq!(nested(&alpha, &beta).len(), 1);
        assert_eq!(nested(&alpha, &beta)[0][0], (2, 0));
        assert_eq!(nested(&[0.0], &[0.0]), [[(0, 0)]]);
        assert_eq!(nested(&[3.0, 4.0], &[-2.0, -1.0])[0][0], (0, 1), "axes without 0");
        let long: Vec<f64> = (0..51).map(f64::from).collect();
        assert_eq!(nested(&long, &[0.0]).iter().map(Vec::len).sum::<usize>(), 51);
        assert_eq!(levels(51)[50], 0, "the last node belongs to every grid");
        assert!(nested(&[], &[]).is_empty());
    }
}
