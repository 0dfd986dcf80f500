//! [`Graph`]: a network as a list of operations over named tensors, with the shapes of their values.

use std::collections::HashMap;

use tch::Tensor;

use super::{Activation, Conv, ModelError, Op};

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
    /// What a head says beside the logits.
    pub auxiliary: Option<NodeId>,
    /// Input shape [channels, height, width].
    pub input: [i64; 3],
    /// Of each node's value for one image.
    shapes: Vec<[i64; 3]>,
    last_use: Vec<NodeId>,
    /// Which of its inputs each node writes its value over.
    overwritten: Vec<Option<usize>>,
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
        let shapes = shapes(&nodes, input);
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

    /// The last node that reads `node`, or a number past the end for features and logits.
    pub fn last_use(&self, node: NodeId) -> NodeId {
        self.last_use[node]
    }

    /// Which of its inputs node `id` writes its value over.
    pub(super) fn overwritten(&self, id: NodeId) -> Option<usize> {
        self.overwritten[id]
    }

    /// Names of all tensors that evaluation reads, in order of first use: parameters and running statistics.
    pub fn tensor_names(&self) -> Vec<String> {
        self.nodes.iter().flat_map(|node| node.op.tensor_names()).collect()
    }

    /// Elements of the largest value that an image has between two convolutions or BatchNorms.
    pub fn largest_activation(&self) -> i64 {
        let large = |op: &Op| matches!(op, Op::Conv(_) | Op::FusedConv { .. } | Op::BatchNorm { .. });
        let sizes = self.nodes.iter().zip(&self.shapes).filter(|(node, _)| large(&node.op)).map(|(_, shape)| shape.iter().product());
        sizes.max().unwrap_or(0)
    }

    /// Multiply-adds of the convolutions and affine maps for one image.
    pub fn multiply_adds(&self) -> i64 {
        let of_node = |(id, node): (NodeId, &Node)| {
            let [outputs, height, width] = self.shapes[id];
            let inputs = node.inputs.first().map_or(self.input, |&from| self.shapes[from]);
            match &node.op {
                Op::Conv(Conv { kernel, .. }) | Op::FusedConv { conv: Conv { kernel, .. }, .. } => {
                    inputs[0] * kernel * kernel * outputs * height * width
                }
                Op::Linear { .. } | Op::Cosine { .. } | Op::Distance { .. } => inputs.iter().product::<i64>() * outputs,
                Op::Input
                | Op::BatchNorm { .. }
                | Op::Activation(_)
                | Op::MaxPool { .. }
                | Op::AvgPool { .. }
                | Op::GlobalAvgPool
                | Op::Flatten
                | Op::PadShortcut { .. }
                | Op::Add
                | Op::Concat => 0,
            }
        };
        self.nodes.iter().enumerate().map(of_node).sum()
    }

    /// In training a sum or ReLU overwrites its first input where it alone reads it, a BatchNorm or a sum wrote it, and it is no output:
    /// their derivatives do not need that value.
    fn overwritten_in_training(&self, id: NodeId) -> Option<usize> {
        let Node { op, inputs } = &self.nodes[id];
        let overwrites = matches!(op, Op::Add | Op::Activation(Activation::Relu));
        let first = inputs.first().filter(|_| overwrites).copied()?;
        let readers = self.nodes.iter().flat_map(|node| &node.inputs).filter(|&&from| from == first).count();
        let written = matches!(self.nodes[first].op, Op::BatchNorm { .. } | Op::Add);
        (written && readers == 1 && ![self.features, self.logits].contains(&first)).then_some(0)
    }

    /// Without gradients a node overwrites an input that no later node reads and that is freshly computed, never a view or the images.
    fn overwritten_without_gradients(&self, id: NodeId) -> Option<usize> {
        let Node { op, inputs } = &self.nodes[id];
        let place = match op {
            Op::Activation(Activation::Relu) | Op::Add => 0,
            Op::FusedConv { sum: true, .. } => 1,
            Op::Input
            | Op::Conv(_)
            | Op::FusedConv { sum: false, .. }
            | Op::BatchNorm { .. }
            | Op::Activation(Activation::QuickGelu | Activation::Tanh | Activation::LeakyRelu(_))
            | Op::MaxPool { .. }
            | Op::AvgPool { .. }
            | Op::GlobalAvgPool
            | Op::Flatten
            | Op::Linear { .. }
            | Op::PadShortcut { .. }
            | Op::Concat
            | Op::Cosine { .. }
            | Op::Distance { .. } => return None,
        };
        let from = *inputs.get(place)?;
        let fresh = matches!(
            self.nodes[from].op,
            Op::Conv(_) | Op::FusedConv { .. } | Op::BatchNorm { .. } | Op::Linear { .. } | Op::Add | Op::PadShortcut { .. }
        );
        let once = inputs.iter().filter(|&&other| other == from).count() == 1;
        (fresh && once && self.last_use[from] == id).then_some(place)
    }
}

/// Shapes of the values of `nodes` for one image of shape `input`, [C, H, W], or [D, 1, 1] once flat.
pub(super) fn shapes(nodes: &[Node], input: [i64; 3]) -> Vec<[i64; 3]> {
    let mut shapes: Vec<[i64; 3]> = Vec::with_capacity(nodes.len());
    for node in nodes {
        let inputs: Vec<[i64; 3]> = node.inputs.iter().map(|&from| shapes[from]).collect();
        shapes.push(node.op.shape(&inputs, input));
    }
    shapes
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use crate::model::architecture::named;
    use crate::model::{GraphBuilder, Op};

    #[test]
    fn the_largest_activation_is_channels_times_positions() {
        for (architecture, channels) in [("resnet20", 16), ("resnet18_32x32", 64)] {
            assert_eq!(named(architecture, 10).unwrap().graph.largest_activation(), channels * 32 * 32, "{architecture}");
        }
    }

    #[test]
    fn multiply_adds_are_counted_per_output_position() {
        let mut builder = GraphBuilder::new([3, 32, 32]);
        let conv = builder.conv(0, "conv", [8, 3, 2, 1]);
        let pool = builder.push(Op::GlobalAvgPool, &[conv]);
        let logits = builder.linear(pool, "fc", 10);
        assert_eq!(builder.finish(pool, logits).multiply_adds(), 8 * 27 * 16 * 16 + 80);
    }
}
