//! Maxima and means over windows of images.

use super::arguments::Arguments;
use super::definition::Row;
use super::shape::{Shaped, integers, numel, windows};

pub const ROWS: &[Row] = &[
    (
        "max_pool1d(Tensor self, int[1] kernel_size, int[1] stride=[], int[1] padding=0, int[1] dilation=1, bool ceil_mode=False) -> Tensor",
        |a| Ok(a.tensor(0)?.f_max_pool1d(a.ints(1)?, a.ints(2)?, a.ints(3)?, a.ints(4)?, a.bool(5)?)?),
        |a| pooled(a, integers(a, 4, 1)?, a.bool(5)?),
    ),
    (
        "max_pool2d(Tensor self, int[2] kernel_size, int[2] stride=[], int[2] padding=0, int[2] dilation=1, bool ceil_mode=False) -> Tensor",
        |a| Ok(a.tensor(0)?.f_max_pool2d(a.ints(1)?, a.ints(2)?, a.ints(3)?, a.ints(4)?, a.bool(5)?)?),
        |a| pooled(a, integers(a, 4, 2)?, a.bool(5)?),
    ),
    (
        "max_pool2d_with_indices(Tensor self, int[2] kernel_size, int[2] stride=[], int[2] padding=0, int[2] dilation=1, bool ceil_mode=False) -> Tensor",
        |a| Ok(a.tensor(0)?.f_max_pool2d_with_indices(a.ints(1)?, a.ints(2)?, a.ints(3)?, a.ints(4)?, a.bool(5)?)?.0),
        |a| pooled(a, integers(a, 4, 2)?, a.bool(5)?),
    ),
    (
        "avg_pool1d(Tensor self, int[1] kernel_size, int[1] stride=[], int[1] padding=0, bool ceil_mode=False, bool count_include_pad=True) -> Tensor",
        |a| Ok(a.tensor(0)?.f_avg_pool1d(a.ints(1)?, a.ints(2)?, a.ints(3)?, a.bool(4)?, a.bool(5)?)?),
        |a| pooled(a, vec![1], a.bool(4)?),
    ),
    (
        "avg_pool2d(Tensor self, int[2] kernel_size, int[2] stride=[], int[2] padding=0, bool ceil_mode=False, bool count_include_pad=True, int? divisor_override=None) -> Tensor",
        |a| Ok(a.tensor(0)?.f_avg_pool2d(a.ints(1)?, a.ints(2)?, a.ints(3)?, a.bool(4)?, a.bool(5)?, a.optional_int(6)?)?),
        |a| match a.optional_int(6)? {
            Some(0) => Err("expected a divisor other than 0".into()),
            Some(_) | None => pooled(a, vec![1; 2], a.bool(4)?),
        },
    ),
    (
        "max_pool3d(Tensor self, int[3] kernel_size, int[3] stride=[], int[3] padding=0, int[3] dilation=1, bool ceil_mode=False) -> Tensor",
        |a| Ok(a.tensor(0)?.f_max_pool3d(a.ints(1)?, a.ints(2)?, a.ints(3)?, a.ints(4)?, a.bool(5)?)?),
        |a| pooled(a, integers(a, 4, 3)?, a.bool(5)?),
    ),
    (
        "avg_pool3d(Tensor self, int[3] kernel_size, int[3] stride=[], int[3] padding=0, bool ceil_mode=False, bool count_include_pad=True, int? divisor_override=None) -> Tensor",
        |a| Ok(a.tensor(0)?.f_avg_pool3d(a.ints(1)?, a.ints(2)?, a.ints(3)?, a.bool(4)?, a.bool(5)?, a.optional_int(6)?)?),
        |a| match a.optional_int(6)? {
            Some(0) => Err("expected a divisor other than 0".into()),
            Some(_) | None => pooled(a, vec![1; 3], a.bool(4)?),
        },
    ),
    (
        "adaptive_avg_pool3d(Tensor self, SymInt[3] output_size) -> Tensor",
        |a| Ok(a.tensor(0)?.f_adaptive_avg_pool3d(integers(a, 1, 3)?)?),
        |a| adapted(a, integers(a, 1, 3)?),
    ),
    (
        "adaptive_avg_pool1d(Tensor self, int[1] output_size) -> Tensor",
        |a| Ok(a.tensor(0)?.f_adaptive_avg_pool1d(a.ints(1)?)?),
        |a| adapted(a, integers(a, 1, 1)?),
    ),
    (
        "adaptive_avg_pool2d(Tensor self, SymInt[2] output_size) -> Tensor",
        |a| Ok(a.tensor(0)?.f_adaptive_avg_pool2d(a.pair(1)?)?),
        |a| adapted(a, integers(a, 1, 2)?),
    ),
    (
        "_adaptive_avg_pool2d(Tensor self, SymInt[2] output_size) -> Tensor",
        |a| Ok(a.tensor(0)?.f_internal_adaptive_avg_pool2d(a.pair(1)?)?),
        |a| adapted(a, integers(a, 1, 2)?),
    ),
    (
        "adaptive_max_pool1d(Tensor self, int[1] output_size) -> Tensor",
        |a| Ok(a.tensor(0)?.f_adaptive_max_pool1d(a.ints(1)?)?.0),
        |a| adapted(a, integers(a, 1, 1)?),
    ),
    (
        "adaptive_max_pool2d(Tensor self, int[2] output_size) -> Tensor",
        |a| Ok(a.tensor(0)?.f_adaptive_max_pool2d(a.pair(1)?)?.0),
        |a| adapted(a, integers(a, 1, 2)?),
    ),
];

