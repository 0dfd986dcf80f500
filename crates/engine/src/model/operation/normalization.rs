//! Normalizations of activations and of weights. Frozen statistics are used, never updated.

use tch::Tensor;

use super::arguments::Arguments;
use super::definition::Row;
use super::shape::{Shaped, broadcast, dimension, numel, same};
use crate::model::ModelError;

pub const ROWS: &[Row] = &[
    (
        "layer_norm(Tensor input, SymInt[] normalized_shape, Tensor? weight=None, Tensor? bias=None, float eps=1e-05, bool cudnn_enable=True) -> Tensor",
        |a| Ok(a.tensor(0)?.f_layer_norm(a.ints(1)?, a.optional_tensor(2)?, a.optional_tensor(3)?, a.float(4)?, true)?),
        |a| over_last_sides(a, &[2, 3]),
    ),
    (
        "native_layer_norm(Tensor input, SymInt[] normalized_shape, Tensor? weight, Tensor? bias, float eps) -> Tensor",
        |a| Ok(a.tensor(0)?.f_layer_norm(a.ints(1)?, a.optional_tensor(2)?, a.optional_tensor(3)?, a.float(4)?, true)?),
        |a| over_last_sides(a, &[2, 3]),
    ),
    (
        "rms_norm(Tensor input, SymInt[] normalized_shape, Tensor? weight=None, float? eps=None) -> Tensor",
        |a| Ok(a.tensor(0)?.f_rms_norm(a.ints(1)?, a.optional_tensor(2)?, a.optional_float(3)?)?),
        |a| over_last_sides(a, &[2]),
    ),
    (
        "group_norm(Tensor input, int num_groups, Tensor? weight=None, Tensor? bias=None, float eps=1e-05, bool cudnn_enabled=True) -> Tensor",
        |a| Ok(a.tensor(0)?.f_group_norm(a.int(1)?, a.optional_tensor(2)?, a.optional_tensor(3)?, a.float(4)?, true)?),
        |a| over_groups(a, a.int(1)?, &[2, 3]),
    ),
    (
        "native_group_norm(Tensor input, Tensor? weight, Tensor? bias, SymInt N, SymInt C, SymInt HxW, int group, float eps) -> Tensor",
        |a| Ok(a.tensor(0)?.f_group_norm(a.int(6)?, a.optional_tensor(1)?, a.optional_tensor(2)?, a.float(7)?, true)?),
        native_group_norm_shape,
    ),
    (
        "batch_norm(Tensor input, Tensor? weight, Tensor? bias, Tensor? running_mean, Tensor? running_var, bool training, float momentum, float eps, bool cudnn_enabled) -> Tensor",
        |a| batch_norm(a, statistics(a, a.bool(5)?)?, a.float(7)?),
        |a| statistics(a, a.bool(5)?).and_then(|_| over_channels(a, &[1, 2, 3, 4])),
    ),
    (
        "_native_batch_norm_legit_no_training(Tensor input, Tensor? weight, Tensor? bias, Tensor running_mean, Tensor running_var, float momentum, float eps) -> Tensor",
        |a| batch_norm(a, statistics(a, false)?, a.float(6)?),
        |a| statistics(a, false).and_then(|_| over_channels(a, &[1, 2, 3, 4])),
    ),
    (
        "_native_batch_norm_legit.no_stats(Tensor input, Tensor? weight, Tensor? bias, bool training, float momentum, float eps) -> Tensor",
        |a| batch_norm(a, None, a.float(5)?),
        |a| match a.bool(3)? {
            true => over_channels(a, &[1, 2]),
            false => Err("expected statistics of the batch, found none at all".into()),
        },
    ),
    (
        "instance_norm(Tensor input, Tensor? weight, Tensor? bias, Tensor? running_mean, Tensor? running_var, bool use_input_stats, float momentum, float eps, bool cudnn_enabled) -> Tensor",
        instance_norm,
        |a| statistics(a, a.bool(5)?).and_then(|_| over_channels(a, &[1, 2, 3, 4])),
    ),
    ("_weight_norm(Tensor v, Tensor g, int dim=0) -> Tensor", weight_norm, weight_norm_shape),
    ("_weight_norm_interface(Tensor v, Tensor g, int dim=0) -> Tensor", weight_norm, weight_norm_shape),
];

/// Frozen mean and variance; `None` where those of the input are used, which do not depend on the frozen ones.
fn statistics<'a, T>(a: &Arguments<'a, T>, of_input: bool) -> Result<Option<[&'a T; 2]>, String> {
    if of_input { Ok(None) } else { Ok(Some([a.tensor(3)?, a.tensor(4)?])) }
}

fn batch_norm(a: &Arguments<'_, Tensor>, frozen: Option<[&Tensor; 2]>, eps: f64) -> Result<Tensor, ModelError> {
    let [mean, variance] = frozen.map_or([None; 2], |both| both.map(Some));
    let (weight, bias) = (a.optional_tensor(1)?, a.optional_tensor(2)?);
    Ok(a.tensor(0)?.f_batch_norm(weight, bias, mean, variance, frozen.is_none(), 0.0, eps, true)?)
}

