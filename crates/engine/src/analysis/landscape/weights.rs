//! [`write_weights`]: writes a point of the plane as a checkpoint.

use flatland_core::job::{Reporter, WeightsJob};
use flatland_core::session::BatchNormPolicy;
use tch::Tensor;

use super::super::AnalysisError;
use super::statistics::{estimate_statistics, has_negative_variance};
use super::{LandscapeData, Plane};
use crate::model::{Network, Tensors};

/// Writes θ + αδ + βη of `job` as safetensors. Running statistics are those of the landscape there: those of θ, moved ones, or estimated ones.
///
/// # Errors
/// [`AnalysisError::Cancelled`] when the job is cancelled; when there is no network at the point (a running variance below 0, or statistics
/// that are each batch's own), and when a file cannot be read or written.
pub fn write_weights(
    network: &Network,
    data: &LandscapeData<'_>,
    job: &WeightsJob,
    reporter: &mut dyn Reporter,
) -> Result<(), AnalysisError> {
    let _no_grad = tch::no_grad_guard();
    let [alpha, beta] = job.at;
    let nowhere = |why: &str| AnalysisError::Invalid(format!("expected a network at α = {alpha}, β = {beta}, found none: {why}"));
    let policy = job.landscape.measure.batch_norm;
    if policy == BatchNormPolicy::Batch {
        return Err(nowhere(
            "the landscape takes BatchNorm's statistics of each batch, and a checkpoint has its own (batch_norm = \"batch\")",
        ));
    }
    let (Plane { directions, .. }, _) = Plane::without_points(network, &job.landscape, reporter)?;
    let mut tensors = Tensors::new();
    for name in &network.names {
        let mut tensor: Tensor = network.tensor(name)?.f_detach_copy()?;
        for (by, axis) in [(alpha, &directions.delta), (beta, &directions.eta)].into_iter().filter(|(by, _)| *by != 0.0) {
            if let Some(step) = axis.tensor(name, network.device)? {
                let _ = tensor.f_add_(&step.f_mul_scalar(by)?)?;
            }
        }
        tensors.insert(name.clone(), tensor);
    }
    if policy == BatchNormPolicy::Reestimated {
        let x = data.statistics.map_or(&data.samples.x, |samples| &samples.x);
        estimate_statistics(&network.graph, &mut tensors, x, reporter)?;
    }
    if has_negative_variance(&tensors)? {
        return Err(nowhere("a running variance is below 0 there"));
    }
    Ok(network.with_tensors(tensors).save(&job.file)?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use flatland_core::result::LossSurface;
    use tch::Device;

    use super::super::testing::{LandscapeRecorder, job, noise_samples};
    use super::super::{Evaluation, Evaluator, run};
    use super::*;
    use crate::analysis::landscape::Directions;
    use flatland_core::session::NetworkChoice;

    #[test]
    fn the_checkpoint_of_a_cell_has_the_losses_of_the_cell() {
        let folder = tempfile::tempdir().unwrap();
        let network = Network::random("resnet20", 10, 3, Device::Cpu).unwrap();
        let samples = noise_samples(&network);
        let data = LandscapeData::of(&samples);
        for policy in [BatchNormPolicy::Frozen, BatchNormPolicy::Reestimated] {
            let mut landscape = job(&folder.path().join(format!("{policy:?}")), &[0.0, 0.5], &[-0.25, 0.0]);
            landscape.measure.batch_norm = policy;
            run(&network, &data, &landscape, &mut LandscapeRecorder::default()).unwrap();
            let surface = LossSurface::load(&landscape.out).unwrap();
            let file = landscape.out.join("weights.safetensors");
            write_weights(
                &network,
                &data,
                &WeightsJob { landscape, at: [0.5, -0.25], file: file.clone() },
                &mut LandscapeRecorder::default(),
            )
            .unwrap();
            let there = Network::load(&file, &NetworkChoice::default(), Device::Cpu).unwrap();
            let directions = Directions::li2018(&there, 0).unwrap();
            let evaluator = Evaluator::new(&there, Evaluation::plain(&samples), &directions).unwrap();
            let (center, _) = evaluator.center(&mut LandscapeRecorder::default()).unwrap();
            assert!((center.loss - surface.loss[2]).abs() < 1e-5 * center.loss, "{policy:?}: {} {}", center.loss, surface.loss[2]);
            assert_eq!(center.accuracy, surface.accuracy[2]);
        }
    }

    #[test]
    fn where_every_batch_has_its_own_statistics_there_is_no_checkpoint() {
        let folder = tempfile::tempdir().unwrap();
        let network = Network::random("resnet20", 10, 3, Device::Cpu).unwrap();
        let samples = noise_samples(&network);
        let mut landscape = job(folder.path(), &[0.0], &[0.0]);
        landscape.measure.batch_norm = BatchNormPolicy::Batch;
        let job = WeightsJob { landscape, at: [0.0, 0.0], file: folder.path().join("w.safetensors") };
        let error = write_weights(&network, &LandscapeData::of(&samples), &job, &mut LandscapeRecorder::default()).unwrap_err().to_string();
        assert!(error.contains("batch_norm = \"batch\"") && !job.file.exists(), "{error}");
    }
}
