//! Positions of a window: which bias each pair has, and which pairs attend to each other after a shift.

/// For each pair of positions of a window of side `window` the row of the table of biases, [T·T] with T = window²: the offset of the first from
/// the second, counted from the most negative one (Liu et al. 2021, section 3.2).
pub fn offsets(window: i64) -> Vec<i64> {
    let positions = || (0..window).flat_map(move |row| (0..window).map(move |column| (row, column)));
    let row_of = |(row, column): (i64, i64)| (row + window - 1) * (2 * window - 1) + column + window - 1;
    positions().flat_map(|(row, column)| positions().map(move |(other, beside)| row_of((row - other, column - beside)))).collect()
}

/// What is added to the scores of pairs of positions in the windows of an image of `sides` that was moved by `shift`, [windows · T · T]:
/// `masked` where the two came from opposite borders, else 0.
pub fn mask(sides: [i64; 2], window: i64, shift: [i64; 2], masked: f64) -> Vec<f32> {
    // Along a side: what lies before the last window, in it, and what came around.
    let region = |k: usize, place: i64| match place {
        _ if shift[k] == 0 => 0,
        place if place < sides[k] - window => 0,
        place if place < sides[k] - shift[k] => 1,
        _ => 2,
    };
    let mut values = Vec::new();
    for (top, left) in (0..sides[0] / window).flat_map(|row| (0..sides[1] / window).map(move |column| (row * window, column * window))) {
        let places = (0..window).flat_map(|row| (0..window).map(move |column| (top + row, left + column)));
        let regions: Vec<(i32, i32)> = places.map(|(row, column)| (region(0, row), region(1, column))).collect();
        values.extend(regions.iter().flat_map(|one| regions.iter().map(move |other| if one == other { 0.0 } else { masked as f32 })));
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_of_the_same_offset_have_the_same_bias() {
        // Of a window of 2x2 there are 3x3 offsets; the middle one is that of a position from itself.
        assert_eq!(offsets(2), [4, 3, 1, 0, 5, 4, 2, 1, 7, 6, 4, 3, 8, 7, 5, 4]);
    }

    #[test]
    fn positions_of_opposite_borders_do_not_attend_to_each_other() {
        // One row of windows of 2x2, moved by one column: in the last window the columns came from both borders.
        let values = mask([2, 4], 2, [0, 1], -100.0);
        assert!(values[..16].iter().all(|&value| value == 0.0));
        let apart = [0.0, -100.0, 0.0, -100.0, -100.0, 0.0, -100.0, 0.0];
        assert_eq!(values[16..24], apart);
        assert_eq!(values[24..], apart);
    }
}
