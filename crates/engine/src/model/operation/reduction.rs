//! Sums, means, extremes and norms over dimensions, softmax and cumulative sums.

use tch::{Scalar, Tensor};

use super::arguments::Arguments;
use super::definition::Row;
use super::shape::{Shaped, dimension, same};
use crate::model::ModelError;

pub const ROWS: &[Row] = &[
    ("mean(Tensor self, *, ScalarType? dtype=None) -> Tensor", |a| Ok(a.tensor(0)?.f_mean(a.optional_kind(1)?)?), scalar),
    (
        "mean.dim(Tensor self, int[1]? dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor",
        |a| Ok(a.tensor(0)?.f_mean_dim(a.optional_ints(1)?, a.bool(2)?, a.optional_kind(3)?)?),
        over_dimensions::<2>,
    ),
    ("sum(Tensor self, *, ScalarType? dtype=None) -> Tensor", |a| Ok(a.tensor(0)?.f_sum(a.optional_kind(1)?)?), scalar),
    (
        "sum.dim_IntList(Tensor self, int[1]? dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor",
        |a| Ok(a.tensor(0)?.f_sum_dim_intlist(a.optional_ints(1)?, a.bool(2)?, a.optional_kind(3)?)?),
        over_dimensions::<2>,
    ),
    ("prod(Tensor self, *, ScalarType? dtype=None) -> Tensor", |a| Ok(a.tensor(0)?.f_prod(a.optional_kind(1)?)?), scalar),
    (
        "prod.dim_int(Tensor self, int dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor",
        |a| Ok(a.tensor(0)?.f_prod_dim_int(a.int(1)?, a.bool(2)?, a.optional_kind(3)?)?),
        over_dimension,
    ),
    ("max(Tensor self) -> Tensor", |a| Ok(a.tensor(0)?.f_max()?), scalar),
    ("min(Tensor self) -> Tensor", |a| Ok(a.tensor(0)?.f_min()?), scalar),
    (
        "amax(Tensor self, int[1] dim=[], bool keepdim=False) -> Tensor",
        |a| Ok(a.tensor(0)?.f_amax(a.ints(1)?, a.bool(2)?)?),
        over_dimensions::<2>,
    ),
    (
        "amin(Tensor self, int[1] dim=[], bool keepdim=False) -> Tensor",
        |a| Ok(a.tensor(0)?.f_amin(a.ints(1)?, a.bool(2)?)?),
        over_dimensions::<2>,
    ),
    // PyTorch gives the positions too; the program that reads them is refused.
    (
        "max.dim(Tensor self, int dim, bool keepdim=False) -> Tensor",
        |a| Ok(a.tensor(0)?.f_max_dim(a.int(1)?, a.bool(2)?)?.0),
        over_dimension,
    ),
    (
        "min.dim(Tensor self, int dim, bool keepdim=False) -> Tensor",
        |a| Ok(a.tensor(0)?.f_min_dim(a.int(1)?, a.bool(2)?)?.0),
        over_dimension,
    ),
    (
        "argmax(Tensor self, int? dim=None, bool keepdim=False) -> Tensor",
        |a| Ok(a.tensor(0)?.f_argmax(a.optional_int(1)?, a.bool(2)?)?),
        over_dimension,
    ),
    (
        "argmin(Tensor self, int? dim=None, bool keepdim=False) -> Tensor",
        |a| Ok(a.tensor(0)?.f_argmin(a.optional_int(1)?, a.bool(2)?)?),
        over_dimension,
    ),
    ("any(Tensor self) -> Tensor", |a| Ok(a.tensor(0)?.f_any()?), scalar),
    ("any.dim(Tensor self, int dim, bool keepdim=False) -> Tensor", |a| Ok(a.tensor(0)?.f_any_dim(a.int(1)?, a.bool(2)?)?), over_dimension),
    (
        "any.dims(Tensor self, int[]? dim=None, bool keepdim=False) -> Tensor",
        |a| Ok(a.tensor(0)?.f_any_dims(a.optional_ints(1)?, a.bool(2)?)?),
        over_some_or_all,
    ),
    ("all(Tensor self) -> Tensor", |a| Ok(a.tensor(0)?.f_all()?), scalar),
    ("all.dim(Tensor self, int dim, bool keepdim=False) -> Tensor", |a| Ok(a.tensor(0)?.f_all_dim(a.int(1)?, a.bool(2)?)?), over_dimension),
    (
        "all.dims(Tensor self, int[]? dim=None, bool keepdim=False) -> Tensor",
        |a| Ok(a.tensor(0)?.f_all_dims(a.optional_ints(1)?, a.bool(2)?)?),
        over_some_or_all,
    ),
    ("var(Tensor self, bool unbiased=True) -> Tensor", |a| Ok(a.tensor(0)?.f_var(a.bool(1)?)?), scalar),
    (
        "var.dim(Tensor self, int[1]? dim, bool unbiased=True, bool keepdim=False) -> Tensor",
        |a| Ok(a.tensor(0)?.f_var_dim(a.optional_ints(1)?, a.bool(2)?, a.bool(3)?)?),
        over_dimensions::<3>,
    ),
    (
        "var.correction(Tensor self, int[1]? dim=None, *, Scalar? correction=None, bool keepdim=False) -> Tensor",
        |a| Ok(a.tensor(0)?.f_var_correction(a.optional_ints(1)?, correction(a)?, a.bool(3)?)?),
        over_dimensions::<3>,
    ),
    ("std(Tensor self, bool unbiased=True) -> Tensor", |a| Ok(a.tensor(0)?.f_std(a.bool(1)?)?), scalar),
    (
        "std.dim(Tensor self, int[1]? dim, bool unbiased=True, bool keepdim=False) -> Tensor",
        |a| Ok(a.tensor(0)?.f_std_dim(a.optional_ints(1)?, a.bool(2)?, a.bool(3)?)?),
        over_dimensions::<3>,
    ),
    (
        "std.correction(Tensor self, int[1]? dim=None, *, Scalar? correction=None, bool keepdim=False) -> Tensor",
        |a| Ok(a.tensor(0)?.f_std_correction(a.optional_ints(1)?, correction(a)?, a.bool(3)?)?),
        over_dimensions::<3>,
    ),
    (
        "linalg_vector_norm(Tensor self, Scalar ord=2, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor",
        vector_norm,
        over_order,
    ),
    (
        "linalg_norm(Tensor self, Scalar? ord=None, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor",
        linalg_norm,
        over_order,
    ),
    (
        "norm.Scalar(Tensor self, Scalar p=2) -> Tensor",
        |a| Ok(a.tensor(0)?.f_norm_scalaropt_dim(a.scalar(1)?, Vec::<i64>::new(), false)?),
        scalar,
    ),
    ("norm.ScalarOpt_dim(Tensor self, Scalar? p, int[1] dim, bool keepdim=False) -> Tensor", vector_norm, over_order),
    ("norm.ScalarOpt_dim_dtype(Tensor self, Scalar? p, int[1] dim, bool keepdim, *, ScalarType dtype) -> Tensor", vector_norm, over_order),
    (
        "frobenius_norm.dim(Tensor self, int[1] dim, bool keepdim=False) -> Tensor",
        |a| Ok(a.tensor(0)?.f_frobenius_norm(a.ints(1)?, a.bool(2)?)?),
        over_dimensions::<2>,
    ),
    (
        "logsumexp(Tensor self, int[1] dim, bool keepdim=False) -> Tensor",
        |a| Ok(a.tensor(0)?.f_logsumexp(a.ints(1)?, a.bool(2)?)?),
        over_dimensions::<2>,
    ),
    (
        "softmax.int(Tensor self, int dim, ScalarType? dtype=None) -> Tensor",
        |a| Ok(a.tensor(0)?.f_softmax(a.int(1)?, a.optional_kind(2)?)?),
        along_dimension,
    ),
    (
        "_softmax(Tensor self, int dim, bool half_to_float) -> Tensor",
        |a| Ok(a.tensor(0)?.f_internal_softmax(a.int(1)?, a.bool(2)?)?),
        along_dimension,
    ),
    (
        "log_softmax.int(Tensor self, int dim, ScalarType? dtype=None) -> Tensor",
        |a| Ok(a.tensor(0)?.f_log_softmax(a.int(1)?, a.optional_kind(2)?)?),
        along_dimension,
    ),
    (
        "_log_softmax(Tensor self, int dim, bool half_to_float) -> Tensor",
        |a| Ok(a.tensor(0)?.f_internal_log_softmax(a.int(1)?, a.bool(2)?)?),
        along_dimension,
    ),
    (
        "cumsum(Tensor self, int dim, *, ScalarType? dtype=None) -> Tensor",
        |a| Ok(a.tensor(0)?.f_cumsum(a.int(1)?, a.optional_kind(2)?)?),
        along_dimension,
    ),
    (
        "cumprod(Tensor self, int dim, *, ScalarType? dtype=None) -> Tensor",
        |a| Ok(a.tensor(0)?.f_cumprod(a.int(1)?, a.optional_kind(2)?)?),
        along_dimension,
    ),
];

