//! Contour lines of a grid by marching squares.
//!
//! Written here because the `contour` crate supports only grids of equal steps and finite values. Here axes may be explicit, and squares
//! that touch a pending or non-finite value are left out, so that lines end there.

use super::ColorScale;
use super::number::significant;
use flatland_core::result::LossSurface;

/// A connected line of one value.
#[derive(Clone, Debug, PartialEq)]
pub struct ContourLine {
    /// The value.
    pub level: f64,
    /// Points in units of the axes, (α, β) for a surface; the first is repeated at the end when the line is closed.
    pub points: Vec<[f64; 2]>,
}

impl ContourLine {
    /// Its value as printed on it.
    pub fn text(&self) -> String {
        significant(self.level, 2)
    }
}

/// Contour lines of a surface, interpolated on the scale (on a log scale: between logarithms).
/// Levels outside the scale give no line.
pub fn surface_contours(surface: &LossSurface, scale: &ColorScale, levels: &[f64]) -> Vec<ContourLine> {
    let position = |k| surface.known_loss(k).and_then(|(loss, _)| scale.position(loss)).unwrap_or(f64::NAN);
    let positions: Vec<f64> = (0..surface.loss.len()).map(position).collect();
    let mut lines = Vec::new();
    for &level in levels.iter().filter(|level| **level > scale.low && **level < scale.high) {
        let Some(position) = scale.position(level) else { continue };
        let found = contour_lines(&surface.alpha, &surface.beta, &positions, position);
        lines.extend(found.into_iter().map(|line| ContourLine { level, ..line }));
    }
    lines
}

/// Contour lines at one level of `values`, [x.len(), y.len()] row-major with index i·|y| + j at (x\[i\], y\[j\]).
/// Squares with a non-finite corner are left out; a grid of the wrong size has no lines.
pub fn contour_lines(x: &[f64], y: &[f64], values: &[f64], level: f64) -> Vec<ContourLine> {
    let (a, b) = (x.len(), y.len());
    if a < 2 || b < 2 || values.len() != a * b {
        return Vec::new();
    }
    let grid = Grid { x, y, values, level };
    // The two neighbours of each crossed edge; edges are numbered along x first, then along y.
    let mut links: Vec<[Option<usize>; 2]> = vec![[None; 2]; 2 * a * b];
    for i in 0..a - 1 {
        for j in 0..b - 1 {
            for [from, to] in grid.segments(i, j).into_iter().flatten() {
                link(&mut links, from, to);
                link(&mut links, to, from);
            }
        }
    }
    let ends = (0..links.len()).filter(|&edge| links[edge][0].is_some() && links[edge][1].is_none());
    let order: Vec<usize> = ends.chain(0..2 * a * b).collect();
    let mut lines = Vec::new();
    for start in order {
        let edges = trace(&mut links, start);
        if edges.len() > 1 {
            lines.push(ContourLine { level, points: edges.into_iter().map(|edge| grid.crossing(edge)).collect() });
        }
    }
    lines
}

fn link(links: &mut [[Option<usize>; 2]], from: usize, to: usize) {
    let slot = usize::from(links[from][0].is_some());
    links[from][slot] = Some(to);
}

/// Follows a line from `start` until it ends or closes, and removes its segments.
fn trace(links: &mut [[Option<usize>; 2]], start: usize) -> Vec<usize> {
    let mut edges = vec![start];
    let mut here = start;
    while let Some(next) = links[here].iter_mut().find_map(Option::take) {
        if let Some(back) = links[next].iter_mut().find(|slot| **slot == Some(here)) {
            *back = None;
        }
        edges.push(next);
        here = next;
    }
    edges
}

struct Grid<'a> {
    x: &'a [f64],
    y: &'a [f64],
    values: &'a [f64],
    level: f64,
}

