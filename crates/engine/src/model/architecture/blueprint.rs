//! [`Blueprint`]: builds a graph and, beside it, the list of tensors that it needs with their shapes.

use super::super::operation::{Argument, PAD_SHORTCUT, QUICK_GELU, Size};
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
    /// x·Φ(x), with the distribution function of N(0, 1).
    Gelu,
    /// x·sigmoid(x)
    Silu,
    /// 1/(1 + exp(−x))
    Sigmoid,
    /// min(max(x, 0), 6)
    Relu6,
}

impl Activation {
    /// The operation that computes it.
    pub fn op(self) -> Op {
        let plain = |name: &str| call(name, vec![("self", Argument::Tensor(0))]);
        match self {
            Activation::Relu => Op::Relu,
            Activation::QuickGelu => plain(QUICK_GELU),
            Activation::Tanh => plain("tanh.default"),
            Activation::LeakyRelu(slope) => {
                call("leaky_relu.default", vec![("self", Argument::Tensor(0)), ("negative_slope", Argument::Float(slope))])
            }
            Activation::Gelu => plain("gelu.default"),
            Activation::Silu => plain("silu.default"),
            Activation::Sigmoid => plain("sigmoid.default"),
            Activation::Relu6 => plain("relu6.default"),
        }
    }
}

/// A call of an operation that exists: a test evaluates every network that is built by hand.
pub(super) fn call(name: &str, arguments: Vec<(&str, Argument)>) -> Op {
    let arguments = arguments.into_iter().map(|(name, argument)| (name.to_owned(), argument)).collect();
    Op::Call(Call::built_in(name, arguments))
}

/// A network under construction: the graph and, beside it, the tensors that it needs. Layer names are prefixes of tensor names.
pub struct Blueprint {
    nodes: Vec<Node>,
    shapes: Vec<Vec<i64>>,
    input: Vec<i64>,
    tensors: Vec<TensorSpec>,
}

impl Blueprint {
    /// The node of the images.
    pub const INPUT: NodeId = 0;

    /// A network for images [channels, height, width].
    pub fn new(input: [i64; 3]) -> Self {
        let mut net = Self { nodes: Vec::new(), shapes: Vec::new(), input: input.into(), tensors: Vec::new() };
        net.push(Op::Input, &[]);
        net
    }

