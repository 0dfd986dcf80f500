//! An estimate of the whole surface from computed cells and previews.
//!
//! A preview of a cell is its loss on some of the images; neighbouring cells have previews on different images. So their sampling errors are
//! independent while the surface is smooth. The estimate of ln L at a cell is the value of a quadratic, fitted to the cell and its neighbours;
//! computed cells have the largest weights. The width of the neighbourhood is chosen for each cell by the smallest resulting error: the
//! propagated sampling errors, times the root of the reduced χ² of the fit where that is above 1, because then the surface is not quadratic.
//! The preview alone is one of the choices. Not here: results; estimates never replace computed cells.

use flatland_core::result::Map;

/// The preview of a cell: the mean loss over some of the images.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Preview {
    /// Mean loss; positive.
    pub mean: f64,
    /// Standard error as an estimate of the mean over all images.
    pub std_error: f64,
}

impl Preview {
    /// Estimates the mean over all `whole` images from the losses of some, with their losses at θ as a control variate: by regression, the known
    /// deviation of these images from the mean at θ, `center_mean`, predicts their deviation here. The images are a sample of a finite population.
    /// `None` for fewer than three, or where the mean is not positive.
    pub fn of(losses: &[f64], center: &[f64], center_mean: f64, whole: usize) -> Option<Self> {
        let (n, whole) = (losses.len(), whole as f64);
        if n < 3 || center.len() != n {
            return None;
        }
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let (here, there) = (mean(losses), mean(center));
        let pairs = || losses.iter().zip(center).map(|(l, c)| (l - here, c - there));
        let (variance, covariance) = pairs().fold((0.0, 0.0), |(v, p), (l, c)| (v + c * c, p + l * c));
        let slope = if variance > 0.0 && covariance.is_finite() { covariance / variance } else { 0.0 };
        let squares: f64 = pairs().map(|(l, c)| (l - slope * c).powi(2)).sum();
        let sampling = squares / (n as f64 - 2.0) / n as f64 * (1.0 - n as f64 / whole);
        // The error of the slope, as in any prediction by regression.
        let off = center_mean - there;
        let leverage = if variance > 0.0 { squares / (n as f64 - 2.0) * off * off / variance } else { 0.0 };
        let found = Self { mean: here + slope * off, std_error: (sampling + leverage).sqrt() };
        (found.mean > 0.0 && found.std_error.is_finite()).then_some(found)
    }
}

/// Possible numbers of cells in a fit, including the cell itself.
const WIDTHS: [usize; 4] = [13, 21, 25, 37];
/// Smallest error of a cell in a fit, as a share of the typical error of previews, because the surface is not exactly quadratic.
const FLOOR: f64 = 0.3;
/// Typical error of ln L where a cell has no preview.
const UNSEEN: f64 = 1e-3;
/// Factor on all errors, because losses have long tails and the fit with the smallest error is chosen.
const CAUTION: f64 = 1.5;
/// Up to this number of known cells, neighbours are searched among all of them.
const FEW: usize = 256;

/// The loss of every cell of an [A, B] grid as far as it is known, with its standard error (0 where it is `exact`); NaN where it is not known.
/// `exact` and `looks` are [A, B], row by row; a loss that is not finite or not positive is not used for other cells.
pub fn estimate(columns: usize, exact: &[Option<f64>], previews: &[Option<Preview>]) -> Map {
    let field = Field::new(columns, exact, previews);
    let mut map = Map::pending(exact.len());
    for (k, exact) in exact.iter().enumerate() {
        if let Some(value) = *exact {
            (map.value[k], map.std_error[k]) = (value, 0.0);
        } else if let Some((value, error)) = field.at(k) {
            map.value[k] = value.exp();
            map.std_error[k] = map.value[k] * CAUTION * error;
        }
    }
    map
}

/// ln L of a cell with its standard error; 0 where it is computed.
type Known = (f64, f64);

/// Known values on the grid.
struct Field {
    columns: usize,
    cells: Vec<Option<Known>>,
    /// The cells with a value.
    known: Vec<usize>,
    /// Offsets between cells of the grid, nearest first; empty where few cells are known.
    steps: Vec<[isize; 2]>,
}