/// What is subtracted from the number of elements when squares are averaged: 1 unless the program says otherwise.
fn correction(a: &Arguments<'_, Tensor>) -> Result<Scalar, String> {
    Ok(a.optional_scalar(2)?.unwrap_or_else(|| Scalar::int(1)))
}

/// `linalg_vector_norm` and `norm`, which tch has under the second name only.
fn vector_norm(a: &Arguments<'_, Tensor>) -> Result<Tensor, ModelError> {
    let order = a.optional_scalar(1)?.unwrap_or_else(|| Scalar::int(2));
    let (x, dims, keepdim) = (a.tensor(0)?, a.optional_ints(2)?.unwrap_or_default(), a.bool(3)?);
    match a.optional_kind(4)? {
        Some(kind) => Ok(x.f_norm_scalaropt_dim_dtype(order, dims, keepdim, kind)?),
        None => Ok(x.f_norm_scalaropt_dim(order, dims, keepdim)?),
    }
}

/// Of an order over two dimensions it is a norm of matrices.
fn linalg_norm(a: &Arguments<'_, Tensor>) -> Result<Tensor, ModelError> {
    match a.optional_scalar(1)? {
        Some(order) => Ok(a.tensor(0)?.f_linalg_norm(order, a.optional_ints(2)?, a.bool(3)?, a.optional_kind(4)?)?),
        None => vector_norm(a),
    }
}

