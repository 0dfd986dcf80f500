//! [`Op`]: an operation of a network, the tensors that it reads and the shape of its value.

use std::fmt::{Debug, Formatter};
use std::sync::{Arc, Mutex, PoisonError};

use tch::{Device, Kind, Tensor};

use super::ModelError;
use super::operation::{Aliasing, Argument, Arguments, Operation, ParameterKind, find, windows, wrong};

/// A convolution over images with zero padding.
#[derive(Clone, Debug, PartialEq)]
pub struct Conv {
    /// Name of the weight, [O, I / groups, kh, kw].
    pub weight: String,
    /// Name of the bias, `[O]`.
    pub bias: Option<String>,
    /// O
    pub outputs: i64,
    /// [kh, kw]
    pub kernel: [i64; 2],
    /// Stride, [vertical, horizontal].
    pub stride: [i64; 2],
    /// Padding, [above and below, left and right].
    pub padding: [i64; 2],
    /// Distance of the elements of the kernel, [vertical, horizontal].
    pub dilation: [i64; 2],
    /// Groups of channels that are convolved apart.
    pub groups: i64,
}

/// A BatchNorm with running statistics.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchNorm {
    /// Name of the layer, for messages.
    pub layer: String,
    /// Names of γ and β, `[C]`, where it has them.
    pub affine: Option<[String; 2]>,
    /// Names of the running mean and variance, `[C]`.
    pub running: [String; 2],
    /// ε
    pub eps: f64,
    /// Weight of a batch's statistics when running ones move.
    pub momentum: f64,
}

impl BatchNorm {
    /// Over `layer.{weight, bias, running_mean, running_var}` with PyTorch's default ε and momentum.
    pub fn named(layer: &str) -> Self {
        let part = |name: &str| format!("{layer}.{name}");
        let (affine, running) = (Some([part("weight"), part("bias")]), [part("running_mean"), part("running_var")]);
        Self { layer: layer.into(), affine, running, eps: 1e-5, momentum: 0.1 }
    }

    fn names(&self) -> impl Iterator<Item = &String> {
        self.affine.iter().flatten().chain(&self.running)
    }
}

/// A tensor of the network itself, not of its state dict: it is the same for all weights.
#[derive(Clone)]
pub struct Constant {
    /// A mutex, as a `Tensor` is not `Sync`; nothing writes into it.
    tensor: Arc<Mutex<Tensor>>,
    shape: Vec<i64>,
    /// blake3 of its numbers.
    digest: blake3::Hash,
}

impl Constant {
    /// A copy of `tensor`.
    ///
    /// # Errors
    /// When libtorch fails.
    pub fn new(tensor: &Tensor) -> Result<Self, ModelError> {
        let flat = tensor.f_to_kind(Kind::Double)?.f_contiguous()?.f_view([-1])?;
        let values: Vec<f64> = Vec::try_from(&flat)?;
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        Ok(Self { shape: tensor.size(), digest: blake3::hash(&bytes), tensor: Arc::new(Mutex::new(tensor.f_detach_copy()?)) })
    }

    /// Its shape.
    pub fn shape(&self) -> &[i64] {
        &self.shape
    }

    /// The tensor; of floats in the type `kind`.
    ///
    /// # Errors
    /// When libtorch fails.
    pub fn value(&self, kind: Kind) -> Result<Tensor, ModelError> {
        let tensor = self.tensor.lock().unwrap_or_else(PoisonError::into_inner).shallow_clone();
        Ok(if tensor.kind() == Kind::Float { tensor.f_to_kind(kind)? } else { tensor })
    }

    /// The same on `device`.
    ///
    /// # Errors
    /// When libtorch fails.
    pub fn to_device(&self, device: Device) -> Result<Self, ModelError> {
        let tensor = self.tensor.lock().unwrap_or_else(PoisonError::into_inner).f_to_device(device)?;
        Ok(Self { tensor: Arc::new(Mutex::new(tensor)), ..self.clone() })
    }
}

impl PartialEq for Constant {
    fn eq(&self, other: &Self) -> bool {
        (&self.shape, self.digest) == (&other.shape, other.digest)
    }
}

