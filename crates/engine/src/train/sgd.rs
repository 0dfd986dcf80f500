//! [`Sgd`]: torch.optim.SGD, dampening 0.

use tch::{Tensor, no_grad};

use crate::method::ParameterRule;
use crate::model::ModelError;

/// SGD with its momentum buffers, in the order of the parameters.
#[derive(Debug)]
pub struct Sgd {
    momentum: f64,
    nesterov: bool,
    weight_decay: f64,
    first_lr: f64,
    rules: Vec<ParameterRule>,
    /// One buffer per parameter; empty before the first step.
    pub buffers: Vec<Tensor>,
}

impl Sgd {
    /// Before the first step, at learning rate `first_lr`; a rule per parameter.
    pub fn new([momentum, weight_decay]: [f64; 2], nesterov: bool, first_lr: f64, rules: Vec<ParameterRule>) -> Self {
        Self { momentum, nesterov, weight_decay, first_lr, rules, buffers: Vec::new() }
    }

    /// d = g + wd·θ; buffer = momentum·buffer + d (d itself at first); θ −= lr·(d + momentum·buffer) with Nesterov, else lr·buffer.
    /// Products are added without rounding in between, as PyTorch's `add` with `alpha` does: the same bits as torch.optim.SGD.
    ///
    /// # Errors
    /// When shapes do not fit.
    pub fn step(&mut self, parameters: &mut [Tensor], gradients: &[Tensor], lr: f64) -> Result<(), ModelError> {
        no_grad(|| {
            let first = self.buffers.is_empty();
            let Some(like) = parameters.first().map(|parameter| (parameter.kind(), parameter.device())) else { return Ok(()) };
            let factor = |value: f64| Tensor::from(value).f_to_device(like.1)?.f_to_kind(like.0);
            let (weight_decay, momentum) = (factor(self.weight_decay)?, factor(self.momentum)?);
            let (minus_lr, minus_first_lr) = (factor(-lr)?, factor(-self.first_lr)?);
            for (k, (parameter, gradient)) in parameters.iter_mut().zip(gradients).enumerate() {
                let rule = self.rules.get(k).copied().unwrap_or_default();
                let minus_lr = if rule.scheduled { &minus_lr } else { &minus_first_lr };
                let d = if rule.weight_decay { gradient.f_addcmul(parameter, &weight_decay)? } else { copy(gradient)? };
                if first {
                    self.buffers.push(copy(&d)?);
                } else {
                    let next = self.buffers[k].f_mul_scalar(self.momentum)?.f_add(&d)?;
                    self.buffers[k] = next;
                }
                let buffer = &self.buffers[k];
                let direction = if self.nesterov { d.f_addcmul(buffer, &momentum)? } else { buffer.shallow_clone() };
                let _ = parameter.f_addcmul_(&direction, minus_lr)?;
            }
            Ok(())
        })
    }
}

/// A tensor of its own with the same values.
///
/// # Errors
/// When there is no memory.
pub fn copy(tensor: &Tensor) -> Result<Tensor, ModelError> {
    let mut copy = tensor.detach().f_zeros_like()?;
    copy.f_copy_(tensor)?;
    Ok(copy)
}
