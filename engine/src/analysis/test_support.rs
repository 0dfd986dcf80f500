//! Networks and images for the tests of this room.

use std::path::PathBuf;
use std::sync::Arc;

use flatland::data::{Dataset, Provenance, Source, Subset};
use flatland::job::{CheckpointSource, JobEvent, Reporter};
use flatland::session::{Normalization, NormalizationPreset};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tch::{Device, Kind, Tensor};

use crate::model::{Graph, GraphBuilder, Network, Op, Samples, Tensors};

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

pub fn checkpoint() -> CheckpointSource {
    CheckpointSource {
        name: "net".into(),
        path: "net.safetensors".into(),
        architecture: None,
        normalization: Normalization::Preset(NormalizationPreset::None),
    }
}

/// A dataset of 4x4 images; `pixel(image, position)` gives grey values.
pub fn dataset(name: &str, labels: &[i64], pixel: impl Fn(usize, usize) -> u8) -> Arc<Dataset> {
    let images = (0..labels.len()).flat_map(|i| (0..16).flat_map(move |p| [(i, p); 3])).map(|(i, p)| pixel(i, p)).collect();
    let source =
        Source { name: name.into(), path: PathBuf::from(name), split: None, format: None, subset: Subset::All, corruption: None, seed: 0 };
    Arc::new(Dataset {
        name: name.into(),
        images,
        height: 4,
        width: 4,
        labels: labels.to_vec(),
        index: (0..labels.len()).collect(),
        classes: Vec::new(),
        provenance: Provenance { source, format: "test".into(), available: labels.len(), unreadable: Vec::new() },
    })
}

pub fn samples(network: &Network, dataset: Arc<Dataset>) -> Samples {
    Samples::new(dataset, &checkpoint().normalization, network).unwrap()
}

/// A network of `graph` with the given tensors, in their order.
pub fn network(graph: Graph, classes: i64, tensors: Vec<(&str, Tensor)>) -> Network {
    Network {
        architecture: "test".into(),
        graph,
        names: tensors.iter().map(|(name, _)| (*name).to_owned()).collect(),
        tensors: tensors.into_iter().map(|(name, tensor)| (name.to_owned(), tensor)).collect::<Tensors>(),
        classes,
        device: Device::Cpu,
    }
}

/// Convolution 3→6, BatchNorm, ReLU, mean, affine map to `classes`; weights drawn with the seed.
pub fn small_network(classes: i64, seed: u64) -> Network {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut draw = |shape: &[i64], low: f32, high: f32| {
        let values: Vec<f32> = (0..shape.iter().product::<i64>()).map(|_| random.random_range(low..high)).collect();
        Tensor::from_slice(&values).view(shape)
    };
    let mut builder = GraphBuilder::new([3, 4, 4]);
    let conv = builder.conv(0, "conv", 1, 1);
    let norm = builder.batch_norm(conv, "bn");
    let relu = builder.relu(norm);
    let features = builder.push(Op::GlobalAvgPool, &[relu]);
    let logits = builder.linear(features, "fc");
    network(
        builder.finish(features, logits),
        classes,
        vec![
            ("conv.weight", draw(&[6, 3, 3, 3], -0.5, 0.5)),
            ("bn.weight", draw(&[6], 0.5, 1.5)),
            ("bn.bias", draw(&[6], -0.2, 0.2)),
            ("bn.running_mean", draw(&[6], -0.2, 0.2)),
            ("bn.running_var", draw(&[6], 0.2, 0.4)),
            ("bn.num_batches_tracked", Tensor::from(7i64)),
            ("fc.weight", draw(&[classes, 6], -1.0, 1.0)),
            ("fc.bias", Tensor::zeros([classes], (Kind::Float, Device::Cpu))),
        ],
    )
}

/// logits = W x over the 48 pixels of an image, W = 0, two classes.
pub fn linear_network() -> Network {
    let mut builder = GraphBuilder::new([3, 4, 4]);
    let flat = builder.push(Op::Flatten, &[0]);
    let logits = builder.push(Op::Linear { weight: "fc.weight".into(), bias: None }, &[flat]);
    network(builder.finish(flat, logits), 2, vec![("fc.weight", Tensor::zeros([2, 48], (Kind::Float, Device::Cpu)))])
}

/// The real ResNet-20 of the shared folder.
pub fn real(shared: &std::path::Path) -> Network {
    Network::load(&shared.join("data/checkpoints/resnet20-12fca82f.th"), None, Device::Cpu).unwrap()
}

/// The first `n` images at `path` in the shared folder, normalized for [`real`].
pub fn real_samples(network: &Network, path: &std::path::Path, split: Option<&str>, n: usize) -> Samples {
    let source = Source {
        name: path.file_stem().unwrap().to_string_lossy().into_owned(),
        path: path.into(),
        split: split.map(str::to_owned),
        format: None,
        subset: Subset::First(n),
        corruption: None,
        seed: 0,
    };
    let dataset = flatland::data::load(&source, Some([32, 32])).unwrap();
    Samples::new(Arc::new(dataset), &Normalization::Preset(NormalizationPreset::Imagenet), network).unwrap()
}

/// `../shared` of the project, or the folder that `FLATLAND_SHARED` names; `None` (and a line) where there is none.
pub fn shared() -> Option<PathBuf> {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let near = here.ancestors().skip(1).take(3).map(|folder| folder.join("shared"));
    let found = std::env::var_os("FLATLAND_SHARED").map(PathBuf::from).into_iter().chain(near).find(|folder| folder.is_dir());
    if found.is_none() {
        println!("skipped: no shared folder with real data");
    }
    found
}
