//! The curves of a run as TensorBoard scalars.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::runs::Follower;
use super::{RunError, RunView};
use crate::result::{Scalar, tensorboard_events, write_atomic};

/// Writes all curves of the run in `dir` into `folder/events.out.tfevents.<seconds>.flatland`, the metrics of epochs as `epoch/..`, those
/// of steps as `step/..`, all over the step; gives the file. The same run gives the same file.
///
/// # Errors
/// When `dir` is no run directory or a file cannot be read or written.
pub fn export_tensorboard(dir: &Path, folder: &Path) -> Result<PathBuf, RunError> {
    let follower = Follower::open(dir)?;
    let scalars = scalars(&follower.view, &follower.step_lines, &follower.timing_lines);
    let begin = follower.view.state.heartbeat - follower.view.state.elapsed_secs;
    // TensorBoard draws every file of the folder, so an older export is overwritten.
    let path = folder.join(format!("events.out.tfevents.{}.flatland", begin.max(0.0) as u64));
    write_atomic(&path, &tensorboard_events(&scalars))?;
    Ok(path)
}

fn number(line: &Map<String, Value>, name: &str) -> Option<f64> {
    line.get(name).and_then(Value::as_f64)
}

fn scalars(view: &RunView, steps: &[Map<String, Value>], timing: &[Map<String, Value>]) -> Vec<Scalar> {
    let begin = view.state.heartbeat - view.state.elapsed_secs;
    let when: Vec<(f64, f64)> = timing.iter().filter_map(|line| Some((number(line, "step")?, number(line, "elapsed_secs")?))).collect();
    let mut scalars = Vec::new();
    for (group, lines) in [("epoch", &view.metrics[..]), ("step", steps), ("time", timing)] {
        for line in lines {
            let Some(step) = number(line, "step") else { continue };
            // The last line of timing that is not after the step.
            let at = when.partition_point(|(timed, _)| *timed <= step);
            let elapsed = at.checked_sub(1).and_then(|at| when.get(at)).map_or(0.0, |(_, elapsed)| *elapsed);
            for (name, value) in line.iter().filter(|(name, _)| !["epoch", "step"].contains(&name.as_str())) {
                // null = not finite
                let value = if value.is_null() { f64::NAN } else { value.as_f64().unwrap_or(f64::NAN) };
                scalars.push(Scalar { wall_time: begin + elapsed, step: step as u64, tag: format!("{group}/{name}"), value: value as f32 });
            }
        }
    }
    scalars
}
