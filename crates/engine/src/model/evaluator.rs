//! Evaluation of a [`Graph`] on a batch of images.

use std::ops::ControlFlow;

use tch::Tensor;

use super::fused_convolution::Convolution;
use super::{BatchNorm, Conv, Graph, ModelError, Node, Op, Tensors, find};

/// How BatchNorm behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchNormMode {
    /// Running statistics (evaluation).
    Frozen,
    /// Statistics of the batch (training).
    Batch {
        /// Whether the running statistics move, in place, by the momentum of each layer.
        update: bool,
    },
    /// Statistics of the batch; the running ones become, in place, the mean of this batch's and those of the `seen` before it.
    Accumulate {
        /// Batches before this one.
        seen: u32,
    },
}

/// Output of a network for a batch.
#[derive(Debug)]
pub struct Output {
    /// Penultimate features, [N, D].
    pub features: Tensor,
    /// Logits, [N, C].
    pub logits: Tensor,
    /// Auxiliary output of a [`Head`](super::architecture::Head): [N, 1] or [N, C].
    pub auxiliary: Option<Tensor>,
}

impl Output {
    /// The auxiliary output of the head.
    ///
    /// # Errors
    /// When the network has no such head.
    pub fn need_auxiliary(&self) -> Result<&Tensor, ModelError> {
        self.auxiliary
            .as_ref()
            .ok_or_else(|| ModelError::Mismatch("expected a network with a head of its method, found a plain one".into()))
    }
}

/// Called with each node and its inputs before it is evaluated.
type Visit<'a> = dyn FnMut(&Node, &[&Tensor]) -> Result<ControlFlow<()>, ModelError> + 'a;

impl Graph {
    /// Features, logits and the auxiliary output of images `x` [N, C, H, W] under `tensors`.
    ///
    /// # Errors
    /// When a tensor is missing or shapes do not fit.
    pub fn forward(&self, tensors: &Tensors, x: &Tensor, mode: BatchNormMode) -> Result<Output, ModelError> {
        let values = self.evaluate(tensors, x, mode, &mut |_, _| Ok(ControlFlow::Continue(())))?;
        let value = |node: usize| values[node].as_ref().map(Tensor::shallow_clone);
        match (value(self.features), value(self.logits)) {
            (Some(features), Some(logits)) => Ok(Output { features, logits, auxiliary: self.auxiliary.and_then(value) }),
            (None, _) | (_, None) => Err(ModelError::Mismatch("the graph computes no features or logits".into())),
        }
    }

    /// Logits [N, C] of penultimate features [N, D].
    ///
    /// # Errors
    /// When the logits depend on the images also otherwise than by the features, a tensor is missing, or shapes do not fit.
    pub fn logits_of_features(&self, tensors: &Tensors, features: &Tensor) -> Result<Tensor, ModelError> {
        let mut needed = vec![false; self.nodes.len()];
        let mut pending = vec![self.logits];
        while let Some(id) = pending.pop() {
            let node = &self.nodes[id];
            if id != self.features && matches!(node.op, Op::Input) {
                return Err(ModelError::Mismatch("its logits depend on the images also otherwise than by the features".into()));
            }
            if !std::mem::replace(&mut needed[id], true) && id != self.features {
                pending.extend(&node.inputs);
            }
        }
        let mut values: Vec<Option<Tensor>> = (0..self.nodes.len()).map(|_| None).collect();
        for (id, node) in self.nodes.iter().enumerate().filter(|(id, _)| needed[*id]) {
            let inputs: Vec<&Tensor> = node.inputs.iter().filter_map(|&from| values[from].as_ref()).collect();
            values[id] = Some(if id == self.features {
                features.shallow_clone()
            } else {
                evaluate(&node.op, &inputs, None, tensors, features, BatchNormMode::Frozen)?
            });
        }
        values[self.logits].take().ok_or_else(|| ModelError::Mismatch("the graph computes no logits".into()))
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
        visit: &mut Visit<'_>,
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
fn convolution<'a>(conv: &'a Conv, tensors: &'a Tensors) -> Result<Convolution<'a>, ModelError> {
    let bias = conv.bias.as_ref().map(|name| find(tensors, name)).transpose()?;
    Ok(Convolution { weight: find(tensors, &conv.weight)?, bias, geometry: conv })
}

fn batch_norm(norm: &BatchNorm, x: &Tensor, tensors: &Tensors, mode: BatchNormMode) -> Result<Tensor, ModelError> {
    let (training, momentum) = match mode {
        BatchNormMode::Frozen => (false, 0.0),
        BatchNormMode::Batch { update } => (true, if update { norm.momentum } else { 0.0 }),
        BatchNormMode::Accumulate { seen } => (true, 1.0 / (f64::from(seen) + 1.0)),
    };
    let affine = |k: usize| norm.affine.as_ref().map(|names| find(tensors, &names[k])).transpose();
    let [mean, variance] = &norm.running;
    let running = (Some(find(tensors, mean)?), Some(find(tensors, variance)?));
    Ok(x.f_batch_norm(affine(0)?, affine(1)?, running.0, running.1, training, momentum, norm.eps, true)?)
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
    Ok(match op {
        Op::Input => x.shallow_clone(),
        Op::Tensor { name, .. } => find(tensors, name)?.shallow_clone(),
        Op::Constant(constant) => constant.value(x.kind())?,
        Op::Conv(conv) => convolution(conv, tensors)?.of(input(0)?)?,
        Op::FusedConv { conv, sum, relu } => {
            let copy = |other: &Tensor| if overwritten.is_some() { Ok(other.shallow_clone()) } else { other.f_add_scalar(0) };
            let other = if *sum { Some(copy(input(1)?)?) } else { None };
            convolution(conv, tensors)?.fused(input(0)?, other, *relu)?
        }
        Op::BatchNorm(norm) => batch_norm(norm, input(0)?, tensors, mode)?,
        Op::Relu if overwritten.is_some() => input(0)?.shallow_clone().f_relu_()?,
        Op::Relu => input(0)?.f_relu()?,
        Op::Linear { weight, bias, .. } => {
            let bias = bias.as_ref().map(|name| find(tensors, name)).transpose()?;
            input(0)?.f_linear(find(tensors, weight)?, bias)?
        }
        Op::Add if overwritten.is_some() => input(0)?.shallow_clone().f_add_(input(1)?)?,
        Op::Add => input(0)?.f_add(input(1)?)?,
        // What reads no value was created on the CPU.
        Op::Call(call) if inputs.is_empty() => call.evaluate(inputs, images(x))?.f_to_device(x.device())?,
        Op::Call(call) => call.evaluate(inputs, images(x))?,
    })
}

/// Number of images of a batch.
fn images(x: &Tensor) -> i64 {
    x.size().first().copied().unwrap_or(0)
}
