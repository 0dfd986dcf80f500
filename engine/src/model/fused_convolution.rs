//! A convolution with its sum and ReLU in one pass over memory, where oneDNN has one; the same three operations elsewhere.
//!
//! libtorch registers oneDNN's fused operators but names them in no C++ function, so they are reached through the TorchScript
//! of `fused_convolution/make.py`.

use tch::{CModule, Device, IValue, Kind, Tensor};

use super::ModelError;

thread_local! {
    /// `None` where libtorch is built without oneDNN.
    static ONEDNN: Option<CModule> = CModule::load_data(&mut include_bytes!("fused_convolution/fused_convolution.pt").as_slice()).ok();
}

/// A convolution's tensors and geometry.
pub(super) struct Convolution<'a> {
    /// [O, I, k, k]
    pub weight: &'a Tensor,
    /// [O]
    pub bias: Option<&'a Tensor>,
    /// Both strides.
    pub stride: i64,
    /// Padding on all sides.
    pub padding: i64,
}

impl Convolution<'_> {
    /// conv(x) + bias.
    ///
    /// # Errors
    /// When shapes do not fit.
    pub fn of(&self, x: &Tensor) -> Result<Tensor, ModelError> {
        Ok(x.f_conv2d(self.weight, self.bias, [self.stride; 2], [self.padding; 2], [1, 1], 1)?)
    }

    /// conv(x) + bias, plus `other` where given, which is overwritten; then max(·, 0) where `relu`. Records no gradients.
    ///
    /// # Errors
    /// When shapes do not fit.
    pub fn fused(&self, x: &Tensor, other: Option<Tensor>, relu: bool) -> Result<Tensor, ModelError> {
        ONEDNN.with(|module| match module {
            Some(module) if x.device() == Device::Cpu && matches!(x.kind(), Kind::Float | Kind::BFloat16) => {
                self.onednn(module, x, other, relu)
            }
            _ => {
                let mut y = self.of(x)?;
                if let Some(other) = other {
                    y = y.f_add_(&other)?;
                }
                Ok(if relu { y.f_relu_()? } else { y })
            }
        })
    }

    fn onednn(&self, module: &CModule, x: &Tensor, other: Option<Tensor>, relu: bool) -> Result<Tensor, ModelError> {
        let mut arguments = vec![
            IValue::Tensor(x.shallow_clone()),
            IValue::Tensor(self.weight.shallow_clone()),
            self.bias.map_or(IValue::None, |bias| IValue::Tensor(bias.shallow_clone())),
            IValue::IntList(vec![self.stride; 2]),
            IValue::IntList(vec![self.padding; 2]),
        ];
        let answer = match other {
            None if !relu => return self.of(x),
            None => module.method_is("conv_relu", &arguments)?,
            Some(other) => {
                arguments.push(IValue::Tensor(other));
                arguments.push(if relu { IValue::String("relu".into()) } else { IValue::None });
                module.method_is("conv_add", &arguments)?
            }
        };
        match answer {
            IValue::Tensor(y) => Ok(y),
            other => Err(ModelError::Mismatch(format!("expected a tensor from the fused convolution, found {other:?}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn random(shape: &[i64]) -> Tensor {
        Tensor::randn(shape, (Kind::Float, Device::Cpu))
    }

    #[test]
    fn this_libtorch_has_onednn() {
        ONEDNN.with(|module| assert!(module.is_some()));
    }

    #[test]
    fn fused_is_convolution_then_sum_then_relu() {
        let x = random(&[5, 8, 8, 3]).permute([0, 3, 1, 2]);
        let (weight, bias) = (random(&[4, 3, 3, 3]), random(&[4]));
        for (stride, bias) in [(1, Some(&bias)), (2, None)] {
            let convolution = Convolution { weight: &weight, bias, stride, padding: 1 };
            let plain = convolution.of(&x).unwrap();
            let close = |found: &Tensor, expected: &Tensor| (found - expected).abs().max().double_value(&[]) < 1e-5;
            assert!(close(&convolution.fused(&x, None, true).unwrap(), &plain.relu()));
            assert!(close(&convolution.fused(&x, None, false).unwrap(), &plain));
            let other = random(&plain.size());
            assert!(close(&convolution.fused(&x, Some(other.copy()), true).unwrap(), &(&plain + &other).relu()));
            assert!(close(&convolution.fused(&x, Some(other.copy()), false).unwrap(), &(&plain + &other)));
        }
    }
}
