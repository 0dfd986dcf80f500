//! [`Graph`]: a network as a list of operations over named tensors, and its evaluation.

use std::collections::HashMap;

use tch::{Kind, Tensor};

use super::ModelError;
use super::fused_convolution::Convolution;

/// Tensors by their names in the state dict.
pub type Tensors = HashMap<String, Tensor>;

/// Other handles on the same tensors.
pub fn shallow(tensors: &Tensors) -> Tensors {
    tensors.iter().map(|(name, tensor)| (name.clone(), tensor.shallow_clone())).collect()
}

/// Position of a node in its graph; a node's inputs come before it.
pub type NodeId = usize;

/// PyTorch's default ε of BatchNorm.
pub const BATCH_NORM_EPS: f64 = 1e-5;
/// PyTorch's default momentum of BatchNorm.
pub const BATCH_NORM_MOMENTUM: f64 = 0.1;

/// An elementwise nonlinearity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Activation {
    /// max(x, 0)
    Relu,
    /// x·sigmoid(1.702 x), the approximation of GELU in the Outlier Exposure MNIST networks.
    QuickGelu,
    /// tanh(x)
    Tanh,
    /// x for x > 0, else slope·x.
    LeakyRelu(f64),
}

/// An operation.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// The images, [N, C, H, W].
    Input,
    /// Convolution with square stride and zero padding.
    Conv {
        /// Name of the weight, [O, I, k, k].
        weight: String,
        /// Name of the bias, [O].
        bias: Option<String>,
        /// Stride.
        stride: i64,
        /// Padding.
        padding: i64,
    },
    /// Convolution, the sum with a second node where `sum`, and ReLU where `relu`, in one pass: only in folded graphs.
    FusedConv {
        /// Name of the weight, [O, I, k, k].
        weight: String,
        /// Name of the bias, [O].
        bias: Option<String>,
        /// Stride.
        stride: i64,
        /// Padding.
        padding: i64,
        /// Whether a second node is added.
        sum: bool,
        /// Whether max(x, 0) comes last.
        relu: bool,
    },
    /// BatchNorm over `prefix.{weight, bias, running_mean, running_var}`.
    BatchNorm {
        /// Prefix of the four names.
        prefix: String,
    },
    /// A nonlinearity.
    Activation(Activation),
    /// Maximum over size x size windows; padding counts as −∞.
    MaxPool {
        /// Side.
        size: i64,
        /// Stride.
        stride: i64,
        /// Padding.
        padding: i64,
    },
    /// Mean over size x size windows, stride = size.
    AvgPool {
        /// Side.
        size: i64,
    },
    /// Mean over all positions: [N, C, H, W] → [N, C].
    GlobalAvgPool,
    /// [N, ...] → [N, D]
    Flatten,
    /// Affine map.
    Linear {
        /// Name of the weight, [O, I].
        weight: String,
        /// Name of the bias, [O].
        bias: Option<String>,
    },
    /// He et al.'s option A: every second position, `pad` zero channels on each side.
    PadShortcut {
        /// Zero channels on each side.
        pad: i64,
    },
    /// Sum of two nodes.
    Add,
    /// Concatenation along channels.
    Concat,
    /// Cosines of the angles between rows and those of a weight, as G-ODIN computes them: x/(‖x‖ + 1e-4).
    Cosine {
        /// Name of the weight, [O, I].
        weight: String,
    },
    /// −mean of the squared differences between rows and those of a weight.
    Distance {
        /// Name of the weight, [O, I].
        weight: String,
    },
}

impl Op {
    /// Gives the tensors that it reads other names.
    pub fn rename(&mut self, new: impl Fn(&str) -> String) {
        match self {
            Op::Conv { weight, bias, .. } | Op::Linear { weight, bias } => {
                *weight = new(weight);
                if let Some(bias) = bias {
                    *bias = new(bias);
                }
            }
            Op::Cosine { weight } | Op::Distance { weight } => *weight = new(weight),
            Op::BatchNorm { prefix } => *prefix = new(prefix),
            _ => {}
        }
    }
}

/// An operation with the nodes it reads.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// What it does.
    pub op: Op,
    /// What it reads.
    pub inputs: Vec<NodeId>,
}

/// How BatchNorm behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchNormMode {
    /// Running statistics (evaluation).
    Frozen,
    /// Statistics of the batch (training).
    Batch {
        /// Whether the running statistics move, in place, by momentum 0.1.
        update: bool,
    },
    /// Statistics of the batch; the running ones become, in place, the mean of this batch's and those of the `seen` before it.
    Accumulate {
        /// Batches before this one.
        seen: u32,
    },
}

/// What a network says of a batch.
#[derive(Debug)]
pub struct Output {
    /// Penultimate features, [N, D].
    pub features: Tensor,
    /// Logits, [N, C].
    pub logits: Tensor,
    /// What a [`Head`](super::architecture::Head) says beside: [N, 1] or [N, C].
    pub auxiliary: Option<Tensor>,
}