/// What stands before the last `sides` sides, and these.
fn split(input: &[i64], sides: usize) -> Result<(&[i64], &[i64]), String> {
    let (lead, lengths) = input.split_at(input.len().saturating_sub(sides));
    let fits = lengths.len() == sides && (1..=2).contains(&lead.len()) && lengths.iter().all(|&length| length > 0);
    if fits { Ok((lead, lengths)) } else { Err(format!("expected an input [N, C, …] with {sides} sides, found {input:?}")) }
}

/// Shape of a pooling; kernel, stride and padding stand at 1, 2, 3.
fn pooled(a: &Arguments<'_, Vec<i64>>, dilation: Vec<i64>, ceil: bool) -> Shaped {
    let sides = dilation.len();
    let (lead, lengths) = split(a.tensor(0)?, sides)?;
    let (kernel, padding) = (integers(a, 1, sides)?, integers(a, 3, sides)?);
    let stride = if a.ints(2)?.is_empty() { kernel.clone() } else { integers(a, 2, sides)? };
    let mut shape = lead.to_vec();
    for (k, &length) in lengths.iter().enumerate() {
        shape.push(count(length, kernel[k], stride[k], padding[k], dilation[k], ceil)?);
    }
    numel(&shape)?;
    Ok(shape)
}

/// Number of windows. Where `ceil`, one more that reaches beyond the padding counts if it starts inside the image or the padding before it.
fn count(length: i64, kernel: i64, stride: i64, padding: i64, dilation: i64, ceil: bool) -> Result<i64, String> {
    if padding > kernel / 2 {
        return Err(format!("expected a padding of at most half the kernel, found {padding} and {kernel}"));
    }
    if !ceil {
        return windows(length, kernel, stride, padding, dilation);
    }
    let longer = stride.checked_sub(1).and_then(|more| length.checked_add(more));
    let longer = longer.ok_or_else(|| format!("expected a positive stride that fits into the image, found {stride}"))?;
    let count = windows(longer, kernel, stride, padding, dilation)?;
    Ok(if (count - 1) * stride >= length + padding { count - 1 } else { count })
}

