//! Axes from one checkpoint to another.

use std::path::Path;

use flatland::job::{CheckpointSource, LandscapeJob};
use flatland::session::{Axes, Trajectory};
use tch::{Device, Tensor};

use super::super::super::AnalysisError;
use super::super::direction::{Direction, Part, tensor, values_of};
use crate::model::{Network, is_parameter};

/// A checkpoint of the same network as `like`, on `device`.
///
/// # Errors
/// When it cannot be read or has other tensors.
pub fn load(source: &CheckpointSource, like: &Network, device: Device) -> Result<Network, AnalysisError> {
    let other = Network::load(&source.path, &source.choice(), device)?;
    match first_difference(like, &other) {
        None => Ok(other),
        Some(difference) => Err(AnalysisError::Invalid(format!(
            "expected in `{}` the tensors of {}, as in the checkpoint that the plane goes through, found those of {}: {difference} ({})",
            source.name,
            described(like),
            described(&other),
            source.path.display()
        ))),
    }
}

/// `resnet18 (10 classes)`
fn described(network: &Network) -> String {
    format!("{} ({} classes)", network.architecture, network.classes)
}

/// The first tensor in which the networks differ, in words.
fn first_difference(like: &Network, other: &Network) -> Option<String> {
    let shape = |network: &Network, name: &String| network.tensors.get(name).map(Tensor::size);
    let mut all = like.names.iter().chain(&other.names);
    let name = all.find(|name| shape(like, name) != shape(other, name))?;
    let said = |shape: Option<Vec<i64>>| shape.map_or("none".into(), |shape| format!("one of shape {shape:?}"));
    Some(format!("expected {} under `{name}`, found {}", said(shape(like, name)), said(shape(other, name))))
}

/// A checkpoint of a trajectory: another file, read as the job's own checkpoint is. What a run of ours keeps holds the weights alone.
pub fn of_trajectory(job: &LandscapeJob, network: &Network, name: &str, path: &Path) -> CheckpointSource {
    let mut source = job.checkpoint.clone();
    (source.name, source.path) = (name.into(), path.into());
    source.architecture = Some(network.architecture.clone());
    if matches!(job.plane.axes, Axes::Trajectory(Trajectory::Run(_))) {
        source.weights = None;
        source.ignore.clear();
    }
    source
}

/// From `network` to the checkpoint of the job called `name`; running statistics go along where `statistics`.
///
/// # Errors
/// When the job does not have it, or it does not fit.
pub fn between(network: &Network, job: &LandscapeJob, name: &str, statistics: bool) -> Result<Direction, AnalysisError> {
    let source = job.plane.checkpoint(name);
    let source =
        source.ok_or_else(|| AnalysisError::Invalid(format!("expected the checkpoint `{name}` of the plane in the job, found none")))?;
    let other = load(source, network, Device::Cpu)?;
    let mut parts = Vec::new();
    for name in network.names.iter().filter(|name| statistics || is_parameter(name)) {
        let (from, to) = (values_of(tensor(network, name)?)?, values_of(tensor(&other, name)?)?);
        let shape = other.tensors[name].size().iter().map(|&n| n as usize).collect();
        parts.push(Part { name: name.clone(), shape, values: to.iter().zip(&from).map(|(to, from)| to - from).collect() });
    }
    Ok(Direction { parts })
}

/// Takes from `eta` its part along `delta` over all parameters; its length stays what is left (Garipov et al. 2018, `plane.py`).
/// Running statistics take the same step, so that they stay those of a mixture of the same checkpoints.
pub fn subtract_along(delta: &Direction, eta: &mut Direction) {
    let parameters =
        |direction: &Direction| Direction { parts: direction.parts.iter().filter(|part| is_parameter(&part.name)).cloned().collect() };
    let along = parameters(delta);
    let square = along.dot(&along);
    if square == 0.0 {
        return;
    }
    // Twice, for what f32 leaves of the first.
    for _ in 0..2 {
        let by = parameters(eta).dot(&along) / square;
        for (eta, delta) in eta.parts.iter_mut().zip(&delta.parts) {
            eta.values.iter_mut().zip(&delta.values).for_each(|(e, d)| *e = (f64::from(*e) - by * f64::from(*d)) as f32);
        }
    }
}
