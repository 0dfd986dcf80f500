//! [`Blueprint`]: builds a graph and, beside it, the list of tensors that it needs with their shapes.

use super::super::operation::{Argument, PAD_SHORTCUT, QUICK_GELU};
use super::super::{BatchNorm, Call, Conv, Graph, Node, NodeId, Op};
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

impl Activation {
    /// The operation that computes it.
    pub fn op(self) -> Op {
        match self {
            Activation::Relu => Op::Relu,
            Activation::QuickGelu => call(QUICK_GELU, vec![("self", Argument::Tensor(0))]),
            Activation::Tanh => call("tanh.default", vec![("self", Argument::Tensor(0))]),
            Activation::LeakyRelu(slope) => {
                call("leaky_relu.default", vec![("self", Argument::Tensor(0)), ("negative_slope", Argument::Float(slope))])
            }
        }
    }
}

/// A call of an operation that exists: a test evaluates every network that is built by hand.
fn call(name: &str, arguments: Vec<(&str, Argument)>) -> Op {
    let arguments = arguments.into_iter().map(|(name, argument)| (name.to_owned(), argument)).collect();
    #[expect(clippy::expect_used, reason = "the names are constants of this program")]
    Op::Call(Call::new(name, arguments).expect("an operation with these arguments"))
}

/// A network under construction: the graph and, beside it, the tensors that it needs. Layer names are prefixes of tensor names.
pub struct Blueprint {
    nodes: Vec<Node>,
    shapes: Vec<Vec<i64>>,
    input: [i64; 3],
    tensors: Vec<TensorSpec>,
}

impl Blueprint {
    /// The node of the images.
    pub const INPUT: NodeId = 0;

    /// A network for images [channels, height, width].
    pub fn new(input: [i64; 3]) -> Self {
        let mut net = Self { nodes: Vec::new(), shapes: Vec::new(), input, tensors: Vec::new() };
        net.push(Op::Input, &[]);
        net
    }

    /// A network that begins with `nodes`, which need `tensors`.
    pub fn continued(nodes: Vec<Node>, input: [i64; 3], tensors: Vec<TensorSpec>) -> Self {
        let mut net = Self { nodes: Vec::new(), shapes: Vec::new(), input, tensors };
        for node in nodes {
            net.push(node.op, &node.inputs);
        }
        net
    }

    /// Channels of a node's value.
    pub fn channels(&self, x: NodeId) -> i64 {
        self.shapes[x].get(1).copied().unwrap_or(0)
    }

    /// Adds an operation.
    pub fn push(&mut self, op: Op, inputs: &[NodeId]) -> NodeId {
        let from: Vec<&Vec<i64>> = inputs.iter().map(|&from| &self.shapes[from]).collect();
        // A shape that does not fit is reported when the network is evaluated.
        self.shapes.push(op.shape(&from, self.input, 1).unwrap_or_default());
        self.nodes.push(Node { op, inputs: inputs.to_vec() });
        self.nodes.len() - 1
    }

    /// Adds a call of an operation on `x` with further arguments.
    fn call(&mut self, name: &str, x: NodeId, settings: Vec<(&str, Argument)>) -> NodeId {
        let arguments = std::iter::once(("self", Argument::Tensor(0))).chain(settings).collect();
        self.push(call(name, arguments), &[x])
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

    /// Convolution `layer.weight` of a square kernel, with `layer.bias` where `bias`.
    pub fn convolve(&mut self, x: NodeId, layer: &str, [outputs, kernel, stride, padding]: [i64; 4], bias: bool) -> NodeId {
        let (weight, bias) = self.weight(layer, &[outputs, self.channels(x), kernel, kernel], bias);
        let (kernel, stride, padding) = ([kernel; 2], [stride; 2], [padding; 2]);
        self.push(Op::Conv(Conv { weight, bias, outputs, kernel, stride, padding, dilation: [1, 1], groups: 1 }), &[x])
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
        self.push(Op::BatchNorm(BatchNorm::named(layer)), &[x])
    }

    /// A nonlinearity.
    pub fn activation(&mut self, x: NodeId, activation: Activation) -> NodeId {
        self.push(activation.op(), &[x])
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
        self.call("max_pool2d.default", x, vec![("kernel_size", Argument::ints(&[2, 2])), ("stride", Argument::ints(&[2, 2]))])
    }

    /// Maximum over 3x3 windows at every second position, padded by one.
    pub fn stem_pool(&mut self, x: NodeId) -> NodeId {
        let [three, two, one] = [3, 2, 1].map(|side| Argument::ints(&[side, side]));
        self.call("max_pool2d.default", x, vec![("kernel_size", three), ("stride", two), ("padding", one)])
    }

    /// Mean over 2x2 windows.
    pub fn avg_pool(&mut self, x: NodeId) -> NodeId {
        self.call("avg_pool2d.default", x, vec![("kernel_size", Argument::ints(&[2, 2])), ("stride", Argument::ints(&[2, 2]))])
    }

    /// Mean over all positions: [N, C, H, W] → [N, C].
    pub fn global_avg_pool(&mut self, x: NodeId) -> NodeId {
        let pooled = self.call("adaptive_avg_pool2d.default", x, vec![("output_size", Argument::ints(&[1, 1]))]);
        self.flatten(pooled)
    }

    /// One row per image.
    pub fn flatten(&mut self, x: NodeId) -> NodeId {
        self.call("flatten.using_ints", x, vec![("start_dim", Argument::int(1))])
    }

    /// Affine map with bias.
    pub fn linear(&mut self, x: NodeId, layer: &str, outputs: i64) -> NodeId {
        let (weight, bias) = self.weight(layer, &[outputs, self.channels(x)], true);
        self.push(Op::Linear { weight, bias, outputs }, &[x])
    }

    /// Every second position, `pad` zero channels on each side.
    pub fn pad_shortcut(&mut self, x: NodeId, pad: i64) -> NodeId {
        self.call(PAD_SHORTCUT, x, vec![("pad", Argument::int(pad))])
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
        let tensors = Argument::Tensors(vec![Some(0), Some(1)]);
        self.push(call("cat.default", vec![("tensors", tensors), ("dim", Argument::int(1))]), &[a, b])
    }

    /// The rows of `x` compared with those of a weight [outputs, D] by the operation called `name`.
    pub fn compare(&mut self, x: NodeId, name: &str, weight: String, outputs: i64) -> NodeId {
        let shape = vec![outputs, self.channels(x)];
        let weight = self.push(Op::Tensor { name: weight, shape }, &[]);
        self.push(call(name, vec![("self", Argument::Tensor(0)), ("weight", Argument::Tensor(1))]), &[x, weight])
    }

    /// The graph and the tensors that it needs.
    pub fn finish(self, features: NodeId, logits: NodeId) -> (Graph, Vec<TensorSpec>) {
        (Graph::new(self.nodes, features, logits, self.input), self.tensors)
    }

    /// The architecture, with the classifier `head` on `features`.
    pub fn classify(mut self, name: String, features: NodeId, head: &str, classes: i64) -> Architecture {
        let logits = self.linear(features, head, classes);
        let (graph, tensors) = self.finish(features, logits);
        Architecture { name, classes, graph, tensors, usual: true, traits: &[], program: None }
    }
}
