//! [`GridIndex`]: points of the plane sorted into square cells, to find the nearest point and the points within an outline fast.

use rayon::prelude::*;

/// Points by cell. Points that are not finite are in no cell.
#[derive(Debug, Default)]
pub struct GridIndex {
    /// Lower left corner.
    low: [f64; 2],
    /// Side of a cell, > 0.
    side: f64,
    /// Number of cells along each side.
    cells: usize,
    /// Start of the points of each cell in `rows`, [cells² + 1].
    starts: Vec<u32>,
    /// Rows of the points, cell by cell.
    rows: Vec<u32>,
}

/// Position of a cell relative to an outline.
#[derive(Clone, Copy, PartialEq)]
enum CellPosition {
    Inside,
    Outside,
    Crossed,
}

impl GridIndex {
    /// Builds an index of these points.
    pub fn new(points: &[[f32; 2]]) -> Self {
        let finite = |p: &[f32; 2]| p[0].is_finite() && p[1].is_finite();
        let ends =
            points.iter().filter(|p| finite(p)).fold([f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY], |e, p| {
                let [x, y] = p.map(f64::from);
                [e[0].min(x), e[1].min(y), e[2].max(x), e[3].max(y)]
            });
        if ends[0] > ends[2] {
            return Self { side: 1.0, cells: 1, starts: vec![0, 0], ..Self::default() };
        }
        // About four points per cell.
        let cells = (((points.len() as f64).sqrt() / 2.0) as usize).clamp(1, 512);
        let reach = (ends[2] - ends[0]).max(ends[3] - ends[1]);
        let side = if reach > 0.0 { reach * (1.0 + 1e-9) / cells as f64 } else { 1.0 };
        let mut index = Self { low: [ends[0], ends[1]], side, cells, starts: vec![0; cells * cells + 1], rows: Vec::new() };
        let cell_of: Vec<u32> = points.iter().map(|p| if finite(p) { index.cell(*p) as u32 } else { u32::MAX }).collect();
        for &cell in cell_of.iter().filter(|cell| **cell != u32::MAX) {
            index.starts[cell as usize + 1] += 1;
        }
        for k in 0..cells * cells {
            index.starts[k + 1] += index.starts[k];
        }
        let mut next = index.starts.clone();
        index.rows = vec![0; index.starts[cells * cells] as usize];
        for (row, &cell) in cell_of.iter().enumerate().filter(|(_, cell)| **cell != u32::MAX) {
            let place = &mut next[cell as usize];
            index.rows[*place as usize] = row as u32;
            *place += 1;
        }
        index
    }

    fn along(&self, value: f64, axis: usize) -> usize {
        (((value - self.low[axis]) / self.side).max(0.0) as usize).min(self.cells - 1)
    }

    fn cell(&self, point: [f32; 2]) -> usize {
        self.along(f64::from(point[1]), 1) * self.cells + self.along(f64::from(point[0]), 0)
    }

    fn rows(&self, cell: usize) -> &[u32] {
        &self.rows[self.starts[cell] as usize..self.starts[cell + 1] as usize]
    }

    /// The row of the nearest point within `reach` of `at` for which `counts` is true; of points at one place the last, which is drawn on top.
    pub fn nearest(&self, points: &[[f32; 2]], at: [f64; 2], reach: f64, counts: impl Fn(u32) -> bool) -> Option<u32> {
        if self.rows.is_empty() {
            return None;
        }
        let span = |axis: usize| self.along(at[axis] - reach, axis)..=self.along(at[axis] + reach, axis);
        let mut nearest: Option<(f64, u32)> = None;
        for j in span(1) {
            for i in span(0) {
                for &row in self.rows(j * self.cells + i) {
                    let [x, y] = points[row as usize].map(f64::from);
                    let distance = (x - at[0]).hypot(y - at[1]);
                    let nearer = nearest.is_none_or(|(least, best)| distance < least || (distance == least && row > best));
                    if distance <= reach && nearer && counts(row) {
                        nearest = Some((distance, row));
                    }
                }
            }
        }
        nearest.map(|(_, row)| row)
    }