impl Field {
    fn new(columns: usize, exact: &[Option<f64>], previews: &[Option<Preview>]) -> Self {
        let usable = |value: f64| value.is_finite() && value > 0.0;
        let cell = |(exact, preview): (&Option<f64>, &Option<Preview>)| match (exact, preview) {
            (Some(value), _) => usable(*value).then(|| (value.ln(), 0.0)),
            (None, Some(preview)) => usable(preview.mean).then(|| (preview.mean.ln(), preview.std_error / preview.mean)),
            (None, None) => None,
        };
        let cells: Vec<Option<Known>> = exact.iter().zip(previews).map(cell).collect();
        let known: Vec<usize> = (0..cells.len()).filter(|&k| cells[k].is_some()).collect();
        let mut steps = Vec::new();
        if known.len() > FEW {
            let (columns, rows) = (columns as isize, (cells.len() / columns) as isize);
            steps = (1 - rows..rows).flat_map(|i| (1 - columns..columns).map(move |j| [i, j])).collect();
            steps.sort_by_key(|[i, j]| i * i + j * j);
        }
        Self { columns, cells, known, steps }
    }

    fn place(&self, k: usize) -> [isize; 2] {
        [(k / self.columns) as isize, (k % self.columns) as isize]
    }

    /// Offsets and values of the known cells nearest to `k`, nearest first, including `k` itself where it is known.
    fn near(&self, k: usize) -> Vec<([f64; 2], Known)> {
        let [row, column] = self.place(k);
        let most = WIDTHS[WIDTHS.len() - 1];
        let found = |step: [isize; 2]| {
            let (i, j) = (row + step[0], column + step[1]);
            let inside = i >= 0 && j >= 0 && (j as usize) < self.columns;
            let cell = inside.then(|| self.cells.get(i as usize * self.columns + j as usize)).flatten()?;
            Some((step.map(|x| x as f64), (*cell)?))
        };
        if !self.steps.is_empty() {
            return self.steps.iter().filter_map(|&step| found(step)).take(most).collect();
        }
        let mut steps: Vec<[isize; 2]> = self.known.iter().map(|&other| self.place(other)).map(|[i, j]| [i - row, j - column]).collect();
        steps.sort_by_key(|[i, j]| i * i + j * j);
        steps.into_iter().take(most).filter_map(found).collect()
    }

