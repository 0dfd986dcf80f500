//! The whole surface from what is known of it so far.
//!
//! A first look at some of the images (S) gives every cell's shape; cells computed on all images (F) say by how much S is off. Between them
//! ln(F/S) is smooth, because the same images are in every cell, so it is interpolated: a plane, later a quadratic, through the nearest
//! computed cells. What that gets wrong when a computed cell is left out is its error; S has its sampling error; both are weighed by their
//! inverse squares. Cells without a first look are interpolated from those that have one. Deliberately absent: any say in what a
//! computed cell is; estimates never become results.

use flatland::result::Map;

/// The first look at a cell: the mean over some of the images.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Look {
    /// Mean loss; positive.
    pub mean: f64,
    /// Standard error as an estimate of the mean over all images.
    pub std_error: f64,
}

impl Look {
    /// The mean over all images from the losses of the first of them, and from all losses at θ as a control variate: what the first images
    /// are off by at θ, where all are known, tells by regression what they are off by here. The images are a finite population, and those
    /// looked at are among them. `None` for fewer than three, or where the mean is no positive number.
    pub fn of(losses: &[f64], center: &[f64]) -> Option<Self> {
        let (n, whole) = (losses.len(), center.len() as f64);
        let first = center.get(..n).filter(|_| n >= 3)?;
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let (here, there) = (mean(losses), mean(first));
        let pairs = || losses.iter().zip(first).map(|(l, c)| (l - here, c - there));
        let (variance, covariance) = pairs().fold((0.0, 0.0), |(v, p), (l, c)| (v + c * c, p + l * c));
        let slope = if variance > 0.0 && covariance.is_finite() { covariance / variance } else { 0.0 };
        let squares: f64 = pairs().map(|(l, c)| (l - slope * c).powi(2)).sum();
        let sampling = squares / (n as f64 - 2.0) / n as f64 * (1.0 - n as f64 / whole);
        // What the slope's own error adds, as in any prediction by regression.
        let off = mean(center) - there;
        let leverage = if variance > 0.0 { squares / (n as f64 - 2.0) * off * off / variance } else { 0.0 };
        let found = Self { mean: here + slope * off, std_error: (sampling + leverage).sqrt() };
        (found.mean > 0.0 && found.std_error.is_finite()).then_some(found)
    }
}

/// Neighbours that an interpolation rests on.
const NEIGHBOURS: usize = 12;
/// Neighbours whose left-out errors a cell's error is pooled from.
const POOLED: usize = 8;
/// Computed cells before the first look is corrected by them: the coarsest grid (on three real surfaces fewer did harm).
const ENOUGH: usize = 24;
/// Points before they are dense enough for a quadratic.
const FOR_QUADRATIC: usize = 40;
/// What stated errors are larger by: losses have long tails, the two errors are not independent, and all cells share one draw of images, so that
/// a bad draw is bad in many (at 1.2, 96.5 % and 93.8 % of the cells of two real networks lay within two stated errors after the looks).
const CAUTION: f64 = 1.5;
/// Parameters of a plane, and some to spare.
const FOR_PLANE: usize = 5;

/// The loss of every cell of an [A, B] grid as far as it is known, with its standard error (0 where it is `exact`); NaN where it is not known.
/// `exact` and `looks` are [A, B], row by row; a loss that is not finite or not positive is no neighbour to anybody.
pub fn estimate(columns: usize, exact: &[Option<f64>], looks: &[Option<Look>]) -> Map {
    let at = |k: usize| [(k / columns) as f64, (k % columns) as f64];
    let usable = |value: f64| value.is_finite() && value > 0.0;
    let glance = |(k, look): (usize, &Option<Look>)| {
        let look = look.filter(|look| usable(look.mean))?;
        Some(Known { place: at(k), value: look.mean.ln(), error: look.std_error / look.mean })
    };
    let seen = Field::new(looks.iter().enumerate().filter_map(glance));
    // ln S with its error, everywhere.
    let base: Vec<Option<(f64, f64)>> = looks
        .iter()
        .enumerate()
        .map(|(k, look)| match look {
            Some(look) => usable(look.mean).then(|| (look.mean.ln(), look.std_error / look.mean)),
            None => seen.at(at(k)),
        })
        .collect();
    let correction = Field::new(exact.iter().zip(&base).enumerate().filter_map(|(k, (value, base))| {
        let (value, (base, _)) = (value.filter(|v| usable(*v))?, (*base)?);
        Some(Known { place: at(k), value: value.ln() - base, error: 0.0 })
    }));
    let mut map = Map::pending(exact.len());
    for k in 0..exact.len() {
        if let Some(value) = exact[k] {
            (map.value[k], map.std_error[k]) = (value, 0.0);
            continue;
        }
        let Some((base, base_error)) = base[k] else { continue };
        let (shift, error) = match correction.at(at(k)).filter(|_| correction.points.len() >= ENOUGH) {
            Some((shift, missed)) => {
                let (sampling, missed) = (base_error.powi(2), missed.powi(2));
                let weight = if missed > 0.0 { sampling / (sampling + missed) } else { 1.0 };
                (weight * shift, (weight * missed).sqrt())
            }
            None => (0.0, base_error),
        };
        let error = CAUTION * error;
        // With nothing to judge an interpolation by, nothing is known.
        if error.is_finite() {
            map.value[k] = (base + shift).exp();
            map.std_error[k] = map.value[k] * error;
        }
    }
    map
}

