//! [`conv2d`]: a convolution whose gradient is right where that of libtorch is not.

use tch::{Device, Tensor};

use crate::model::ModelError;

/// Channels from which the gradient of libtorch is right: floats in the widest vector of a CPU.
const VECTOR: i64 = 16;

/// Whether libtorch computes a wrong gradient of this convolution. On a CPU, for images [N, C, H, W] with channels innermost in memory, oneDNN
/// writes past the end of a buffer in the gradient of a 1x1 convolution of fewer channels than a vector has floats, at every s-th position:
/// that ends the process, or changes other numbers (libtorch 2.11, no groups).
fn has_faulty_gradient(operands: [Option<&Tensor>; 3], stride: &[i64], padding: &[i64], groups: i64) -> bool {
    let [Some(x), Some(weight), _] = operands else { return false };
    let needs_gradient = operands.into_iter().flatten().any(Tensor::requires_grad);
    let is_pointwise =
        matches!(weight.size().as_slice(), &[_, channels, 1, 1] if channels < VECTOR) && padding.iter().all(|&side| side == 0);
    needs_gradient && x.device() == Device::Cpu && is_pointwise && groups == 1 && stride.iter().any(|&step| step > 1)
}

/// The convolution of images `x` [N, C, H, W] or [C, H, W] with `weight` [O, C / groups, kh, kw] and zero padding. Where its gradient would be
/// wrong, it is computed with stride 1 from the positions that it reads, which is the same.
///
/// # Errors
/// When shapes do not fit.
pub fn conv2d(
    x: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    [stride, padding, dilation]: [&[i64]; 3],
    groups: i64,
) -> Result<Tensor, ModelError> {
    match stride {
        &[vertical, horizontal] if has_faulty_gradient([Some(x), Some(weight), bias], stride, padding, groups) => {
            let read = x.f_slice(-2, None, None, vertical)?.f_slice(-1, None, None, horizontal)?;
            Ok(read.f_conv2d(weight, bias, [1, 1], padding, dilation, groups)?)
        }
        _ => Ok(x.f_conv2d(weight, bias, stride, padding, dilation, groups)?),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use tch::Kind;

    use super::*;

    const PLAIN: (Kind, Device) = (Kind::Float, Device::Cpu);

    fn difference(a: &Tensor, b: &Tensor) -> f64 {
        assert_eq!(a.size(), b.size());
        (a - b).abs().max().double_value(&[]) / b.abs().max().double_value(&[])
    }

    /// Images [N, C, H, W] with channels innermost in memory.
    fn images(shape: [i64; 4]) -> Tensor {
        let [n, channels, height, width] = shape;
        Tensor::randn([n, height, width, channels], PLAIN).permute([0, 3, 1, 2])
    }

    /// Value and gradients by images and weight of the sum of cubes, by `convolve`.
    fn with_gradients(x: &Tensor, weight: &Tensor, convolve: impl Fn(&Tensor, &Tensor) -> Tensor) -> [Tensor; 3] {
        let leaves = [x, weight].map(|tensor| tensor.detach().set_requires_grad(true));
        let y = convolve(&leaves[0], &leaves[1]);
        let gradients = Tensor::run_backward(&[y.pow_tensor_scalar(3).sum(Kind::Float)], &leaves, false, false);
        [y.detach(), gradients[0].shallow_clone(), gradients[1].shallow_clone()]
    }

    /// oneDNN wrote past a buffer in each of these: after a few rounds the process ended.
    #[test]
    fn strided_convolutions_of_few_channels_have_the_gradients_of_contiguous_images_again_and_again() {
        for round in 0..6 {
            for (channels, outputs, side, stride) in
                [(3, 48, 256, [2, 2]), (4, 16, 33, [2, 2]), (8, 8, 128, [2, 1]), (8, 8, 128, [1, 2]), (15, 5, 64, [3, 3])]
            {
                let (x, weight) = (images([2, channels, side, side]), Tensor::randn([outputs, channels, 1, 1], PLAIN));
                let of = |x: &Tensor, weight: &Tensor| conv2d(x, weight, None, [&stride, &[0, 0], &[1, 1]], 1).unwrap();
                let found = with_gradients(&x, &weight, of);
                // Images with positions innermost have a right gradient in libtorch.
                let contiguous = |x: &Tensor, weight: &Tensor| x.conv2d(weight, None::<&Tensor>, stride, [0, 0], [1, 1], 1);
                let expected = with_gradients(&x.contiguous(), &weight, contiguous);
                for (found, expected) in found.iter().zip(&expected) {
                    assert!(difference(found, expected) < 1e-5, "round {round}, {channels} channels, stride {stride:?}");
                }
            }
        }
    }

    #[test]
    fn the_value_with_a_gradient_is_the_value_without() {
        for (channels, outputs, side) in [(3, 48, 64), (8, 8, 17), (12, 7, 33)] {
            let (x, weight, bias) =
                (images([4, channels, side, side]), Tensor::randn([outputs, channels, 1, 1], PLAIN), Tensor::randn([outputs], PLAIN));
            let of = |weight: &Tensor| conv2d(&x, weight, Some(&bias), [&[2, 2], &[0, 0], &[1, 1]], 1).unwrap();
            let plain = of(&weight);
            assert!(difference(&of(&weight.set_requires_grad(true)).detach(), &plain) < 1e-6, "{channels} channels");
        }
    }

    #[test]
    fn second_derivatives_are_those_of_contiguous_images() {
        let (x, weight) = (images([2, 3, 64, 64]), Tensor::randn([8, 3, 1, 1], PLAIN));
        let curvature = |x: &Tensor, convolve: &dyn Fn(&Tensor, &Tensor) -> Tensor| {
            let leaves = [x, &weight].map(|tensor| tensor.detach().set_requires_grad(true));
            let cubes = convolve(&leaves[0], &leaves[1]).pow_tensor_scalar(3).sum(Kind::Float);
            let first = Tensor::run_backward(&[cubes], &leaves, true, true);
            let squares = first.iter().map(|slope| slope.square().sum(Kind::Float)).reduce(|sum, one| sum + one).unwrap();
            Tensor::run_backward(&[squares], &leaves, false, false)
        };
        let found = curvature(&x, &|x, weight| conv2d(x, weight, None, [&[2, 2], &[0, 0], &[1, 1]], 1).unwrap());
        let expected = curvature(&x.contiguous(), &|x, weight| x.conv2d(weight, None::<&Tensor>, [2, 2], [0, 0], [1, 1], 1));
        for (found, expected) in found.iter().zip(&expected) {
            assert!(difference(found, expected) < 1e-5);
        }
    }

    #[test]
    fn only_what_libtorch_gets_wrong_is_computed_in_another_way() {
        let (x, weight) = (images([1, 8, 6, 6]), |shape: [i64; 4]| Tensor::randn(shape, PLAIN).set_requires_grad(true));
        let faulty = |weight: &Tensor, stride: i64, padding: i64, groups: i64| {
            has_faulty_gradient([Some(&x), Some(weight), None], &[stride; 2], &[padding; 2], groups)
        };
        assert!(faulty(&weight([4, 8, 1, 1]), 2, 0, 1));
        assert!(!faulty(&weight([4, 8, 1, 1]).detach(), 2, 0, 1), "no gradient is needed");
        for (shape, stride, padding, groups) in
            [([4, 8, 1, 1], 1, 0, 1), ([4, 8, 1, 1], 2, 1, 1), ([4, 8, 3, 3], 2, 0, 1), ([4, 4, 1, 1], 2, 0, 2), ([4, 16, 1, 1], 2, 0, 1)]
        {
            assert!(!faulty(&weight(shape), stride, padding, groups), "{shape:?} {stride} {padding} {groups}");
        }
    }
}
