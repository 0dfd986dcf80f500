//! [`run`]: a landscape job on one random plane or on several.

use flatland_core::job::{JobEvent, LandscapeJob, Reporter};
use flatland_core::result::LandscapeBand;

use super::super::super::AnalysisError;
use super::super::surface;
use super::super::surface::LandscapeData;
use crate::model::Network;

/// Computes the surface of `job`, see `surface::run`; with several planes one for each seed: the first in the job's folder, the others
/// in `plane_1`, `plane_2`, ... below it, and mean and standard deviation over planes in `landscape_band.npz` and `.json`.
///
/// # Errors
/// As `surface::run`.
pub fn run(network: &Network, data: &LandscapeData<'_>, job: &LandscapeJob, reporter: &mut dyn Reporter) -> Result<(), AnalysisError> {
    if job.plane.planes <= 1 {
        return surface::run(network, data, job, reporter).map(drop);
    }
    let mut surfaces = Vec::new();
    for (k, one) in job.each_plane().into_iter().enumerate() {
        surfaces.push(surface::run(network, data, &one, &mut OnePlane { reporter, k: k as u64, planes: job.plane.planes as u64 })?);
    }
    let band = LandscapeBand::of(&surfaces, job.recipe()).map_err(AnalysisError::Invalid)?;
    Ok(band.save(&job.out)?)
}

/// Reports the progress of plane `k` as a part of the whole. Cells and estimates are reported for the first plane only, which is in the job's
/// folder.
struct OnePlane<'a> {
    reporter: &'a mut dyn Reporter,
    k: u64,
    planes: u64,
}

impl Reporter for OnePlane<'_> {
    fn report(&mut self, event: JobEvent) {
        match event {
            JobEvent::Cells { .. } | JobEvent::Estimate { .. } | JobEvent::Cost { .. } if self.k > 0 => {}
            JobEvent::Cost { seconds, bytes } => self.reporter.report(JobEvent::Cost { seconds: seconds * self.planes as f64, bytes }),
            JobEvent::Progress { done, total, unit, message, eta_secs } => {
                let left = self.planes - self.k;
                // The remaining time of this plane, and its whole time for each following plane.
                let eta_secs = eta_secs.map(|eta| {
                    let share = (total.saturating_sub(done)).max(1) as f64 / total.max(1) as f64;
                    eta + (left - 1) as f64 * eta / share
                });
                let message = format!("{message}, plane {} of {}", self.k + 1, self.planes);
                let (done, total) = (self.k * total + done, self.planes * total);
                self.reporter.report(JobEvent::Progress { done, total, unit, message, eta_secs });
            }
            other => self.reporter.report(other),
        }
    }

    fn cancelled(&self) -> bool {
        self.reporter.cancelled()
    }
}
