//! [`conformance_jobs`]: the results of a session that are computed again in float64.

use std::path::Path;

use super::plan::{Analysis, plan};
use super::plan_error::PlanError;
use super::plan_options::PlanOptions;
use super::{AnalysisDataset, ConformanceJob, JobSpec, Plane, Precision, source};
use crate::session::{BatchNormPolicy, Role, Session};

/// A job per checkpoint and dataset of the landscape of `session`: its random plane, in float32 with frozen statistics, which depends
/// on the network alone. Semantic-shift images are those of the landscape, or the first dataset of role `near` or `far`.
///
/// # Errors
/// As [`plan`].
pub fn conformance_jobs(session: &Session, scratch: &Path, options: &PlanOptions) -> Result<Vec<JobSpec>, PlanError> {
    let mut session = session.clone();
    session.landscape.plane = crate::session::Axes::default();
    session.landscape.project = None;
    session.landscape.planes = 1;
    session.landscape.batch_norm = BatchNormPolicy::Frozen;
    let seed = options.seed.unwrap_or(session.seed);
    let shifted = session.datasets.iter().find(|entry| matches!(entry.role, Role::Near | Role::Far));
    let shifted =
        shifted.map(|entry| AnalysisDataset { role: entry.role, source: source(entry, &session.datasets, seed, options.samples) });
    let rho: Vec<f64> = session.sharpness.rho.iter().copied().filter(|rho| *rho > 0.0).collect();
    let mut jobs = plan(&session, Analysis::Landscape, scratch, &PlanOptions { precision: Precision::F32, ..options.clone() })?;
    for job in &mut jobs {
        let JobSpec::Landscape(landscape) = job else { continue };
        let mut landscape = landscape.clone();
        if landscape.measure.ood.is_empty() {
            landscape.measure.ood.extend(shifted.clone());
        }
        landscape.plane = Plane { directions: landscape.plane.directions, ..Plane::default() };
        let scratch = landscape.out.clone();
        *job = JobSpec::Conformance(ConformanceJob { device: options.device, landscape: Some(landscape), rho: rho.clone(), scratch });
    }
    Ok(jobs)
}
