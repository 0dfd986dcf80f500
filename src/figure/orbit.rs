//! [`Orbit`]: the projection of the box of a landscape's axes for a camera, and its inverse.
//!
//! The box holds α in x and β in y, both within ±½, and the scale of the values in z, within ±[`HALF_HEIGHT`]. Projected points are
//! in shares of the panel's side from its centre, y upwards. Orthographic, so that equal lengths stay equal everywhere.

use flatland_core::session::Camera;

/// Half the height of the box.
pub const HALF_HEIGHT: f64 = 0.3;
/// Shares of the panel's side per unit of the box at a zoom of 1.
const FIT: f64 = 0.64;

/// A camera's view.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Orbit {
    right: [f64; 3],
    up: [f64; 3],
    /// Unit vector towards the viewer.
    pub toward: [f64; 3],
    scale: f64,
    shift: [f64; 2],
}

impl Orbit {
    /// The view of a camera.
    pub fn new(camera: &Camera) -> Self {
        let (sin_yaw, cos_yaw) = camera.yaw.to_radians().sin_cos();
        let (sin_pitch, cos_pitch) = camera.pitch.to_radians().sin_cos();
        Self {
            right: [cos_yaw, sin_yaw, 0.0],
            up: [-sin_yaw * sin_pitch, cos_yaw * sin_pitch, cos_pitch],
            toward: [sin_yaw * cos_pitch, -cos_yaw * cos_pitch, sin_pitch],
            scale: FIT * camera.zoom,
            shift: camera.shift,
        }
    }

    /// The projection of a point of the box, and its depth (larger = nearer).
    pub fn project(&self, point: [f64; 3]) -> ([f64; 2], f64) {
        let at = |axis: &[f64; 3]| dot(axis, &point);
        ([self.shift[0] + self.scale * at(&self.right), self.shift[1] + self.scale * at(&self.up)], at(&self.toward))
    }

    /// The point of the box's space that is projected to `at` with the depth `depth`.
    pub fn unproject(&self, at: [f64; 2], depth: f64) -> [f64; 3] {
        let (x, y) = ((at[0] - self.shift[0]) / self.scale, (at[1] - self.shift[1]) / self.scale);
        std::array::from_fn(|k| x * self.right[k] + y * self.up[k] + depth * self.toward[k])
    }

    /// Unit vector towards the light: high and from the left behind the viewer, for every camera.
    pub fn light(&self) -> [f64; 3] {
        let [x, y, _] = self.toward;
        let flat = x.hypot(y).max(1e-6);
        let ground = [(0.35 * x + 0.45 * y) / flat, (0.35 * y - 0.45 * x) / flat];
        let length = ground[0].hypot(ground[1]).hypot(0.8);
        [ground[0] / length, ground[1] / length, 0.8 / length]
    }

    /// Brightness of a place with this unit normal: 1 on horizontal ground, so that colours equal those of the colour bar; slopes differ little.
    pub fn shade(&self, normal: [f64; 3]) -> f64 {
        let seen = if dot(&normal, &self.toward) < 0.0 { normal.map(|n| -n) } else { normal };
        let light = self.light();
        (1.0 + 0.3 * (dot(&seen, &light) / light[2] - 1.0)).clamp(0.72, 1.06)
    }

    /// The projection as a matrix, column by column: x and y in ±1 over the panel's side, depth in 0 (near) to 1 (far).
    pub fn matrix(&self) -> [[f32; 4]; 4] {
        // No point of the box is farther than this from its centre.
        let radius = 1.0;
        let column = |k: usize| {
            [2.0 * self.scale * self.right[k], 2.0 * self.scale * self.up[k], -0.5 * self.toward[k] / radius, 0.0].map(|x| x as f32)
        };
        [column(0), column(1), column(2), [2.0 * self.shift[0] as f32, 2.0 * self.shift[1] as f32, 0.5, 1.0]]
    }
}

fn dot(a: &[f64; 3], b: &[f64; 3]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cameras() -> impl Iterator<Item = Camera> {
        let all = [-170.0, -60.0, 0.0, 30.0, 135.0].into_iter().flat_map(|yaw| [4.0, 34.0, 90.0].map(|pitch| (yaw, pitch)));
        all.map(|(yaw, pitch)| Camera { yaw, pitch, zoom: 1.7, shift: [0.1, -0.2] })
    }

    #[test]
    fn projecting_and_unprojecting_are_inverse() {
        for camera in cameras() {
            let orbit = Orbit::new(&camera);
            for point in [[0.5, -0.5, 0.3], [0.0, 0.0, 0.0], [-0.2, 0.4, -0.1]] {
                let (at, depth) = orbit.project(point);
                let back = orbit.unproject(at, depth);
                assert!((0..3).all(|k| (back[k] - point[k]).abs() < 1e-12), "{camera:?}: {point:?} {back:?}");
            }
        }
    }

    #[test]
    fn from_above_alpha_runs_right_and_beta_up_and_what_is_higher_is_nearer() {
        let orbit = Orbit::new(&Camera { yaw: 0.0, pitch: 90.0, ..Camera::default() });
        let place = |point| orbit.project(point);
        assert!(place([0.5, 0.0, 0.0]).0[0] > 0.2 && place([0.0, 0.5, 0.0]).0[1] > 0.2);
        assert!(place([0.0, 0.0, 0.3]).1 > place([0.0, 0.0, -0.3]).1);
    }

    #[test]
    fn the_matrix_is_the_projection() {
        for camera in cameras() {
            let (orbit, point) = (Orbit::new(&camera), [0.3, -0.4, 0.2]);
            let matrix = orbit.matrix();
            let by_matrix: Vec<f64> =
                (0..3).map(|row| (0..3).map(|k| f64::from(matrix[k][row]) * point[k]).sum::<f64>() + f64::from(matrix[3][row])).collect();
            let (at, depth) = orbit.project(point);
            assert!((by_matrix[0] - 2.0 * at[0]).abs() < 1e-6 && (by_matrix[1] - 2.0 * at[1]).abs() < 1e-6);
            assert!((by_matrix[2] - (0.5 - 0.5 * depth)).abs() < 1e-6 && (0.0..=1.0).contains(&by_matrix[2]));
        }
    }

    #[test]
    fn the_whole_box_is_seen_from_everywhere() {
        for yaw in (-18..18).map(|k| 10.0 * f64::from(k)) {
            for pitch in [4.0, 20.0, 34.0, 60.0, 90.0] {
                let orbit = Orbit::new(&Camera { yaw, pitch, ..Camera::default() });
                for corner in [[0.5, 0.5], [-0.5, 0.5], [0.5, -0.5], [-0.5, -0.5]] {
                    for z in [-HALF_HEIGHT, HALF_HEIGHT] {
                        let at = orbit.project([corner[0], corner[1], z]).0;
                        assert!(at.iter().all(|x| x.abs() <= 0.5), "{yaw} {pitch}: {at:?}");
                    }
                }
            }
        }
    }
}
