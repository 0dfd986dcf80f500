//! [`JobExecutor`]: loads the networks and images of a job and calls the module that computes it.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use flatland_core::data::{self, Dataset, Preparation, Source};
use flatland_core::job::{
    self, AnalysisDataset, CheckpointSource, ConformanceJob, Device, JobEvent, JobOutput, JobSpec, LandscapeJob, Reporter, ScoreJob,
    label_record,
};
use flatland_core::result::{Conformance, NetworkCheck, content_key};
use flatland_core::session::{InputPlane, Role, program_file};

use super::WorkerError;
use super::lru_cache::LruCache;
use super::machine::machine;
use crate::analysis::AnalysisError;
use crate::analysis::landscape::{LandscapeData, run_in_input_space, write_weights};
use crate::model::{self, ModelError, Network, Samples, VectorStorage};
use crate::{analysis, method, train};

/// Runs jobs; networks, images and their checks stay loaded between jobs.
#[derive(Debug)]
pub struct JobExecutor {
    networks: LruCache<Network>,
    datasets: LruCache<Dataset>,
    samples: LruCache<Samples>,
    checks: HashMap<String, NetworkCheck>,
}

impl Default for JobExecutor {
    fn default() -> Self {
        Self { networks: LruCache::new(16), datasets: LruCache::new(16), samples: LruCache::new(16), checks: HashMap::new() }
    }
}

impl JobExecutor {
    /// Runs one job; its results are on disk when this returns.
    ///
    /// # Errors
    /// When something cannot be loaded or the work fails or is cancelled.
    pub fn run(&mut self, spec: &JobSpec, reporter: &mut dyn Reporter) -> Result<JobOutput, WorkerError> {
        let folder = |path: &Path| Ok(JobOutput::Folder { path: path.to_owned() });
        match spec {
            JobSpec::Inspect { path, choice } => Ok(JobOutput::Inspection(Box::new(model::inspect(path, choice)))),
            JobSpec::Methods => Ok(JobOutput::Methods { methods: method::methods() }),
            JobSpec::Pace { run, device } => Ok(JobOutput::Pace(train::pace((**run).clone(), *device, reporter)?)),
            JobSpec::Landscape(job) if job.plane.axes.input().is_some() => {
                self.in_input_space(job, reporter)?;
                folder(&job.out)
            }
            JobSpec::Landscape(job) => {
                self.on_landscape(job, reporter, |network, data, reporter| analysis::landscape::run(network, data, job, reporter))?;
                folder(&job.out)
            }
            JobSpec::Weights(job) if job.landscape.plane.axes.input().is_some() => {
                let message =
                    "expected a plane of weights to write those at a point of it, found one in input space, where they stay as they are";
                Err(AnalysisError::Invalid(message.into()).into())
            }
            JobSpec::Weights(job) => {
                let write =
                    |network: &Network, data: &LandscapeData<'_>, reporter: &mut dyn Reporter| write_weights(network, data, job, reporter);
                self.on_landscape(&job.landscape, reporter, write)?;
                Ok(JobOutput::Checkpoint { path: job.file.clone() })
            }
            JobSpec::Sharpness(job) => {
                self.on_dataset(&job.checkpoint, job.device, &job.dataset, &job.out, reporter, |network, samples, reporter| {
                    analysis::sharpness::run(network, samples, job, reporter)
                })?;
                folder(&job.out)
            }
            JobSpec::Hessian(job) => {
                self.on_dataset(&job.checkpoint, job.device, &job.dataset, &job.out, reporter, |network, samples, reporter| {
                    analysis::hessian::run(network, samples, job, reporter)
                })?;
                folder(&job.out)
            }
            JobSpec::Embedding(job) => {
                self.on_datasets(&job.checkpoint, job.device, &job.datasets, &job.out, reporter, |network, samples, reporter| {
                    analysis::embedding::run(network, samples, job, reporter)
                })?;
                folder(&job.out)
            }
            JobSpec::Conformance(job) => Ok(JobOutput::Conformance(Box::new(self.conformance(job, reporter)?))),
            JobSpec::Score(job) => {
                self.score(job, reporter)?;
                folder(&job.out)
            }
        }
    }

