//! In which order cells are computed.

/// Cells (i, j) of the grid, nearest to θ first, distances in units of the axes' extents; ties in row-major order.
pub fn center_out(alpha: &[f64], beta: &[f64]) -> Vec<(usize, usize)> {
    let extent = |axis: &[f64]| axis.iter().fold(0.0f64, |extent, x| extent.max(x.abs())).max(f64::MIN_POSITIVE);
    let (a, b) = (extent(alpha), extent(beta));
    let mut cells: Vec<(usize, usize)> = (0..alpha.len()).flat_map(|i| (0..beta.len()).map(move |j| (i, j))).collect();
    let distance = |&(i, j): &(usize, usize)| (alpha[i] / a).powi(2) + (beta[j] / b).powi(2);
    cells.sort_by(|x, y| distance(x).total_cmp(&distance(y)));
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn landscape_order_is_centre_out_and_complete() {
        let (alpha, beta) = ([-1.0, -0.5, 0.0, 0.5, 1.0], [0.0, 2.0, 4.0]);
        let cells = center_out(&alpha, &beta);
        assert_eq!(cells[0], (2, 0));
        let mut sorted = cells.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), 15);
        assert_eq!(center_out(&[0.0], &[0.0]), [(0, 0)]);
        assert_eq!(center_out(&[3.0, 4.0], &[-2.0, -1.0])[0], (0, 1), "axes without 0");
    }
}
