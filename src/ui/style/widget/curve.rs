//! Curves of a run: smoothing, and thinning to the pixels. Pure functions on [x, y] points in the order of x.

/// Normalized exponential average over x: a point at distance `d` before has the weight exp(−d / `constant`), whatever the spacing, so
/// that dense and sparse curves are smoothed over the same distance. The first values are not biased towards 0.
/// `constant` is in units of x; 0 leaves the curve unchanged. Values that are not finite are skipped and kept.
pub fn smoothed(points: &[[f64; 2]], constant: f64) -> Vec<[f64; 2]> {
    if constant <= 0.0 || constant.is_nan() {
        return points.to_vec();
    }
    let (mut sum, mut weight, mut last) = (0.0, 0.0, None);
    let average = |&[x, y]: &[f64; 2]| {
        if !y.is_finite() {
            return [x, y];
        }
        let decay = last.map_or(0.0, |last: f64| (-(x - last).max(0.0) / constant).exp());
        sum = decay * sum + y;
        weight = decay * weight + 1.0;
        last = Some(x);
        [x, sum / weight]
    };
    points.iter().map(average).collect()
}

/// The points within [low, high] and one on each side, thinned to the first, lowest, highest and last of each of `columns` columns: drawn
/// as a line they cover the same pixels.
pub fn thinned(points: &[[f64; 2]], [low, high]: [f64; 2], columns: usize) -> Vec<[f64; 2]> {
    let start = points.partition_point(|p| p[0] < low).saturating_sub(1);
    let end = (points.partition_point(|p| p[0] <= high) + 1).min(points.len());
    let shown = points.get(start..end).unwrap_or_default();
    if shown.len() <= 4 * columns || columns == 0 || low >= high || (high - low).is_nan() {
        return shown.to_vec();
    }
    let column = |x: f64| ((x - low) / (high - low) * columns as f64).floor();
    let mut thin = Vec::with_capacity(4 * columns + 8);
    for group in shown.chunk_by(|a, b| column(a[0]) == column(b[0])) {
        let order = |a: &&[f64; 2], b: &&[f64; 2]| a[1].total_cmp(&b[1]);
        let ends = [group.first(), group.last()];
        let finite = || group.iter().filter(|p| p[1].is_finite());
        let mut kept: Vec<[f64; 2]> = ends.into_iter().chain([finite().min_by(order), finite().max_by(order)]).flatten().copied().collect();
        kept.sort_by(|a, b| a[0].total_cmp(&b[0]));
        kept.dedup();
        thin.extend(kept);
    }
    thin
}

/// The point nearest to `x`; `None` when there are no points.
pub fn nearest(points: &[[f64; 2]], x: f64) -> Option<[f64; 2]> {
    let after = points.partition_point(|p| p[0] < x);
    let around = points.get(after.saturating_sub(1)..(after + 1).min(points.len()))?;
    around.iter().copied().min_by(|a, b| (a[0] - x).abs().total_cmp(&(b[0] - x).abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(n: usize, y: impl Fn(f64) -> f64) -> Vec<[f64; 2]> {
        (0..n).map(|i| [i as f64, y(i as f64)]).collect()
    }

    #[test]
    fn a_constant_stays_and_no_smoothing_is_the_identity() {
        let flat = line(100, |_| 3.0);
        assert!(smoothed(&flat, 7.0).iter().all(|p| (p[1] - 3.0).abs() < 1e-12), "no pull towards 0 at the start");
        let wild = line(50, |x| (x * 7.3).sin());
        assert_eq!(smoothed(&wild, 0.0), wild);
        assert_eq!(smoothed(&wild, f64::NAN), wild);
    }

    #[test]
    fn it_is_the_weighted_mean_of_what_came_before() {
        let points = [[0.0, 1.0], [1.0, 5.0], [3.0, 2.0]];
        let w = |d: f64| (-d / 2.0_f64).exp();
        let expected = (w(3.0) * 1.0 + w(2.0) * 5.0 + 2.0) / (w(3.0) + w(2.0) + 1.0);
        assert!((smoothed(&points, 2.0)[2][1] - expected).abs() < 1e-12);
    }

    #[test]
    fn values_that_are_not_finite_are_kept_and_do_not_affect_others() {
        let points = [[0.0, 1.0], [1.0, f64::NAN], [2.0, 1.0]];
        let smooth = smoothed(&points, 1.0);
        assert!(smooth[1][1].is_nan());
        assert!((smooth[2][1] - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_curve_sampled_more_densely_is_smoothed_over_the_same_stretch() {
        let step =
            |n: usize| -> Vec<[f64; 2]> { (0..n).map(|i| i as f64 / (n - 1) as f64).map(|x| [x, f64::from(u8::from(x >= 0.5))]).collect() };
        let end = |n: usize| smoothed(&step(n), 0.2).last().map(|p| p[1]).unwrap_or_default();
        assert!((end(2001) - end(201)).abs() < 0.01, "{} {}", end(2001), end(201));
    }

    #[test]
    fn a_thinned_curve_keeps_its_ends_and_its_extremes() {
        let wild = line(100_000, |x| if x == 777.0 { 9.0 } else { (x * 0.37).sin() });
        let thin = thinned(&wild, [0.0, 99_999.0], 300);
        assert!(thin.len() <= 4 * 301 + 8, "{}", thin.len());
        assert_eq!((thin.first(), thin.last()), (wild.first(), wild.last()));
        assert!(thin.contains(&[777.0, 9.0]));
        assert!(thin.windows(2).all(|pair| pair[0][0] <= pair[1][0]));
    }

    #[test]
    fn a_cut_curve_runs_out_of_the_frame_on_both_sides() {
        let points = line(10, |x| x);
        let cut: Vec<f64> = thinned(&points, [2.5, 4.5], 100).iter().map(|p| p[0]).collect();
        assert_eq!(cut, [2.0, 3.0, 4.0, 5.0]);
        assert!(thinned(&[], [0.0, 1.0], 10).is_empty());
    }

    #[test]
    fn the_nearest_point_is_found() {
        let points = line(5, |x| 10.0 * x);
        assert_eq!(nearest(&points, 2.4), Some([2.0, 20.0]));
        assert_eq!(nearest(&points, -9.0), Some([0.0, 0.0]));
        assert_eq!(nearest(&points, 99.0), Some([4.0, 40.0]));
        assert_eq!(nearest(&[], 0.0), None);
    }
}
