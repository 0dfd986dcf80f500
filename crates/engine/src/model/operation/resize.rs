//! Resizing of images, and shuffles between channels and positions.

use tch::Tensor;

use super::arguments::Arguments;
use super::definition::Row;
use super::shape::{Shaped, numel, same};
use crate::model::ModelError;

pub const ROWS: &[Row] = &[
    (
        "upsample_nearest2d(Tensor self, SymInt[2] output_size, float? scales_h=None, float? scales_w=None) -> Tensor",
        |a| resized(a, two(a, 2)?, |x, sides, [h, w]| Ok(x.f_upsample_nearest2d(sides, h, w)?)),
        |a| shape(a.tensor(0)?, a.optional_ints(1)?, two(a, 2)?),
    ),
    (
        "upsample_nearest2d.vec(Tensor input, SymInt[]? output_size, float[]? scale_factors) -> Tensor",
        |a| resized(a, list(a, 2)?, |x, sides, [h, w]| Ok(x.f_upsample_nearest2d(sides, h, w)?)),
        |a| shape(a.tensor(0)?, a.optional_ints(1)?, list(a, 2)?),
    ),
    (
        "_upsample_nearest_exact2d(Tensor self, SymInt[2] output_size, float? scales_h=None, float? scales_w=None) -> Tensor",
        |a| resized(a, two(a, 2)?, |x, sides, [h, w]| Ok(x.f_internal_upsample_nearest_exact2d(sides, h, w)?)),
        |a| shape(a.tensor(0)?, a.optional_ints(1)?, two(a, 2)?),
    ),
    (
        "_upsample_nearest_exact2d.vec(Tensor input, SymInt[]? output_size, float[]? scale_factors) -> Tensor",
        |a| resized(a, list(a, 2)?, |x, sides, [h, w]| Ok(x.f_internal_upsample_nearest_exact2d(sides, h, w)?)),
        |a| shape(a.tensor(0)?, a.optional_ints(1)?, list(a, 2)?),
    ),
    (
        "upsample_bilinear2d(Tensor self, SymInt[2] output_size, bool align_corners, float? scales_h=None, float? scales_w=None) -> Tensor",
        |a| resized(a, two(a, 3)?, |x, sides, [h, w]| Ok(x.f_upsample_bilinear2d(sides, a.bool(2)?, h, w)?)),
        |a| shape(a.tensor(0)?, a.optional_ints(1)?, two(a, 3)?),
    ),
    (
        "upsample_bilinear2d.vec(Tensor input, SymInt[]? output_size, bool align_corners, float[]? scale_factors) -> Tensor",
        |a| resized(a, list(a, 3)?, |x, sides, [h, w]| Ok(x.f_upsample_bilinear2d(sides, a.bool(2)?, h, w)?)),
        |a| shape(a.tensor(0)?, a.optional_ints(1)?, list(a, 3)?),
    ),
    (
        "_upsample_bilinear2d_aa(Tensor self, SymInt[2] output_size, bool align_corners, float? scales_h=None, float? scales_w=None) -> Tensor",
        |a| resized(a, two(a, 3)?, |x, sides, [h, w]| Ok(x.f_internal_upsample_bilinear2d_aa(sides, a.bool(2)?, h, w)?)),
        |a| shape(a.tensor(0)?, a.optional_ints(1)?, two(a, 3)?),
    ),
    (
        "_upsample_bilinear2d_aa.vec(Tensor input, SymInt[]? output_size, bool align_corners, float[]? scale_factors) -> Tensor",
        |a| resized(a, list(a, 3)?, |x, sides, [h, w]| Ok(x.f_internal_upsample_bilinear2d_aa(sides, a.bool(2)?, h, w)?)),
        |a| shape(a.tensor(0)?, a.optional_ints(1)?, list(a, 3)?),
    ),
    (
        "upsample_bicubic2d(Tensor self, SymInt[2] output_size, bool align_corners, float? scales_h=None, float? scales_w=None) -> Tensor",
        |a| resized(a, two(a, 3)?, |x, sides, [h, w]| Ok(x.f_upsample_bicubic2d(sides, a.bool(2)?, h, w)?)),
        |a| shape(a.tensor(0)?, a.optional_ints(1)?, two(a, 3)?),
    ),
    (
        "upsample_bicubic2d.vec(Tensor input, SymInt[]? output_size, bool align_corners, float[]? scale_factors) -> Tensor",
        |a| resized(a, list(a, 3)?, |x, sides, [h, w]| Ok(x.f_upsample_bicubic2d(sides, a.bool(2)?, h, w)?)),
        |a| shape(a.tensor(0)?, a.optional_ints(1)?, list(a, 3)?),
    ),
    (
        "_upsample_bicubic2d_aa(Tensor self, SymInt[2] output_size, bool align_corners, float? scales_h=None, float? scales_w=None) -> Tensor",
        |a| resized(a, two(a, 3)?, |x, sides, [h, w]| Ok(x.f_internal_upsample_bicubic2d_aa(sides, a.bool(2)?, h, w)?)),
        |a| shape(a.tensor(0)?, a.optional_ints(1)?, two(a, 3)?),
    ),
    (
        "_upsample_bicubic2d_aa.vec(Tensor input, SymInt[]? output_size, bool align_corners, float[]? scale_factors) -> Tensor",
        |a| resized(a, list(a, 3)?, |x, sides, [h, w]| Ok(x.f_internal_upsample_bicubic2d_aa(sides, a.bool(2)?, h, w)?)),
        |a| shape(a.tensor(0)?, a.optional_ints(1)?, list(a, 3)?),
    ),
    ("pixel_shuffle(Tensor self, int upscale_factor) -> Tensor", |a| Ok(a.tensor(0)?.f_pixel_shuffle(a.int(1)?)?), spread),
    ("pixel_unshuffle(Tensor self, int downscale_factor) -> Tensor", |a| Ok(a.tensor(0)?.f_pixel_unshuffle(a.int(1)?)?), gathered),
    ("channel_shuffle(Tensor self, SymInt groups) -> Tensor", |a| Ok(a.tensor(0)?.f_channel_shuffle(a.int(1)?)?), shuffled),
];

