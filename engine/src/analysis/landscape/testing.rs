//! Networks, images and reporters for tests.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use flatland::data::{Dataset, Provenance, Source, Subset};
use flatland::job::{AnalysisDataset, CheckpointSource, JobEvent, LandscapeJob, Measure, Precision, Reporter};
use flatland::result::Cell;
use flatland::session::{Normalization, NormalizationPreset, Role};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::StandardNormal;
use tch::{Device, Tensor};

use crate::model::{GraphBuilder, Network, Op, Samples, Tensors};

/// fc2(relu(fc1(flatten x))) on 2x2 RGB images, three classes, weights by `seed`.
pub fn mlp(seed: u64) -> Network {
    let mut g = GraphBuilder::new([3, 2, 2]);
    let flat = g.push(Op::Flatten, &[0]);
    let hidden = g.linear(flat, "fc1");
    let features = g.relu(hidden);
    let logits = g.linear(features, "fc2");
    network(g.finish(features, logits), &[("fc1.weight", &[5, 12]), ("fc1.bias", &[5]), ("fc2.weight", &[3, 5]), ("fc2.bias", &[3])], seed)
}

/// Softmax regression on 2x2 RGB images: z = W x + b, three classes.
pub fn linear(seed: u64) -> Network {
    let mut g = GraphBuilder::new([3, 2, 2]);
    let features = g.push(Op::Flatten, &[0]);
    let logits = g.linear(features, "fc");
    network(g.finish(features, logits), &[("fc.weight", &[3, 12]), ("fc.bias", &[3])], seed)
}

fn network(graph: crate::model::Graph, shapes: &[(&str, &[i64])], seed: u64) -> Network {
    // Not libtorch's generator: tests of one process share that.
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut tensors = Tensors::new();
    for (name, shape) in shapes {
        let values: Vec<f32> = (0..shape.iter().product()).map(|_| rng.sample(StandardNormal)).collect();
        tensors.insert((*name).into(), Tensor::from_slice(&values).view(*shape));
    }
    let names = shapes.iter().map(|(name, _)| (*name).into()).collect();
    Network { architecture: "test".into(), graph, tensors, names, classes: 3, device: Device::Cpu }
}

/// `n` images of noise, `side` x `side`, with labels 0, 1, 2, 0, ...
pub fn noise(n: usize, side: usize) -> Dataset {
    let mut state = 1u32;
    let mut byte = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    let images = (0..n * side * side * 3).map(|_| byte()).collect();
    dataset("noise", images, side, (0..n as i64).map(|i| i % 3).collect())
}

pub fn dataset(name: &str, images: Vec<u8>, side: usize, labels: Vec<i64>) -> Dataset {
    let n = labels.len();
    let source = source(name);
    let provenance = Provenance { source, format: "test".into(), available: n, unreadable: Vec::new() };
    Dataset { name: name.into(), images, height: side, width: side, labels, index: (0..n).collect(), classes: Vec::new(), provenance }
}

fn source(name: &str) -> Source {
    Source { name: name.into(), path: PathBuf::new(), split: None, format: None, subset: Subset::All, corruption: None, seed: 0 }
}

pub fn samples(dataset: Dataset, normalization: &Normalization, network: &Network) -> Samples {
    Samples::new(Arc::new(dataset), normalization, network).unwrap()
}

pub fn noise_samples(network: &Network) -> Samples {
    samples(noise(150, network.graph.input[1] as usize), &Normalization::default(), network)
}

pub fn job(out: &Path, alpha: &[f64], beta: &[f64]) -> LandscapeJob {
    let normalization = Normalization::Preset(NormalizationPreset::Imagenet);
    LandscapeJob {
        checkpoint: CheckpointSource { name: "test".into(), path: PathBuf::new(), architecture: None, normalization },
        dataset: AnalysisDataset { role: Role::Id, source: source("noise") },
        alpha: alpha.to_vec(),
        beta: beta.to_vec(),
        seed: 7,
        measure: Measure::default(),
        directions: None,
        plane: flatland::job::Plane::default(),
        save_directions: false,
        cells: None,
        out: out.into(),
        device: flatland::job::Device::Cpu,
        precision: Precision::F32,
    }
}

/// Remembers cells; says `cancelled` once it has heard of more than `limit` new ones.
#[derive(Default)]
pub struct Ear {
    pub cells: Vec<Cell>,
    /// Cells heard of so far, and the loss with its standard error as known then.
    pub estimates: Vec<(usize, Vec<f64>, Vec<f64>)>,
    pub warnings: Vec<String>,
    pub limit: Option<usize>,
    pub progress: Vec<(u64, u64)>,
}

impl Reporter for Ear {
    fn report(&mut self, event: JobEvent) {
        match event {
            JobEvent::Cells { cells } => self.cells.extend(cells),
            JobEvent::Estimate { loss, std_error } => {
                let number = |values: Vec<Option<f32>>| values.into_iter().map(|x| x.map_or(f64::NAN, f64::from)).collect();
                self.estimates.push((self.cells.len(), number(loss), number(std_error)));
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

/// The real ResNet-20, with the folder of shared data; `None` where that is absent.
pub fn resnet20() -> Option<(Network, PathBuf)> {
    let Some(shared) = flatland::data::shared_dir() else {
        println!("skipped: no shared data");
        return None;
    };
    let path = shared.join("data/checkpoints/resnet20-12fca82f.th");
    Some((Network::load(&path, None, Device::Cpu).unwrap(), shared))
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
