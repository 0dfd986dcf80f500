//! [`GraphBuilder`]: a graph, one operation at a time.

use super::graph::{Activation, Graph, Node, NodeId, Op};

/// Builds a [`Graph`] one operation at a time; layer names are prefixes of tensor names.
pub struct GraphBuilder {
    nodes: Vec<Node>,
    input: [i64; 3],
}

impl GraphBuilder {
    /// An empty network for images [channels, height, width]; its input is node 0.
    pub fn new(input: [i64; 3]) -> Self {
        Self { nodes: vec![Node { op: Op::Input, inputs: Vec::new() }], input }
    }

    /// Adds an operation.
    pub fn push(&mut self, op: Op, inputs: &[NodeId]) -> NodeId {
        self.nodes.push(Node { op, inputs: inputs.to_vec() });
        self.nodes.len() - 1
    }

    /// Convolution `layer.weight` without bias.
    pub fn conv(&mut self, x: NodeId, layer: &str, stride: i64, padding: i64) -> NodeId {
        self.push(Op::Conv { weight: format!("{layer}.weight"), bias: None, stride, padding }, &[x])
    }

    /// Convolution `layer.weight` with `layer.bias`.
    pub fn conv_bias(&mut self, x: NodeId, layer: &str, stride: i64, padding: i64) -> NodeId {
        self.push(Op::Conv { weight: format!("{layer}.weight"), bias: Some(format!("{layer}.bias")), stride, padding }, &[x])
    }

    /// BatchNorm `layer`.
    pub fn batch_norm(&mut self, x: NodeId, layer: &str) -> NodeId {
        self.push(Op::BatchNorm { prefix: layer.into() }, &[x])
    }

    /// max(x, 0)
    pub fn relu(&mut self, x: NodeId) -> NodeId {
        self.push(Op::Activation(Activation::Relu), &[x])
    }

    /// Affine map `layer.weight`, `layer.bias`.
    pub fn linear(&mut self, x: NodeId, layer: &str) -> NodeId {
        self.push(Op::Linear { weight: format!("{layer}.weight"), bias: Some(format!("{layer}.bias")) }, &[x])
    }

    /// The graph.
    pub fn finish(self, features: NodeId, logits: NodeId) -> Graph {
        Graph::new(self.nodes, features, logits, self.input)
    }
}
