//! Axes from one checkpoint to another.

use std::path::Path;

use flatland_core::job::{CheckpointSource, LandscapeJob};
use flatland_core::session::{Axes, Trajectory};
use tch::{Device, Tensor};

use super::super::super::AnalysisError;
use super::super::super::values::values_f32;
use super::super::direction::{Direction, Part};
use crate::model::{Network, is_parameter};

/// A checkpoint of the same network as `like`, on `device`.
///
/// # Errors
/// When it cannot be read or has other tensors.
pub fn load(source: &CheckpointSource, like: &Network, device: Device) -> Result<Network, AnalysisError> {
    let other = Network::load(&source.path, &source.choice(), device)?;
    match unlike(like, &other) {
        None => Ok(other),
        Some(difference) => Err(AnalysisError::Invalid(format!(
            "expected in `{}` the same network as in the checkpoint that the plane goes through, found another: {difference} ({})",
            source.name,
            source.path.display()
        ))),
    }
}

/// A checkpoint of a trajectory, read like the job's own checkpoint. A checkpoint of a Flatland run holds only the weights.
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

/// How two networks differ: architecture, classes, the first tensor; `None` where at most their weights do.
pub fn unlike(here: &Network, there: &Network) -> Option<String> {
    let mut differences = Vec::new();
    if here.architecture != there.architecture {
        differences.push(format!("{} here, {} there", here.architecture, there.architecture));
    }
    if here.classes != there.classes {
        differences.push(format!("{} classes here, {} there", here.classes, there.classes));
    }
    let size = |network: &Network, name: &str| network.tensors.get(name).map(Tensor::size);
    let names = here.names.iter().chain(there.names.iter().filter(|name| !here.names.contains(name)));
    let differing: Vec<&String> = names.filter(|name| size(here, name) != size(there, name)).collect();
    if let Some(first) = differing.first() {
        let said = |network: &Network| size(network, first).map_or("absent".to_owned(), |size| format!("{size:?}"));
        let others = if differing.len() > 1 { format!(", and {} more tensors differ", differing.len() - 1) } else { String::new() };
        differences.push(format!("`{first}` is {} here, {} there{others}", said(here), said(there)));
    }
    // Networks of the same name and tensors may still compute different functions.
    if differences.is_empty() && here.graph != there.graph {
        differences
            .push(format!("both are called {} and have the same tensors, and compute different functions of them", here.architecture));
    }
    (!differences.is_empty()).then(|| differences.join("; "))
}

/// From `network` to the checkpoint of the job called `name`; with running statistics where `statistics`.
///
/// # Errors
/// When the job does not have it, or it does not fit.
pub fn between(network: &Network, job: &LandscapeJob, name: &str, statistics: bool) -> Result<Direction, AnalysisError> {
    let source = job.plane.checkpoint(name);
    let source =
        source.ok_or_else(|| AnalysisError::Invalid(format!("expected the checkpoint `{name}` of the plane in the job, found none")))?;
    let other = load(source, network, Device::Cpu)?;
    let mut parts = Vec::new();
    for name in network.names.iter().filter(|name| network.is_parameter(name) || (statistics && !network.is_buffer(name))) {
        let (from, to) = (values_f32(network.tensor(name)?)?, values_f32(other.tensor(name)?)?);
        let shape = other.tensors[name].size().iter().map(|&n| n as usize).collect();
        parts.push(Part { name: name.clone(), shape, values: to.iter().zip(&from).map(|(to, from)| to - from).collect() });
    }
    Ok(Direction { parts })
}

/// Removes the component of `eta` along `delta` over all parameters, without rescaling (Garipov et al. 2018, `plane.py`). Running statistics
/// get the same combination, so that they remain a mixture of those of the same checkpoints.
pub fn subtract_along(delta: &Direction, eta: &mut Direction) {
    let parameters =
        |direction: &Direction| Direction { parts: direction.parts.iter().filter(|part| is_parameter(&part.name)).cloned().collect() };
    let along = parameters(delta);
    let square = along.dot(&along);
    if square == 0.0 {
        return;
    }
    // Twice, to remove the f32 rounding error of the first.
    for _ in 0..2 {
        let by = parameters(eta).dot(&along) / square;
        for (eta, delta) in eta.parts.iter_mut().zip(&delta.parts) {
            eta.values.iter_mut().zip(&delta.values).for_each(|(e, d)| *e = (f64::from(*e) - by * f64::from(*d)) as f32);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(architecture: &str, classes: i64) -> Network {
        Network::random(architecture, classes, 0, Device::Cpu).unwrap()
    }

    #[test]
    fn what_differs_between_two_networks_is_named() {
        let ten = network("resnet8", 10);
        assert_eq!(unlike(&ten, &network("resnet8", 10)), None);
        assert_eq!(
            unlike(&ten, &network("resnet8", 7)).unwrap(),
            "10 classes here, 7 there; `linear.weight` is [10, 64] here, [7, 64] there, and 1 more tensors differ"
        );
        let deeper = unlike(&ten, &network("resnet14", 10)).unwrap();
        assert!(
            deeper.starts_with("resnet8 here, resnet14 there; `layer1.1.conv1.weight` is absent here, [16, 16, 3, 3] there"),
            "{deeper}"
        );
        let both = unlike(&ten, &network("resnet20", 100)).unwrap();
        assert!(both.contains("resnet20 there") && both.contains("10 classes here, 100 there"), "{both}");
    }

    #[test]
    fn the_same_tensors_under_another_function_are_another_network() {
        let (relu, mut other) = (network("resnet8", 10), network("resnet8", 10));
        other.graph = network("resnet14", 10).graph;
        assert!(unlike(&relu, &other).unwrap().contains("compute different functions"));
    }
}