    /// Loads a network and one dataset, checks them, and calls `work` on them.
    fn on_dataset(
        &mut self,
        checkpoint: &CheckpointSource,
        device: Device,
        dataset: &AnalysisDataset,
        out: &Path,
        reporter: &mut dyn Reporter,
        work: impl FnOnce(&Network, &Samples, &mut dyn Reporter) -> Result<(), AnalysisError>,
    ) -> Result<(), WorkerError> {
        let network = self.network(checkpoint, device, out, reporter)?;
        let samples = self.samples(checkpoint, &network, dataset, reporter)?;
        self.check(checkpoint, &network, [(dataset.role, &*samples)], out, reporter);
        Ok(work(&network, &samples, reporter)?)
    }

    /// Loads a network and several datasets, checks them, and calls `work` on them.
    fn on_datasets(
        &mut self,
        checkpoint: &CheckpointSource,
        device: Device,
        datasets: &[AnalysisDataset],
        out: &Path,
        reporter: &mut dyn Reporter,
        work: impl FnOnce(&Network, &[(Role, Samples)], &mut dyn Reporter) -> Result<(), AnalysisError>,
    ) -> Result<(), WorkerError> {
        let network = self.network(checkpoint, device, out, reporter)?;
        let samples = self.all_samples(checkpoint, &network, datasets, reporter)?;
        self.check(checkpoint, &network, samples.iter().map(|(role, samples)| (*role, samples)), out, reporter);
        Ok(work(&network, &samples, reporter)?)
    }

    /// Loads the network, the images and those that scores are fitted on, and computes the scores.
    fn score(&mut self, job: &ScoreJob, reporter: &mut dyn Reporter) -> Result<(), WorkerError> {
        let train = match &job.train {
            Some(train) => {
                let network = self.network(&job.checkpoint, job.device, &job.out, reporter)?;
                Some(self.samples(&job.checkpoint, &network, train, reporter)?)
            }
            None => None,
        };
        self.on_datasets(&job.checkpoint, job.device, &job.datasets, &job.out, reporter, |network, samples, reporter| {
            analysis::score::run(network, samples, train.as_deref(), job, reporter)
        })
    }

    /// Computes a landscape around one image. Only the images that its plane names are read from the dataset.
    fn in_input_space(&mut self, job: &LandscapeJob, reporter: &mut dyn Reporter) -> Result<(), WorkerError> {
        let network = self.network(&job.checkpoint, job.device, &job.out, reporter)?;
        let source = &job.dataset.source;
        let positions = job.plane.axes.input().map(InputPlane::images).unwrap_or_default();
        let [_, height, width] = network
            .graph
            .image()
            .ok_or_else(|| WorkerError::Samples { name: source.name.clone(), source: not_of_images(&network) })?
            .map(|side| side as usize);
        // Labels of semantic-shift images are of other classes.
        let classes = job.dataset.role.has_classes().then_some(network.classes as usize);
        let preparation = job::preparation(job.checkpoint.input, [height, width]);
        let images = data::load_positions(source, preparation, &positions, classes)
            .map_err(|error| WorkerError::Dataset { name: source.name.clone(), source: error })?;
        if classes.is_some() {
            note_inferred_labels(source, &images, reporter);
        }
        let samples = Samples::new(Arc::new(images), &job.checkpoint.normalization, &network)
            .map_err(|error| WorkerError::Samples { name: source.name.clone(), source: error })?;
        Ok(run_in_input_space(&network, &samples, job, reporter)?)
    }

