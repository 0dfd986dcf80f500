//! Small networks and images, the same on every machine, for the checks of definitions and for tests of this module.

use std::path::PathBuf;
use std::sync::Arc;

use flatland_core::data::{Dataset, Provenance, Source};
use flatland_core::job::{AnalysisDataset, CheckpointSource, LandscapeJob, Measure, Plane, Precision};
use flatland_core::session::{Normalization, NormalizationPreset, Role};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use tch::{Device, Kind, Tensor};

use crate::analysis::AnalysisError;
use crate::analysis::flat::draws;
use crate::model::{BatchNormMode, Blueprint, Graph, Network, Op, Samples, Tensors};

/// A network of `graph` with the given tensors, in their order, on the CPU.
pub fn network(graph: Graph, classes: i64, tensors: Vec<(&str, Tensor)>) -> Network {
    Network {
        architecture: "test".into(),
        graph,
        names: tensors.iter().map(|(name, _)| (*name).to_owned()).collect(),
        tensors: tensors.into_iter().map(|(name, tensor)| (name.to_owned(), tensor)).collect::<Tensors>(),
        classes,
        device: Device::Cpu,
        left_out: Vec::new(),
        several: None,
        program: None,
    }
}

/// fc2(relu(fc1(flatten x))) on 2x2 RGB images, three classes, weights N(0, 1) by `seed`.
///
/// # Errors
/// When libtorch fails.
pub fn mlp(seed: u64) -> Result<Network, AnalysisError> {
    let mut g = Blueprint::new([3, 2, 2]);
    let flat = g.flatten(0);
    let hidden = g.linear(flat, "fc1", 5);
    let features = g.relu(hidden);
    let logits = g.linear(features, "fc2", 3);
    normal(g.finish(features, logits).0, &[("fc1.weight", &[5, 12]), ("fc1.bias", &[5]), ("fc2.weight", &[3, 5]), ("fc2.bias", &[3])], seed)
}

/// Softmax regression on 2x2 RGB images: z = W x + b, three classes, weights N(0, 1) by `seed`.
///
/// # Errors
/// When libtorch fails.
pub fn linear(seed: u64) -> Result<Network, AnalysisError> {
    let mut g = Blueprint::new([3, 2, 2]);
    let features = g.flatten(0);
    let logits = g.linear(features, "fc", 3);
    normal(g.finish(features, logits).0, &[("fc.weight", &[3, 12]), ("fc.bias", &[3])], seed)
}

