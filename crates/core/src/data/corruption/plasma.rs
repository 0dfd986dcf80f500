//! The plasma fractal of `fog`: diamond-square on a torus.

/// A height map of `size` x `size` in [0, 1]; `size` is a power of two ≥ 2. `draw` gives numbers in [0, 1).
///
/// Starting from one point of height 0, every level halves the grid: first the centres of its squares, then the points between
/// (above each column, then beside each row) become the mean of their four neighbours plus w·U(−w, w); w starts at 100 and is
/// divided by `decay` from level to level.
pub fn plasma(size: usize, decay: f64, mut draw: impl FnMut() -> f64) -> Vec<f64> {
    let mut map = vec![0.0; size * size];
    let (mut step, mut wibble) = (size, 100.0);
    while step >= 2 {
        let half = step / 2;
        // Each kind of point: where it begins, and its four neighbours as steps of half the grid.
        for ([top, left], neighbours) in [
            ([half, half], [[-1, -1], [1, -1], [-1, 1], [1, 1]]),
            ([0, half], [[1, 0], [-1, 0], [0, -1], [0, 1]]),
            ([half, 0], [[0, 1], [0, -1], [-1, 0], [1, 0]]),
        ] {
            for row in (top..size).step_by(step) {
                for column in (left..size).step_by(step) {
                    let at = |[down, right]: [isize; 2]| {
                        let (row, column) = (row as isize + down * half as isize, column as isize + right * half as isize);
                        map[(row as usize & (size - 1)) * size + (column as usize & (size - 1))]
                    };
                    let mean = neighbours.map(at).iter().sum::<f64>() / 4.0;
                    map[row * size + column] = mean + wibble * (2.0 * draw() - 1.0) * wibble;
                }
            }
        }
        step = half;
        wibble /= decay;
    }
    let (low, high) = map.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &x| (low.min(x), high.max(x)));
    if high > low {
        map.iter_mut().for_each(|value| *value = (*value - low) / (high - low));
    }
    map
}
