//! What keeps the numbers of a tensor: copies, other element types, dropout in evaluation.
//!
//! Devices and memory formats are not read. PyTorch's schemas leave out that dropout in evaluation and `type_as` may return their argument
//! itself: here they say so.

use tch::Tensor;

use super::arguments::Arguments;
use super::arithmetic::broadcast_into_first;
use super::definition::Row;
use super::elementwise::{copied, written};
use super::shape::same;
use crate::model::ModelError;

pub const ROWS: &[Row] = &[
    (
        "to.dtype(Tensor(a) self, ScalarType dtype, bool non_blocking=False, bool copy=False, MemoryFormat? memory_format=None) -> Tensor(a)",
        |a| converted(a, 1, a.bool(3)?),
        same,
    ),
    (
        "to.dtype_layout(Tensor(a) self, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, bool non_blocking=False, bool copy=False, MemoryFormat? memory_format=None) -> Tensor(a)",
        |a| converted(a, 1, a.bool(6)?),
        same,
    ),
    (
        "to.device(Tensor(a) self, Device device, ScalarType dtype, bool non_blocking=False, bool copy=False, MemoryFormat? memory_format=None) -> Tensor(a)",
        |a| converted(a, 2, a.bool(4)?),
        same,
    ),
    (
        "to.other(Tensor(a) self, Tensor other, bool non_blocking=False, bool copy=False, MemoryFormat? memory_format=None) -> Tensor(a)",
        |a| Ok(a.tensor(0)?.f_to_dtype(a.tensor(1)?.f_kind()?, false, a.bool(3)?)?),
        same,
    ),
    (
        "_to_copy(Tensor self, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, bool non_blocking=False, MemoryFormat? memory_format=None) -> Tensor",
        |a| converted(a, 1, true),
        same,
    ),
    ("type_as(Tensor(a) self, Tensor other) -> Tensor(a)", |a| Ok(a.tensor(0)?.f_to_dtype(a.tensor(1)?.f_kind()?, false, false)?), same),
    (
        "contiguous(Tensor(a) self, *, MemoryFormat memory_format=contiguous_format) -> Tensor(a)",
        |a| Ok(a.tensor(0)?.f_contiguous()?),
        same,
    ),
    ("clone(Tensor self, *, MemoryFormat? memory_format=None) -> Tensor", |a| Ok(copied(a.tensor(0)?)?), same),
    ("lift_fresh_copy(Tensor self) -> Tensor", |a| Ok(copied(a.tensor(0)?)?), same),
    ("lift_fresh(Tensor(a) self) -> Tensor(a)", itself, same),
    ("alias(Tensor(a) self) -> Tensor(a)", itself, same),
    ("detach(Tensor(a) self) -> Tensor(a)", |a| Ok(a.tensor(0)?.f_detach()?), same),
    ("detach_(Tensor(a!) self) -> Tensor(a!)", |a| Ok(a.tensor(0)?.f_detach()?), same),
    ("copy(Tensor self, Tensor src, bool non_blocking=False) -> Tensor", copy, broadcast_into_first),
    ("copy_(Tensor(a!) self, Tensor src, bool non_blocking=False) -> Tensor(a!)", copy_in_place, broadcast_into_first),
    ("dropout(Tensor(a) input, float p, bool train) -> Tensor(a)", itself, same),
    ("dropout_(Tensor(a!) self, float p, bool train) -> Tensor(a!)", itself, same),
    ("feature_dropout(Tensor(a) input, float p, bool train) -> Tensor(a)", itself, same),
    ("feature_dropout_(Tensor(a!) self, float p, bool train) -> Tensor(a!)", itself, same),
    ("alpha_dropout(Tensor(a) input, float p, bool train) -> Tensor(a)", itself, same),
    ("alpha_dropout_(Tensor(a!) self, float p, bool train) -> Tensor(a!)", itself, same),
    ("feature_alpha_dropout(Tensor(a) input, float p, bool train) -> Tensor(a)", itself, same),
    ("feature_alpha_dropout_(Tensor(a!) self, float p, bool train) -> Tensor(a!)", itself, same),
];

fn itself(a: &Arguments<'_, Tensor>) -> Result<Tensor, ModelError> {
    Ok(written(a)?)
}

/// The first argument in the element type at `place`, if one stands there, in memory of its own if `copy` says so.
fn converted(a: &Arguments<'_, Tensor>, place: usize, copy: bool) -> Result<Tensor, ModelError> {
    let x = a.tensor(0)?;
    let kind = match a.optional_kind(place)? {
        Some(kind) => kind,
        None => x.f_kind()?,
    };
    Ok(x.f_to_dtype(kind, false, copy)?)
}

/// `src` in the shape and element type of `self`.
fn copy(a: &Arguments<'_, Tensor>) -> Result<Tensor, ModelError> {
    let (x, source) = (a.tensor(0)?, a.tensor(1)?);
    Ok(copied(&source.f_to_dtype(x.f_kind()?, false, false)?.f_expand(x.size(), false)?)?.f_contiguous()?)
}

fn copy_in_place(a: &Arguments<'_, Tensor>) -> Result<Tensor, ModelError> {
    let mut x = written(a)?;
    x.f_copy_(a.tensor(1)?)?;
    Ok(x)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use tch::Kind;

    use super::super::testing::{Argument, X, Y, assert_close, shape, value};
    use super::*;

    #[test]
    fn a_conversion_has_the_element_type_of_the_program_and_else_its_own() {
        let x = Tensor::from_slice(&[1.5, -1.5]);
        let whole = value("to.dtype", &[X, Argument::Kind(Kind::Int64)], &[&x]).unwrap();
        assert_eq!((whole.kind(), Vec::<i64>::try_from(&whole).unwrap()), (Kind::Int64, vec![1, -1]));
        assert_eq!(value("_to_copy.default", &[X], &[&x]).unwrap().kind(), Kind::Double);
        assert_eq!(value("type_as.default", &[X, Y], &[&x, &whole]).unwrap().kind(), Kind::Int64);
    }

    #[test]
    fn a_clone_has_memory_of_its_own_and_dropout_has_none() {
        let x = Tensor::from_slice(&[1.0, 2.0]);
        let clone = value("clone.default", &[X], &[&x]).unwrap();
        let dropped = value("dropout.default", &[X, Argument::Float(0.5), Argument::Bool(true)], &[&x]).unwrap();
        let _ = value("mul_.Tensor", &[X, Argument::int(2)], &[&x]).unwrap();
        assert_close(&clone, &[1.0, 2.0]);
        assert_close(&dropped, &[2.0, 4.0]);
    }

    #[test]
    fn a_copy_is_broadcast_into_the_shape_of_the_first_argument() {
        let (x, row) = (Tensor::zeros([2, 2], (Kind::Float, tch::Device::Cpu)), Tensor::from_slice(&[1.0, 2.0]));
        let copy = value("copy.default", &[X, Y], &[&x, &row]).unwrap();
        assert_eq!((copy.kind(), copy.size()), (Kind::Float, vec![2, 2]));
        assert_close(&x, &[0.0; 4]);
        assert_close(&value("copy_.default", &[X, Y], &[&x, &row]).unwrap(), &[1.0, 2.0, 1.0, 2.0]);
        assert_close(&x, &[1.0, 2.0, 1.0, 2.0]);
        assert!(shape("copy_.default", &[X, Y], &[&[2], &[2, 2]]).is_err());
    }
}