fn normal(graph: Graph, shapes: &[(&'static str, &[i64])], seed: u64) -> Result<Network, AnalysisError> {
    // Not libtorch's generator: all threads of a process share that.
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut tensors = Vec::new();
    for (name, shape) in shapes {
        let values: Vec<f32> = (0..shape.iter().product()).map(|_| rng.sample(StandardNormal)).collect();
        tensors.push((*name, Tensor::f_from_slice(&values)?.f_view(*shape)?));
    }
    Ok(network(graph, 3, tensors))
}

/// Convolution 3→6, BatchNorm, ReLU, mean, affine map to `classes` on 4x4 RGB images; weights drawn with the seed.
///
/// # Errors
/// When libtorch fails.
pub fn convolutional(classes: i64, seed: u64) -> Result<Network, AnalysisError> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut draw = |shape: &[i64], low: f32, high: f32| -> Result<Tensor, AnalysisError> {
        let values: Vec<f32> = (0..shape.iter().product::<i64>()).map(|_| random.random_range(low..high)).collect();
        Ok(Tensor::f_from_slice(&values)?.f_view(shape)?)
    };
    let mut builder = Blueprint::new([3, 4, 4]);
    let conv = builder.conv(0, "conv", 6, 3, 1);
    let norm = builder.batch_norm(conv, "bn");
    let relu = builder.relu(norm);
    let features = builder.global_avg_pool(relu);
    let logits = builder.linear(features, "fc", classes);
    let tensors = vec![
        ("conv.weight", draw(&[6, 3, 3, 3], -0.5, 0.5)?),
        ("bn.weight", draw(&[6], 0.5, 1.5)?),
        ("bn.bias", draw(&[6], -0.2, 0.2)?),
        ("bn.running_mean", draw(&[6], -0.2, 0.2)?),
        ("bn.running_var", draw(&[6], 0.2, 0.4)?),
        ("bn.num_batches_tracked", Tensor::from(7i64)),
        ("fc.weight", draw(&[classes, 6], -1.0, 1.0)?),
        ("fc.bias", Tensor::f_zeros([classes], (Kind::Float, Device::Cpu))?),
    ];
    Ok(network(builder.finish(features, logits).0, classes, tensors))
}

/// logits = W x over the 48 numbers of a 4x4 RGB image, W = 0, two classes: one image has the loss ln(1 + exp(−m)) with a margin m that
/// is linear in W.
///
/// # Errors
/// When libtorch fails.
pub fn logistic() -> Result<Network, AnalysisError> {
    let mut builder = Blueprint::new([3, 4, 4]);
    let flat = builder.flatten(0);
    let logits = builder.push(Op::Linear { weight: "fc.weight".into(), bias: None, inputs: 48, outputs: 2 }, &[flat]);
    let weight = Tensor::f_zeros([2, 48], (Kind::Float, Device::Cpu))?;
    Ok(network(builder.finish(flat, logits).0, 2, vec![("fc.weight", weight)]))
}

/// A network of `architecture` with drawn scale and shift of BatchNorm, the running statistics of noise, and logits of noise with standard
/// deviation 3. Freshly initialized networks have nearly equal logits, and a wrong weight would hardly change their loss.
///
/// # Errors
/// When the architecture is unknown or libtorch fails.
pub fn lively(architecture: &str, classes: i64, seed: u64, device: Device) -> Result<Network, AnalysisError> {
    let mut network = Network::random(architecture, classes, seed, Device::Cpu)?;
    let mut random = draws("lively network", seed, 0);
    for node in &network.graph.nodes {
        let Op::BatchNorm(norm) = &node.op else { continue };
        for (part, middle) in [("weight", 1.0f32), ("bias", 0.0)] {
            if let Some(tensor) = network.tensors.get_mut(&format!("{}.{part}", norm.layer)) {
                let values: Vec<f32> = (0..tensor.numel()).map(|_| middle + random.random_range(-0.3f32..0.3)).collect();
                *tensor = Tensor::f_from_slice(&values)?;
            }
        }
    }
    let _no_grad = tch::no_grad_guard();
    let x = samples(noise(32, network.graph.input[1] as usize), &network)?.x;
    network.graph.forward(&network.tensors, &x, BatchNormMode::Accumulate { seen: 0 })?;
    let logits = network.forward(&x)?.logits;
    let spread = f64::try_from(logits.f_sub(&logits.f_mean_dim([0i64].as_slice(), true, None::<Kind>)?)?.f_std(true)?)?;
    if let Op::Linear { weight, .. } = &network.graph.nodes[network.graph.logits].op
        && let Some(tensor) = network.tensors.get_mut(weight)
    {
        *tensor = tensor.f_mul_scalar(3.0 / spread)?;
    }
    on(network, device)
}

/// The same network on a device.
///
/// # Errors
/// When the device refuses.
pub fn on(network: Network, device: Device) -> Result<Network, AnalysisError> {
    let moved = network.tensors.iter().map(|(name, tensor)| Ok((name.clone(), tensor.f_to_device(device)?)));
    let tensors = moved.collect::<Result<Tensors, AnalysisError>>()?;
    Ok(Network { tensors, device, ..network })
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

/// 4x4 grey images; `pixel(image, position)` gives their values.
pub fn grey(name: &str, labels: &[i64], pixel: impl Fn(usize, usize) -> u8) -> Dataset {
    let images = (0..labels.len()).flat_map(|i| (0..16).flat_map(move |p| [(i, p); 3])).map(|(i, p)| pixel(i, p)).collect();
    dataset(name, images, 4, labels.to_vec())
}

/// `images`, u8 RGB [N, side, side, 3], with their classes.
pub fn dataset(name: &str, images: Vec<u8>, side: usize, labels: Vec<i64>) -> Dataset {
    let n = labels.len();
    let provenance = Provenance { source: source(name), format: "test".into(), available: n, ..Provenance::default() };
    Dataset {
        name: name.into(),
        images,
        height: side,
        width: side,
        arrays: None,
        labels,
        index: (0..n).collect(),
        classes: Vec::new(),
        provenance,
    }
}

/// A source for images without a file.
pub fn source(name: &str) -> Source {
    Source { name: name.into(), path: PathBuf::from(name), ..Source::default() }
}

/// `dataset` on the device of `network`, pixels in [0, 1].
///
/// # Errors
/// When they do not fit.
pub fn samples(dataset: Dataset, network: &Network) -> Result<Samples, AnalysisError> {
    Ok(Samples::new(Arc::new(dataset), &plain(), network)?)
}

/// Pixels in [0, 1].
pub fn plain() -> Normalization {
    Normalization::Preset(NormalizationPreset::None)
}

/// A checkpoint without a file.
pub fn checkpoint() -> CheckpointSource {
    CheckpointSource { name: "net".into(), path: "net.safetensors".into(), normalization: plain(), ..CheckpointSource::default() }
}

/// Images without a file, ID.
pub fn noise_dataset() -> AnalysisDataset {
    AnalysisDataset { role: Role::Id, source: source("noise") }
}

/// A landscape job of [`checkpoint`] on [`noise_dataset`], seed 7.
pub fn landscape_job(out: PathBuf, alpha: &[f64], beta: &[f64]) -> LandscapeJob {
    LandscapeJob {
        checkpoint: checkpoint(),
        dataset: noise_dataset(),
        alpha: alpha.to_vec(),
        beta: beta.to_vec(),
        seed: 7,
        measure: Measure::default(),
        directions: None,
        plane: Plane::default(),
        save_directions: false,
        cells: None,
        out,
        device: flatland_core::job::Device::Cpu,
        precision: Precision::F32,
    }
}
