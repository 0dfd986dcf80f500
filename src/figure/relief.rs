//! [`Relief`]: a landscape as a surface in the box of its axes: heights, normals, triangles, intersections with rays, hidden points.

use super::ColorScale;
use super::orbit::{HALF_HEIGHT, Orbit};
use flatland_core::result::{LossSurface, nearest_node};

/// Number of samples along a ray or a side of the mesh.
const STEPS: usize = 192;

/// A vertex of the mesh.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReliefVertex {
    /// Position in the box; z is [`height`] of `t`.
    pub at: [f32; 3],
    /// Position on the scale, 0 to 1.
    pub t: f32,
    /// Unit normal, upwards.
    pub normal: [f32; 3],
}

/// Triangles over all cells whose four nodes are finite.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReliefMesh {
    /// The vertices.
    pub vertices: Vec<ReliefVertex>,
    /// Three indices per triangle.
    pub indices: Vec<u32>,
}

/// A landscape as heights over the box.
#[derive(Clone, Debug, PartialEq)]
pub struct Relief {
    /// α of every node within ±½.
    x: Vec<f64>,
    /// β of every node within ±½.
    y: Vec<f64>,
    /// Positions on the scale, [A, B]; NaN if a value is pending or not finite.
    t: Vec<f64>,
    alpha: [f64; 2],
    beta: [f64; 2],
}

/// z in the box of a position on the scale.
pub fn height(t: f64) -> f64 {
    (2.0 * t - 1.0) * HALF_HEIGHT
}

impl Relief {
    /// The surface on a scale; `None` where an axis has a single node, so that there is no surface.
    pub fn new(surface: &LossSurface, scale: &ColorScale) -> Option<Self> {
        let ends = |axis: &[f64]| Some([*axis.first()?, *axis.last()?]).filter(|[first, last]| first < last);
        let (alpha, beta) = (ends(&surface.alpha)?, ends(&surface.beta)?);
        let within = |axis: &[f64], [first, last]: [f64; 2]| axis.iter().map(|v| (v - first) / (last - first) - 0.5).collect();
        let t = |k| surface.known_loss(k).and_then(|(value, _)| scale.position(value)).unwrap_or(f64::NAN);
        Some(Self {
            x: within(&surface.alpha, alpha),
            y: within(&surface.beta, beta),
            t: (0..surface.loss.len()).map(t).collect(),
            alpha,
            beta,
        })
    }

    /// The position of (α, β) in the box.
    pub fn place(&self, alpha: f64, beta: f64) -> [f64; 2] {
        let within = |v: f64, [first, last]: [f64; 2]| (v - first) / (last - first) - 0.5;
        [within(alpha, self.alpha), within(beta, self.beta)]
    }

    /// The node nearest to a position in the box: indices into α and β.
    pub fn nearest(&self, [x, y]: [f64; 2]) -> [usize; 2] {
        [nearest_node(&self.x, x).unwrap_or(0), nearest_node(&self.y, y).unwrap_or(0)]
    }

    /// z of the surface at a position in the box, interpolated between the nodes around it; `None` if one of them has no value, and outside.
    pub fn over(&self, [x, y]: [f64; 2]) -> Option<f64> {
        let (i, u) = locate(&self.x, x)?;
        let (j, v) = locate(&self.y, y)?;
        let t = self.between(i, j, u, v, |i, j| self.t[i * self.y.len() + j]);
        t.is_finite().then(|| height(t))
    }

    fn between(&self, i: usize, j: usize, u: f64, v: f64, of: impl Fn(usize, usize) -> f64) -> f64 {
        (of(i, j) * (1.0 - u) + of(i + 1, j) * u) * (1.0 - v) + (of(i, j + 1) * (1.0 - u) + of(i + 1, j + 1) * u) * v
    }

    /// The first intersection of the surface with the ray through a projected point.
    pub fn hit(&self, orbit: &Orbit, at: [f64; 2]) -> Option<[f64; 3]> {
        let (near, far) = self.inside(orbit, at)?;
        self.crossing(|depth| orbit.unproject(at, depth), near, far)
    }

    /// Whether the surface is between a point and the viewer.
    pub fn hides(&self, orbit: &Orbit, point: [f64; 3]) -> bool {
        let (at, depth) = orbit.project(point);
        let Some((near, _)) = self.inside(orbit, at) else { return false };
        // Slightly before the point, which may be on the surface.
        let start = depth + 0.02;
        start < near && self.crossing(|depth| orbit.unproject(at, depth), near, start).is_some()
    }

    /// The depths between which the ray through a projected point is inside the box, the nearer first.
    fn inside(&self, orbit: &Orbit, at: [f64; 2]) -> Option<(f64, f64)> {
        let from = orbit.unproject(at, 0.0);
        let (mut near, mut far) = (f64::INFINITY, f64::NEG_INFINITY);
        for (k, half) in [0.5, 0.5, HALF_HEIGHT + 1e-6].into_iter().enumerate() {
            if orbit.toward[k].abs() < 1e-12 {
                if from[k].abs() > half {
                    return None;
                }
                continue;
            }
            let ends = [-half, half].map(|end| (end - from[k]) / orbit.toward[k]);
            near = near.min(ends[0].max(ends[1]));
            far = far.max(ends[0].min(ends[1]));
        }
        (near > far).then_some((near, far))
    }

