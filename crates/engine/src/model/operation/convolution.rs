//! Convolutions, and windows of an image as columns.

use super::arguments::Arguments;
use super::definition::Row;
use super::pointwise::conv2d;
use super::shape::{Shaped, integers, numel, windows};

pub const ROWS: &[Row] = &[
    (
        "conv1d(Tensor input, Tensor weight, Tensor? bias=None, SymInt[1] stride=1, SymInt[1] padding=0, SymInt[1] dilation=1, SymInt groups=1) -> Tensor",
        |a| Ok(a.tensor(0)?.f_conv1d(a.tensor(1)?, a.optional_tensor(2)?, a.ints(3)?, a.ints(4)?, a.ints(5)?, a.int(6)?)?),
        |a| padded_by_numbers(a, 1),
    ),
    (
        "conv1d.padding(Tensor input, Tensor weight, Tensor? bias=None, SymInt[1] stride=1, str padding=\"valid\", SymInt[1] dilation=1, SymInt groups=1) -> Tensor",
        |a| Ok(a.tensor(0)?.f_conv1d_padding(a.tensor(1)?, a.optional_tensor(2)?, a.ints(3)?, a.text(4)?, a.ints(5)?, a.int(6)?)?),
        |a| padded_by_name(a, 1),
    ),
    (
        "conv2d(Tensor input, Tensor weight, Tensor? bias=None, SymInt[2] stride=1, SymInt[2] padding=0, SymInt[2] dilation=1, SymInt groups=1) -> Tensor",
        |a| conv2d(a.tensor(0)?, a.tensor(1)?, a.optional_tensor(2)?, [&a.pair(3)?, &a.ints(4)?, &a.ints(5)?], a.int(6)?),
        |a| padded_by_numbers(a, 2),
    ),
    (
        "conv2d.padding(Tensor input, Tensor weight, Tensor? bias=None, SymInt[2] stride=1, str padding=\"valid\", SymInt[2] dilation=1, SymInt groups=1) -> Tensor",
        |a| match a.text(4)? {
            "valid" => conv2d(a.tensor(0)?, a.tensor(1)?, a.optional_tensor(2)?, [&a.pair(3)?, &[0, 0], &a.ints(5)?], a.int(6)?),
            padding => {
                Ok(a.tensor(0)?.f_conv2d_padding(a.tensor(1)?, a.optional_tensor(2)?, a.ints(3)?, padding, a.ints(5)?, a.int(6)?)?)
            }
        },
        |a| padded_by_name(a, 2),
    ),
    (
        "conv3d(Tensor input, Tensor weight, Tensor? bias=None, SymInt[3] stride=1, SymInt[3] padding=0, SymInt[3] dilation=1, SymInt groups=1) -> Tensor",
        |a| Ok(a.tensor(0)?.f_conv3d(a.tensor(1)?, a.optional_tensor(2)?, a.ints(3)?, a.ints(4)?, a.ints(5)?, a.int(6)?)?),
        |a| padded_by_numbers(a, 3),
    ),
    (
        "conv3d.padding(Tensor input, Tensor weight, Tensor? bias=None, SymInt[3] stride=1, str padding=\"valid\", SymInt[3] dilation=1, SymInt groups=1) -> Tensor",
        |a| Ok(a.tensor(0)?.f_conv3d_padding(a.tensor(1)?, a.optional_tensor(2)?, a.ints(3)?, a.text(4)?, a.ints(5)?, a.int(6)?)?),
        |a| padded_by_name(a, 3),
    ),
    (
        "conv_transpose1d(Tensor input, Tensor weight, Tensor? bias=None, SymInt[1] stride=1, SymInt[1] padding=0, SymInt[1] output_padding=0, SymInt groups=1, SymInt[1] dilation=1) -> Tensor",
        |a| {
            let (bias, stride, padding, extra) = (a.optional_tensor(2)?, a.ints(3)?, a.ints(4)?, a.ints(5)?);
            Ok(a.tensor(0)?.f_conv_transpose1d(a.tensor(1)?, bias, stride, padding, extra, a.int(6)?, a.ints(7)?)?)
        },
        |a| transposed(a, 1, [3, 4, 5, 7], a.int(6)?),
    ),
    (
        "conv_transpose2d.input(Tensor input, Tensor weight, Tensor? bias=None, SymInt[2] stride=1, SymInt[2] padding=0, SymInt[2] output_padding=0, SymInt groups=1, SymInt[2] dilation=1) -> Tensor",
        |a| {
            let (bias, stride, padding, extra) = (a.optional_tensor(2)?, a.ints(3)?, a.ints(4)?, a.ints(5)?);
            Ok(a.tensor(0)?.f_conv_transpose2d(a.tensor(1)?, bias, stride, padding, extra, a.int(6)?, a.ints(7)?)?)
        },
        |a| transposed(a, 2, [3, 4, 5, 7], a.int(6)?),
    ),
    (
        "conv_transpose3d.input(Tensor input, Tensor weight, Tensor? bias=None, SymInt[3] stride=1, SymInt[3] padding=0, SymInt[3] output_padding=0, SymInt groups=1, SymInt[3] dilation=1) -> Tensor",
        |a| {
            let (bias, stride, padding, extra) = (a.optional_tensor(2)?, a.ints(3)?, a.ints(4)?, a.ints(5)?);
            Ok(a.tensor(0)?.f_conv_transpose3d(a.tensor(1)?, bias, stride, padding, extra, a.int(6)?, a.ints(7)?)?)
        },
        |a| transposed(a, 3, [3, 4, 5, 7], a.int(6)?),
    ),
    (
        "convolution(Tensor input, Tensor weight, Tensor? bias, SymInt[] stride, SymInt[] padding, SymInt[] dilation, bool transposed, SymInt[] output_padding, SymInt groups) -> Tensor",
        |a| {
            let (bias, stride, padding, dilation) = (a.optional_tensor(2)?, a.ints(3)?, a.ints(4)?, a.ints(5)?);
            if a.tensor(1)?.dim() == 4 && !a.bool(6)? {
                return conv2d(a.tensor(0)?, a.tensor(1)?, bias, [&a.pair(3)?, &padding, &dilation], a.int(8)?);
            }
            Ok(a.tensor(0)?.f_convolution(a.tensor(1)?, bias, stride, padding, dilation, a.bool(6)?, a.ints(7)?, a.int(8)?)?)
        },
        either_direction,
    ),
    (
        "im2col(Tensor self, int[2] kernel_size, int[2] dilation, int[2] padding, int[2] stride) -> Tensor",
        |a| Ok(a.tensor(0)?.f_im2col(a.pair(1)?, a.pair(2)?, a.pair(3)?, a.pair(4)?)?),
        columns,
    ),
    (
        "col2im(Tensor self, SymInt[2] output_size, int[2] kernel_size, int[2] dilation, int[2] padding, int[2] stride) -> Tensor",
        |a| Ok(a.tensor(0)?.f_col2im(a.pair(1)?, a.pair(2)?, a.pair(3)?, a.pair(4)?, a.pair(5)?)?),
        image_of_columns,
    ),
];

