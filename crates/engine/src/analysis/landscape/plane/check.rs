//! The words for axes that span no plane, with the way out.

use flatland_core::job::LandscapeJob;
use flatland_core::session::Axes;
use tch::Device;

use super::super::super::AnalysisError;
use super::super::Directions;
use super::difference::load;
use super::rank::{Lack, Rounding, lack};
use crate::model::Network;

/// Whether the axes of `job` at `network` span what its grid needs.
///
/// # Errors
/// Says which checkpoints, files or settings make them dependent, and what to ask for instead.
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
    let Some(lack) = lack(directions, &rounding, job) else { return Ok(()) };
    let statistics = directions.move_statistics();
    let message = match (&job.directions, &job.plane.axes) {
        (Some(path), _) => of_axes(lack, &format!("in {}", path.display())),
        (None, Axes::Line { through: [a, b], .. }) => match lack {
            Lack::Delta | Lack::Both => same(a, b, statistics),
            Lack::Eta | Lack::Parallel { .. } => of_axes(lack, "of [landscape.plane]"),
        },
        (None, Axes::Checkpoints { through, .. }) => of_checkpoints(lack, through, statistics),
        (None, Axes::Files { .. }) => of_axes(lack, "in the files of [landscape.plane]"),
        (None, Axes::Random {}) => of_axes(lack, "of [landscape.directions]"),
        (None, Axes::Trajectory(trajectory)) => {
            let paths: Vec<String> = trajectory.inputs().iter().map(|(_, path)| path.display().to_string()).collect();
            of_axes(lack, &format!("of the trajectory of {}", paths.join(", ")))
        }
        // Refused before there are directions.
        (None, Axes::Input(_)) => of_axes(lack, "of [landscape.plane]"),
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

/// Within rounding the same weights; and what is not.
fn beyond(statistics: bool) -> &'static str {
    if statistics { " up to rounding (BatchNorm's running statistics aside)" } else { " up to rounding" }
}

fn of_checkpoints(lack: Lack, [a, b, c]: &[String; 3], statistics: bool) -> String {
    let expected = "[landscape.plane] expected three checkpoints that span a plane, found";
    let line = |a: &str, b: &str, then: &str| {
        format!(". For the loss along the line{then}: kind = \"line\", through = [{a:?}, {b:?}] (it draws the others where they lie)")
    };
    let beyond = beyond(statistics);
    match lack {
        Lack::Both => format!("{expected} the same weights in `{a}`, `{b}` and `{c}`{beyond}"),
        Lack::Delta => format!("{expected} in `{b}` the weights of `{a}`{beyond}{}", line(a, c, "")),
        Lack::Eta => format!("{expected} in `{c}` the weights of `{a}`{beyond}{}", line(a, b, "")),
        Lack::Parallel { along, .. } if (along - 1.0).abs() < 1e-4 => {
            format!("{expected} in `{c}` the weights of `{b}`{beyond}{}", line(a, b, ""))
        }
        Lack::Parallel { along, beside, rounding } => {
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
fn of_axes(lack: Lack, place: &str) -> String {
    let expected = format!("expected axes {place} that span a plane, found");
    let out = "give one axis alone, so that the other is random, or a grid along one axis (beta = [0.0])";
    match lack {
        Lack::Both => format!("{expected} that neither δ nor η moves a weight by more than the rounding of float32"),
        Lack::Delta => format!("{expected} that δ moves no weight by more than the rounding of float32"),
        Lack::Eta => format!("{expected} that η moves no weight by more than the rounding of float32: {out}"),
        Lack::Parallel { along, .. } => format!("{expected} η = {}·δ: {out}", (1e4 * along).round() / 1e4),
    }
}