/// A value of a smooth function, and its own error, which its neighbours share: the same images are in all of them.
#[derive(Clone, Copy)]
struct Known {
    place: [f64; 2],
    value: f64,
    error: f64,
}

/// Scattered values of a smooth function.
struct Field {
    points: Vec<Known>,
    /// By how much each point is missed when it is left out.
    left_out: Vec<f64>,
}

impl Field {
    fn new(points: impl Iterator<Item = Known>) -> Self {
        let points: Vec<_> = points.collect();
        let left_out = (0..points.len())
            .map(|k| {
                let near = nearest(&points, points[k].place, Some(k));
                fit(&points, &near, points[k].place).map_or(f64::INFINITY, |value| points[k].value - value)
            })
            .collect();
        Self { points, left_out }
    }

    /// The value at `place` with its error: root mean squares of the left-out errors and of the points' own around it. `None` without a point.
    fn at(&self, place: [f64; 2]) -> Option<(f64, f64)> {
        let near = nearest(&self.points, place, None);
        let value = fit(&self.points, &near, place)?;
        let pooled = near.len().min(POOLED);
        let squares: f64 = near.iter().take(pooled).map(|&(k, _)| self.left_out[k].powi(2) + self.points[k].error.powi(2)).sum();
        Some((value, (squares / pooled as f64).sqrt()))
    }
}

/// The nearest points with their squared distances, nearest first; ties in the order of the points.
fn nearest(points: &[Known], place: [f64; 2], without: Option<usize>) -> Vec<(usize, f64)> {
    let distance = |k: usize| (points[k].place[0] - place[0]).powi(2) + (points[k].place[1] - place[1]).powi(2);
    let mut all: Vec<(usize, f64)> = (0..points.len()).filter(|k| Some(*k) != without).map(|k| (k, distance(k))).collect();
    let by_distance = |a: &(usize, f64), b: &(usize, f64)| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0));
    if all.len() > NEIGHBOURS {
        all.select_nth_unstable_by(NEIGHBOURS, by_distance);
        all.truncate(NEIGHBOURS);
    }
    all.sort_unstable_by(by_distance);
    all
}

/// The value at `place` of the quadratic, plane or constant that fits the `near` points best by weighted least squares, near ones weighing
/// most. `None` without a point.
fn fit(points: &[Known], near: &[(usize, f64)], place: [f64; 2]) -> Option<f64> {
    let reach = near.last()?.1.max(1e-9);
    let scale = reach.sqrt();
    let terms = match (points.len(), near.len()) {
        (FOR_QUADRATIC.., NEIGHBOURS..) => 6,
        (_, FOR_PLANE..) => 3,
        _ => 1,
    };
    let (mut matrix, mut right) = ([[0.0; 6]; 6], [0.0; 6]);
    for &(k, distance) in near {
        let Known { place: at, value, .. } = points[k];
        let [x, y] = [(at[0] - place[0]) / scale, (at[1] - place[1]) / scale];
        let row = [1.0, x, y, x * x, y * y, x * y];
        let weight = (1.0 - distance / (1.2 * reach)).powi(2) + 1e-3;
        for i in 0..terms {
            right[i] += weight * row[i] * value;
            for j in 0..terms {
                matrix[i][j] += weight * row[i] * row[j];
            }
        }
    }
    // Points on a line do not settle a quadratic: a little of nothing does.
    let trace: f64 = (0..terms).map(|i| matrix[i][i]).sum();
    for (i, row) in matrix.iter_mut().enumerate().take(terms).skip(1) {
        row[i] += 1e-6 * trace / terms as f64;
    }
    constant_term(&mut matrix, &mut right, terms)
}

