//! A convolution with a sum and ReLU in one pass over memory, where oneDNN is available; elsewhere three operations.
//!
//! libtorch registers oneDNN's fused operators without C++ functions for them, so they are called through a TorchScript module, which
//! `fused_convolution/make.py` creates.

use tch::{CModule, Device, IValue, Kind, Tensor};

use super::operation::conv2d;
use super::{Conv, ModelError};

thread_local! {
    /// `None` where libtorch is built without oneDNN.
    static ONEDNN: Option<CModule> = CModule::load_data(&mut include_bytes!("fused_convolution/fused_convolution.pt").as_slice()).ok();
}

/// The weight [O, I, k, k] in oneDNN's own layout, which it would otherwise create twice in each forward pass; `None` where oneDNN does not
/// support it. Only [`Convolution`] reads it. (ResNet-18, batches of 32, one core: 216 ms a batch, 194 ms with packed weights; in bf16
/// 46 ms and 37 ms. The results are the same bits.)
///
/// # Errors
/// When libtorch fails.
pub(super) fn packed(weight: &Tensor, conv: &Conv) -> Result<Option<Tensor>, ModelError> {
    if !has_onednn(weight) {
        return Ok(None);
    }
    let size: Option<&[i64]> = None;
    Ok(Some(weight.f_to_mkldnn(weight.kind())?.f_mkldnn_reorder_conv2d_weight(
        conv.padding,
        conv.stride,
        conv.dilation,
        conv.groups,
        size,
    )?))
}

fn has_onednn(x: &Tensor) -> bool {
    x.device() == Device::Cpu && matches!(x.kind(), Kind::Float | Kind::BFloat16) && ONEDNN.with(Option::is_some)
}

/// A convolution's tensors and geometry.
pub(super) struct Convolution<'a> {
    /// [O, I, k, k], plain or [`packed`].
    pub weight: &'a Tensor,
    /// [O]
    pub bias: Option<&'a Tensor>,
    /// Stride, padding, dilation and groups.
    pub geometry: &'a Conv,
}

impl Convolution<'_> {
    /// conv(x) + bias.
    ///
    /// # Errors
    /// When shapes do not fit.
    pub fn of(&self, x: &Tensor) -> Result<Tensor, ModelError> {
        if self.weight.is_mkldnn() {
            return ONEDNN.with(|module| match module {
                Some(module) => self.onednn(module, x, None, false),
                None => Err(ModelError::Mismatch("expected oneDNN for a packed weight, found none".into())),
            });
        }
        let Conv { stride, padding, dilation, groups, .. } = self.geometry;
        conv2d(x, self.weight, self.bias, [stride, padding, dilation], *groups)
    }

    /// conv(x) + bias, plus `other` where given, which is overwritten; then max(·, 0) where `relu`. Records no gradients.
    ///
    /// # Errors
    /// When shapes do not fit.
    pub fn fused(&self, x: &Tensor, other: Option<Tensor>, relu: bool) -> Result<Tensor, ModelError> {
        ONEDNN.with(|module| match module {
            Some(module) if has_onednn(x) && (relu || other.is_some()) => self.onednn(module, x, other, relu),
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
            IValue::IntList(self.geometry.stride.into()),
            IValue::IntList(self.geometry.padding.into()),
            IValue::IntList(self.geometry.dilation.into()),
            IValue::Int(self.geometry.groups),
        ];
        let answer = match other {
            None => module.method_is(if relu { "conv_relu" } else { "conv" }, &arguments)?,
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
        let x = random(&[5, 8, 8, 4]).permute([0, 3, 1, 2]);
        let bias = random(&[6]);
        for (stride, dilation, groups, bias) in [(1, 1, 1, Some(&bias)), (2, 1, 1, None), (1, 2, 2, Some(&bias))] {
            let weight = random(&[6, 4 / groups, 3, 3]);
            let geometry = Conv {
                weight: "w".into(),
                bias: None,
                outputs: 6,
                kernel: [3, 3],
                stride: [stride; 2],
                padding: [1, 1],
                dilation: [dilation; 2],
                groups,
            };
            let convolution = Convolution { weight: &weight, bias, geometry: &geometry };
            let plain = convolution.of(&x).unwrap();
            let close = |found: &Tensor, expected: &Tensor| (found - expected).abs().max().double_value(&[]) < 1e-5;
            assert!(close(&convolution.fused(&x, None, true).unwrap(), &plain.relu()));
            assert!(close(&convolution.fused(&x, None, false).unwrap(), &plain));
            let other = random(&plain.size());
            assert!(close(&convolution.fused(&x, Some(other.copy()), true).unwrap(), &(&plain + &other).relu()));
            assert!(close(&convolution.fused(&x, Some(other.copy()), false).unwrap(), &(&plain + &other)));
            let weight = packed(&weight, &geometry).unwrap().unwrap();
            let packed = Convolution { weight: &weight, ..convolution };
            assert!(close(&packed.of(&x).unwrap(), &plain));
            for relu in [true, false] {
                assert_eq!(packed.fused(&x, None, relu).unwrap(), convolution.fused(&x, None, relu).unwrap(), "the same bits");
                let sum = |convolution: &Convolution<'_>| convolution.fused(&x, Some(other.copy()), relu).unwrap();
                assert_eq!(sum(&packed), sum(&convolution), "the same bits");
            }
        }
    }
}
