//! Networks and images for the tests of this room.

use std::sync::Arc;

use flatland_core::data::{Dataset, Source, Subset};
use flatland_core::job::{JobEvent, Reporter};
use flatland_core::session::{NetworkChoice, Normalization, NormalizationPreset};
use tch::Device;

use super::conformance::subjects;
use crate::model::{Network, Samples};

/// Keeps what it is told; may ask to stop after so many looks.
#[derive(Default)]
pub struct Recorder {
    pub events: Vec<JobEvent>,
    pub patience: Option<usize>,
    pub looks: std::cell::Cell<usize>,
}

impl Reporter for Recorder {
    fn report(&mut self, event: JobEvent) {
        self.events.push(event);
    }

    fn cancelled(&self) -> bool {
        self.looks.set(self.looks.get() + 1);
        self.patience.is_some_and(|patience| self.looks.get() > patience)
    }
}

/// Reads every partial result that it is told of, when it is told.
pub struct PartialReader<T> {
    pub load: fn(&std::path::Path) -> T,
    pub read: Vec<T>,
}

impl<T> Reporter for PartialReader<T> {
    fn report(&mut self, event: JobEvent) {
        if let JobEvent::Partial { path } = event {
            self.read.push((self.load)(&path));
        }
    }

    fn cancelled(&self) -> bool {
        false
    }
}

pub use super::conformance::subjects::checkpoint;
pub use flatland_core::testing::shared_dir as shared;

/// A dataset of 4x4 images; `pixel(image, position)` gives grey values.
pub fn dataset(name: &str, labels: &[i64], pixel: impl Fn(usize, usize) -> u8) -> Arc<Dataset> {
    Arc::new(subjects::grey(name, labels, pixel))
}

pub fn samples(network: &Network, dataset: Arc<Dataset>) -> Samples {
    Samples::new(dataset, &checkpoint().normalization, network).unwrap()
}

/// See [`subjects::convolutional`].
pub fn small_network(classes: i64, seed: u64) -> Network {
    subjects::convolutional(classes, seed).unwrap()
}

/// See [`subjects::logistic`].
pub fn linear_network() -> Network {
    subjects::logistic().unwrap()
}

/// The real ResNet-20 of the shared folder.
pub fn real(shared: &std::path::Path) -> Network {
    Network::load(&shared.join("data/checkpoints/resnet20-12fca82f.th"), &NetworkChoice::default(), Device::Cpu).unwrap()
}

/// The first `n` images at `path` in the shared folder, normalized for [`real`].
pub fn real_samples(network: &Network, path: &std::path::Path, split: Option<&str>, n: usize) -> Samples {
    let source = Source {
        name: path.file_stem().unwrap().to_string_lossy().into_owned(),
        path: path.into(),
        split: split.map(str::to_owned),
        subset: Subset::First(n),
        ..Source::default()
    };
    let dataset = flatland_core::data::load(&source, Some([32, 32])).unwrap();
    Samples::new(Arc::new(dataset), &Normalization::Preset(NormalizationPreset::Imagenet), network).unwrap()
}
