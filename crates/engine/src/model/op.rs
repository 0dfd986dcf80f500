//! [`Op`]: an operation of a network, the tensors that it reads and the shape of its value.

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

/// A convolution with a square kernel, equal strides and zero padding.
#[derive(Clone, Debug, PartialEq)]
pub struct Conv {
    /// Name of the weight, [O, I, k, k].
    pub weight: String,
    /// Name of the bias, `[O]`.
    pub bias: Option<String>,
    /// O
    pub outputs: i64,
    /// k
    pub kernel: i64,
    /// Stride.
    pub stride: i64,
    /// Padding.
    pub padding: i64,
}

/// An operation.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// The images, [N, C, H, W].
    Input,
    /// A convolution.
    Conv(Conv),
    /// A convolution, the sum with a second node where `sum`, and ReLU where `relu`, in one pass: only in folded graphs.
    FusedConv {
        /// The convolution.
        conv: Conv,
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
        /// Name of the bias, `[O]`.
        bias: Option<String>,
        /// O
        outputs: i64,
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
        /// O
        outputs: i64,
    },
    /// −mean of the squared differences between rows and those of a weight.
    Distance {
        /// Name of the weight, [O, I].
        weight: String,
        /// O
        outputs: i64,
    },
}

impl Op {
    /// The convolution that it computes, where it is one.
    pub fn convolution(&self) -> Option<&Conv> {
        match self {
            Op::Conv(conv) | Op::FusedConv { conv, .. } => Some(conv),
            Op::Input
            | Op::BatchNorm { .. }
            | Op::Activation(_)
            | Op::MaxPool { .. }
            | Op::AvgPool { .. }
            | Op::GlobalAvgPool
            | Op::Flatten
            | Op::Linear { .. }
            | Op::PadShortcut { .. }
            | Op::Add
            | Op::Concat
            | Op::Cosine { .. }
            | Op::Distance { .. } => None,
        }
    }

    /// Names of the tensors that it reads: parameters and running statistics.
    pub fn tensor_names(&self) -> Vec<String> {
        match self {
            Op::Conv(Conv { weight, bias, .. })
            | Op::FusedConv { conv: Conv { weight, bias, .. }, .. }
            | Op::Linear { weight, bias, .. } => std::iter::once(weight).chain(bias).cloned().collect(),
            Op::Cosine { weight, .. } | Op::Distance { weight, .. } => vec![weight.clone()],
            Op::BatchNorm { prefix } => ["weight", "bias", "running_mean", "running_var"].map(|part| format!("{prefix}.{part}")).into(),
            Op::Input
            | Op::Activation(_)
            | Op::MaxPool { .. }
            | Op::AvgPool { .. }
            | Op::GlobalAvgPool
            | Op::Flatten
            | Op::PadShortcut { .. }
            | Op::Add
            | Op::Concat => Vec::new(),
        }
    }

    /// Gives the tensors that it reads other names.
    pub fn rename(&mut self, new: impl Fn(&str) -> String) {
        match self {
            Op::Conv(Conv { weight, bias, .. })
            | Op::FusedConv { conv: Conv { weight, bias, .. }, .. }
            | Op::Linear { weight, bias, .. } => {
                *weight = new(weight);
                if let Some(bias) = bias {
                    *bias = new(bias);
                }
            }
            Op::Cosine { weight, .. } | Op::Distance { weight, .. } => *weight = new(weight),
            Op::BatchNorm { prefix } => *prefix = new(prefix),
            Op::Input
            | Op::Activation(_)
            | Op::MaxPool { .. }
            | Op::AvgPool { .. }
            | Op::GlobalAvgPool
            | Op::Flatten
            | Op::PadShortcut { .. }
            | Op::Add
            | Op::Concat => {}
        }
    }

    /// Shape of its value for one image, [C, H, W], or [D, 1, 1] once flat, from the shapes of its `inputs` and of the network's `image`.
    pub fn shape(&self, inputs: &[[i64; 3]], image: [i64; 3]) -> [i64; 3] {
        let first = inputs.first().copied().unwrap_or(image);
        let [channels, height, width] = first;
        let windows = |size: i64, stride: i64, padding: i64| [height, width].map(|side| ((side + 2 * padding - size) / stride + 1).max(1));
        match self {
            Op::Input => image,
            Op::Conv(conv) | Op::FusedConv { conv, .. } => {
                let [height, width] = windows(conv.kernel, conv.stride, conv.padding);
                [conv.outputs, height, width]
            }
            Op::MaxPool { size, stride, padding } => {
                let [height, width] = windows(*size, *stride, *padding);
                [channels, height, width]
            }
            Op::AvgPool { size } => [channels, (height / size).max(1), (width / size).max(1)],
            Op::GlobalAvgPool => [channels, 1, 1],
            Op::Flatten => [channels * height * width, 1, 1],
            Op::Linear { outputs, .. } | Op::Cosine { outputs, .. } | Op::Distance { outputs, .. } => [*outputs, 1, 1],
            Op::PadShortcut { pad } => [channels + 2 * pad, (height + 1) / 2, (width + 1) / 2],
            Op::Concat => [inputs.iter().map(|shape| shape[0]).sum(), height, width],
            Op::BatchNorm { .. } | Op::Activation(_) | Op::Add => first,
        }
    }
}
