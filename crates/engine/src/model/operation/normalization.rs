//! Normalizations of activations and of weights. Frozen statistics are used, never updated.

use tch::Tensor;

use super::shape::{Shaped, broadcast, dimension, same};
use super::{Arguments, Row};
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
        |a| over_channels(a, &[1, 2]),
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

/// g·v/‖v‖, the norm over all dimensions but `dim`, or over all where that is −1. PyTorch's own kernel has no second derivative.
fn weight_norm(a: &Arguments<'_, Tensor>) -> Result<Tensor, ModelError> {
    let (v, g, dim) = (a.tensor(0)?, a.tensor(1)?, a.int(2)?);
    let mut sides = vec![1; v.dim()];
    let rows = match dim {
        -1 => v.f_reshape([1, -1])?,
        _ => {
            let count = v.f_size_at(dim)?;
            v.f_transpose(0, dim)?.f_reshape([count, -1])?
        }
    };
    let norm = rows.f_norm_scalaropt_dim(2, [1], true)?.f_reshape(sides)?;
    Ok(v.f_mul(&g.f_div(&norm)?)?)
}