fn instance_norm(a: &Arguments<'_, Tensor>) -> Result<Tensor, ModelError> {
    let frozen = statistics(a, a.bool(5)?)?;
    let [mean, variance] = frozen.map_or([None; 2], |both| both.map(Some));
    let (weight, bias) = (a.optional_tensor(1)?, a.optional_tensor(2)?);
    Ok(a.tensor(0)?.f_instance_norm(weight, bias, mean, variance, frozen.is_none(), 0.0, a.float(7)?, true)?)
}

/// g·v/‖v‖, the norm over all dimensions but `dim`, or over all where that is −1. PyTorch's fused kernel has no second derivative.
fn weight_norm(a: &Arguments<'_, Tensor>) -> Result<Tensor, ModelError> {
    let (v, g, dim) = (a.tensor(0)?, a.tensor(1)?, a.int(2)?);
    let kept = kept_sides(&v.size(), dim)?;
    let rows = if dim == -1 { v.f_reshape([1, -1])? } else { v.f_transpose(0, dim)?.f_unsqueeze(-1)?.f_flatten(1, -1)? };
    let norm = rows.f_norm_scalaropt_dim(2, [1], true)?.f_reshape(kept)?;
    Ok(v.f_mul(&g.f_div(&norm)?)?)
}

/// Shape of the norm of a weight.
fn kept_sides(shape: &[i64], dim: i64) -> Shaped {
    let kept = if dim == -1 { None } else { Some(dimension(dim, shape.len())?) };
    Ok(shape.iter().enumerate().map(|(k, &side)| if Some(k) == kept { side } else { 1 }).collect())
}

fn weight_norm_shape(a: &Arguments<'_, Vec<i64>>) -> Shaped {
    let (v, g) = (a.tensor(0)?, a.tensor(1)?);
    match broadcast(&kept_sides(v, a.int(2)?)?, g)? {
        both if !v.is_empty() && broadcast(v, &both)? == *v => same(a),
        _ => Err(format!("expected a weight and lengths that fit, found {v:?} and {g:?}")),
    }
}

/// The shape of the input, if what is given at `places` has the shape `expected`.
fn with_factors(a: &Arguments<'_, Vec<i64>>, places: &[usize], expected: &[i64]) -> Shaped {
    for &place in places {
        if let Some(found) = a.optional_tensor(place)?
            && found != expected
        {
            return Err(format!("expected factors, summands and statistics of shape {expected:?}, found {found:?}"));
        }
    }
    same(a)
}

fn over_last_sides(a: &Arguments<'_, Vec<i64>>, places: &[usize]) -> Shaped {
    let (input, sides) = (a.tensor(0)?, a.ints(1)?);
    if sides.is_empty() || !input.ends_with(&sides) {
        return Err(format!("expected an input whose last sides are {sides:?}, found {input:?}"));
    }
    with_factors(a, places, &sides)
}

fn over_channels(a: &Arguments<'_, Vec<i64>>, places: &[usize]) -> Shaped {
    match a.tensor(0)?[..] {
        [_, channels, ..] => with_factors(a, places, &[channels]),
        _ => Err(format!("expected an input [N, C, …], found {:?}", a.tensor(0)?)),
    }
}

fn over_groups(a: &Arguments<'_, Vec<i64>>, groups: i64, places: &[usize]) -> Shaped {
    match a.tensor(0)?[..] {
        [_, channels, ..] if groups > 0 && channels % groups == 0 => with_factors(a, places, &[channels]),
        _ => Err(format!("expected channels in {groups} equal groups, found {:?}", a.tensor(0)?)),
    }
}