impl Output {
    /// What the head says beside the logits.
    ///
    /// # Errors
    /// When the network has no such head.
    pub fn need_auxiliary(&self) -> Result<&Tensor, ModelError> {
        self.auxiliary
            .as_ref()
            .ok_or_else(|| ModelError::Mismatch("expected a network with a head of its method, found a plain one".into()))
    }
}

/// A network as data.
#[derive(Clone, Debug, PartialEq)]
pub struct Graph {
    /// In order of evaluation; node 0 is the input.
    pub nodes: Vec<Node>,
    /// The penultimate features, [N, D].
    pub features: NodeId,
    /// The logits, [N, C].
    pub logits: NodeId,
    /// What a head says beside the logits.
    pub auxiliary: Option<NodeId>,
    /// Input shape [channels, height, width].
    pub input: [i64; 3],
    last_use: Vec<NodeId>,
    in_place: Vec<bool>,
}

impl Graph {
    /// A graph of `nodes`; node 0 must be the input and every node must come after those it reads.
    pub fn new(nodes: Vec<Node>, features: NodeId, logits: NodeId, input: [i64; 3]) -> Self {
        let mut last_use: Vec<NodeId> = (0..nodes.len()).collect();
        for (id, node) in nodes.iter().enumerate() {
            for &from in &node.inputs {
                last_use[from] = id;
            }
        }
        last_use[features] = nodes.len();
        last_use[logits] = nodes.len();
        let in_place = (0..nodes.len()).map(|id| may_overwrite(&nodes, id) && ![features, logits].contains(&nodes[id].inputs[0])).collect();
        Self { nodes, features, logits, auxiliary: None, input, last_use, in_place }
    }

    /// The same with a further output.
    #[must_use]
    pub fn with_auxiliary(mut self, node: NodeId) -> Self {
        self.last_use[node] = self.nodes.len();
        self.auxiliary = Some(node);
        self
    }

    /// The last node that reads `node`, or a number past the end for features and logits.
    pub fn last_use(&self, node: NodeId) -> NodeId {
        self.last_use[node]
    }

    /// Names of all tensors that evaluation reads, in order of first use: parameters and running statistics.
    pub fn tensor_names(&self) -> Vec<String> {
        let mut names = Vec::new();
        for node in &self.nodes {
            match &node.op {
                Op::Conv { weight, bias, .. } | Op::FusedConv { weight, bias, .. } | Op::Linear { weight, bias } => {
                    names.push(weight.clone());
                    names.extend(bias.clone());
                }
                Op::Cosine { weight } | Op::Distance { weight } => names.push(weight.clone()),
                Op::BatchNorm { prefix } => {
                    names.extend(["weight", "bias", "running_mean", "running_var"].map(|part| format!("{prefix}.{part}")));
                }
                _ => {}
            }
        }
        names
    }

    /// Features and logits of images `x` [N, C, H, W] under `tensors`.
    ///
    /// # Errors
    /// When a tensor is missing or shapes do not fit.
    pub fn forward(&self, tensors: &Tensors, x: &Tensor, mode: BatchNormMode) -> Result<Output, ModelError> {
        let mut values: Vec<Option<Tensor>> = (0..self.nodes.len()).map(|_| None).collect();
        for (id, node) in self.nodes.iter().enumerate() {
            let value = {
                let inputs: Vec<&Tensor> = node.inputs.iter().filter_map(|&from| values[from].as_ref()).collect();
                match (&node.op, inputs.as_slice()) {
                    // The same values with less memory to write: half of a training step's time goes through memory.
                    (Op::Activation(Activation::Relu), [x]) if self.in_place[id] => x.shallow_clone().f_relu_()?,
                    (Op::Add, [x, y]) if self.in_place[id] => x.shallow_clone().f_add_(y)?,
                    (op, inputs) => evaluate(op, inputs, tensors, x, mode)?,
                }
            };
            values[id] = Some(value);
            for &from in &node.inputs {
                if self.last_use[from] <= id {
                    values[from] = None;
                }
            }
        }
        match (values[self.features].take(), values[self.logits].take()) {
            (Some(features), Some(logits)) => {
                Ok(Output { features, logits, auxiliary: self.auxiliary.and_then(|node| values[node].take()) })
            }
            _ => Err(ModelError::Mismatch("the graph computes no features or logits".into())),
        }
    }
}

/// Whether node `id` may write its value over its first input: a sum or ReLU, the only reader of what a BatchNorm or a sum wrote, whose
/// derivatives do not need it.
fn may_overwrite(nodes: &[Node], id: NodeId) -> bool {
    let Node { op, inputs } = &nodes[id];
    let overwrites = matches!(op, Op::Add | Op::Activation(Activation::Relu));
    overwrites
        && inputs.first().is_some_and(|&first| {
            let readers = nodes.iter().flat_map(|node| &node.inputs).filter(|&&from| from == first).count();
            matches!(nodes[first].op, Op::BatchNorm { .. } | Op::Add) && readers == 1
        })
}

