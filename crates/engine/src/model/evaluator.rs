//! Evaluation of a [`Graph`] on a batch of images.

use std::ops::ControlFlow;

use tch::{Kind, Tensor};

use super::fused_convolution::Convolution;
use super::{Activation, Conv, Graph, ModelError, Node, Op, Tensors, find};

/// PyTorch's default ε of BatchNorm.
pub const BATCH_NORM_EPS: f64 = 1e-5;
/// PyTorch's default momentum of BatchNorm.
pub const BATCH_NORM_MOMENTUM: f64 = 0.1;

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

impl Graph {
    /// Features, logits and the auxiliary output of images `x` [N, C, H, W] under `tensors`.
    ///
    /// # Errors
    /// When a tensor is missing or shapes do not fit.
    pub fn forward(&self, tensors: &Tensors, x: &Tensor, mode: BatchNormMode) -> Result<Output, ModelError> {
        let mut values = self.evaluate(tensors, x, mode, &mut |_, _| Ok(ControlFlow::Continue(())))?;
        match (values[self.features].take(), values[self.logits].take()) {
            (Some(features), Some(logits)) => {
                Ok(Output { features, logits, auxiliary: self.auxiliary.and_then(|node| values[node].take()) })
            }
            (None, _) | (_, None) => Err(ModelError::Mismatch("the graph computes no features or logits".into())),
        }
    }

    /// Values of the outputs for images `x` [N, C, H, W] under `tensors`, each at the place of its node. Before each node is evaluated
    /// `visit` gets it with its inputs; evaluation stops where it breaks.
    ///
    /// # Errors
    /// When a tensor is missing or shapes do not fit, and those of `visit`.
    pub(super) fn evaluate(
        &self,
        tensors: &Tensors,
        x: &Tensor,
        mode: BatchNormMode,
        visit: &mut dyn FnMut(&Node, &[&Tensor]) -> Result<ControlFlow<()>, ModelError>,
    ) -> Result<Vec<Option<Tensor>>, ModelError> {
        let mut values: Vec<Option<Tensor>> = (0..self.nodes.len()).map(|_| None).collect();
        let last = self.features.max(self.logits).max(self.auxiliary.unwrap_or(0));
        for (id, node) in self.nodes.iter().enumerate().take(last + 1) {
            let inputs: Vec<&Tensor> = node.inputs.iter().filter_map(|&from| values[from].as_ref()).collect();
            if visit(node, &inputs)?.is_break() {
                break;
            }
            // Overwriting gives the same values with less memory to write: half of a training step's time goes through memory.
            let value = evaluate(&node.op, &inputs, self.overwritten(id), tensors, x, mode)?;
            values[id] = Some(value);
            for &from in &node.inputs {
                if self.last_use(from) <= id {
                    values[from] = None;
                }
            }
        }
        Ok(values)
    }
}

/// The convolution over the named tensors.
fn convolution<'a>(conv: &Conv, tensors: &'a Tensors) -> Result<Convolution<'a>, ModelError> {
    let bias = conv.bias.as_ref().map(|name| find(tensors, name)).transpose()?;
    Ok(Convolution { weight: find(tensors, &conv.weight)?, bias, stride: conv.stride, padding: conv.padding })
}

/// Value of `op` on `inputs` for images `x`, written over the input numbered `overwritten` where that is given.
fn evaluate(
    op: &Op,
    inputs: &[&Tensor],
    overwritten: Option<usize>,
    tensors: &Tensors,
    x: &Tensor,
    mode: BatchNormMode,
) -> Result<Tensor, ModelError> {
    let input = |k: usize| inputs.get(k).copied().ok_or_else(|| ModelError::Mismatch(format!("{op:?} lacks input {k}")));
    let optional = |name: &Option<String>| name.as_ref().map(|name| find(tensors, name)).transpose();
    Ok(match op {
        Op::Input => x.shallow_clone(),
        Op::Conv(conv) => convolution(conv, tensors)?.of(input(0)?)?,
        Op::FusedConv { conv, sum, relu } => {
            let copy = |other: &Tensor| if overwritten.is_some() { Ok(other.shallow_clone()) } else { other.f_add_scalar(0) };
            let other = if *sum { Some(copy(input(1)?)?) } else { None };
            convolution(conv, tensors)?.fused(input(0)?, other, *relu)?
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
        Op::Activation(Activation::Relu) if overwritten.is_some() => input(0)?.shallow_clone().f_relu_()?,
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
        Op::Linear { weight, bias, .. } => input(0)?.f_linear(find(tensors, weight)?, optional(bias)?)?,
        Op::PadShortcut { pad } => {
            let half = input(0)?.f_slice(2, None, None, 2)?.f_slice(3, None, None, 2)?;
            half.f_constant_pad_nd([0, 0, 0, 0, *pad, *pad])?
        }
        Op::Add if overwritten.is_some() => input(0)?.shallow_clone().f_add_(input(1)?)?,
        Op::Add => input(0)?.f_add(input(1)?)?,
        Op::Concat => Tensor::f_cat(inputs, 1)?,
        Op::Cosine { weight, .. } => {
            let unit = |x: &Tensor| x.f_div(&x.f_norm_scalaropt_dim(2, [1i64].as_slice(), true)?.f_add_scalar(1e-4)?);
            unit(input(0)?)?.f_linear(&unit(find(tensors, weight)?)?, None::<&Tensor>)?
        }
        Op::Distance { weight, .. } => {
            let difference = input(0)?.f_unsqueeze(1)?.f_sub(find(tensors, weight)?)?;
            difference.f_square()?.f_mean_dim([2i64].as_slice(), false, None::<Kind>)?.f_neg()?
        }
    })
}
