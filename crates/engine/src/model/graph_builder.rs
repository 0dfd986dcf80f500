//! [`GraphBuilder`]: a graph, one operation at a time.

use super::graph::shapes;
use super::{Activation, Conv, Graph, Node, NodeId, Op};

/// Builds a [`Graph`] one operation at a time; layer names are prefixes of tensor names.
pub struct GraphBuilder {
    nodes: Vec<Node>,
    shapes: Vec<[i64; 3]>,
    input: [i64; 3],
}

impl GraphBuilder {
    /// An empty network for images [channels, height, width]; its input is node 0.
    pub fn new(input: [i64; 3]) -> Self {
        Self::continued(vec![Node { op: Op::Input, inputs: Vec::new() }], input)
    }

    /// A network for images [channels, height, width] that begins with `nodes`.
    pub fn continued(nodes: Vec<Node>, input: [i64; 3]) -> Self {
        Self { shapes: shapes(&nodes, input), nodes, input }
    }

    /// Adds an operation.
    pub fn push(&mut self, op: Op, inputs: &[NodeId]) -> NodeId {
        let from: Vec<[i64; 3]> = inputs.iter().map(|&from| self.shapes[from]).collect();
        self.shapes.push(op.shape(&from, self.input));
        self.nodes.push(Node { op, inputs: inputs.to_vec() });
        self.nodes.len() - 1
    }

    /// Shape of a node's value for one image, [C, H, W], or [D, 1, 1] once flat.
    pub fn shape(&self, x: NodeId) -> [i64; 3] {
        self.shapes[x]
    }

    /// Convolution `layer.weight` without bias.
    pub fn conv(&mut self, x: NodeId, layer: &str, [outputs, kernel, stride, padding]: [i64; 4]) -> NodeId {
        self.push(Op::Conv(Conv { weight: format!("{layer}.weight"), bias: None, outputs, kernel, stride, padding }), &[x])
    }

    /// Convolution `layer.weight` with `layer.bias`.
    pub fn conv_bias(&mut self, x: NodeId, layer: &str, [outputs, kernel, stride, padding]: [i64; 4]) -> NodeId {
        let (weight, bias) = (format!("{layer}.weight"), Some(format!("{layer}.bias")));
        self.push(Op::Conv(Conv { weight, bias, outputs, kernel, stride, padding }), &[x])
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
    pub fn linear(&mut self, x: NodeId, layer: &str, outputs: i64) -> NodeId {
        self.push(Op::Linear { weight: format!("{layer}.weight"), bias: Some(format!("{layer}.bias")), outputs }, &[x])
    }

    /// The graph.
    pub fn finish(self, features: NodeId, logits: NodeId) -> Graph {
        Graph::new(self.nodes, features, logits, self.input)
    }
}