    /// ln L of cell `k`, which is not computed, with its error. `None` where too little is known.
    fn at(&self, k: usize) -> Option<Known> {
        let own = self.cells[k];
        let near = self.near(k);
        let errors: Vec<f64> = near.iter().map(|(_, (_, error))| *error).filter(|error| *error > 0.0).collect();
        let typical = own.map(|(_, error)| error).filter(|error| *error > 0.0).or_else(|| median(errors)).unwrap_or(UNSEEN);
        let widths = WIDTHS.into_iter().filter(|&width| width <= near.len());
        let fits = widths.filter_map(|width| {
            let Fit { value, error, bend } = fit(&near[..width], FLOOR * typical)?;
            // Without a preview the surface may bend at this cell.
            Some((value, if own.is_some() { error } else { error.hypot(bend) }))
        });
        own.into_iter().chain(fits).min_by(|a, b| a.1.total_cmp(&b.1))
    }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

/// Value of a fitted quadratic at its centre.
struct Fit {
    value: f64,
    error: f64,
    /// Root mean square deviation of the surface from the quadratic, beyond sampling errors.
    bend: f64,
}

/// Terms of a quadratic in two variables.
const TERMS: usize = 6;

/// The quadratic that fits the cells `near` by weighted least squares, with larger weights of near cells; errors are at least `floor`. `None`
/// where the fit is not determined.
fn fit(near: &[([f64; 2], Known)], floor: f64) -> Option<Fit> {
    let square = |step: &[f64; 2]| step[0] * step[0] + step[1] * step[1];
    let reach = near.last().map(|(step, _)| square(step))?.max(1.0);
    let row = |step: &[f64; 2]| {
        let [x, y] = step.map(|x| x / reach.sqrt());
        [1.0, x, y, x * x, y * y, x * y]
    };
    let error = |(_, (_, error)): &([f64; 2], Known)| error.max(floor);
    let weight = |one: &([f64; 2], Known)| (1.0 - square(&one.0) / (1.3 * reach)).powi(2) / error(one).powi(2);
    let (mut matrix, mut right) = ([[0.0; TERMS]; TERMS], [0.0; TERMS]);
    for one in near {
        let (row, weight) = (row(&one.0), weight(one));
        for i in 0..TERMS {
            right[i] += weight * row[i] * one.1.0;
            (0..TERMS).for_each(|j| matrix[i][j] += weight * row[i] * row[j]);
        }
    }
    // Cells on a line do not determine a quadratic: a small ridge term does.
    let trace: f64 = (0..TERMS).map(|i| matrix[i][i]).sum();
    (0..TERMS).for_each(|i| matrix[i][i] += 1e-9 * trace / TERMS as f64);
    let coefficients = solve(matrix, right)?;
    let mut first = [0.0; TERMS];
    first[0] = 1.0;
    let influence = solve(matrix, first)?;
    let dot = |a: &[f64; TERMS], b: &[f64; TERMS]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let (mut variance, mut misfit, mut departure) = (0.0, 0.0, 0.0);
    for one in near {
        let row = row(&one.0);
        variance += (weight(one) * dot(&influence, &row) * error(one)).powi(2);
        let off = one.1.0 - dot(&coefficients, &row);
        misfit += (off / error(one)).powi(2);
        departure += off.powi(2) - error(one).powi(2);
    }
    // With few degrees of freedom χ² is often small by chance, and the smallest of several is chosen: one standard deviation is added.
    let freedom = (near.len() - TERMS) as f64;
    let lack = misfit / freedom * (1.0 + freedom.sqrt().recip());
    let error = (variance * lack.max(1.0)).sqrt();
    let bend = (departure / freedom).max(0.0).sqrt();
    (coefficients[0].is_finite() && error.is_finite()).then_some(Fit { value: coefficients[0], error, bend })
}

/// x of `matrix` x = `right`, the matrix symmetric and positive definite, by Gaussian elimination.
fn solve(mut matrix: [[f64; TERMS]; TERMS], mut right: [f64; TERMS]) -> Option<[f64; TERMS]> {
    for pivot in 0..TERMS {
        let row = matrix[pivot];
        if row[pivot] <= 0.0 || !row[pivot].is_finite() {
            return None;
        }
        for i in pivot + 1..TERMS {
            let factor = matrix[i][pivot] / row[pivot];
            (pivot..TERMS).for_each(|j| matrix[i][j] -= factor * row[j]);
            right[i] -= factor * right[pivot];
        }
    }
    for i in (0..TERMS).rev() {
        let known: f64 = (i + 1..TERMS).map(|j| matrix[i][j] * right[j]).sum();
        right[i] = (right[i] - known) / matrix[i][i];
    }
    Some(right)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use rand_distr::{Distribution, StandardNormal};

    use super::*;

    const SIDE: usize = 13;
    /// The relative error of a preview.
    const NOISE: f64 = 0.05;

    /// ln L of a bowl.
    fn bowl(k: usize) -> f64 {
        let (x, y) = ((k / SIDE) as f64 / 6.0 - 1.0, (k % SIDE) as f64 / 6.0 - 1.0);
        0.4 * x * x + 0.3 * y * y + 0.2 * x * y - 0.5 * x
    }

    fn previews(seed: u64) -> Vec<Option<Preview>> {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut preview = |k: usize| {
            let noise: f64 = StandardNormal.sample(&mut random);
            let mean = (bowl(k) + NOISE * noise).exp();
            Some(Preview { mean, std_error: NOISE * mean })
        };
        (0..SIDE * SIDE).map(&mut preview).collect()
    }

    /// Root mean square of the error of ln L, and the share within two stated errors.
    fn quality(map: &Map) -> (f64, f64) {
        let n = map.value.len() as f64;
        let off = |k: usize| map.value[k].ln() - bowl(k);
        let squares: f64 = (0..map.value.len()).map(|k| off(k).powi(2)).sum();
        let within = (0..map.value.len()).filter(|&k| off(k).abs() <= 2.0 * map.std_error[k] / map.value[k] + 1e-12).count();
        ((squares / n).sqrt(), within as f64 / n)
    }

    #[test]
    fn a_look_knows_by_the_center_what_its_images_are_off_by() {
        // Twice the loss at θ, plus one: known exactly from any three images.
        let center: Vec<f64> = (0..40).map(|k| f64::from(k * k % 17)).collect();
        let center_mean = center.iter().sum::<f64>() / 40.0;
        let losses: Vec<f64> = center[6..12].iter().map(|l| 2.0 * l + 1.0).collect();
        let preview = Preview::of(&losses, &center[6..12], center_mean, 40).unwrap();
        let expected = 2.0 * center_mean + 1.0;
        assert!((preview.mean - expected).abs() < 1e-9 && preview.std_error < 1e-6, "{preview:?} for {expected}");
        // Not correlated with θ: the mean of the preview, with the error of a mean in a finite population.
        let preview = Preview::of(&[1.0, 3.0, 1.0, 3.0], &[2.0; 4], 2.0, 8).unwrap();
        assert!((preview.mean - 2.0).abs() < 1e-12 && (preview.std_error - (4.0f64 / 2.0 / 4.0 * 0.5).sqrt()).abs() < 1e-12, "{preview:?}");
        assert_eq!(Preview::of(&[1.0, 2.0], &[1.0; 2], 1.0, 8), None);
    }

    #[test]
    fn looks_at_different_images_are_better_together_than_alone() {
        let runs: Vec<(f64, f64)> = (0..10).map(|seed| quality(&estimate(SIDE, &[None; SIDE * SIDE], &previews(seed)))).collect();
        let mean = |of: fn(&(f64, f64)) -> f64| runs.iter().map(of).sum::<f64>() / runs.len() as f64;
        assert!(mean(|run| run.0) < 0.6 * NOISE, "{runs:?}");
        assert!(mean(|run| run.1) > 0.95, "{runs:?}");
    }

    #[test]
    fn where_the_surface_is_no_quadratic_the_look_stands_alone() {
        let mut previews = previews(1);
        // A spike of one cell, which its neighbours do not show.
        let spike = 6 * SIDE + 6;
        previews[spike] = Some(Preview { mean: 100.0, std_error: 1.0 });
        let map = estimate(SIDE, &[None; SIDE * SIDE], &previews);
        assert!((map.value[spike] - 100.0).abs() <= 2.0 * map.std_error[spike], "{} {}", map.value[spike], map.std_error[spike]);
    }

    #[test]
    fn computed_cells_are_exact_and_help_the_others() {
        let known = |k: usize| (k / SIDE).is_multiple_of(2) && (k % SIDE).is_multiple_of(2);
        let exact: Vec<_> = (0..SIDE * SIDE).map(|k| known(k).then(|| bowl(k).exp())).collect();
        let before = quality(&estimate(SIDE, &[None; SIDE * SIDE], &previews(3)));
        let map = estimate(SIDE, &exact, &previews(3));
        let after = quality(&map);
        assert!(after.0 < 0.6 * before.0 && after.1 > 0.95, "{before:?} {after:?}");
        assert!((0..SIDE * SIDE).all(|k| (map.std_error[k] == 0.0) == known(k)));
    }

    #[test]
    fn cells_that_nobody_looked_at_lie_between_their_neighbours() {
        let mut previews = previews(4);
        previews.iter_mut().enumerate().filter(|(k, _)| k % 2 == 1).for_each(|(_, preview)| *preview = None);
        let (rms, within) = quality(&estimate(SIDE, &[None; SIDE * SIDE], &previews));
        assert!(rms < NOISE && within > 0.95, "{rms} {within}");
        assert!(estimate(SIDE, &[None; SIDE * SIDE], &[None; SIDE * SIDE]).value.iter().all(|value| value.is_nan()));
    }

    #[test]
    fn neighbours_are_the_same_whether_few_or_many_cells_are_known() {
        let (previews, exact) = (previews(5), [None; SIDE * SIDE]);
        let few = Field::new(SIDE, &exact, &previews);
        let mut many = Field::new(SIDE, &exact, &previews);
        let side = SIDE as isize;
        many.steps = (1 - side..side).flat_map(|i| (1 - side..side).map(move |j| [i, j])).collect();
        many.steps.sort_by_key(|[i, j]| i * i + j * j);
        for k in [0, 7, 84, SIDE * SIDE - 1] {
            assert_eq!(few.near(k), many.near(k), "{k}");
        }
    }

    #[test]
    fn what_is_not_finite_is_nobody_s_neighbour() {
        let mut previews = previews(6);
        previews[0] = Some(Preview { mean: f64::INFINITY, std_error: f64::NAN });
        let mut exact = [None; SIDE * SIDE];
        exact[5] = Some(f64::NAN);
        let map = estimate(SIDE, &exact, &previews);
        assert!(map.value[5].is_nan());
        assert!((map.value[1].ln() - bowl(1)).abs() < 4.0 * NOISE && map.value[0].is_finite());
    }
}
