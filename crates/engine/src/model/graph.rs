//! [`Graph`]: a network as a list of operations over named tensors, with the shapes of their values.

use std::collections::HashMap;

use tch::{Device, Tensor};

use super::operation::{PAD_SHORTCUT, twice_differentiable};
use super::{ModelError, Op};

/// Tensors by their names in the state dict.
pub type Tensors = HashMap<String, Tensor>;

/// Other handles on the same tensors.
pub fn shallow(tensors: &Tensors) -> Tensors {
    tensors.iter().map(|(name, tensor)| (name.clone(), tensor.shallow_clone())).collect()
}

/// The tensor called `name`.
///
/// # Errors
/// When there is none.
pub fn find<'a>(tensors: &'a Tensors, name: &str) -> Result<&'a Tensor, ModelError> {
    tensors.get(name).ok_or_else(|| ModelError::MissingTensor(name.into()))
}

/// Position of a node in its graph; a node's inputs come before it.
pub type NodeId = usize;

/// An operation with the nodes it reads.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// What it does.
    pub op: Op,
    /// What it reads.
    pub inputs: Vec<NodeId>,
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
    /// The auxiliary output of a head.
    pub auxiliary: Option<NodeId>,
    /// Shape of one input: [channels, height, width] of an image, any other of a float array.
    pub input: Vec<i64>,
    /// Of each node's value for one image; empty where its inputs do not fit.
    shapes: Vec<Vec<i64>>,
    last_use: Vec<NodeId>,
    /// Which of its inputs each node writes its value over.
    overwritten: Vec<Option<usize>>,
}

impl Graph {
    /// A graph of `nodes`; node 0 must be the input and every node must come after those it reads.
    pub fn new(nodes: Vec<Node>, features: NodeId, logits: NodeId, input: impl Into<Vec<i64>>) -> Self {
        let input = input.into();
        let mut last_use: Vec<NodeId> = (0..nodes.len()).collect();
        for (id, node) in nodes.iter().enumerate() {
            for &from in &node.inputs {
                last_use[from] = id;
            }
        }
        last_use[features] = nodes.len();
        last_use[logits] = nodes.len();
        let mut shapes: Vec<Vec<i64>> = Vec::with_capacity(nodes.len());
        for node in &nodes {
            let inputs: Vec<&Vec<i64>> = node.inputs.iter().map(|&from| &shapes[from]).collect();
            let shape = node.op.shape(&inputs, &input, 1).unwrap_or_default();
            shapes.push(shape);
        }
        let mut graph = Self { nodes, features, logits, auxiliary: None, input, shapes, last_use, overwritten: Vec::new() };
        graph.overwritten = (0..graph.nodes.len()).map(|id| graph.overwritten_in_training(id)).collect();
        graph
    }

    /// The same with a further output.
    #[must_use]
    pub fn with_auxiliary(mut self, node: NodeId) -> Self {
        self.last_use[node] = self.nodes.len();
        self.auxiliary = Some(node);
        self
    }

    /// The same for evaluation under `no_grad` alone: more values are overwritten, as no derivative needs them.
    #[must_use]
    pub fn without_gradients(mut self) -> Self {
        self.overwritten = (0..self.nodes.len()).map(|id| self.overwritten_without_gradients(id)).collect();
        self
    }

    /// The same with every fused operation that has no second derivative in an equal form that has one.
    #[must_use]
    pub fn twice_differentiable(&self) -> Self {
        let mut graph = self.clone();
        for node in &mut graph.nodes {
            if let Op::Call(call) = &mut node.op {
                call.operation = twice_differentiable(call.operation);
            }
        }
        graph
    }

