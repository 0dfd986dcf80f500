//! Whether the complete results of a job exist already.

use super::{JobSpec, LandscapeJob};
use crate::result::{Embedding, HessianSpectrum, LandscapeBand, LossSurface, ScoreTable, SharpnessCurve};
use crate::session::Stop;

/// Whether the folder of `job` holds its complete result. It does not check which job wrote it: meant for the folders of
/// [`plan_cached`](super::plan_cached), whose names are hashes of the job.
pub fn is_finished(job: &JobSpec) -> bool {
    match job {
        JobSpec::Landscape(job) => {
            let planes = job.plane.planes;
            let banded = || LandscapeBand::load(&job.out).is_ok_and(|band| band.manifest.seeds.len() == planes);
            LossSurface::load(&job.out).is_ok_and(|surface| is_complete(job, &surface)) && (planes <= 1 || banded())
        }
        JobSpec::Sharpness(job) => SharpnessCurve::load(&job.out).is_ok_and(|curve| {
            curve.points.len() == job.settings.rho.len() && curve.points.iter().zip(&job.settings.rho).all(|(point, rho)| point.rho == *rho)
        }),
        JobSpec::Hessian(job) => HessianSpectrum::load(&job.out).is_ok(),
        JobSpec::Embedding(job) => Embedding::load(&job.out).is_ok(),
        JobSpec::Score(job) => ScoreTable::load(&job.out, &job.checkpoint.name).is_ok(),
        JobSpec::Inspect { .. } | JobSpec::Methods | JobSpec::Pace { .. } | JobSpec::Weights(_) | JobSpec::Conformance(_) => false,
    }
}

/// Whether `surface` leaves nothing of `job` to compute.
pub fn is_complete(job: &LandscapeJob, surface: &LossSurface) -> bool {
    let enough = job.measure.stop == Stop::Contour && surface.within_contour_step();
    surface.alpha == job.alpha && surface.beta == job.beta && (surface.computed() == surface.count.len() || enough)
}