    /// A network for inputs of the shape `input` that begins with `nodes`, which need `tensors`.
    pub fn continued(nodes: Vec<Node>, input: Vec<i64>, tensors: Vec<TensorSpec>) -> Self {
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

    /// The last side of a node's value.
    fn width(&self, x: NodeId) -> i64 {
        self.shapes[x].last().copied().unwrap_or(0)
    }

    /// Number and width of tokens [N, T, D].
    pub fn tokens(&self, x: NodeId) -> [i64; 2] {
        [self.channels(x), self.width(x)]
    }

    /// Number of positions of images.
    pub fn positions(&self, x: NodeId) -> i64 {
        self.shapes[x].iter().skip(2).product()
    }

    /// Adds an operation.
    pub fn push(&mut self, op: Op, inputs: &[NodeId]) -> NodeId {
        let from: Vec<&Vec<i64>> = inputs.iter().map(|&from| &self.shapes[from]).collect();
        // A shape that does not fit is reported when the network is evaluated.
        self.shapes.push(op.shape(&from, &self.input, 1).unwrap_or_default());
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

    /// Adds a tensor that an operation reads as a value.
    pub fn parameter(&mut self, name: String, shape: &[i64], init: Init) -> NodeId {
        self.spec(name.clone(), shape, init);
        self.push(Op::Tensor { name, shape: shape.to_vec() }, &[])
    }

    /// Adds a weight, and a bias where it has a name.
    fn weight(&mut self, weight: &str, shape: &[i64], bias: Option<&str>) {
        let init = Init::Uniform { bound: 1.0 / (shape[1..].iter().product::<i64>() as f64).sqrt() };
        self.spec(weight.to_owned(), shape, init);
        if let Some(bias) = bias {
            self.spec(bias.to_owned(), &shape[..1], init);
        }
    }

    /// Convolution `layer.weight` of a square kernel, with `layer.bias` where `bias`.
    pub fn convolve(&mut self, x: NodeId, layer: &str, geometry: [i64; 4], bias: bool) -> NodeId {
        self.convolve_groups(x, layer, geometry, 1, bias)
    }

    /// [`Blueprint::convolve`] of groups of channels apart.
    pub fn convolve_groups(&mut self, x: NodeId, layer: &str, geometry: [i64; 4], groups: i64, bias: bool) -> NodeId {
        let [outputs, kernel, stride, padding] = geometry;
        let inputs = self.channels(x).checked_div(groups).unwrap_or(0);
        let (weight, bias) = (format!("{layer}.weight"), bias.then(|| format!("{layer}.bias")));
        self.weight(&weight, &[outputs, inputs, kernel, kernel], bias.as_deref());
        let (kernel, stride, padding) = ([kernel; 2], [stride; 2], [padding; 2]);
        self.push(Op::Conv(Conv { weight, bias, outputs, kernel, stride, padding, dilation: [1, 1], groups }), &[x])
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

    /// Convolution `layer.0` without bias that keeps the size (over `stride`), then BatchNorm `layer.1`.
    pub fn conv_batch_norm(&mut self, x: NodeId, layer: &str, [outputs, kernel, stride]: [i64; 3], groups: i64) -> NodeId {
        let y = self.convolve_groups(x, &format!("{layer}.0"), [outputs, kernel, stride, kernel / 2], groups, false);
        self.batch_norm(y, &format!("{layer}.1"))
    }

    /// LayerNorm of the last dimension.
    pub fn layer_norm(&mut self, x: NodeId, layer: &str, eps: f64) -> NodeId {
        let width = self.width(x);
        let weight = self.parameter(format!("{layer}.weight"), &[width], Init::Constant(1.0));
        let bias = self.parameter(format!("{layer}.bias"), &[width], Init::Constant(0.0));
        let [input, factor, summand] = [0, 1, 2].map(Argument::Tensor);
        let (sides, eps) = (Argument::ints(&[width]), Argument::Float(eps));
        let arguments = vec![("input", input), ("normalized_shape", sides), ("weight", factor), ("bias", summand), ("eps", eps)];
        self.push(call("layer_norm.default", arguments), &[x, weight, bias])
    }

    /// LayerNorm of the channels of each position of images.
    pub fn channel_norm(&mut self, x: NodeId, layer: &str, eps: f64) -> NodeId {
        let y = self.permute(x, &[0, 2, 3, 1]);
        let y = self.layer_norm(y, layer, eps);
        self.permute(y, &[0, 3, 1, 2])
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

    /// Means over `side` times `side` windows that cover all positions.
    pub fn adaptive_avg_pool(&mut self, x: NodeId, side: i64) -> NodeId {
        self.call("adaptive_avg_pool2d.default", x, vec![("output_size", Argument::ints(&[side, side]))])
    }

    /// Mean over all positions: [N, C, H, W] → [N, C].
    pub fn global_avg_pool(&mut self, x: NodeId) -> NodeId {
        let pooled = self.adaptive_avg_pool(x, 1);
        self.flatten(pooled)
    }

    /// One row per image.
    pub fn flatten(&mut self, x: NodeId) -> NodeId {
        self.call("flatten.using_ints", x, vec![("start_dim", Argument::int(1))])
    }

    /// Other sides in the same order; −1: the one that follows from the others.
    pub fn reshape(&mut self, x: NodeId, sides: &[i64]) -> NodeId {
        self.call("reshape.default", x, vec![("shape", Argument::ints(sides))])
    }

    /// Dimensions in another order.
    pub fn permute(&mut self, x: NodeId, order: &[i64]) -> NodeId {
        self.call("permute.default", x, vec![("dims", Argument::ints(order))])
    }

    /// The part at `index` of the dimension `dim`, without that dimension.
    pub fn select(&mut self, x: NodeId, dim: i64, index: i64) -> NodeId {
        self.call("select.int", x, vec![("dim", Argument::int(dim)), ("index", Argument::int(index))])
    }

    /// A tensor [1, T, D] once for each image: [N, T, D].
    pub fn for_each_image(&mut self, x: NodeId) -> NodeId {
        let rest = self.shapes[x].iter().skip(1).map(|&side| Size::Fixed(side));
        let sides = std::iter::once(Size::PerImage(1)).chain(rest).collect();
        self.call("expand.default", x, vec![("size", Argument::Ints(sides))])
    }

    /// Affine map of the last dimension, with bias.
    pub fn linear(&mut self, x: NodeId, layer: &str, outputs: i64) -> NodeId {
        self.affine(x, format!("{layer}.weight"), Some(format!("{layer}.bias")), outputs)
    }

    /// Affine map of the last dimension by tensors of these names.
    pub fn affine(&mut self, x: NodeId, weight: String, bias: Option<String>, outputs: i64) -> NodeId {
        let inputs = self.width(x);
        self.weight(&weight, &[outputs, inputs], bias.as_deref());
        self.push(Op::Linear { weight, bias, inputs, outputs }, &[x])
    }

    /// softmax(q·kᵀ/√d)·v of heads [N, heads, T, d].
    pub fn attention(&mut self, [query, key, value]: [NodeId; 3]) -> NodeId {
        let [q, k, v] = [0, 1, 2].map(Argument::Tensor);
        self.push(call("scaled_dot_product_attention.default", vec![("query", q), ("key", k), ("value", v)]), &[query, key, value])
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

    /// Sum of values of one shape.
    pub fn add(&mut self, a: NodeId, b: NodeId) -> NodeId {
        self.push(Op::Add, &[a, b])
    }

    /// Sum, broadcast.
    pub fn sum(&mut self, a: NodeId, b: NodeId) -> NodeId {
        self.push(call("add.Tensor", vec![("self", Argument::Tensor(0)), ("other", Argument::Tensor(1))]), &[a, b])
    }

    /// Product, broadcast.
    pub fn multiply(&mut self, a: NodeId, b: NodeId) -> NodeId {
        self.push(call("mul.Tensor", vec![("self", Argument::Tensor(0)), ("other", Argument::Tensor(1))]), &[a, b])
    }

    /// Mean of two values.
    pub fn mean(&mut self, a: NodeId, b: NodeId) -> NodeId {
        let sum = self.add(a, b);
        self.call("div.Scalar", sum, vec![("other", Argument::int(2))])
    }

    /// Concatenation along channels, or along tokens [N, T, D].
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