/// The shape without the dimensions `dims`; without all of them where none are given.
fn reduced(shape: &[i64], dims: &[i64], keepdim: bool) -> Shaped {
    let mut gone = vec![dims.is_empty(); shape.len()];
    for &dim in dims {
        // A tensor without dimensions is reduced over its dimension 0 all the same.
        if let Some(gone) = gone.get_mut(dimension(dim, shape.len())?)
            && std::mem::replace(gone, true)
        {
            return Err(format!("expected every dimension once, found {dims:?}"));
        }
    }
    let sides = shape.iter().zip(gone);
    Ok(sides.filter_map(|(&side, gone)| if gone { keepdim.then_some(1) } else { Some(side) }).collect())
}

fn scalar(a: &Arguments<'_, Vec<i64>>) -> Shaped {
    a.tensor(0).map(|_| Vec::new())
}

fn over_dimension(a: &Arguments<'_, Vec<i64>>) -> Shaped {
    let dims: Vec<i64> = a.optional_int(1)?.into_iter().collect();
    reduced(a.tensor(0)?, &dims, a.bool(2)?)
}

/// Over the dimensions after the tensor; `KEEP` is the place of `keepdim`.
fn over_dimensions<const KEEP: usize>(a: &Arguments<'_, Vec<i64>>) -> Shaped {
    reduced(a.tensor(0)?, &a.optional_ints(1)?.unwrap_or_default(), a.bool(KEEP)?)
}