impl Grid<'_> {
    fn value(&self, i: usize, j: usize) -> f64 {
        self.values[i * self.y.len() + j]
    }

    /// Edge from (i, j) to (i + 1, j).
    fn along_x(&self, i: usize, j: usize) -> usize {
        i * self.y.len() + j
    }

    /// Edge from (i, j) to (i, j + 1).
    fn along_y(&self, i: usize, j: usize) -> usize {
        self.values.len() + i * self.y.len() + j
    }

    /// Up to two segments, as pairs of edges, of the square whose lowest corner is (i, j).
    fn segments(&self, i: usize, j: usize) -> [Option<[usize; 2]>; 2] {
        // Corners and edges counterclockwise; edge k lies between corners k and k + 1.
        let corners = [self.value(i, j), self.value(i + 1, j), self.value(i + 1, j + 1), self.value(i, j + 1)];
        if corners.iter().any(|v| !v.is_finite()) {
            return [None; 2];
        }
        let edges = [self.along_x(i, j), self.along_y(i + 1, j), self.along_x(i, j + 1), self.along_y(i, j)];
        let above = corners.map(|v| v >= self.level);
        let crossed: Vec<usize> = (0..4).filter(|&k| above[k] != above[(k + 1) % 4]).map(|k| edges[k]).collect();
        match crossed[..] {
            [p, q] => [Some([p, q]), None],
            [p, q, r, s] => {
                // A saddle: the mean decides which two corners are joined through the middle.
                let middle_above = corners.iter().map(|v| 0.25 * v).sum::<f64>() >= self.level;
                if middle_above == above[0] { [Some([p, q]), Some([r, s])] } else { [Some([s, p]), Some([q, r])] }
            }
            _ => [None; 2],
        }
    }

    /// The point of the level on an edge, by linear interpolation.
    fn crossing(&self, edge: usize) -> [f64; 2] {
        let (k, n) = (edge % self.values.len(), self.y.len());
        let (i, j) = (k / n, k % n);
        let (i2, j2) = if edge < self.values.len() { (i + 1, j) } else { (i, j + 1) };
        let (from, to) = (self.value(i, j), self.value(i2, j2));
        let t = ((self.level - from) / (to - from)).clamp(0.0, 1.0);
        [self.x[i] + t * (self.x[i2] - self.x[i]), self.y[j] + t * (self.y[j2] - self.y[j])]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::Spacing;
    use flatland_core::result::LandscapeManifest;

    /// A non-uniform axis over [−1, 1].
    fn axis(n: usize) -> Vec<f64> {
        (0..n).map(|i| (i as f64 / (n - 1) as f64 * 2.0 - 1.0).powi(3) * 0.4 + (i as f64 / (n - 1) as f64 * 2.0 - 1.0) * 0.6).collect()
    }

    fn grid(x: &[f64], y: &[f64], f: impl Fn(f64, f64) -> f64) -> Vec<f64> {
        x.iter().flat_map(|&x| y.iter().map(move |&y| (x, y))).map(|(x, y)| f(x, y)).collect()
    }

    #[test]
    fn the_contour_of_a_bowl_is_one_closed_circle() {
        let (x, y) = (axis(61), axis(41));
        let lines = contour_lines(&x, &y, &grid(&x, &y, |x, y| x * x + y * y), 0.36);
        assert_eq!(lines.len(), 1);
        let points = &lines[0].points;
        assert_eq!(points.first(), points.last());
        assert!(points.len() > 60);
        for [x, y] in points {
            assert!((x.hypot(*y) - 0.6).abs() < 2e-3, "{x} {y}");
        }
        let length: f64 = points.windows(2).map(|p| (p[0][0] - p[1][0]).hypot(p[0][1] - p[1][1])).sum();
        assert!((length - 0.6 * std::f64::consts::TAU).abs() < 0.01);
    }

    #[test]
    fn lines_leave_the_grid_open() {
        let (x, y) = (axis(5), axis(4));
        let lines = contour_lines(&x, &y, &grid(&x, &y, |x, _| x), 0.1);
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].points.len(), 4);
        assert!(lines[0].points.iter().all(|p| (p[0] - 0.1).abs() < 1e-12));
    }

    #[test]
    fn a_saddle_gives_two_lines_that_do_not_cross() {
        let lines = contour_lines(&[0.0, 1.0], &[0.0, 1.0], &[1.0, 0.0, 0.0, 1.0], 0.6);
        assert_eq!(lines.len(), 2);
        let lines = contour_lines(&[0.0, 1.0], &[0.0, 1.0], &[1.0, 0.0, 0.0, 1.0], 0.4);
        // The mean 0.5 is above 0.4: the high corners are joined, the lines cut off the low ones.
        for line in &lines {
            let [p, q] = [line.points[0], line.points[1]];
            assert!((p[0] - q[0]).abs() + (p[1] - q[1]).abs() < 1.0);
        }
    }

    #[test]
    fn non_finite_squares_are_cut_out() {
        let (x, y) = (axis(21), axis(21));
        let mut values = grid(&x, &y, |x, y| x * x + y * y);
        let whole = contour_lines(&x, &y, &values, 0.3);
        let hole = values.iter().enumerate().find(|(k, v)| **v < 0.3 && values[k + 21] >= 0.3).unwrap().0;
        values[hole] = f64::NAN;
        let cut = contour_lines(&x, &y, &values, 0.3);
        assert_eq!(whole.len(), 1);
        assert!(cut.iter().all(|line| line.points.first() != line.points.last()));
        assert!(cut.iter().map(|line| line.points.len()).sum::<usize>() < whole[0].points.len());
    }

    #[test]
    fn a_surface_is_cut_where_it_is_pending_and_interpolated_on_its_scale() {
        let (alpha, beta) = (vec![0.0, 1.0, 2.0], vec![0.0, 1.0]);
        let mut surface = LossSurface::pending(alpha, beta, LandscapeManifest::default());
        for k in 0..6 {
            (surface.loss[k], surface.count[k]) = ([1.0, 1.0, 100.0, 100.0, 1e4, 1e4][k], u32::from(k < 4));
        }
        let scale = ColorScale::over(1.0, 1e4, Spacing::Log).unwrap();
        let lines = surface_contours(&surface, &scale, &[10.0, 1e3, 1e9]);
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].level, 10.0);
        assert!(lines[0].points.iter().all(|p| (p[0] - 0.5).abs() < 1e-12));
    }
}