type Shapes<'a> = Arguments<'a, Vec<i64>>;

/// Shape of a convolution over `sides` sides; the one numbered k becomes `side(k, its length, length of the kernel)`.
///
/// Weights are [O, I / groups, …], those of transposed convolutions [I, O / groups, …].
fn convolved(a: &Shapes<'_>, sides: usize, groups: i64, transposed: bool, side: impl Fn(usize, i64, i64) -> Result<i64, String>) -> Shaped {
    let (input, weight) = (a.tensor(0)?, a.tensor(1)?);
    let wrong = || format!("expected an input and a weight that fit in {groups} groups, found {input:?} and {weight:?}");
    let (lead, lengths) = input.split_at(input.len().saturating_sub(sides));
    let (Some((&channels, batch)), [first, second, kernel @ ..]) = (lead.split_last(), &weight[..]) else { return Err(wrong()) };
    let across = second.checked_mul(groups);
    let (inputs, outputs) = if transposed { (Some(*first), across) } else { (across, Some(*first)) };
    let ranks = batch.len() <= 1 && lengths.len() == sides && kernel.len() == sides;
    let fits = ranks && groups > 0 && *first > 0 && first % groups == 0 && inputs == Some(channels);
    let (true, Some(outputs)) = (fits, outputs) else { return Err(wrong()) };
    if let Some(bias) = a.optional_tensor(2)?
        && *bias != [outputs]
    {
        return Err(format!("expected a bias of shape [{outputs}], found {bias:?}"));
    }
    let mut shape = batch.to_vec();
    shape.push(outputs);
    for (k, (&length, &taps)) in lengths.iter().zip(kernel).enumerate() {
        shape.push(side(k, length, taps)?);
    }
    numel(&shape)?;
    Ok(shape)
}