fn native_group_norm_shape(a: &Arguments<'_, Vec<i64>>) -> Shaped {
    let (input, sides) = (a.tensor(0)?, [a.int(3)?, a.int(4)?, a.int(5)?]);
    match &input[..] {
        [n, channels, rest @ ..] if [*n, *channels, numel(rest)?] == sides => over_groups(a, a.int(6)?, &[1, 2]),
        _ => Err(format!("expected an input of sides {sides:?}, found {input:?}")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use tch::Tensor;

    use super::super::testing::{Argument, X, Y as W, Z as B, agreed_shape, assert_twice_differentiable, numbers, shape, value};

    fn batch_norm(training: bool) -> Vec<Argument> {
        let flags = [Argument::Bool(training), Argument::Float(0.5), Argument::Float(0.0), Argument::Bool(true)];
        [[X, W, B, Argument::Tensor(3), Argument::Tensor(4)].as_slice(), &flags].concat()
    }

    #[test]
    fn frozen_statistics_normalize_and_those_of_the_batch_leave_them_as_they_are() {
        let row = |values: &[f32]| Tensor::from_slice(values);
        let x = row(&[1.0, 3.0, 5.0, 7.0]).view([2, 2]);
        let (weight, bias, mean, variance) = (row(&[2.0, 1.0]), row(&[0.0, 1.0]), row(&[1.0, 1.0]), row(&[4.0, 16.0]));
        let inputs = [&x, &weight, &bias, &mean, &variance];
        assert_eq!(numbers(&value("batch_norm.default", &batch_norm(false), &inputs).unwrap()), [0.0, 1.5, 4.0, 2.5]);
        assert_eq!(numbers(&value("batch_norm.default", &batch_norm(true), &inputs).unwrap()), [-2.0, 0.0, 2.0, 2.0]);
        assert_eq!((numbers(&mean), numbers(&variance)), (vec![1.0, 1.0], vec![4.0, 16.0]));
        let decomposed = [&batch_norm(false)[..5], &[Argument::Float(0.5), Argument::Float(0.0)]].concat();
        let frozen = value("_native_batch_norm_legit_no_training.default", &decomposed, &inputs).unwrap();
        assert_eq!(numbers(&frozen), [0.0, 1.5, 4.0, 2.5]);
        let alone = [X, W, B, Argument::Bool(true), Argument::Float(0.5), Argument::Float(0.0)];
        let of_batch = value("_native_batch_norm_legit.no_stats", &alone, &inputs).unwrap();
        assert_eq!(numbers(&of_batch), [-2.0, 0.0, 2.0, 2.0]);
    }

    #[test]
    fn frozen_normalization_needs_statistics() {
        let mut given = batch_norm(false);
        given[3] = Argument::None;
        let sides: &[&[i64]] = &[&[2, 3, 4, 4], &[3], &[3], &[3], &[3]];
        assert!(shape("batch_norm.default", &given, sides).is_err() && shape("instance_norm.default", &given, sides).is_err());
        given[5] = Argument::Bool(true);
        assert_eq!(shape("batch_norm.default", &given, sides).unwrap(), [2, 3, 4, 4]);
        let instances = [X, W, B, Argument::None, Argument::None, Argument::Bool(true), Argument::Float(0.1), Argument::Float(1e-5)];
        let instances = [instances.as_slice(), &[Argument::Bool(true)]].concat();
        assert_eq!(agreed_shape("instance_norm.default", &instances, &[&[2, 3, 4, 4], &[3], &[3]]), [2, 3, 4, 4]);
    }

    #[test]
    fn groups_and_last_sides_have_to_fit() {
        let groups = |groups: i64| [X, Argument::int(groups), Argument::Tensor(1), Argument::Tensor(2)];
        let input: &[&[i64]] = &[&[2, 4, 3, 3], &[4], &[4]];
        assert_eq!(agreed_shape("group_norm.default", &groups(2), input), [2, 4, 3, 3]);
        assert!([0, -1, 3].iter().all(|&count| shape("group_norm.default", &groups(count), input).is_err()));
        let native = [X, W, B, Argument::int(2), Argument::int(4), Argument::int(9), Argument::int(2), Argument::Float(1e-5)];
        assert_eq!(agreed_shape("native_group_norm.default", &native, input), [2, 4, 3, 3]);
        let last = |side: i64| [X, Argument::ints(&[side])];
        assert_eq!(agreed_shape("layer_norm.default", &last(4), &[&[2, 3, 4]]), [2, 3, 4]);
        assert_eq!(agreed_shape("rms_norm.default", &last(4), &[&[2, 3, 4]]), [2, 3, 4]);
        assert!(shape("layer_norm.default", &last(3), &[&[2, 3, 4]]).is_err());
    }

    #[test]
    fn a_weight_has_the_length_that_it_is_given() {
        let v = Tensor::from_slice(&[3.0f32, 4.0, 6.0, 8.0]).view([2, 2]);
        let g = Tensor::from_slice(&[10.0f32, 5.0]).view([2, 1]);
        for name in ["_weight_norm.default", "_weight_norm_interface.default"] {
            assert_eq!(numbers(&value(name, &[X, W], &[&v, &g]).unwrap()), [6.0, 8.0, 3.0, 4.0]);
            assert_eq!(agreed_shape(name, &[X, W, Argument::int(1)], &[&[2, 3, 4], &[1, 3, 1]]), [2, 3, 4]);
            assert_eq!(agreed_shape(name, &[X, W], &[&[3], &[3]]), [3]);
        }
        let whole = value("_weight_norm.default", &[X, W, Argument::int(-1)], &[&v, &Tensor::from(125f32.sqrt())]).unwrap();
        assert!(whole.allclose(&v, 1e-6, 1e-6, false));
    }

    #[test]
    fn normalizations_have_second_derivatives() {
        let last = [X, Argument::ints(&[4]), Argument::Tensor(1), Argument::Tensor(2)];
        assert_twice_differentiable("layer_norm.default", &last, &[&[2, 3, 4], &[4], &[4]]);
        assert_twice_differentiable("rms_norm.default", &last[..3], &[&[2, 3, 4], &[4]]);
        let groups = [X, Argument::int(2), Argument::Tensor(1), Argument::Tensor(2)];
        assert_twice_differentiable("group_norm.default", &groups, &[&[2, 4, 3], &[4], &[4]]);
        assert_twice_differentiable("_weight_norm.default", &[X, W], &[&[2, 3], &[2, 1]]);
    }
}