    /// Rows of the points within the outline (closed, even-odd rule) for which `counts` is true, in no order.
    pub fn within(&self, points: &[[f32; 2]], outline: &[[f64; 2]], counts: impl Fn(u32) -> bool + Sync) -> Vec<u32> {
        if outline.len() < 3 || self.rows.is_empty() {
            return Vec::new();
        }
        let positions = self.cell_positions(outline);
        let inside = |row: &u32, positions: CellPosition| {
            (positions == CellPosition::Inside || contains(outline, points[*row as usize].map(f64::from))) && counts(*row)
        };
        (0..self.cells * self.cells)
            .into_par_iter()
            .filter(|cell| positions[*cell] != CellPosition::Outside)
            .flat_map_iter(|cell| {
                let (positions, inside) = (positions[cell], &inside);
                self.rows(cell).iter().copied().filter(move |row| inside(row, positions))
            })
            .collect()
    }

    /// The position of every cell relative to the outline: crossed when an edge passes through it, else as its centre.
    fn cell_positions(&self, outline: &[[f64; 2]]) -> Vec<CellPosition> {
        let mut across = vec![false; self.cells * self.cells];
        let slack = 1e-6 * self.side;
        for (a, b) in outline.iter().zip(outline.iter().cycle().skip(1)) {
            let (low, high) = if a[1] <= b[1] { (a, b) } else { (b, a) };
            for j in self.along(low[1] - slack, 1)..=self.along(high[1] + slack, 1) {
                // The part of the edge within this row of cells; rows at the border extend outwards without limit.
                let row = self.low[1] + j as f64 * self.side;
                let x_at = |y: f64| {
                    let t = if high[1] > low[1] { ((y - low[1]) / (high[1] - low[1])).clamp(0.0, 1.0) } else { 0.0 };
                    low[0] + t * (high[0] - low[0])
                };
                let bottom = if j == 0 { low[0] } else { x_at(row - slack) };
                let top = if j + 1 == self.cells || high[1] - low[1] <= 2.0 * slack { high[0] } else { x_at(row + self.side + slack) };
                let bottom = if high[1] - low[1] <= 2.0 * slack { low[0] } else { bottom };
                for i in self.along(bottom.min(top) - slack, 0)..=self.along(bottom.max(top) + slack, 0) {
                    across[j * self.cells + i] = true;
                }
            }
        }
        let positions = |cell: usize| {
            let center = [cell % self.cells, cell / self.cells].map(|k| (k as f64 + 0.5) * self.side);
            match across[cell] {
                true => CellPosition::Crossed,
                false if contains(outline, [self.low[0] + center[0], self.low[1] + center[1]]) => CellPosition::Inside,
                false => CellPosition::Outside,
            }
        };
        (0..self.cells * self.cells).into_par_iter().map(positions).collect()
    }
}