fn padded_by_numbers(a: &Shapes<'_>, sides: usize) -> Shaped {
    forward(a, sides, a.int(6)?)
}

/// Stride, padding and dilation stand at 3, 4, 5.
fn forward(a: &Shapes<'_>, sides: usize, groups: i64) -> Shaped {
    let (stride, padding, dilation) = (integers(a, 3, sides)?, integers(a, 4, sides)?, integers(a, 5, sides)?);
    convolved(a, sides, groups, false, |k, length, taps| match length {
        1.. => windows(length, taps, stride[k], padding[k], dilation[k]),
        _ => Err("expected an input that is not empty".into()),
    })
}

fn padded_by_name(a: &Shapes<'_>, sides: usize) -> Shaped {
    let (stride, padding, dilation) = (integers(a, 3, sides)?, a.text(4)?, integers(a, 5, sides)?);
    convolved(a, sides, a.int(6)?, false, |k, length, taps| match padding {
        "valid" => windows(length, taps, stride[k], 0, dilation[k]),
        "same" if stride[k] == 1 => {
            let reach = if dilation[k] > 0 && taps > 0 { dilation[k].checked_mul(taps) } else { None };
            match reach.and_then(|reach| reach.checked_add(length)) {
                Some(_) => Ok(length),
                None => Err(format!("expected a kernel of positive sides, found side {taps} and dilation {}", dilation[k])),
            }
        }
        _ => Err(format!("expected the padding `valid`, or `same` with stride 1, found `{padding}` with stride {}", stride[k])),
    })
}

/// Stride, padding, output padding and dilation stand at `places`.
fn transposed(a: &Shapes<'_>, sides: usize, places: [usize; 4], groups: i64) -> Shaped {
    let [stride, padding, extra, dilation] = places.map(|place| integers(a, place, sides));
    let (stride, padding, extra, dilation) = (stride?, padding?, extra?, dilation?);
    convolved(a, sides, groups, true, |k, length, taps| widened(length, taps, [stride[k], padding[k], extra[k], dilation[k]]))
}

/// The side whose convolution has `length` positions.
fn widened(length: i64, taps: i64, [stride, padding, extra, dilation]: [i64; 4]) -> Result<i64, String> {
    let side = || -> Option<i64> {
        let positive = length > 0 && taps > 0 && stride > 0 && dilation > 0 && padding >= 0;
        (positive && (0..stride.max(dilation)).contains(&extra)).then_some(())?;
        let span = dilation.checked_mul(taps - 1)?.checked_add(1)?;
        let whole = (length - 1).checked_mul(stride)?.checked_add(span)?.checked_add(extra)?;
        whole.checked_sub(padding.checked_mul(2)?).filter(|&side| side > 0)
    };
    side().ok_or_else(|| {
        format!(
            "expected a transposed convolution with a result, found {length} elements, kernel {taps}, stride {stride}, padding {padding}, \
             output padding {extra}, dilation {dilation}"
        )
    })
}

fn either_direction(a: &Shapes<'_>) -> Shaped {
    let weight = a.tensor(1)?;
    match weight.len() {
        rank @ 3..=5 if a.bool(6)? => transposed(a, rank - 2, [3, 4, 7, 5], a.int(8)?),
        rank @ 3..=5 => forward(a, rank - 2, a.int(8)?),
        _ => Err(format!("expected a weight with 1 to 3 sides, found {weight:?}")),
    }
}

/// Number of windows over an image of `sides`; kernel, dilation, padding and stride stand at `place` and after it.
fn places(a: &Shapes<'_>, sides: [i64; 2], place: usize) -> Result<i64, String> {
    let (kernel, dilation, padding, stride) = (a.pair(place)?, a.pair(place + 1)?, a.pair(place + 2)?, a.pair(place + 3)?);
    let along = |k: usize| windows(sides[k], kernel[k], stride[k], padding[k], dilation[k]);
    numel(&[along(0)?, along(1)?])
}