/// The first unknown of `matrix` x = `right`, symmetric and positive definite, by elimination from the last.
fn constant_term(matrix: &mut [[f64; 6]; 6], right: &mut [f64; 6], terms: usize) -> Option<f64> {
    for pivot in (1..terms).rev() {
        let row = matrix[pivot];
        for i in 0..pivot {
            let factor = matrix[i][pivot] / row[pivot];
            for j in 0..=pivot {
                matrix[i][j] -= factor * row[j];
            }
            right[i] -= factor * right[pivot];
        }
    }
    let value = right[0] / matrix[0][0];
    value.is_finite().then_some(value)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const SIDE: usize = 13;

    /// A bowl, and a first look at it that is off by a smooth factor.
    fn bowl(k: usize) -> (f64, f64) {
        let (x, y) = ((k / SIDE) as f64 / 6.0 - 1.0, (k % SIDE) as f64 / 6.0 - 1.0);
        let loss = 0.1 + x * x + 0.5 * y * y + 0.2 * x * y;
        (loss, loss * (0.2 + 0.1 * x - 0.05 * y * y).exp())
    }

    fn looks() -> Vec<Option<Look>> {
        (0..SIDE * SIDE).map(|k| Some(Look { mean: bowl(k).1, std_error: 0.2 * bowl(k).1 })).collect()
    }

    #[test]
    fn a_look_knows_by_the_center_what_its_images_are_off_by() {
        // Twice the loss at θ, plus one: known exactly from any three images.
        let center: Vec<f64> = (0..40).map(|k| f64::from(k * k % 17)).collect();
        let losses: Vec<f64> = center.iter().take(6).map(|l| 2.0 * l + 1.0).collect();
        let look = Look::of(&losses, &center).unwrap();
        let expected = 2.0 * center.iter().sum::<f64>() / 40.0 + 1.0;
        assert!((look.mean - expected).abs() < 1e-9 && look.std_error < 1e-6, "{look:?} for {expected}");
        // Nothing in common with θ: the mean of the look, with the error of a mean in a finite population.
        let look = Look::of(&[1.0, 3.0, 1.0, 3.0], &[2.0; 8]).unwrap();
        assert!((look.mean - 2.0).abs() < 1e-12 && (look.std_error - (4.0f64 / 2.0 / 4.0 * 0.5).sqrt()).abs() < 1e-12, "{look:?}");
        assert_eq!(Look::of(&[1.0, 2.0], &[1.0; 8]), None);
    }

    #[test]
    fn without_computed_cells_the_first_look_stands_with_its_own_error() {
        let map = estimate(SIDE, &[None; SIDE * SIDE], &looks());
        for k in 0..SIDE * SIDE {
            assert!((map.value[k] - bowl(k).1).abs() < 1e-12 && (map.std_error[k] - CAUTION * 0.2 * bowl(k).1).abs() < 1e-12);
        }
    }

    #[test]
    fn a_few_computed_cells_correct_the_first_look_everywhere() {
        let known = |k: usize| (k / SIDE).is_multiple_of(2) && (k % SIDE).is_multiple_of(2);
        let exact: Vec<_> = (0..SIDE * SIDE).map(|k| known(k).then(|| bowl(k).0)).collect();
        let map = estimate(SIDE, &exact, &looks());
        for k in 0..SIDE * SIDE {
            let (loss, _) = bowl(k);
            assert!((map.value[k] / loss - 1.0).abs() < 0.01, "{k}: {} for {loss}", map.value[k]);
            assert!(if known(k) { map.std_error[k] == 0.0 } else { map.std_error[k] < 0.05 * loss }, "{k}: {}", map.std_error[k]);
        }
    }

    #[test]
    fn cells_that_nobody_looked_at_lie_between_their_neighbours() {
        let mut looks = looks();
        looks.iter_mut().enumerate().filter(|(k, _)| k % 2 == 1).for_each(|(_, look)| *look = None);
        let map = estimate(SIDE, &[None; SIDE * SIDE], &looks);
        for k in 0..SIDE * SIDE {
            assert!((map.value[k] / bowl(k).1 - 1.0).abs() < 0.3, "{k}: {} for {}", map.value[k], bowl(k).1);
        }
        assert!(estimate(SIDE, &[None; SIDE * SIDE], &[None; SIDE * SIDE]).value.iter().all(|value| value.is_nan()));
    }

    #[test]
    fn what_is_not_finite_is_nobody_s_neighbour() {
        let mut looks = looks();
        looks[0] = Some(Look { mean: f64::INFINITY, std_error: f64::NAN });
        let mut exact = [None; SIDE * SIDE];
        exact[5] = Some(f64::NAN);
        let map = estimate(SIDE, &exact, &looks);
        assert!(map.value[0].is_nan() && map.value[5].is_nan());
        assert!((map.value[1] - bowl(1).1).abs() < 1e-12);
    }
}
