//! Error messages for axes that do not span a plane, with a solution.

use flatland_core::job::LandscapeJob;
use flatland_core::session::Axes;
use tch::Device;

use super::super::super::AnalysisError;
use super::super::Directions;
use super::difference::load;
use super::rank::{Degeneracy, Rounding, degeneracy};
use crate::model::Network;

/// Whether the axes of `job` at `network` span its grid.
///
/// # Errors
/// The message names the checkpoints, files or settings that make them dependent, and a solution.
pub fn check(network: &Network, directions: &Directions, job: &LandscapeJob) -> Result<(), AnalysisError> {
    let through = match (&job.directions, &job.plane.axes) {
        (None, axes) => axes.through(),
        (Some(_), _) => &[],
    };
    let mut rounding = Rounding::default();
    rounding.add(network)?;
    for source in through.iter().skip(1).filter_map(|name| job.plane.checkpoint(name)) {
        rounding.add(&load(source, network, Device::Cpu)?)?;
    }
    let Some(degeneracy) = degeneracy(directions, &rounding, job) else { return Ok(()) };
    let statistics = directions.move_statistics();
    let message = match (&job.directions, &job.plane.axes) {
        (Some(path), _) => of_axes(degeneracy, &format!("in {}", path.display())),
        (None, Axes::Line { through: [a, b], .. }) => match degeneracy {
            Degeneracy::Delta | Degeneracy::Both => same(a, b, statistics),
            Degeneracy::Eta | Degeneracy::Parallel { .. } => of_axes(degeneracy, "of [landscape.plane]"),
        },
        (None, Axes::Checkpoints { through, .. }) => of_checkpoints(degeneracy, through, statistics),
        (None, Axes::Files { .. }) => of_axes(degeneracy, "in the files of [landscape.plane]"),
        (None, Axes::Random {}) => of_axes(degeneracy, "of [landscape.directions]"),
        (None, Axes::Trajectory(trajectory)) => {
            let paths: Vec<String> = trajectory.inputs().iter().map(|(_, path)| path.display().to_string()).collect();
            of_axes(degeneracy, &format!("of the trajectory of {}", paths.join(", ")))
        }
        // Refused earlier.
        (None, Axes::Input(_)) => of_axes(degeneracy, "of [landscape.plane]"),
    };
    Err(AnalysisError::Invalid(message))
}

/// Two checkpoints with the same weights.
fn same(a: &str, b: &str, statistics: bool) -> String {
    format!(
        "[landscape.plane] expected two checkpoints with different weights, found in `{b}` those of `{a}`{}: there is no line between them",
        beyond(statistics)
    )
}

/// Ending of a message on weights that are equal up to rounding.
fn beyond(statistics: bool) -> &'static str {
    if statistics { " up to rounding (BatchNorm's running statistics aside)" } else { " up to rounding" }
}

fn of_checkpoints(degeneracy: Degeneracy, [a, b, c]: &[String; 3], statistics: bool) -> String {
    let expected = "[landscape.plane] expected three checkpoints that span a plane, found";
    let line = |a: &str, b: &str, then: &str| {
        format!(". For the loss along the line{then}: kind = \"line\", through = [{a:?}, {b:?}] (it draws the others where they lie)")
    };
    let beyond = beyond(statistics);
    match degeneracy {
        Degeneracy::Both => format!("{expected} the same weights in `{a}`, `{b}` and `{c}`{beyond}"),
        Degeneracy::Delta => format!("{expected} in `{b}` the weights of `{a}`{beyond}{}", line(a, c, "")),
        Degeneracy::Eta => format!("{expected} in `{c}` the weights of `{a}`{beyond}{}", line(a, b, "")),
        Degeneracy::Parallel { along, .. } if (along - 1.0).abs() < 1e-4 => {
            format!("{expected} in `{c}` the weights of `{b}`{beyond}{}", line(a, b, ""))
        }
        Degeneracy::Parallel { along, beside, rounding } => {
            let along = (1e4 * along).round() / 1e4;
            let but = if statistics { " (BatchNorm's running statistics aside)" } else { "" };
            format!(
                "{expected} `{c}` on the line through `{a}` (α = 0) and `{b}` (α = 1), at α = {along}: it lies {beside:.1e} beside that line, \
                 of which rounding of the weights accounts for {rounding:.1e}{but}{}",
                line(a, b, &format!(", with `{c}` at α = {along}"))
            )
        }
    }
}

/// Axes that are not made of checkpoints.
fn of_axes(degeneracy: Degeneracy, place: &str) -> String {
    let expected = format!("expected axes {place} that span a plane, found");
    let out = "give one axis alone, so that the other is random, or a grid along one axis (beta = [0.0])";
    match degeneracy {
        Degeneracy::Both => format!("{expected} that neither δ nor η moves a weight by more than the rounding of float32"),
        Degeneracy::Delta => format!("{expected} that δ moves no weight by more than the rounding of float32"),
        Degeneracy::Eta => format!("{expected} that η moves no weight by more than the rounding of float32: {out}"),
        Degeneracy::Parallel { along, .. } => format!("{expected} η = {}·δ: {out}", (1e4 * along).round() / 1e4),
    }
}
