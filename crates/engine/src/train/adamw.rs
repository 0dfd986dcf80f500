//! [`AdamW`]: torch.optim.AdamW without AMSGrad (Loshchilov & Hutter 2019, arXiv 1711.05101, algorithm 2).

use tch::{Tensor, no_grad};

use crate::method::ParameterRule;
use crate::model::ModelError;

/// AdamW with its averages, in the order of the parameters.
#[derive(Debug)]
pub struct AdamW {
    betas: [f64; 2],
    eps: f64,
    weight_decay: f64,
    first_lr: f64,
    rules: Vec<ParameterRule>,
    /// Steps done.
    pub steps: usize,
    /// Average gradient of each parameter; empty before the first step.
    pub exp_avg: Vec<Tensor>,
    /// Average square of the gradient; empty before the first step.
    pub exp_avg_sq: Vec<Tensor>,
}

impl AdamW {
    /// Before the first step, at learning rate `first_lr`; a rule per parameter.
    pub fn new(betas: [f64; 2], eps: f64, weight_decay: f64, first_lr: f64, rules: Vec<ParameterRule>) -> Self {
        Self { betas, eps, weight_decay, first_lr, rules, steps: 0, exp_avg: Vec::new(), exp_avg_sq: Vec::new() }
    }

    /// Resets the state.
    pub fn forget(&mut self) {
        self.steps = 0;
        self.exp_avg.clear();
        self.exp_avg_sq.clear();
    }

    /// θ ← (1 − lr·wd)·θ; m ← m + (1 − β₁)(g − m); v ← β₂·v + (1 − β₂)·g²; θ ← θ − lr/(1 − β₁ᵗ) · m/(√v/√(1 − β₂ᵗ) + eps). The order of
    /// operations is that of PyTorch's `_single_tensor_adam`: the same bits on a CPU.
    ///
    /// # Errors
    /// When shapes do not fit.
    pub fn step(&mut self, parameters: &mut [Tensor], gradients: &[Tensor], lr: f64) -> Result<(), ModelError> {
        no_grad(|| {
            if self.exp_avg.is_empty() {
                for parameter in parameters.iter() {
                    self.exp_avg.push(parameter.f_zeros_like()?);
                    self.exp_avg_sq.push(parameter.f_zeros_like()?);
                }
            }
            self.steps += 1;
            let [beta1, beta2] = self.betas;
            let correction = |beta: f64| 1.0 - beta.powf(self.steps as f64);
            let (first, second) = (correction(beta1), correction(beta2).sqrt());
            for (k, (parameter, gradient)) in parameters.iter_mut().zip(gradients).enumerate() {
                let rule = self.rules.get(k).copied().unwrap_or_default();
                let lr = if rule.scheduled { lr } else { self.first_lr };
                if rule.weight_decay && self.weight_decay != 0.0 {
                    let _ = parameter.f_mul_scalar_(1.0 - lr * self.weight_decay)?;
                }
                let _ = self.exp_avg[k].f_lerp_(gradient, 1.0 - beta1)?;
                // tch has no `value` of addcmul and addcdiv: it multiplies the first factor, as the kernels do.
                let square = &mut self.exp_avg_sq[k];
                let _ = square.f_mul_scalar_(beta2)?.f_addcmul_(&gradient.f_mul_scalar(1.0 - beta2)?, gradient)?;
                let denominator = square.f_sqrt()?.f_div_scalar(second)?.f_add_scalar(self.eps)?;
                let step = self.exp_avg[k].f_mul_scalar(-(lr / first))?;
                let _ = parameter.f_addcdiv_(&step, &denominator)?;
            }
            Ok(())
        })
    }
}