/// Whether `at` is inside of the outline, by the number of edges to its right.
pub fn contains(outline: &[[f64; 2]], at: [f64; 2]) -> bool {
    let edges = outline.iter().zip(outline.iter().cycle().skip(1));
    let crossed = edges.filter(|(a, b)| (a[1] > at[1]) != (b[1] > at[1]) && at[0] < (b[0] - a[0]) * (at[1] - a[1]) / (b[1] - a[1]) + a[0]);
    crossed.count() % 2 == 1
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn noise(k: u64) -> f32 {
        (k.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(17).wrapping_mul(0xD134_2543_DE82_EF95) >> 40) as f32 / (1u64 << 24) as f32
    }

    fn cloud(n: u64) -> Vec<[f32; 2]> {
        let mut points: Vec<[f32; 2]> = (0..n).map(|k| [100.0 * noise(2 * k) - 30.0, 40.0 * noise(2 * k + 1)]).collect();
        points[5] = [f32::NAN, 1.0];
        points
    }

    #[test]
    fn contains_is_right_for_a_concave_outline() {
        let outline = [[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [2.0, 1.0], [0.0, 4.0]];
        for (at, expected) in
            [([1.0, 1.0], true), ([2.0, 0.5], true), ([2.0, 2.0], false), ([3.8, 3.0], true), ([5.0, 1.0], false), ([-1.0, 0.0], false)]
        {
            assert_eq!(contains(&outline, at), expected, "{at:?}");
        }
    }

    #[test]
    fn points_within_outlines_equal_those_of_testing_every_point() {
        let points = cloud(4000);
        let index = GridIndex::new(&points);
        for k in 0..60u64 {
            // Stars; some cross themselves or are partly outside.
            let corners = 3 + k % 9;
            let corner = |c: u64| [f64::from(140.0 * noise(900 + 31 * k + c) - 50.0), f64::from(60.0 * noise(5000 + 17 * k + c) - 10.0)];
            let outline: Vec<[f64; 2]> = (0..corners).map(corner).collect();
            let even = |row: u32| !row.is_multiple_of(3);
            let mut found = index.within(&points, &outline, even);
            found.sort_unstable();
            let expected: Vec<u32> =
                (0..4000).filter(|row| even(*row) && contains(&outline, points[*row as usize].map(f64::from))).collect();
            assert_eq!(found, expected, "{outline:?}");
        }
        assert!(index.within(&points, &[[0.0, 0.0], [1.0, 1.0]], |_| true).is_empty());
    }

    #[test]
    fn the_nearest_point_equals_that_of_a_full_search() {
        let points = cloud(3000);
        let index = GridIndex::new(&points);
        for k in 0..200u64 {
            let at = [f64::from(120.0 * noise(7 * k) - 40.0), f64::from(50.0 * noise(11 * k) - 5.0)];
            let distance = |row: u32| (f64::from(points[row as usize][0]) - at[0]).hypot(f64::from(points[row as usize][1]) - at[1]);
            let expected = (0..3000u32)
                .filter(|row| row.is_multiple_of(2) && distance(*row) <= 3.0)
                .min_by(|a, b| distance(*a).total_cmp(&distance(*b)));
            assert_eq!(index.nearest(&points, at, 3.0, |row| row.is_multiple_of(2)), expected);
        }
    }

    #[test]
    fn no_point_one_point_and_points_at_one_place() {
        for points in [vec![], vec![[f32::NAN, 0.0]], vec![[1.0, 2.0]], vec![[1.0, 2.0]; 50]] {
            let index = GridIndex::new(&points);
            let finite = points.iter().filter(|p| p[0].is_finite()).count();
            assert_eq!(index.within(&points, &[[0.0, 0.0], [5.0, 0.0], [5.0, 5.0], [0.0, 5.0]], |_| true).len(), finite);
            assert_eq!(index.nearest(&points, [1.1, 2.0], 1.0, |_| true).is_some(), finite > 0);
        }
    }

    #[test]
    fn few_points_are_tested_one_by_one() {
        let points: Vec<[f32; 2]> = (0..100_000).map(|k| [noise(2 * k), noise(2 * k + 1)]).collect();
        let index = GridIndex::new(&points);
        let turn = |k: u32| f64::from(k) * std::f64::consts::TAU / 200.0;
        let outline: Vec<[f64; 2]> = (0..200).map(turn).map(|t| [0.5 + 0.4 * t.cos(), 0.5 + 0.4 * t.sin()]).collect();
        let positions = index.cell_positions(&outline);
        let across: usize =
            (0..positions.len()).filter(|cell| positions[*cell] == CellPosition::Crossed).map(|cell| index.rows(cell).len()).sum();
        assert!(across < points.len() / 20, "{across}");
        let found = index.within(&points, &outline, |_| true).len();
        assert_eq!(found, points.iter().filter(|point| contains(&outline, point.map(f64::from))).count());
    }
}