    /// The same for images [channels, height, width] of another size, where its operations allow it.
    ///
    /// # Errors
    /// When they do not.
    pub fn with_input(self, input: [i64; 3]) -> Result<Self, String> {
        let mut shapes: Vec<Vec<i64>> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let inputs: Vec<&Vec<i64>> = node.inputs.iter().map(|&from| &shapes[from]).collect();
            let shape = node.op.shape(&inputs, &input, 1)?;
            shapes.push(shape);
        }
        for output in [self.features, self.logits] {
            if shapes[output] != self.shapes[output] {
                return Err(format!("its output would have the shape {:?} in place of {:?}", shapes[output], self.shapes[output]));
            }
        }
        let graph = Self::new(self.nodes, self.features, self.logits, input);
        Ok(match self.auxiliary {
            Some(node) => graph.with_auxiliary(node),
            None => graph,
        })
    }

    /// The same with its constants on `device`.
    ///
    /// # Errors
    /// When libtorch fails.
    pub fn to_device(mut self, device: Device) -> Result<Self, ModelError> {
        for node in &mut self.nodes {
            if let Op::Constant(constant) = &mut node.op {
                *constant = constant.to_device(device)?;
            }
        }
        Ok(self)
    }

    /// [channels, height, width] of its input, where that is an image.
    pub fn image(&self) -> Option<[i64; 3]> {
        self.input.as_slice().try_into().ok().filter(|[channels, ..]: &[i64; 3]| [1, 3].contains(channels))
    }

    /// The last node that reads `node`, or a number past the end for features and logits.
    pub fn last_use(&self, node: NodeId) -> NodeId {
        self.last_use[node]
    }

    /// Shape of a node's value for one image, with the dimension of the batch; empty where its inputs do not fit.
    pub fn shape(&self, node: NodeId) -> &[i64] {
        &self.shapes[node]
    }

    /// Which of its inputs node `id` writes its value over.
    pub(super) fn overwritten(&self, id: NodeId) -> Option<usize> {
        self.overwritten[id]
    }

    /// Names of all tensors that evaluation reads, in order of first use: parameters and running statistics.
    pub fn tensor_names(&self) -> Vec<String> {
        self.nodes.iter().flat_map(|node| node.op.tensor_names()).collect()
    }

    /// Elements of the largest value that an image has, views and outputs of ReLUs and sums aside.
    pub fn largest_activation(&self) -> i64 {
        let is_new = |op: &Op| match op {
            Op::Conv(_) | Op::FusedConv { .. } | Op::BatchNorm(_) | Op::Linear { .. } => true,
            Op::Call(_) => !op.aliases(),
            Op::Input | Op::Tensor { .. } | Op::Constant(_) | Op::Relu | Op::Add => false,
        };
        let sizes = self.nodes.iter().zip(&self.shapes).filter(|(node, _)| is_new(&node.op)).map(|(_, shape)| product(shape));
        sizes.max().unwrap_or(0)
    }

    /// Multiply-adds of the convolutions, affine maps and products of matrices for one image.
    pub fn multiply_adds(&self) -> i64 {
        let of_node = |(id, node): (NodeId, &Node)| {
            let outputs = product(&self.shapes[id]);
            let input = |k: usize| node.inputs.get(k).map(|&from| self.shapes[from].as_slice()).unwrap_or_default();
            let each = match &node.op {
                Op::Conv(conv) | Op::FusedConv { conv, .. } => {
                    input(0).get(1).copied().unwrap_or(0) / conv.groups.max(1) * conv.kernel.iter().product::<i64>()
                }
                Op::Linear { .. } => input(0).last().copied().unwrap_or(0),
                Op::Call(call) => match (call.name(), input(0), input(1)) {
                    // Scores of the queries and sums of the values: two products over the width of a head and the number of keys.
                    ("scaled_dot_product_attention.default", [.., width], [.., keys, _]) => width.saturating_add(*keys),
                    ("matmul.default" | "bmm.default" | "mm.default" | "linear.default", [.., width], _) => *width,
                    _ => 0,
                },
                Op::Input | Op::Tensor { .. } | Op::Constant(_) | Op::BatchNorm(_) | Op::Relu | Op::Add => 0,
            };
            each.saturating_mul(outputs)
        };
        self.nodes.iter().enumerate().map(of_node).fold(0, i64::saturating_add)
    }

    /// Nodes that read `node`.
    fn readers(&self, node: NodeId) -> impl Iterator<Item = &Node> {
        self.nodes.iter().filter(move |reader| reader.inputs.contains(&node))
    }

    /// In training a sum or ReLU overwrites its first input where it alone reads it, a BatchNorm or a sum wrote it, and it is no output:
    /// their derivatives do not need that value.
    fn overwritten_in_training(&self, id: NodeId) -> Option<usize> {
        let Node { op, inputs } = &self.nodes[id];
        let overwrites = matches!(op, Op::Add | Op::Relu);
        let first = inputs.first().filter(|_| overwrites).copied()?;
        let readers = self.nodes.iter().flat_map(|node| &node.inputs).filter(|&&from| from == first).count();
        let written = matches!(self.nodes[first].op, Op::BatchNorm(_) | Op::Add);
        (written && readers == 1 && ![self.features, self.logits].contains(&first)).then_some(0)
    }

    /// Without gradients a node overwrites an input that no later node reads and that is freshly computed, never the images or what a view shows.
    fn overwritten_without_gradients(&self, id: NodeId) -> Option<usize> {
        let Node { op, inputs } = &self.nodes[id];
        let overwritten = match op {
            Op::Relu | Op::Add => 0,
            Op::FusedConv { sum: true, .. } => 1,
            Op::Input
            | Op::Tensor { .. }
            | Op::Constant(_)
            | Op::Conv(_)
            | Op::FusedConv { sum: false, .. }
            | Op::BatchNorm(_)
            | Op::Linear { .. }
            | Op::Call(_) => return None,
        };
        let from = *inputs.get(overwritten)?;
        let fresh = match &self.nodes[from].op {
            Op::Conv(_) | Op::FusedConv { .. } | Op::BatchNorm(_) | Op::Linear { .. } | Op::Add => true,
            Op::Call(call) => call.name() == PAD_SHORTCUT,
            Op::Input | Op::Tensor { .. } | Op::Constant(_) | Op::Relu => false,
        };
        let once = inputs.iter().filter(|&&other| other == from).count() == 1;
        let is_shown = self.readers(from).any(|reader| reader.op.aliases());
        (fresh && once && !is_shown && self.last_use[from] == id).then_some(overwritten)
    }
}