/// How many times the old height and width the new ones are, where that is given.
type Scales = [Option<f64>; 2];

/// Two scales at `place` and after it.
fn two<T>(a: &Arguments<'_, T>, place: usize) -> Result<Scales, String> {
    Ok([a.optional_float(place)?, a.optional_float(place + 1)?])
}

/// A list of two scales at `place`.
fn list<T>(a: &Arguments<'_, T>, place: usize) -> Result<Scales, String> {
    match a.optional_floats(place)?.as_deref() {
        None => Ok([None; 2]),
        Some(&[height, width]) => Ok([Some(height), Some(width)]),
        Some(others) => Err(format!("expected two scales, found {others:?}")),
    }
}

/// The images at 0, resized by `kernel`.
///
/// Forms of PyTorch with a list of scales are evaluated as those with two numbers: tch always passes a list, even where none is given.
fn resized(
    a: &Arguments<'_, Tensor>,
    scales: Scales,
    kernel: impl Fn(&Tensor, [i64; 2], Scales) -> Result<Tensor, ModelError>,
) -> Result<Tensor, ModelError> {
    let x = a.tensor(0)?;
    match shape(&x.size(), a.optional_ints(1)?, scales)?[..] {
        [_, _, height, width] => kernel(x, [height, width], scales),
        _ => Err(format!("expected images [N, C, H, W], found {:?}", x.size()).into()),
    }
}

/// Shape of images of `sides`, or of the old ones times `scales`. Where both are given they have to agree: kernels read at distances that
/// follow from the scales.
fn shape(input: &[i64], sides: Option<Vec<i64>>, scales: Scales) -> Shaped {
    let &[n, channels, height, width] = input else { return Err(format!("expected images [N, C, H, W], found {input:?}")) };
    let given = match sides.as_deref() {
        None => [None; 2],
        Some(&[height, width]) => [Some(height), Some(width)],
        Some(others) => return Err(format!("expected two sides, found {others:?}")),
    };
    let side = |old: i64, given: Option<i64>, scale: Option<f64>| {
        let scaled = scale.map(|scale| (old as f64 * scale) as i64);
        match (given, scaled) {
            (Some(side), None) | (None, Some(side)) if side > 0 && old > 0 => Ok(side),
            (Some(side), Some(scaled)) if side > 0 && side == scaled => Ok(side),
            _ => Err(format!("expected a positive side or scale, found {given:?} and {scale:?} for {old} pixels")),
        }
    };
    let shape = vec![n, channels, side(height, given[0], scales[0])?, side(width, given[1], scales[1])?];
    numel(&shape)?;
    Ok(shape)
}

fn spread(a: &Arguments<'_, Vec<i64>>) -> Shaped {
    let (input, factor) = (a.tensor(0)?, a.int(1)?);
    match (&input[..], factor.checked_mul(factor)) {
        ([batch @ .., channels, height, width], Some(area)) if factor > 0 && channels % area == 0 => {
            let side = |side: i64| side.checked_mul(factor).ok_or_else(|| format!("expected a smaller factor than {factor}"));
            Ok([batch, &[channels / area, side(*height)?, side(*width)?]].concat())
        }
        _ => Err(format!("expected a positive factor whose square divides the channels, found {factor} and {input:?}")),
    }
}

fn gathered(a: &Arguments<'_, Vec<i64>>) -> Shaped {
    let (input, factor) = (a.tensor(0)?, a.int(1)?);
    match &input[..] {
        [batch @ .., channels, height, width] if factor > 0 && height % factor == 0 && width % factor == 0 => {
            let channels = numel(&[*channels, factor, factor])?;
            Ok([batch, &[channels, height / factor, width / factor]].concat())
        }
        _ => Err(format!("expected a positive factor that divides both sides, found {factor} and {input:?}")),
    }
}

