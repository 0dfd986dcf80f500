//! Networks, images and reporters for tests.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use flatland_core::data::Dataset;
use flatland_core::job::{CheckpointSource, JobEvent, LandscapeJob, Reporter};
use flatland_core::result::Cell;
use flatland_core::session::{NetworkChoice, Normalization, NormalizationPreset};
use tch::Device;

use crate::analysis::conformance::subjects;
use crate::model::{Network, Samples};

pub use crate::analysis::conformance::subjects::{dataset, noise};

/// See [`subjects::mlp`].
pub fn mlp(seed: u64) -> Network {
    subjects::mlp(seed).unwrap()
}

/// See [`subjects::linear`].
pub fn linear(seed: u64) -> Network {
    subjects::linear(seed).unwrap()
}

pub fn samples(dataset: Dataset, normalization: &Normalization, network: &Network) -> Samples {
    Samples::new(Arc::new(dataset), normalization, network).unwrap()
}

pub fn noise_samples(network: &Network) -> Samples {
    samples(noise(150, network.graph.input[1] as usize), &Normalization::default(), network)
}

pub fn job(out: &Path, alpha: &[f64], beta: &[f64]) -> LandscapeJob {
    let normalization = Normalization::Preset(NormalizationPreset::Imagenet);
    let checkpoint = CheckpointSource { name: "test".into(), normalization, ..CheckpointSource::default() };
    LandscapeJob { checkpoint, ..subjects::landscape_job(out.into(), alpha, beta) }
}

/// Records cells; cancelled once more than `limit` new ones are reported.
#[derive(Default)]
pub struct LandscapeRecorder {
    pub cells: Vec<Cell>,
    /// Number of reported cells, the estimated loss with its standard error, and the number of computed images.
    pub estimates: Vec<(usize, Vec<f64>, Vec<f64>, u64)>,
    pub warnings: Vec<String>,
    pub limit: Option<usize>,
    pub progress: Vec<(u64, u64)>,
}

impl Reporter for LandscapeRecorder {
    fn report(&mut self, event: JobEvent) {
        match event {
            JobEvent::Cells { cells } => self.cells.extend(cells),
            JobEvent::Estimate { loss, std_error } => {
                let number = |values: Vec<Option<f32>>| values.into_iter().map(|x| x.map_or(f64::NAN, f64::from)).collect();
                let images = self.progress.last().map_or(0, |(done, _)| *done);
                self.estimates.push((self.cells.len(), number(loss), number(std_error), images));
            }
            JobEvent::Warning { message } => self.warnings.push(message),
            JobEvent::Progress { done, total, .. } => self.progress.push((done, total)),
            _ => {}
        }
    }

    fn cancelled(&self) -> bool {
        self.limit.is_some_and(|limit| self.cells.len() >= limit)
    }
}

/// The real ResNet-20, with the folder of the shared test data; `None` where that is absent.
pub fn resnet20() -> Option<(Network, PathBuf)> {
    let shared = flatland_core::testing::shared_dir()?;
    let path = shared.join("data/checkpoints/resnet20-12fca82f.th");
    Some((Network::load(&path, &NetworkChoice::default(), Device::Cpu).unwrap(), shared))
}

/// The first `n` CIFAR-10 test images.
pub fn cifar(shared: &Path, n: usize) -> Dataset {
    let raw = std::fs::read(shared.join("data/cifar-10-batches-bin/test_batch.bin")).unwrap();
    let (mut images, mut labels) = (Vec::new(), Vec::new());
    for record in raw.chunks_exact(3073).take(n) {
        labels.push(i64::from(record[0]));
        images.extend((0..1024).flat_map(|p| [record[1 + p], record[1025 + p], record[2049 + p]]));
    }
    dataset("CIFAR-10 test", images, 32, labels)
}