impl Debug for Constant {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        write!(f, "Constant({:?} {})", self.shape, self.digest.to_hex())
    }
}

/// A call of an [`Operation`].
#[derive(Clone)]
pub struct Call {
    /// The operation.
    pub operation: &'static Operation,
    /// By position in its schema; tensors are positions in the inputs of the node.
    pub arguments: Vec<Argument>,
}

impl Call {
    /// The operation called `name` with `given` arguments by name, the others as in its schema.
    ///
    /// # Errors
    /// When there is no such operation, it has no such parameter, an argument is of another kind, or one is missing.
    pub fn new(name: &str, given: Vec<(String, Argument)>) -> Result<Self, String> {
        let operation = find(name).ok_or_else(|| format!("the operation `{name}` is not supported"))?;
        let parameters = &operation.schema.parameters;
        let mut arguments: Vec<Option<Argument>> = parameters.iter().map(|parameter| parameter.default.clone()).collect();
        for (key, argument) in given {
            let known = || parameters.iter().map(|parameter| parameter.name.as_str()).collect::<Vec<_>>().join(", ");
            let index = parameters.iter().position(|parameter| parameter.name == key);
            let index = index.ok_or_else(|| format!("expected arguments {} of `{name}`, found `{key}`", known()))?;
            arguments[index] = Some(parameters[index].accept(argument).map_err(|reason| format!("`{name}`: {reason}"))?);
        }
        let filled = arguments.into_iter().zip(parameters).map(|(argument, parameter)| match argument {
            Some(argument) => Ok(argument),
            None if parameter.optional || parameter.kind == ParameterKind::Unread => Ok(Argument::None),
            None => Err(format!("`{name}` lacks its argument `{}`", parameter.name)),
        });
        Ok(Self { operation, arguments: filled.collect::<Result<_, _>>()? })
    }

    /// The same for a network that is built here; where it is wrong, the evaluation of the call says why.
    pub fn built_in(name: &str, given: Vec<(String, Argument)>) -> Self {
        Self::new(name, given).unwrap_or_else(|reason| Self { operation: wrong(), arguments: vec![Argument::Text(reason)] })
    }

    /// The name of the operation.
    pub fn name(&self) -> &str {
        &self.operation.schema.name
    }

    /// Whether its value depends on the number of images through a size.
    pub fn depends_on_batch(&self) -> bool {
        self.arguments.iter().any(Argument::depends_on_batch)
    }

    /// Its value for `inputs`.
    ///
    /// # Errors
    /// When they do not fit.
    pub fn evaluate(&self, inputs: &[&Tensor], images: i64) -> Result<Tensor, ModelError> {
        let arguments = Arguments { operation: self.operation, values: &self.arguments, inputs, images };
        let named = |error: ModelError| match error {
            ModelError::Mismatch(reason) => ModelError::Mismatch(format!("`{}`: {reason}", self.name())),
            other => other,
        };
        (self.operation.evaluate)(&arguments).map_err(named)
    }

    fn shape(&self, inputs: &[&Vec<i64>], images: i64) -> Result<Vec<i64>, String> {
        let arguments = Arguments { operation: self.operation, values: &self.arguments, inputs, images };
        (self.operation.shape)(&arguments).map_err(|reason| format!("`{}`: {reason}", self.name()))
    }
}

impl PartialEq for Call {
    fn eq(&self, other: &Self) -> bool {
        (self.name(), &self.arguments) == (other.name(), &other.arguments)
    }
}

impl Debug for Call {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{:?}", self.name(), self.arguments)
    }
}

/// An operation of a network. What folding, fusion, heads and directions look for has a variant; everything else is a [`Call`].
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// The images, [N, C, H, W].
    Input,
    /// A tensor of the state dict.
    Tensor {
        /// Its name.
        name: String,
        /// Its shape.
        shape: Vec<i64>,
    },
    /// A tensor of the network itself.
    Constant(Constant),
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
    /// BatchNorm.
    BatchNorm(BatchNorm),
    /// max(x, 0)
    Relu,
    /// Affine map of the last dimension.
    Linear {
        /// Name of the weight, [O, I].
        weight: String,
        /// Name of the bias, `[O]`.
        bias: Option<String>,
        /// I
        inputs: i64,
        /// O
        outputs: i64,
    },
    /// Sum of two nodes of one shape.
    Add,
    /// Any other operation.
    Call(Call),
}

