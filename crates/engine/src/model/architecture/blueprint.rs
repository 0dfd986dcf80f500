//! [`Blueprint`]: builds a graph and, beside it, the list of tensors that it needs with their shapes.

use super::super::{Activation, Conv, Graph, GraphBuilder, Node, NodeId, Op};
use super::Architecture;

/// How PyTorch initializes a tensor by default.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
    /// U(−bound, bound); `kaiming_uniform_(a=√5)` and the biases beside it both have bound 1/√fan_in.
    Uniform {
        /// 1/√fan_in.
        bound: f64,
    },
    /// One value everywhere (BatchNorm).
    Constant(f64),
    /// N(0, std²).
    Normal {
        /// Standard deviation.
        std: f64,
    },
}

/// A tensor that a network needs.
#[derive(Clone, Debug, PartialEq)]
pub struct TensorSpec {
    /// Name in the state dict.
    pub name: String,
    /// Shape.
    pub shape: Vec<i64>,
    /// Its values before training.
    pub init: Init,
}

/// A network under construction; layer names are prefixes of tensor names.
pub struct Blueprint {
    graph: GraphBuilder,
    tensors: Vec<TensorSpec>,
}

impl Blueprint {
    /// The node of the images.
    pub const INPUT: NodeId = 0;

    /// A network for images [channels, height, width].
    pub fn new(input: [i64; 3]) -> Self {
        Self { graph: GraphBuilder::new(input), tensors: Vec::new() }
    }

    /// A network for images [channels, height, width] that begins with `nodes`, which need `tensors`.
    pub fn continued(nodes: Vec<Node>, input: [i64; 3], tensors: Vec<TensorSpec>) -> Self {
        Self { graph: GraphBuilder::continued(nodes, input), tensors }
    }

    /// Channels of a node.
    pub fn channels(&self, x: NodeId) -> i64 {
        self.graph.shape(x)[0]
    }

    /// Adds an operation.
    pub fn push(&mut self, op: Op, inputs: &[NodeId]) -> NodeId {
        self.graph.push(op, inputs)
    }

    /// Adds a tensor.
    pub fn spec(&mut self, name: String, shape: &[i64], init: Init) {
        self.tensors.push(TensorSpec { name, shape: shape.to_vec(), init });
    }

    fn weight(&mut self, layer: &str, shape: &[i64], bias: bool) -> (String, Option<String>) {
        let init = Init::Uniform { bound: 1.0 / (shape[1..].iter().product::<i64>() as f64).sqrt() };
        let weight = format!("{layer}.weight");
        self.spec(weight.clone(), shape, init);
        let bias = bias.then(|| format!("{layer}.bias"));
        if let Some(name) = &bias {
            self.spec(name.clone(), &shape[..1], init);
        }
        (weight, bias)
    }

    fn convolve(&mut self, x: NodeId, layer: &str, [outputs, kernel, stride, padding]: [i64; 4], bias: bool) -> NodeId {
        let (weight, bias) = self.weight(layer, &[outputs, self.channels(x), kernel, kernel], bias);
        self.push(Op::Conv(Conv { weight, bias, outputs, kernel, stride, padding }), &[x])
    }

    /// Convolution to `outputs` channels without bias that keeps the size (over `stride`); `kernel` is odd.
    pub fn conv(&mut self, x: NodeId, layer: &str, outputs: i64, kernel: i64, stride: i64) -> NodeId {
        self.convolve(x, layer, [outputs, kernel, stride, kernel / 2], false)
    }

    /// Convolution with bias, stride 1, without padding.
    pub fn conv_bias(&mut self, x: NodeId, layer: &str, outputs: i64, kernel: i64) -> NodeId {
        self.convolve(x, layer, [outputs, kernel, 1, 0], true)
    }

    /// BatchNorm.
    pub fn batch_norm(&mut self, x: NodeId, layer: &str) -> NodeId {
        let channels = self.channels(x);
        for (part, value) in [("weight", 1.0), ("bias", 0.0), ("running_mean", 0.0), ("running_var", 1.0)] {
            self.spec(format!("{layer}.{part}"), &[channels], Init::Constant(value));
        }
        self.push(Op::BatchNorm { prefix: layer.into() }, &[x])
    }

    /// A nonlinearity.
    pub fn activation(&mut self, x: NodeId, activation: Activation) -> NodeId {
        self.push(Op::Activation(activation), &[x])
    }

    /// max(x, 0)
    pub fn relu(&mut self, x: NodeId) -> NodeId {
        self.activation(x, Activation::Relu)
    }

    /// BatchNorm, then max(x, 0).
    pub fn batch_norm_relu(&mut self, x: NodeId, layer: &str) -> NodeId {
        let x = self.batch_norm(x, layer);
        self.relu(x)
    }

    /// Maximum over 2x2 windows.
    pub fn max_pool(&mut self, x: NodeId) -> NodeId {
        self.push(Op::MaxPool { size: 2, stride: 2, padding: 0 }, &[x])
    }

    /// Maximum over 3x3 windows at every second position, padded by one.
    pub fn stem_pool(&mut self, x: NodeId) -> NodeId {
        self.push(Op::MaxPool { size: 3, stride: 2, padding: 1 }, &[x])
    }

    /// Mean over 2x2 windows.
    pub fn avg_pool(&mut self, x: NodeId) -> NodeId {
        self.push(Op::AvgPool { size: 2 }, &[x])
    }

    /// Mean over all positions.
    pub fn global_avg_pool(&mut self, x: NodeId) -> NodeId {
        self.push(Op::GlobalAvgPool, &[x])
    }

    /// One row per image.
    pub fn flatten(&mut self, x: NodeId) -> NodeId {
        self.push(Op::Flatten, &[x])
    }

    /// Affine map with bias.
    pub fn linear(&mut self, x: NodeId, layer: &str, outputs: i64) -> NodeId {
        let (weight, bias) = self.weight(layer, &[outputs, self.channels(x)], true);
        self.push(Op::Linear { weight, bias, outputs }, &[x])
    }

    /// Every second position, `pad` zero channels on each side.
    pub fn pad_shortcut(&mut self, x: NodeId, pad: i64) -> NodeId {
        self.push(Op::PadShortcut { pad }, &[x])
    }

    /// A shortcut with parameters: 1x1 convolution to `outputs` channels at every second position, then BatchNorm, called `layer.0` and
    /// `layer.1`.
    pub fn projection(&mut self, x: NodeId, layer: &str, outputs: i64) -> NodeId {
        let z = self.conv(x, &format!("{layer}.0"), outputs, 1, 2);
        self.batch_norm(z, &format!("{layer}.1"))
    }

    /// Sum.
    pub fn add(&mut self, a: NodeId, b: NodeId) -> NodeId {
        self.push(Op::Add, &[a, b])
    }

    /// Concatenation along channels.
    pub fn concat(&mut self, a: NodeId, b: NodeId) -> NodeId {
        self.push(Op::Concat, &[a, b])
    }

    /// The graph and the tensors that it needs.
    pub fn finish(self, features: NodeId, logits: NodeId) -> (Graph, Vec<TensorSpec>) {
        (self.graph.finish(features, logits), self.tensors)
    }

    /// The architecture, with the classifier `head` on `features`.
    pub fn classify(mut self, name: String, features: NodeId, head: &str, classes: i64) -> Architecture {
        let logits = self.linear(features, head, classes);
        let (graph, tensors) = self.finish(features, logits);
        Architecture { name, classes, graph, tensors, usual: true, traits: &[] }
    }
}