fn shuffled(a: &Arguments<'_, Vec<i64>>) -> Shaped {
    match (a.tensor(0)?.as_slice(), a.int(1)?) {
        ([_, channels, _, ..], groups) if groups > 0 && channels % groups == 0 => same(a),
        (input, groups) => Err(format!("expected a positive number of groups that divides the channels, found {groups} and {input:?}")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use tch::{Kind, Tensor};

    use super::super::testing::{Argument, X, agreed_shape, assert_twice_differentiable, numbers, shape, value};

    #[test]
    fn a_list_of_scales_or_of_sides_gives_the_same_image() {
        let x = Tensor::from_slice(&[0.0f32, 1.0, 2.0, 3.0]).view([1, 1, 2, 2]);
        let (sides, scales) = (Argument::ints(&[4, 6]), Argument::Floats(vec![2.0, 3.0]));
        for name in ["upsample_nearest2d.vec", "_upsample_nearest_exact2d.vec"] {
            let by_scales = value(name, &[X, Argument::None, scales.clone()], &[&x]).unwrap();
            assert_eq!(by_scales.size(), [1, 1, 4, 6]);
            assert_eq!(numbers(&by_scales)[..6], [0.0, 0.0, 0.0, 1.0, 1.0, 1.0]);
            assert_eq!(by_scales, value(name, &[X, sides.clone(), Argument::None], &[&x]).unwrap());
        }
        for name in ["upsample_bilinear2d", "upsample_bicubic2d", "_upsample_bilinear2d_aa", "_upsample_bicubic2d_aa"] {
            let (vec, plain) = (format!("{name}.vec"), format!("{name}.default"));
            let corners = Argument::Bool(false);
            let by_scales = value(&vec, &[X, Argument::None, corners.clone(), scales.clone()], &[&x]).unwrap();
            let by_sides = value(&plain, &[X, sides.clone(), corners.clone()], &[&x]).unwrap();
            assert!(by_scales.allclose(&by_sides, 1e-6, 1e-6, false), "{name}");
            assert_eq!(agreed_shape(&vec, &[X, sides.clone(), corners.clone(), Argument::None], &[&[2, 3, 5, 5]]), [2, 3, 4, 6]);
            assert_twice_differentiable(&plain, &[X, sides.clone(), corners], &[&[1, 2, 3, 3]]);
        }
    }

    #[test]
    fn corners_that_are_aligned_keep_their_values() {
        let x = Tensor::from_slice(&[0.0f32, 1.0, 2.0, 3.0]).view([1, 1, 2, 2]);
        let y = value("upsample_bilinear2d.default", &[X, Argument::ints(&[3, 3]), Argument::Bool(true)], &[&x]).unwrap();
        assert_eq!(numbers(&y), [0.0, 0.5, 1.0, 1.0, 1.5, 2.0, 2.0, 2.5, 3.0]);
    }

    #[test]
    fn scales_round_down_and_have_to_agree_with_the_sides() {
        let scaled = |scale: f64| shape("upsample_nearest2d.vec", &[X, Argument::None, Argument::Floats(vec![scale; 2])], &[&[1, 1, 5, 5]]);
        assert_eq!(scaled(1.5).unwrap(), [1, 1, 7, 7]);
        for scale in [0.0, -1.0, 0.1, f64::NAN, f64::INFINITY, 1e300] {
            assert!(scaled(scale).is_err(), "{scale}");
        }
        let both = |scale: f64| {
            let given = [X, Argument::ints(&[2, 2]), Argument::Float(scale), Argument::None];
            shape("upsample_nearest2d.default", &given, &[&[1, 1, 1, 1]])
        };
        assert!(both(2.0).is_ok() && both(1e-300).is_err());
    }

    #[test]
    fn shuffles_move_channels_as_pytorch_does() {
        let x = Tensor::arange(8, (Kind::Float, tch::Device::Cpu)).view([1, 4, 1, 2]);
        let spread = value("pixel_shuffle.default", &[X, Argument::int(2)], &[&x]).unwrap();
        assert_eq!(numbers(&spread), [0.0, 2.0, 1.0, 3.0, 4.0, 6.0, 5.0, 7.0]);
        assert_eq!(value("pixel_unshuffle.default", &[X, Argument::int(2)], &[&spread]).unwrap(), x);
        let shuffled = value("channel_shuffle.default", &[X, Argument::int(2)], &[&x]).unwrap();
        assert_eq!(numbers(&shuffled), [0.0, 1.0, 4.0, 5.0, 2.0, 3.0, 6.0, 7.0]);
        assert_eq!(agreed_shape("pixel_shuffle.default", &[X, Argument::int(3)], &[&[2, 18, 4, 5]]), [2, 2, 12, 15]);
        assert_eq!(agreed_shape("pixel_unshuffle.default", &[X, Argument::int(2)], &[&[2, 3, 4, 6]]), [2, 12, 2, 3]);
        assert_twice_differentiable("channel_shuffle.default", &[X, Argument::int(2)], &[&[1, 4, 2, 2]]);
        for name in ["pixel_shuffle.default", "pixel_unshuffle.default", "channel_shuffle.default"] {
            for factor in [0, -1, 3, i64::MAX] {
                assert!(shape(name, &[X, Argument::int(factor)], &[&[1, 4, 4, 4]]).is_err(), "{name} {factor}");
            }
        }
    }
}