fn find<'a>(tensors: &'a Tensors, name: &str) -> Result<&'a Tensor, ModelError> {
    tensors.get(name).ok_or_else(|| ModelError::MissingTensor(name.into()))
}

/// The convolution over the named tensors.
pub(super) fn convolution<'a>(
    tensors: &'a Tensors,
    weight: &str,
    bias: Option<&String>,
    stride: i64,
    padding: i64,
) -> Result<Convolution<'a>, ModelError> {
    Ok(Convolution { weight: find(tensors, weight)?, bias: bias.map(|name| find(tensors, name)).transpose()?, stride, padding })
}

pub(super) fn evaluate(op: &Op, inputs: &[&Tensor], tensors: &Tensors, x: &Tensor, mode: BatchNormMode) -> Result<Tensor, ModelError> {
    let input = |k: usize| inputs.get(k).copied().ok_or_else(|| ModelError::Mismatch(format!("{op:?} lacks input {k}")));
    let optional = |name: &Option<String>| name.as_ref().map(|name| find(tensors, name)).transpose();
    Ok(match op {
        Op::Input => x.shallow_clone(),
        Op::Conv { weight, bias, stride, padding } => convolution(tensors, weight, bias.as_ref(), *stride, *padding)?.of(input(0)?)?,
        Op::FusedConv { weight, bias, stride, padding, sum, relu } => {
            let other = if *sum { Some(input(1)?.f_add_scalar(0)?) } else { None };
            convolution(tensors, weight, bias.as_ref(), *stride, *padding)?.fused(input(0)?, other, *relu)?
        }
        Op::BatchNorm { prefix } => {
            let part = |name: &str| find(tensors, &format!("{prefix}.{name}"));
            let (training, momentum) = match mode {
                BatchNormMode::Frozen => (false, 0.0),
                BatchNormMode::Batch { update } => (true, if update { BATCH_NORM_MOMENTUM } else { 0.0 }),
                BatchNormMode::Accumulate { seen } => (true, 1.0 / (f64::from(seen) + 1.0)),
            };
            input(0)?.f_batch_norm(
                Some(part("weight")?),
                Some(part("bias")?),
                Some(part("running_mean")?),
                Some(part("running_var")?),
                training,
                momentum,
                BATCH_NORM_EPS,
                true,
            )?
        }
        Op::Activation(Activation::Relu) => input(0)?.f_relu()?,
        Op::Activation(Activation::QuickGelu) => {
            let x = input(0)?;
            x.f_mul(&x.f_mul_scalar(1.702)?.f_sigmoid()?)?
        }
        Op::Activation(Activation::Tanh) => input(0)?.f_tanh()?,
        Op::Activation(Activation::LeakyRelu(slope)) => {
            let x = input(0)?;
            x.f_clamp_min(0.0)?.f_add(&x.f_clamp_max(0.0)?.f_mul_scalar(*slope)?)?
        }
        Op::MaxPool { size, stride, padding } => input(0)?.f_max_pool2d([*size; 2], [*stride; 2], [*padding; 2], [1, 1], false)?,
        Op::AvgPool { size } => input(0)?.f_avg_pool2d([*size; 2], [*size; 2], [0, 0], false, true, None)?,
        Op::GlobalAvgPool => input(0)?.f_adaptive_avg_pool2d([1, 1])?.f_flatten(1, -1)?,
        Op::Flatten => input(0)?.f_flatten(1, -1)?,
        Op::Linear { weight, bias } => input(0)?.f_linear(find(tensors, weight)?, optional(bias)?)?,
        Op::PadShortcut { pad } => {
            let half = input(0)?.f_slice(2, None, None, 2)?.f_slice(3, None, None, 2)?;
            half.f_constant_pad_nd([0, 0, 0, 0, *pad, *pad])?
        }
        Op::Add => input(0)?.f_add(input(1)?)?,
        Op::Concat => Tensor::f_cat(inputs, 1)?,
        Op::Cosine { weight } => {
            let unit = |x: &Tensor| x.f_div(&x.f_norm_scalaropt_dim(2, [1i64].as_slice(), true)?.f_add_scalar(1e-4)?);
            unit(input(0)?)?.f_linear(&unit(find(tensors, weight)?)?, None::<&Tensor>)?
        }
        Op::Distance { weight } => {
            let difference = input(0)?.f_unsqueeze(1)?.f_sub(find(tensors, weight)?)?;
            difference.f_square()?.f_mean_dim([2i64].as_slice(), false, None::<Kind>)?.f_neg()?
        }
    })
}
