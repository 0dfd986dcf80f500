//! Principal components, from the eigenvectors of the covariance in f64 on the CPU.

use tch::{Kind, Tensor};

use crate::analysis::AnalysisError;

/// Points in the coordinates of their leading principal components.
#[derive(Clone, Debug, PartialEq)]
pub struct Projection {
    /// Centred coordinates, [N, dim] row-major, by falling variance.
    pub points: Vec<f64>,
    /// min(components, D)
    pub dim: usize,
}

impl Projection {
    /// The first two coordinates of every point, 0 where there is one only.
    pub fn plane(&self) -> Vec<[f64; 2]> {
        self.points.chunks_exact(self.dim).map(|point| [point[0], point.get(1).copied().unwrap_or(0.0)]).collect()
    }
}

/// Projects `features` [N, dim] on their first `components` principal components; with `components` ≥ dim this only centres
/// and rotates them, which preserves every distance. The sign of a component is such that its largest loading is positive.
///
/// # Errors
/// When libtorch fails (a value is not finite).
pub fn project(features: &[f32], dim: usize, components: usize) -> Result<Projection, AnalysisError> {
    let n = features.len() / dim.max(1);
    let kept = components.clamp(1, dim.max(1));
    let _guard = tch::no_grad_guard();
    let points = Tensor::f_from_slice(features)?.f_view([n as i64, dim as i64])?.f_to_kind(Kind::Double)?;
    let centred = points.f_sub(&points.f_mean_dim([0i64].as_slice(), true, Kind::Double)?)?;
    let covariance = centred.f_tr()?.f_mm(&centred)?.f_div_scalar(n.max(1) as f64)?;
    let vectors = covariance.f_linalg_eigh("L")?.1.f_flip([1i64])?.f_narrow(1, 0, kept as i64)?;
    let largest = vectors.f_gather(0, &vectors.f_abs()?.f_argmax(0, true)?, false)?;
    let vectors = vectors.f_mul(&largest.f_sign()?)?;
    let projected = centred.f_mm(&vectors)?.f_contiguous()?.f_flatten(0, -1)?;
    Ok(Projection { points: Vec::<f64>::try_from(&projected)?, dim: kept })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_on_a_line_have_one_component_along_it() {
        // (3, 4) t about (1, 1): the first coordinate is 5 t, signed so that the larger loading (0.8) is positive.
        let points: Vec<f32> = [-2.0f32, -1.0, 0.0, 3.0].iter().flat_map(|t| [1.0 + 3.0 * t, 1.0 + 4.0 * t]).collect();
        let projection = project(&points, 2, 50).unwrap();
        assert_eq!(projection.dim, 2);
        for ([first, second], t) in projection.plane().into_iter().zip([-2.0, -1.0, 0.0, 3.0]) {
            assert!((first - 5.0 * t).abs() < 1e-6 && second.abs() < 1e-6, "{first} {second}");
        }
    }

    #[test]
    fn keeping_every_component_keeps_every_distance() {
        let points: Vec<f32> = (0..60u32).map(|i| ((i * 7919 + i * i * 31) % 101) as f32 / 10.0).collect();
        let projection = project(&points, 6, 6).unwrap();
        let distance = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| (x - y).powi(2)).sum::<f64>();
        let original: Vec<f64> = points.iter().map(|&x| f64::from(x)).collect();
        for i in 0..10 {
            for j in 0..i {
                let (a, b) = (
                    distance(&original[6 * i..6 * i + 6], &original[6 * j..6 * j + 6]),
                    distance(&projection.points[6 * i..6 * i + 6], &projection.points[6 * j..6 * j + 6]),
                );
                assert!((a - b).abs() < 1e-9 * a.max(1.0), "{i} {j}: {a} {b}");
            }
        }
        let variance = |k: usize| projection.points.iter().skip(k).step_by(6).map(|x| x * x).sum::<f64>();
        assert!((1..6).all(|k| variance(k) <= variance(k - 1)), "components are not in order of variance");
    }
}
