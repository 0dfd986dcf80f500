//! `elastic_transform`: a random affine map, then a smooth random displacement.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::filter::{self, Border};
use super::pixels::Pixels;

/// 32 px times the benchmark's shares: amplitude and σ of the displacement, reach of the affine map. Images of other sizes keep
/// these pixels.
const LEVELS: [(f64, f64, f64); 5] = [(0.0, 0.0, 2.56), (1.6, 6.4, 2.24), (2.56, 1.92, 1.92), (3.2, 1.28, 1.6), (3.2, 0.96, 0.96)];

/// Three points around the centre move by up to ±reach and take the image along (bilinear, mirrored at the edge); then every pixel
/// is fetched from a place displaced by amplitude times smoothed U(−1, 1) (bilinear, reflected at the edge).
pub fn elastic(x: &mut Pixels, level: usize, rng: &mut ChaCha8Rng) {
    let mut uniform = || rng.random_range(-1.0..1.0);
    let moves = std::array::from_fn(|_| uniform());
    let [right, down] = [0, 1].map(|_| (0..x.height * x.width).map(|_| uniform()).collect());
    elastic_with(x, level, &moves, [right, down]);
}

/// [`elastic`] with given draws from [−1, 1): x and y of the three points, then two fields [height, width].
pub(super) fn elastic_with(x: &mut Pixels, level: usize, moves: &[f64; 6], [mut right, mut down]: [Vec<f64>; 2]) {
    let (amplitude, sigma, reach) = LEVELS[level];
    affine(x, &moves.map(|draw| draw * reach));
    if amplitude == 0.0 {
        return;
    }
    let (height, width) = (x.height, x.width);
    for field in [&mut right, &mut down] {
        filter::gaussian(field, [height, width, 1], sigma, 3.0, Border::Reflect);
    }
    let places = right.iter().zip(&down).enumerate();
    let places = places.map(|(i, (dx, dy))| ((i / width) as f64 + amplitude * dy, (i % width) as f64 + amplitude * dx));
    *x = fetch(x, places, Border::Reflect);
}

/// The pixel that each place (row, column) falls on, bilinear.
fn fetch(x: &Pixels, places: impl Iterator<Item = (f64, f64)>, border: Border) -> Pixels {
    let mut values = Vec::with_capacity(x.values.len());
    let pixel = |row, column| (border.at(row, x.height) * x.width + border.at(column, x.width)) * 3;
    for (row, column) in places {
        let (top, left) = (row.floor(), column.floor());
        let (v, u) = (row - top, column - left);
        let (top, left) = (top as isize, left as isize);
        let corners = [pixel(top, left), pixel(top, left + 1), pixel(top + 1, left), pixel(top + 1, left + 1)];
        let weights = [(1.0 - v) * (1.0 - u), (1.0 - v) * u, v * (1.0 - u), v * u];
        values.extend((0..3).map(|channel| corners.iter().zip(weights).map(|(at, w)| w * x.values[at + channel]).sum::<f64>()));
    }
    Pixels { values, ..*x }
}

/// The affine map that moves three points around the centre by `moves` (x and y of each). Images of less than 3 pixels have no
/// three points and stay.
fn affine(x: &mut Pixels, moves: &[f64; 6]) {
    let (centre_x, centre_y, side) = ((x.width / 2) as f64, (x.height / 2) as f64, (x.height.min(x.width) / 3) as f64);
    let from = [[centre_x + side, centre_y + side], [centre_x + side, centre_y - side], [centre_x - side, centre_y - side]];
    let to: [[f64; 2]; 3] = std::array::from_fn(|i| [from[i][0] + moves[2 * i], from[i][1] + moves[2 * i + 1]]);
    // For every output pixel its source is computed: the map from `to` back to `from`, by its two edges at the second point.
    let ([a, b], [c, d]) = (minus(to[0], to[1]), minus(to[2], to[1]));
    let determinant = a * d - b * c;
    if side == 0.0 || determinant.abs() < 1e-9 {
        return;
    }
    let (first, second) = (minus(from[0], from[1]), minus(from[2], from[1]));
    let source = |px: f64, py: f64| {
        let [dx, dy] = minus([px, py], to[1]);
        let (s, t) = ((dx * d - dy * c) / determinant, (a * dy - b * dx) / determinant);
        (from[1][1] + s * first[1] + t * second[1], from[1][0] + s * first[0] + t * second[0])
    };
    let width = x.width;
    *x = fetch(x, (0..x.height * width).map(|i| source((i % width) as f64, (i / width) as f64)), Border::Mirror);
}

fn minus(a: [f64; 2], b: [f64; 2]) -> [f64; 2] {
    [a[0] - b[0], a[1] - b[1]]
}
