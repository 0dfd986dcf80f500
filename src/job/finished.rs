//! Whether a job's results are there already, whole.

use super::JobSpec;
use crate::result::{Embedding, LandscapeBand, LossSurface, ScoreTable, SharpnessCurve};

/// Whether the folder of `job` holds its complete result. Says nothing about how it came there: meant for the folders of
/// [`plan_cached`](super::plan_cached), whose names say what they are of.
pub fn is_finished(job: &JobSpec) -> bool {
    match job {
        JobSpec::Landscape(job) => {
            let whole = LossSurface::load(&job.out)
                .is_ok_and(|surface| surface.alpha == job.alpha && surface.beta == job.beta && surface.computed() == surface.count.len());
            let planes = job.plane.planes;
            whole && (planes <= 1 || LandscapeBand::load(&job.out).is_ok_and(|band| band.manifest.seeds.len() == planes))
        }
        JobSpec::Sharpness(job) => SharpnessCurve::load(&job.out).is_ok_and(|curve| {
            curve.points.len() == job.rho.len() && curve.points.iter().zip(&job.rho).all(|(point, rho)| point.rho == *rho)
        }),
        JobSpec::Embedding(job) => Embedding::load(&job.out).is_ok(),
        JobSpec::Score(job) => ScoreTable::load(&job.out, &job.checkpoint.name).is_ok(),
        JobSpec::Inspect { .. } | JobSpec::Methods => false,
    }
}