/// PyTorch takes an empty list as all dimensions in other reductions and as none here.
fn over_some_or_all(a: &Arguments<'_, Vec<i64>>) -> Shaped {
    if a.optional_ints(1)?.is_some_and(|dims| dims.is_empty()) {
        return Err("expected dimensions, found an empty list".into());
    }
    over_dimensions::<2>(a)
}

/// Over the dimensions after the order of a norm.
fn over_order(a: &Arguments<'_, Vec<i64>>) -> Shaped {
    reduced(a.tensor(0)?, &a.optional_ints(2)?.unwrap_or_default(), a.bool(3)?)
}

fn along_dimension(a: &Arguments<'_, Vec<i64>>) -> Shaped {
    dimension(a.int(1)?, a.tensor(0)?.len())?;
    same(a)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::testing::{Argument, X, agreed_shape, assert_close, shape, value};
    use super::*;

    #[test]
    fn a_reduction_leaves_out_its_dimensions_or_keeps_them_with_one_element() {
        let (dims, keep) = (Argument::ints(&[1, -1]), Argument::Bool(true));
        assert_eq!(agreed_shape("mean.dim", &[X, dims.clone()], &[&[2, 3, 4]]), [2]);
        assert_eq!(agreed_shape("amax.default", &[X, dims.clone(), keep.clone()], &[&[2, 3, 4]]), [2, 1, 1]);
        assert_eq!(agreed_shape("linalg_vector_norm.default", &[X, Argument::int(2), dims.clone(), keep], &[&[2, 3, 4]]), [2, 1, 1]);
        assert_eq!(agreed_shape("var.correction", &[X, dims], &[&[2, 3, 4]]), [2]);
        assert_eq!(agreed_shape("argmax.default", &[X, Argument::int(1)], &[&[2, 3, 4]]), [2, 4]);
    }

    #[test]
    fn a_reduction_without_dimensions_is_over_all() {
        let none = Argument::ints(&[]);
        assert_eq!(agreed_shape("sum.dim_IntList", &[X, none.clone()], &[&[2, 3]]), [0i64; 0]);
        assert_eq!(agreed_shape("amax.default", &[X, none.clone(), Argument::Bool(true)], &[&[2, 3]]), [1, 1]);
        assert_eq!(agreed_shape("linalg_vector_norm.default", &[X], &[&[2, 3]]), [0i64; 0]);
        assert_eq!(agreed_shape("any.dims", &[X], &[&[2, 3]]), [0i64; 0]);
        assert!(shape("any.dims", &[X, none], &[&[2, 3]]).is_err());
    }

    #[test]
    fn a_dimension_that_is_not_there_or_stands_twice_is_an_error() {
        assert!(shape("mean.dim", &[X, Argument::ints(&[2])], &[&[2, 3]]).is_err());
        assert!(shape("mean.dim", &[X, Argument::ints(&[1, -1])], &[&[2, 3]]).is_err());
        assert!(shape("softmax.int", &[X, Argument::int(i64::MIN)], &[&[2, 3]]).is_err());
    }

    #[test]
    fn a_variance_and_a_norm_take_the_numbers_of_the_program() {
        let x = Tensor::from_slice(&[1.0, 2.0, 3.0]);
        assert_close(&value("var.correction", &[X], &[&x]).unwrap(), &[1.0]);
        assert_close(&value("var.correction", &[X, Argument::None, Argument::int(0)], &[&x]).unwrap(), &[2.0 / 3.0]);
        assert_close(&value("linalg_vector_norm.default", &[X], &[&x]).unwrap(), &[14f64.sqrt()]);
        assert_close(&value("linalg_vector_norm.default", &[X, Argument::int(1)], &[&x]).unwrap(), &[6.0]);
        assert_close(&value("linalg_vector_norm.default", &[X, Argument::Float(f64::INFINITY)], &[&x]).unwrap(), &[3.0]);
    }
}
