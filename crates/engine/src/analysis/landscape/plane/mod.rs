//! The plane of a job: its two directions, and the checkpoints that are projected onto it.
//!
//! Axes are random, differences of checkpoints, principal components of a trajectory, or read from files. Not here: the
//! searches that find axes (sharpness, Hessian); their axes are read from files.

mod axis_file;
mod check;
mod difference;
mod planes;
mod projection;
mod rank;
#[cfg(test)]
mod rank_tests;
#[cfg(test)]
mod tests;
mod trajectory;
mod trajectory_weights;
mod weight_file;

use std::path::PathBuf;

use flatland_core::job::{LandscapeJob, Reporter};
use flatland_core::result::PlaneRecord;
use flatland_core::session::{Axes, Statistics};

use super::super::AnalysisError;
use super::Directions;
use super::direction::random::random_eta;
use crate::model::{Network, Samples};

pub use planes::run;

/// The plane of a job.
#[derive(Debug)]
pub struct Plane {
    /// Its axes.
    pub directions: Directions,
    /// Its record in the manifest.
    pub record: PlaneRecord,
}

impl Plane {
    /// Builds the plane of `job` through `network`, and projects the job's checkpoints onto it. The losses of projected checkpoints are computed
    /// on `samples`.
    ///
    /// # Errors
    /// [`AnalysisError::Cancelled`] when the job is cancelled; when a file or checkpoint cannot be read or does not fit the network, and
    /// when the axes do not span the grid.
    pub fn of_job(network: &Network, samples: &Samples, job: &LandscapeJob, reporter: &mut dyn Reporter) -> Result<Self, AnalysisError> {
        let (mut plane, trajectory) = Self::without_points(network, job, reporter)?;
        let projector = projection::Projector::new(network, samples, job, &plane.directions)?;
        plane.record.points = projector.checkpoints(reporter)?;
        plane.record.trajectory = projector.files(&trajectory, reporter)?;
        Ok(plane)
    }

    /// The same without projected checkpoints; also the names and paths of the trajectory's checkpoints, where the axes are those of a
    /// trajectory.
    ///
    /// # Errors
    /// As [`Plane::of_job`].
    pub fn without_points(
        network: &Network,
        job: &LandscapeJob,
        reporter: &mut dyn Reporter,
    ) -> Result<(Self, Vec<(String, PathBuf)>), AnalysisError> {
        let rule = job.plane.directions.rule();
        let mut record = PlaneRecord { statistics: "frozen".into(), ..PlaneRecord::default() };
        let mut moving = |statistics: Statistics| {
            record.statistics = statistics.key().into();
            statistics == Statistics::Interpolated
        };
        let mut trajectory = Vec::new();
        let (kind, directions) = match (&job.directions, &job.plane.axes) {
            (Some(path), _) => ("file", Directions::load(path, network)?),
            (None, Axes::Random {}) => ("random", Directions::random(network, &rule, job.seed)?),
            (None, Axes::Line { through: [_, b], statistics }) => {
                let delta = difference::between(network, job, b, moving(*statistics))?;
                let eta = random_eta(network, &rule, job.seed, &delta)?;
                ("line", Directions::new(delta, eta, network))
            }
            (None, Axes::Checkpoints { through: [_, b, c], orthogonal, statistics }) => {
                let interpolated = moving(*statistics);
                let delta = difference::between(network, job, b, interpolated)?;
                let mut eta = difference::between(network, job, c, interpolated)?;
                if *orthogonal {
                    difference::subtract_along(&delta, &mut eta);
                }
                ("checkpoints", Directions::new(delta, eta, network))
            }
            (None, Axes::Trajectory(said)) => {
                let found = trajectory::Trajectory::of(said, network, job, reporter)?;
                record.explained_variance = found.explained_variance;
                (record.order, record.left_out) = (found.order, found.left_out);
                trajectory = found.files;
                ("trajectory", found.directions)
            }
            (None, Axes::Input(_)) => {
                return Err(AnalysisError::Invalid("expected a plane of weights, found one in input space".into()));
            }
            (None, Axes::Files { delta, eta }) => {
                let delta = delta.as_ref().map(|file| axis_file::read(file, "delta", network)).transpose()?;
                let eta = eta.as_ref().map(|file| axis_file::read(file, "eta", network)).transpose()?;
                ("files", axis_file::beside_random(delta, eta, network, &rule, job.seed)?)
            }
        };
        check::check(network, &directions, job)?;
        record.kind = kind.into();
        record.through = job.plane.axes.through().to_vec();
        record.other_inputs = job.has_other_inputs();
        record.batch_norm_layers = Some(network.names.iter().filter(|name| name.ends_with("running_var")).count());
        record.directions = serde_json::to_value(&rule).unwrap_or_default();
        (record.delta_norm, record.eta_norm) = (directions.delta.norm(), directions.eta.norm());
        record.still_on_eta = directions.still();
        Ok((Self { directions, record }, trajectory))
    }

    /// Key of the definition: the preset of random directions, `custom` where a setting changes it, or the source of the plane.
    pub fn definition(&self, job: &LandscapeJob) -> String {
        if self.record.kind != "random" {
            return self.record.kind.clone();
        }
        let settings = &job.plane.directions;
        let plain = flatland_core::session::DirectionSettings { preset: settings.preset, ..Default::default() };
        if settings.rule() == plain.rule() { settings.preset.key() } else { "custom" }.into()
    }

    /// How random directions are scaled, as written in files.
    pub fn normalization(&self) -> String {
        match self.record.kind.as_str() {
            "file" => "as in the file".into(),
            _ => self.record.directions["normalization"].as_str().unwrap_or_default().into(),
        }
    }

    /// How tensors of fewer than two dimensions move, as written in files.
    pub fn one_dimensional(&self) -> &'static str {
        match (self.directions.move_one_dimensional(), self.record.kind.as_str()) {
            (false, _) => "zero",
            (true, "file") => "as in the file",
            (true, _) => "moving",
        }
    }
}