    /// Loads the network and all images of a landscape, checks them, and calls `work` on them.
    fn on_landscape(
        &mut self,
        job: &LandscapeJob,
        reporter: &mut dyn Reporter,
        work: impl FnOnce(&Network, &LandscapeData<'_>, &mut dyn Reporter) -> Result<(), AnalysisError>,
    ) -> Result<(), WorkerError> {
        let network = self.network(&job.checkpoint, job.device, &job.out, reporter)?;
        let samples = self.samples(&job.checkpoint, &network, &job.dataset, reporter)?;
        self.check(&job.checkpoint, &network, [(job.dataset.role, &*samples)], &job.out, reporter);
        let ood = self.all_samples(&job.checkpoint, &network, &job.measure.ood, reporter)?;
        let statistics = match &job.measure.statistics {
            Some(dataset) => Some(self.samples(&job.checkpoint, &network, dataset, reporter)?),
            None => None,
        };
        let ood = ood.iter().map(|(_, samples)| samples).collect();
        work(&network, &LandscapeData { samples: &samples, ood, statistics: statistics.as_deref() }, reporter)?;
        Ok(())
    }

    /// Runs the checks that need no file, or those of a checkpoint.
    fn conformance(&mut self, job: &ConformanceJob, reporter: &mut dyn Reporter) -> Result<Conformance, WorkerError> {
        let device = available(job.device)?;
        let groups = match &job.landscape {
            None => {
                let mut groups = analysis::conformance::definitions(device, &job.scratch, reporter)?;
                groups.push(train::conformance(device));
                groups
            }
            Some(landscape) => {
                let network = self.network(&landscape.checkpoint, job.device, &job.scratch, reporter)?;
                let samples = self.samples(&landscape.checkpoint, &network, &landscape.dataset, reporter)?;
                let ood = self.all_samples(&landscape.checkpoint, &network, &landscape.measure.ood, reporter)?;
                let ood = ood.iter().map(|(_, samples)| samples).collect();
                let data = LandscapeData { samples: &samples, ood, statistics: None };
                vec![analysis::conformance::checkpoint(&network, &data, landscape, job, reporter)?]
            }
        };
        Ok(Conformance { version: env!("CARGO_PKG_VERSION").into(), machine: machine(device), groups })
    }

    /// Compares, once per network and dataset, the statistics of ID images with the running statistics of the network's BatchNorms. Reports
    /// a warning where they differ, and writes the numbers into the result's folder. An error of the check is a warning too.
    fn check<'a>(
        &mut self,
        checkpoint: &CheckpointSource,
        network: &Network,
        samples: impl IntoIterator<Item = (Role, &'a Samples)>,
        out: &Path,
        reporter: &mut dyn Reporter,
    ) {
        let Some((_, samples)) = samples.into_iter().find(|(role, samples)| *role == Role::Id && !samples.is_empty()) else { return };
        let normalization = &checkpoint.normalization;
        let identity = format!("{:?} {normalization:?} {}", checkpoint.choice(), samples.dataset.hash());
        let key = content_key(&identity, &[checkpoint.path.as_path()]);
        let check = match self.checks.get(&key) {
            Some(known) => Ok(known.clone()),
            None => model::network_check(network, &samples.dataset, normalization),
        };
        let told = check.map_err(|error| error.to_string()).and_then(|check| {
            let warnings = check.warnings.clone();
            let saved = if check.layers.is_empty() { Ok(()) } else { check.save(out) };
            self.checks.insert(key, check);
            saved.map(|()| warnings).map_err(|error| error.to_string())
        });
        let warnings = told.unwrap_or_else(|error| vec![format!("its BatchNorms were not checked: {error}")]);
        for warning in warnings {
            reporter.report(JobEvent::Warning { message: format!("{}: {warning}", checkpoint.name) });
        }
    }

    /// Drops everything that is loaded.
    pub fn forget(&mut self) {
        self.networks.clear();
        self.datasets.clear();
        self.samples.clear();
        self.checks.clear();
    }

    /// The network of a checkpoint. Its tensors may be stored in an unnamed file in `folder`, see [`VectorStorage`].
    fn network(
        &mut self,
        checkpoint: &CheckpointSource,
        device: Device,
        folder: &Path,
        reporter: &mut dyn Reporter,
    ) -> Result<Arc<Network>, WorkerError> {
        let device = available(device)?;
        let choice = checkpoint.choice();
        let program = choice.architecture.as_deref().and_then(program_file);
        let files: Vec<&Path> = std::iter::once(checkpoint.path.as_path()).chain(program).collect();
        let key = content_key(&format!("{choice:?} {device:?}"), &files);
        let storage = VectorStorage { device, folder: Some(folder) };
        let load = || Network::load(&checkpoint.path, &choice, device)?.stored_in(&storage);
        let network = self.networks.get(key, load).map_err(|source| WorkerError::Checkpoint { name: checkpoint.name.clone(), source })?;
        for note in network.notes() {
            reporter.report(JobEvent::Warning { message: format!("{}: {note}", checkpoint.name) });
        }
        Ok(network)
    }

    fn samples(
        &mut self,
        checkpoint: &CheckpointSource,
        network: &Network,
        dataset: &AnalysisDataset,
        reporter: &mut dyn Reporter,
    ) -> Result<Arc<Samples>, WorkerError> {
        let source = &dataset.source;
        let size = network.graph.image().map(|[_, height, width]| [height as usize, width as usize]);
        let preparation = size.map_or(Preparation::None, |size| job::preparation(checkpoint.input, size));
        // Labels of semantic-shift images are of other classes.
        let classes = dataset.role.has_classes().then_some(network.classes as usize);
        let identity =
            format!("{} {preparation:?} {classes:?} {}", serde_json::to_string(source).unwrap_or_default(), data::label_state(source));
        let key = content_key(&identity, &data::files(source));
        let load = || match classes {
            Some(classes) => data::load_for(source, preparation, classes),
            None => data::load(source, preparation),
        };
        let images =
            self.datasets.get(key.clone(), load).map_err(|error| WorkerError::Dataset { name: source.name.clone(), source: error })?;
        if let Some(message) = job::warning_of_unreadable(&images) {
            reporter.report(JobEvent::Warning { message });
        }
        if classes.is_some() {
            note_inferred_labels(source, &images, reporter);
        }
        if let Some(message) = model::unused_normalization(&images, &checkpoint.normalization) {
            reporter.report(JobEvent::Note { message });
        }
        let key = format!("{key} {:?} {:?} {:?}", checkpoint.normalization.constants(), network.graph.input, network.device);
        self.samples
            .get(key, || Samples::new(images, &checkpoint.normalization, network))
            .map_err(|error| WorkerError::Samples { name: source.name.clone(), source: error })
    }

    fn all_samples(
        &mut self,
        checkpoint: &CheckpointSource,
        network: &Network,
        datasets: &[AnalysisDataset],
        reporter: &mut dyn Reporter,
    ) -> Result<Vec<(Role, Samples)>, WorkerError> {
        let mut all = Vec::new();
        for dataset in datasets {
            let samples = self.samples(checkpoint, network, dataset, reporter)?;
            let (x, y) = (samples.x.shallow_clone(), samples.y.shallow_clone());
            all.push((dataset.role, Samples { dataset: samples.dataset.clone(), x, y }));
        }
        Ok(all)
    }
}

/// The error of a plane in input space of a network that has no images.
fn not_of_images(network: &Network) -> ModelError {
    ModelError::Mismatch(format!(
        "expected a network of images for a landscape in input space, found {} with inputs of shape {:?}",
        network.architecture, network.graph.input
    ))
}

/// Reports how labels were found where the files do not say them.
fn note_inferred_labels(source: &Source, images: &Dataset, reporter: &mut dyn Reporter) {
    let labels = label_record(images);
    if labels.is_inferred() {
        reporter.report(JobEvent::Note { message: format!("labels of `{}`: {}", source.name, labels.describe()) });
    }
}

/// The device of a job; an error where it does not exist.
fn available(device: Device) -> Result<tch::Device, WorkerError> {
    let device = model::device(device);
    if let tch::Device::Cuda(index) = device
        && index as i64 >= tch::Cuda::device_count()
    {
        return Err(WorkerError::Device(format!("expected a CUDA device {index}, found {} CUDA devices", tch::Cuda::device_count())));
    }
    Ok(device)
}