impl Op {
    /// The convolution that it computes, where it is one.
    pub fn convolution(&self) -> Option<&Conv> {
        match self {
            Op::Conv(conv) | Op::FusedConv { conv, .. } => Some(conv),
            Op::Input | Op::Tensor { .. } | Op::Constant(_) | Op::BatchNorm(_) | Op::Relu | Op::Linear { .. } | Op::Add | Op::Call(_) => {
                None
            }
        }
    }

    /// Names of the tensors that it reads: parameters and running statistics.
    pub fn tensor_names(&self) -> Vec<String> {
        match self {
            Op::Conv(Conv { weight, bias, .. })
            | Op::FusedConv { conv: Conv { weight, bias, .. }, .. }
            | Op::Linear { weight, bias, .. } => std::iter::once(weight).chain(bias).cloned().collect(),
            Op::BatchNorm(norm) => norm.names().cloned().collect(),
            Op::Tensor { name, .. } => vec![name.clone()],
            Op::Input | Op::Constant(_) | Op::Relu | Op::Add | Op::Call(_) => Vec::new(),
        }
    }

    /// Gives the tensors that it reads other names.
    pub fn rename(&mut self, new: impl Fn(&str) -> String) {
        match self {
            Op::Conv(Conv { weight, bias, .. })
            | Op::FusedConv { conv: Conv { weight, bias, .. }, .. }
            | Op::Linear { weight, bias, .. } => std::iter::once(weight).chain(bias).for_each(|name| *name = new(name)),
            Op::BatchNorm(norm) => {
                norm.layer = new(&norm.layer);
                norm.affine.iter_mut().flatten().chain(&mut norm.running).for_each(|name| *name = new(name));
            }
            Op::Tensor { name, .. } => *name = new(name),
            Op::Input | Op::Constant(_) | Op::Relu | Op::Add | Op::Call(_) => {}
        }
    }

    /// Whether its value may share memory with an input.
    pub fn aliases(&self) -> bool {
        match self {
            Op::Call(call) => call.operation.schema.aliasing != Aliasing::Fresh,
            Op::Input
            | Op::Tensor { .. }
            | Op::Constant(_)
            | Op::Conv(_)
            | Op::FusedConv { .. }
            | Op::BatchNorm(_)
            | Op::Relu
            | Op::Linear { .. }
            | Op::Add => false,
        }
    }

    /// Shape of its value for a batch of `images`, from the shapes of its `inputs` and of one `input` of the network.
    ///
    /// # Errors
    /// When they do not fit.
    pub fn shape(&self, inputs: &[&Vec<i64>], input: &[i64], images: i64) -> Result<Vec<i64>, String> {
        let first = || inputs.first().copied().ok_or_else(|| format!("{self:?} lacks its input"));
        match self {
            Op::Input => Ok(std::iter::once(images).chain(input.iter().copied()).collect()),
            Op::Tensor { shape, .. } => Ok(shape.clone()),
            Op::Constant(constant) => Ok(constant.shape().to_vec()),
            Op::Conv(conv) | Op::FusedConv { conv, .. } => {
                let &[n, _, height, width] = first()?.as_slice() else {
                    return Err(format!("expected images [N, C, H, W] for the convolution `{}`, found {:?}", conv.weight, first()?));
                };
                let side = |k: usize, side: i64| windows(side, conv.kernel[k], conv.stride[k], conv.padding[k], conv.dilation[k]);
                Ok(vec![n, conv.outputs, side(0, height)?, side(1, width)?])
            }
            Op::Linear { weight, inputs: width, outputs, .. } => {
                let mut shape = first()?.clone();
                match shape.last_mut() {
                    Some(last) if last == width => *last = *outputs,
                    Some(_) | None => {
                        return Err(format!("expected {width} values for the affine map `{weight}`, found the shape {shape:?}"));
                    }
                }
                Ok(shape)
            }
            Op::BatchNorm(_) | Op::Relu | Op::Add => first().cloned(),
            Op::Call(call) => call.shape(inputs, images),
        }
    }
}