    /// The first crossing of the surface between `near` and `far`.
    fn crossing(&self, ray: impl Fn(f64) -> [f64; 3], near: f64, far: f64) -> Option<[f64; 3]> {
        let above = |depth: f64| {
            let [x, y, z] = ray(depth);
            self.over([x.clamp(-0.5, 0.5), y.clamp(-0.5, 0.5)]).map(|surface| z - surface)
        };
        let depth = |step: usize| near + (far - near) * step as f64 / STEPS as f64;
        let mut before = above(near);
        for step in 1..=STEPS {
            let here = above(depth(step));
            if let (Some(a), Some(b)) = (before, here)
                && (a > 0.0) != (b > 0.0)
            {
                let (mut low, mut high) = (depth(step - 1), depth(step));
                for _ in 0..24 {
                    let middle = 0.5 * (low + high);
                    if above(middle).is_some_and(|side| (side > 0.0) == (a > 0.0)) { low = middle } else { high = middle }
                }
                return Some(ray(high));
            }
            before = here;
        }
        None
    }

    /// Slopes dz/dx and dz/dy at a node: central differences, one-sided if a neighbour has no value.
    fn slope(&self, i: usize, j: usize) -> [f64; 2] {
        let z = |i: usize, j: usize| height(self.t[i * self.y.len() + j]);
        let along = |axis: &[f64], k: usize, z: &dyn Fn(usize) -> f64| {
            let finite = |k: &usize| z(*k).is_finite();
            let low = k.checked_sub(1).filter(finite).unwrap_or(k);
            let high = Some(k + 1).filter(|k| *k < axis.len()).filter(finite).unwrap_or(k);
            if low == high { 0.0 } else { (z(high) - z(low)) / (axis[high] - axis[low]) }
        };
        [along(&self.x, i, &|i| z(i, j)), along(&self.y, j, &|j| z(i, j))]
    }

    /// The triangles; cells are divided until the mesh has about `facets` a side, for heights and colours bilinear between nodes as on the
    /// map. Six indices form a facet: corners 0, 1, 2 and 2, 1, 3.
    pub fn mesh(&self, facets: usize) -> ReliefMesh {
        let (a, b) = (self.x.len(), self.y.len());
        let parts = (facets / (a.max(b) - 1).max(1)).clamp(1, 8);
        let slopes: Vec<[f64; 2]> = (0..a * b).map(|k| self.slope(k / b, k % b)).collect();
        let mut mesh = ReliefMesh::default();
        for i in 0..a - 1 {
            for j in 0..b - 1 {
                let open = [(i, j), (i + 1, j), (i, j + 1), (i + 1, j + 1)].iter().any(|(i, j)| !self.t[i * b + j].is_finite());
                if !open {
                    self.divide(i, j, parts, &slopes, &mut mesh);
                }
            }
        }
        mesh
    }

    fn divide(&self, i: usize, j: usize, parts: usize, slopes: &[[f64; 2]], mesh: &mut ReliefMesh) {
        let (first, b) = (mesh.vertices.len() as u32, self.y.len());
        for p in 0..=parts {
            for q in 0..=parts {
                let (u, v) = (p as f64 / parts as f64, q as f64 / parts as f64);
                let t = self.between(i, j, u, v, |i, j| self.t[i * b + j]);
                let slope = [0, 1].map(|axis| self.between(i, j, u, v, |i, j| slopes[i * b + j][axis]));
                let length = (slope[0] * slope[0] + slope[1] * slope[1] + 1.0).sqrt();
                let (x, y) = (self.x[i] + u * (self.x[i + 1] - self.x[i]), self.y[j] + v * (self.y[j + 1] - self.y[j]));
                mesh.vertices.push(ReliefVertex {
                    at: [x, y, height(t)].map(|c| c as f32),
                    t: t as f32,
                    normal: [-slope[0] / length, -slope[1] / length, 1.0 / length].map(|c| c as f32),
                });
            }
        }
        let side = parts as u32 + 1;
        for p in 0..parts as u32 {
            for q in 0..parts as u32 {
                let k = first + p * side + q;
                mesh.indices.extend([k, k + side, k + 1, k + 1, k + side, k + side + 1]);
            }
        }
    }
}