fn columns(a: &Shapes<'_>) -> Shaped {
    let (input, [height, width]) = (a.tensor(0)?, a.pair(1)?);
    let [batch @ .., channels, rows, line] = &input[..] else { return Err(format!("expected images [N, C, H, W], found {input:?}")) };
    if batch.len() > 1 || input.contains(&0) {
        return Err(format!("expected images [N, C, H, W] that are not empty, found {input:?}"));
    }
    let shape = [batch, &[numel(&[*channels, height, width])?, places(a, [*rows, *line], 1)?]].concat();
    numel(&shape)?;
    Ok(shape)
}

fn image_of_columns(a: &Shapes<'_>) -> Shaped {
    let (input, [rows, line], [height, width]) = (a.tensor(0)?, a.pair(1)?, a.pair(2)?);
    let (count, area) = (places(a, [rows, line], 2)?, numel(&[height, width])?);
    match &input[..] {
        [batch @ .., values, columns]
            if batch.len() <= 1 && *columns == count && *values > 0 && rows > 0 && line > 0 && values % area == 0 =>
        {
            let shape = [batch, &[values / area, rows, line]].concat();
            numel(&shape)?;
            Ok(shape)
        }
        _ => Err(format!("expected columns [N, C·{area}, {count}], found {input:?}")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use tch::Tensor;

    use super::super::testing::{Argument, X, Y as W, Z as B, agreed_shape, assert_twice_differentiable, numbers, shape, value};

    #[test]
    fn shapes_of_convolutions_are_those_of_their_values() {
        let ints = Argument::ints;
        let plain = [X, W, B, ints(&[2, 1]), ints(&[1, 2]), ints(&[2, 1]), Argument::int(2)];
        assert_eq!(agreed_shape("conv2d.default", &plain, &[&[3, 4, 9, 7], &[6, 2, 3, 3], &[6]]), [3, 6, 4, 9]);
        assert_eq!(agreed_shape("conv1d.default", &[X, W, Argument::None, ints(&[2])], &[&[3, 4, 9], &[6, 4, 3]]), [3, 6, 4]);
        let same = [X, W, Argument::None, ints(&[1, 1]), Argument::Text("same".into()), ints(&[3, 1])];
        assert_eq!(agreed_shape("conv2d.padding", &same, &[&[1, 2, 5, 6], &[3, 2, 4, 3]]), [1, 3, 5, 6]);
        let back = [X, W, Argument::None, ints(&[2, 3]), ints(&[1, 0]), ints(&[1, 2]), Argument::int(2), ints(&[1, 2])];
        assert_eq!(agreed_shape("conv_transpose2d.input", &back, &[&[2, 4, 5, 3], &[4, 3, 3, 2]]), [2, 6, 10, 11]);
    }

    #[test]
    fn convolutions_over_three_sides_have_the_values_and_shapes_of_pytorch() {
        let ints = Argument::ints;
        let plain = [X, W, B, ints(&[2, 1, 1]), ints(&[1, 0, 2]), ints(&[1, 2, 1]), Argument::int(2)];
        assert_eq!(agreed_shape("conv3d.default", &plain, &[&[3, 4, 5, 6, 7], &[6, 2, 3, 2, 3], &[6]]), [3, 6, 3, 4, 9]);
        let same = [X, W, Argument::None, ints(&[1; 3]), Argument::Text("same".into()), ints(&[1, 2, 1])];
        assert_eq!(agreed_shape("conv3d.padding", &same, &[&[1, 2, 4, 5, 6], &[3, 2, 3, 2, 1]]), [1, 3, 4, 5, 6]);
        let back = [X, W, Argument::None, ints(&[2, 1, 3]), ints(&[1, 0, 0]), ints(&[1, 0, 2]), Argument::int(2)];
        assert_eq!(agreed_shape("conv_transpose3d.input", &back, &[&[2, 4, 3, 4, 2], &[4, 3, 3, 2, 1]]), [2, 6, 6, 5, 6]);
        assert_twice_differentiable("conv3d.default", &plain, &[&[1, 4, 3, 4, 3], &[6, 2, 3, 2, 3], &[6]]);
        assert!(shape("conv3d.default", &plain, &[&[3, 4, 5, 6], &[6, 2, 3, 2, 3], &[6]]).is_err(), "images have two sides");
        // torch 2.11.0: conv3d(arange(36).view(1, 2, 2, 3, 3), arange(8).view(1, 1, 2, 2, 2).expand(2, ..) * [1, -1], stride=(1, 1, 2),
        // padding=(0, 0, 1), groups=2), with the bias [1, 0.5].
        let numbers_from = |n: i64, shape: &[i64]| Tensor::arange(n, (tch::Kind::Float, tch::Device::Cpu)).view(shape);
        let weight = numbers_from(8, &[1, 1, 2, 2, 2]);
        let weight = Tensor::cat(&[&weight, &(&weight * -1.0)], 0);
        let given = [X, W, B, ints(&[1, 1, 2]), ints(&[0, 0, 1]), ints(&[1; 3]), Argument::int(2)];
        let found = value("conv3d.default", &given, &[&numbers_from(36, &[1, 2, 2, 3, 3]), &weight, &Tensor::from_slice(&[1.0f32, 0.5])]);
        assert_eq!(numbers(&found.unwrap()), [139.0, 297.0, 187.0, 381.0, -425.5, -799.5, -473.5, -883.5]);
    }

    #[test]
    fn the_general_convolution_has_the_shapes_of_the_special_ones() {
        let ints = Argument::ints;
        let general = |transposed: bool, extra: i64| {
            let rest = [Argument::Bool(transposed), ints(&[extra; 2]), Argument::int(1)];
            [[X, W, Argument::None].as_slice(), &[ints(&[2, 2]), ints(&[1, 1]), ints(&[1, 1])], &rest].concat()
        };
        assert_eq!(agreed_shape("convolution.default", &general(false, 0), &[&[1, 3, 8, 8], &[5, 3, 3, 3]]), [1, 5, 4, 4]);
        assert_eq!(agreed_shape("convolution.default", &general(true, 1), &[&[1, 5, 4, 4], &[5, 3, 3, 3]]), [1, 3, 8, 8]);
        assert_twice_differentiable("convolution.default", &general(true, 1), &[&[1, 5, 4, 4], &[5, 3, 3, 3]]);
    }

    #[test]
    fn convolutions_that_have_no_value_are_refused() {
        let ints = Argument::ints;
        let of = |stride: i64, padding: i64, dilation: i64, groups: i64| {
            let given = [X, W, Argument::None, ints(&[stride; 2]), ints(&[padding; 2]), ints(&[dilation; 2]), Argument::int(groups)];
            shape("conv2d.default", &given, &[&[1, 4, 5, 5], &[4, 4, 3, 3]])
        };
        assert_eq!(of(1, 0, 1, 1).unwrap(), [1, 4, 3, 3]);
        for (stride, padding, dilation, groups) in
            [(0, 0, 1, 1), (1, -1, 1, 1), (1, 0, 0, 1), (1, 0, 3, 1), (1, 0, 1, 0), (1, 0, 1, 2), (1, i64::MAX, 1, 1), (1, 0, i64::MAX, 1)]
        {
            assert!(of(stride, padding, dilation, groups).is_err(), "{stride} {padding} {dilation} {groups}");
        }
    }

    #[test]
    fn columns_of_windows_and_back_count_how_often_each_pixel_is_covered() {
        let pairs = |values: [i64; 4]| values.map(|value| Argument::ints(&[value; 2])).to_vec();
        let windows = pairs([2, 1, 0, 1]);
        let given = [vec![X], windows.clone()].concat();
        assert_eq!(agreed_shape("im2col.default", &given, &[&[2, 3, 4, 5]]), [2, 12, 12]);
        let given = [vec![X, Argument::ints(&[2, 3])], windows].concat();
        let counts = value("col2im.default", &given, &[&Tensor::from_slice(&[1.0f32; 8]).view([1, 4, 2])]).unwrap();
        assert_eq!(numbers(&counts), [1.0, 2.0, 1.0, 1.0, 2.0, 1.0]);
        assert_eq!(shape("col2im.default", &given, &[&[1, 4, 2]]).unwrap(), counts.size());
    }
}