fn product(shape: &[i64]) -> i64 {
    shape.iter().fold(1, |product, &side| product.saturating_mul(side))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use crate::model::Blueprint;
    use crate::model::architecture::named;

    #[test]
    fn the_largest_activation_is_channels_times_positions() {
        for (architecture, channels) in [("resnet20", 16), ("resnet18_32x32", 64)] {
            assert_eq!(named(architecture, 10).unwrap().graph.largest_activation(), channels * 32 * 32, "{architecture}");
        }
    }

    #[test]
    fn a_network_of_means_takes_images_of_any_size_and_others_say_why_not() {
        let graph = |name: &str| named(name, 10).unwrap().graph;
        let wider = graph("resnet20").with_input([3, 64, 48]).unwrap();
        assert_eq!((wider.input.as_slice(), wider.largest_activation()), (&[3, 64, 48][..], 16 * 64 * 48));
        for (name, side) in [("lenet5", 64), ("resnet20", 0), ("vit_b_16", 256)] {
            assert!(graph(name).with_input([3, side, side]).is_err(), "{name} {side}");
        }
    }

    #[test]
    fn multiply_adds_are_counted_per_output_position() {
        let mut builder = Blueprint::new([3, 32, 32]);
        let conv = builder.conv(0, "conv", 8, 3, 2);
        let pool = builder.global_avg_pool(conv);
        let logits = builder.linear(pool, "fc", 10);
        assert_eq!(builder.finish(pool, logits).0.multiply_adds(), 8 * 27 * 16 * 16 + 80);
    }
}