/// Shape of a pooling to the sides `wanted`.
fn adapted(a: &Arguments<'_, Vec<i64>>, wanted: Vec<i64>) -> Shaped {
    let (lead, _) = split(a.tensor(0)?, wanted.len())?;
    if wanted.iter().any(|&side| side < 1) {
        return Err(format!("expected positive sides, found {wanted:?}"));
    }
    let shape = [lead, &wanted[..]].concat();
    numel(&shape)?;
    Ok(shape)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use tch::{Kind, Tensor};

    use super::super::testing::{Argument, X, agreed_shape, assert_twice_differentiable, numbers, shape, value};
    use super::count;

    #[test]
    fn a_last_window_counts_in_ceil_mode_only_if_it_starts_before_the_padding_at_the_end() {
        assert_eq!(count(5, 2, 2, 0, 1, false).unwrap(), 2);
        assert_eq!(count(5, 2, 2, 0, 1, true).unwrap(), 3);
        // Windows start at −1, 2, 5: the last one lies in the padding at the end.
        assert_eq!(count(5, 3, 3, 1, 1, true).unwrap(), 2);
        assert_eq!(count(1, 2, 2, 0, 1, true).unwrap(), 1);
    }

    #[test]
    fn foretold_shapes_of_poolings_are_those_of_their_values() {
        let ints = |values: [i64; 2]| Argument::ints(&values);
        for length in 3..12 {
            for (kernel, stride, padding) in [(2, 2, 0), (3, 2, 1), (3, 3, 1), (2, 3, 1), (3, 1, 1), (2, 5, 1)] {
                for ceil in [false, true] {
                    let input: &[&[i64]] = &[&[2, 3, length, length + 1]];
                    let (window, ceil) = ([X, ints([kernel; 2]), ints([stride; 2]), ints([padding; 2])], Argument::Bool(ceil));
                    let max = [window.as_slice(), &[ints([1, 1]), ceil.clone()]].concat();
                    let shape = agreed_shape("max_pool2d.default", &max, input);
                    assert_eq!(agreed_shape("max_pool2d_with_indices.default", &max, input), shape);
                    assert_eq!(agreed_shape("avg_pool2d.default", &[window.as_slice(), &[ceil]].concat(), input), shape);
                }
            }
        }
        let three = |values: [i64; 3]| Argument::ints(&values);
        let volume: &[&[i64]] = &[&[2, 3, 5, 6, 7]];
        let window = [X, three([2, 3, 2]), three([2, 1, 2]), three([1, 1, 0])];
        let max = [window.as_slice(), &[three([1; 3]), Argument::Bool(true)]].concat();
        assert_eq!(agreed_shape("max_pool3d.default", &max, volume), [2, 3, 3, 6, 4]);
        assert_eq!(agreed_shape("avg_pool3d.default", &[window.as_slice(), &[Argument::Bool(false)]].concat(), volume), [2, 3, 3, 6, 3]);
        assert_eq!(agreed_shape("adaptive_avg_pool3d.default", &[X, three([1, 2, 3])], volume), [2, 3, 1, 2, 3]);
        let one = |value: i64| Argument::ints(&[value]);
        assert_eq!(agreed_shape("max_pool1d.default", &[X, one(3), one(2), one(1), one(2)], &[&[2, 3, 9]]), [2, 3, 4]);
        assert_eq!(agreed_shape("avg_pool1d.default", &[X, one(3)], &[&[2, 3, 9]]), [2, 3, 3]);
    }

    #[test]
    fn no_stride_means_the_kernel() {
        let x = Tensor::arange(4, (Kind::Float, tch::Device::Cpu)).view([1, 1, 2, 2]);
        assert_eq!(numbers(&value("avg_pool2d.default", &[X, Argument::ints(&[2, 2])], &[&x]).unwrap()), [1.5]);
        assert_eq!(agreed_shape("max_pool2d.default", &[X, Argument::ints(&[2, 3])], &[&[1, 1, 6, 6]]), [1, 1, 3, 2]);
    }

    #[test]
    fn a_mean_counts_padding_unless_told_otherwise_and_takes_a_divisor() {
        let x = Tensor::ones([1, 1, 2, 2], (Kind::Float, tch::Device::Cpu));
        let mean = |counted: bool, divisor: Argument| {
            let window = [3, 3, 1].map(|value| Argument::ints(&[value; 2]));
            let rest = [Argument::Bool(false), Argument::Bool(counted), divisor];
            numbers(&value("avg_pool2d.default", &[[X].as_slice(), &window, &rest].concat(), &[&x]).unwrap())
        };
        assert!((mean(true, Argument::None)[0] - 4.0 / 9.0).abs() < 1e-6);
        assert_eq!(mean(false, Argument::None), [1.0]);
        assert_eq!(mean(true, Argument::int(2)), [2.0]);
    }

    #[test]
    fn adaptive_poolings_have_the_sides_they_are_asked_for() {
        for name in ["adaptive_avg_pool2d.default", "_adaptive_avg_pool2d.default", "adaptive_max_pool2d.default"] {
            assert_eq!(agreed_shape(name, &[X, Argument::ints(&[3, 2])], &[&[2, 3, 7, 5]]), [2, 3, 3, 2]);
            assert_twice_differentiable(name, &[X, Argument::ints(&[2, 2])], &[&[1, 2, 4, 4]]);
            assert!(shape(name, &[X, Argument::ints(&[-1, 2])], &[&[2, 3, 7, 5]]).is_err());
        }
        for name in ["adaptive_avg_pool1d.default", "adaptive_max_pool1d.default"] {
            assert_eq!(agreed_shape(name, &[X, Argument::ints(&[3])], &[&[2, 3, 7]]), [2, 3, 3]);
        }
    }

    #[test]
    fn windows_that_have_no_value_are_refused() {
        for (kernel, stride, padding, dilation) in [(0, 1, 0, 1), (2, 0, 0, 1), (2, -1, 0, 1), (2, 1, 2, 1), (2, 1, 0, 0), (9, 1, 0, 1)] {
            for ceil in [false, true] {
                assert!(count(5, kernel, stride, padding, dilation, ceil).is_err(), "{kernel} {stride} {padding} {dilation}");
            }
        }
        assert!(count(5, 2, i64::MIN, 0, 1, true).is_err() && count(5, i64::MAX, i64::MAX, i64::MAX / 2, 1, true).is_err());
        assert!(count(5, 2, i64::MAX, 0, 1, true).is_err());
    }
}