/// The cell of an axis that holds a value and its position in the cell, 0 to 1; `None` outside.
fn locate(axis: &[f64], value: f64) -> Option<(usize, f64)> {
    let (first, last) = (axis.first()?, axis.last()?);
    if !(first..=last).contains(&&value) {
        return None;
    }
    let above = axis.partition_point(|node| *node <= value).clamp(1, axis.len() - 1);
    Some((above - 1, (value - axis[above - 1]) / (axis[above] - axis[above - 1])))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::figure::Spacing;
    use flatland_core::result::LandscapeManifest;
    use flatland_core::session::Camera;

    fn surface(f: impl Fn(f64, f64) -> f64) -> LossSurface {
        let axis: Vec<f64> = (0..11).map(|i| -1.0 + 0.2 * f64::from(i)).collect();
        let mut surface = LossSurface::pending(axis.clone(), axis.clone(), LandscapeManifest::default());
        for k in 0..121 {
            (surface.loss[k], surface.count[k]) = (f(axis[k / 11], axis[k % 11]), 1);
        }
        surface
    }

    fn relief(f: impl Fn(f64, f64) -> f64) -> Relief {
        Relief::new(&surface(f), &ColorScale::over(0.0, 1.0, Spacing::Linear).unwrap()).unwrap()
    }

    #[test]
    fn heights_are_on_the_scale_and_between_the_nodes() {
        let plane = relief(|a, _| 0.5 + 0.5 * a);
        assert_eq!(plane.over([0.5, 0.0]), Some(HALF_HEIGHT));
        assert!((plane.over([0.123, -0.4]).unwrap() - 2.0 * 0.123 * HALF_HEIGHT).abs() < 1e-12);
        assert_eq!(plane.over([0.6, 0.0]), None);
        let log = Relief::new(&surface(|a, _| 10f64.powf(a)), &ColorScale::over(0.1, 10.0, Spacing::Log).unwrap()).unwrap();
        assert!((log.over([0.25, 0.0]).unwrap() - 0.5 * HALF_HEIGHT).abs() < 1e-9, "the logarithm of a log scale is a plane");
    }

    #[test]
    fn open_nodes_leave_their_four_cells_open() {
        let mut holed = surface(|_, _| 0.5);
        holed.count[5 * 11 + 5] = 0;
        holed.loss[0] = f64::NAN;
        let relief = Relief::new(&holed, &ColorScale::over(0.0, 1.0, Spacing::Linear).unwrap()).unwrap();
        assert_eq!([relief.over([0.02, 0.02]), relief.over([-0.49, -0.49])], [None, None]);
        assert!(relief.over([0.2, 0.2]).is_some());
        let whole = self::relief(|_, _| 0.5).mesh(128);
        assert_eq!(relief.mesh(128).indices.len(), whole.indices.len() / 100 * 95);
    }

    #[test]
    fn normals_are_those_of_the_plane() {
        let mesh = relief(|a, b| 0.5 + 0.2 * a - 0.1 * b).mesh(128);
        // z = 0.3 (2 t − 1) with t = 0.5 + 0.4 x − 0.2 y.
        let (dx, dy) = (0.24f32, -0.12f32);
        let length = (dx * dx + dy * dy + 1.0).sqrt();
        for vertex in &mesh.vertices {
            for (found, expected) in vertex.normal.iter().zip([-dx / length, -dy / length, 1.0 / length]) {
                assert!((found - expected).abs() < 1e-5, "{vertex:?}");
            }
        }
        assert!(mesh.indices.iter().all(|index| (*index as usize) < mesh.vertices.len()));
    }

    #[test]
    fn a_ray_finds_the_node_that_is_seen_there() {
        let bowl = relief(|a, b| 0.3 * (a * a + b * b));
        for (yaw, pitch) in [(30.0, 34.0), (-120.0, 60.0), (0.0, 90.0)] {
            let orbit = Orbit::new(&Camera { yaw, pitch, ..Camera::default() });
            for (i, j) in [(5usize, 5usize), (3, 6), (7, 4)] {
                let [x, y] = [0.1 * i as f64 - 0.5, 0.1 * j as f64 - 0.5];
                let point = [x, y, bowl.over([x, y]).unwrap()];
                assert!(!bowl.hides(&orbit, point), "{yaw} {pitch} {i} {j}");
                let hit = bowl.hit(&orbit, orbit.project(point).0).unwrap();
                assert_eq!(bowl.nearest([hit[0], hit[1]]), [i, j], "{yaw} {pitch}");
                assert!((0..3).all(|k| (hit[k] - point[k]).abs() < 1e-3));
            }
        }
        assert_eq!(bowl.hit(&Orbit::new(&Camera::default()), [0.49, 0.49]), None);
    }

    #[test]
    fn a_ridge_hides_what_lies_behind_it() {
        let ridge = relief(|_, b| if b.abs() < 0.3 { 1.0 } else { 0.0 });
        // From the side of low β, low over the plane.
        let orbit = Orbit::new(&Camera { yaw: 0.0, pitch: 20.0, ..Camera::default() });
        assert!(ridge.hides(&orbit, [0.0, 0.3, -HALF_HEIGHT]));
        assert!(!ridge.hides(&orbit, [0.0, -0.3, -HALF_HEIGHT]));
        assert!(!ridge.hides(&orbit, [0.0, 0.0, HALF_HEIGHT]));
    }
}
