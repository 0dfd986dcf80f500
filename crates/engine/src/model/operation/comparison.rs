//! Comparisons, logic, and what selects or bounds elements.

use tch::Tensor;

use super::arguments::Arguments;
use super::arithmetic::{broadcast_into_first, broadcast_three, broadcast_two, of_tensors, of_two, operands};
use super::definition::Row;
use super::elementwise::written;
use super::shape::{broadcast, same};
use crate::model::ModelError;

pub const ROWS: &[Row] = &[
    ("eq.Tensor(Tensor self, Tensor other) -> Tensor", |a| of_two(a, Tensor::f_eq_tensor, Tensor::f_eq), broadcast_two),
    ("eq.Scalar(Tensor self, Scalar other) -> Tensor", |a| Ok(a.tensor(0)?.f_eq(a.scalar(1)?)?), same),
    ("ne.Tensor(Tensor self, Tensor other) -> Tensor", |a| of_two(a, Tensor::f_ne_tensor, Tensor::f_ne), broadcast_two),
    ("ne.Scalar(Tensor self, Scalar other) -> Tensor", |a| Ok(a.tensor(0)?.f_ne(a.scalar(1)?)?), same),
    ("lt.Tensor(Tensor self, Tensor other) -> Tensor", |a| of_two(a, Tensor::f_lt_tensor, Tensor::f_lt), broadcast_two),
    ("lt.Scalar(Tensor self, Scalar other) -> Tensor", |a| Ok(a.tensor(0)?.f_lt(a.scalar(1)?)?), same),
    ("le.Tensor(Tensor self, Tensor other) -> Tensor", |a| of_two(a, Tensor::f_le_tensor, Tensor::f_le), broadcast_two),
    ("le.Scalar(Tensor self, Scalar other) -> Tensor", |a| Ok(a.tensor(0)?.f_le(a.scalar(1)?)?), same),
    ("gt.Tensor(Tensor self, Tensor other) -> Tensor", |a| of_two(a, Tensor::f_gt_tensor, Tensor::f_gt), broadcast_two),
    ("gt.Scalar(Tensor self, Scalar other) -> Tensor", |a| Ok(a.tensor(0)?.f_gt(a.scalar(1)?)?), same),
    ("ge.Tensor(Tensor self, Tensor other) -> Tensor", |a| of_two(a, Tensor::f_ge_tensor, Tensor::f_ge), broadcast_two),
    ("ge.Scalar(Tensor self, Scalar other) -> Tensor", |a| Ok(a.tensor(0)?.f_ge(a.scalar(1)?)?), same),
    ("logical_not(Tensor self) -> Tensor", |a| Ok(a.tensor(0)?.f_logical_not()?), same),
    ("logical_and(Tensor self, Tensor other) -> Tensor", |a| of_tensors(a, Tensor::f_logical_and), broadcast_two),
    ("logical_or(Tensor self, Tensor other) -> Tensor", |a| of_tensors(a, Tensor::f_logical_or), broadcast_two),
    ("logical_xor(Tensor self, Tensor other) -> Tensor", |a| of_tensors(a, Tensor::f_logical_xor), broadcast_two),
    ("bitwise_not(Tensor self) -> Tensor", |a| Ok(a.tensor(0)?.f_bitwise_not()?), same),
    ("bitwise_and.Tensor(Tensor self, Tensor other) -> Tensor", |a| of_tensors(a, Tensor::f_bitwise_and_tensor), broadcast_two),
    ("bitwise_or.Tensor(Tensor self, Tensor other) -> Tensor", |a| of_tensors(a, Tensor::f_bitwise_or_tensor), broadcast_two),
    ("bitwise_xor.Tensor(Tensor self, Tensor other) -> Tensor", |a| of_tensors(a, Tensor::f_bitwise_xor_tensor), broadcast_two),
    ("__and__.Tensor(Tensor self, Tensor other) -> Tensor", |a| of_tensors(a, Tensor::f_bitwise_and_tensor), broadcast_two),
    ("__or__.Tensor(Tensor self, Tensor other) -> Tensor", |a| of_tensors(a, Tensor::f_bitwise_or_tensor), broadcast_two),
    ("__xor__.Tensor(Tensor self, Tensor other) -> Tensor", |a| of_tensors(a, Tensor::f_bitwise_xor_tensor), broadcast_two),
    ("where.self(Tensor condition, Tensor self, Tensor other) -> Tensor", where_either, broadcast_three),
    ("where.ScalarSelf(Tensor condition, Scalar self, Tensor other) -> Tensor", where_either, broadcast_three),
    ("where.ScalarOther(Tensor condition, Tensor self, Scalar other) -> Tensor", where_either, broadcast_three),
    ("where.Scalar(Tensor condition, Scalar self, Scalar other) -> Tensor", where_either, same),
    ("clamp(Tensor self, Scalar? min=None, Scalar? max=None) -> Tensor", clamp, same),
    ("clamp_(Tensor(a!) self, Scalar? min=None, Scalar? max=None) -> Tensor(a!)", clamp_in_place, same),
    ("clip(Tensor self, Scalar? min=None, Scalar? max=None) -> Tensor", clamp, same),
    ("clip_(Tensor(a!) self, Scalar? min=None, Scalar? max=None) -> Tensor(a!)", clamp_in_place, same),
    ("clamp.Tensor(Tensor self, Tensor? min=None, Tensor? max=None) -> Tensor", clamp_by_tensors, bounded),
    ("clamp_min(Tensor self, Scalar min) -> Tensor", |a| Ok(a.tensor(0)?.f_clamp_min(a.scalar(1)?)?), same),
    ("clamp_min_(Tensor(a!) self, Scalar min) -> Tensor(a!)", |a| Ok(written(a)?.f_clamp_min_(a.scalar(1)?)?), same),
    ("clamp_min.Tensor(Tensor self, Tensor min) -> Tensor", |a| of_tensors(a, Tensor::f_clamp_min_tensor), broadcast_two),
    ("clamp_max(Tensor self, Scalar max) -> Tensor", |a| Ok(a.tensor(0)?.f_clamp_max(a.scalar(1)?)?), same),
    ("clamp_max_(Tensor(a!) self, Scalar max) -> Tensor(a!)", |a| Ok(written(a)?.f_clamp_max_(a.scalar(1)?)?), same),
    ("clamp_max.Tensor(Tensor self, Tensor max) -> Tensor", |a| of_tensors(a, Tensor::f_clamp_max_tensor), broadcast_two),
    ("masked_fill.Scalar(Tensor self, Tensor mask, Scalar value) -> Tensor", masked_fill, broadcast_two),
    ("masked_fill.Tensor(Tensor self, Tensor mask, Tensor value) -> Tensor", masked_fill, broadcast_two),
    ("masked_fill_.Scalar(Tensor(a!) self, Tensor mask, Scalar value) -> Tensor(a!)", masked_fill_in_place, broadcast_into_first),
    ("masked_fill_.Tensor(Tensor(a!) self, Tensor mask, Tensor value) -> Tensor(a!)", masked_fill_in_place, broadcast_into_first),
];

fn where_either(a: &Arguments<'_, Tensor>) -> Result<Tensor, ModelError> {
    let condition = a.tensor(0)?;
    if !a.is_tensor(1) && !a.is_tensor(2) {
        return Ok(Tensor::f_where_scalar(condition, a.scalar(1)?, a.scalar(2)?)?);
    }
    let (x, other) = operands(a, 1)?;
    Ok(x.f_where_self(condition, &other)?)
}

fn no_bound() -> Result<Tensor, ModelError> {
    Err(ModelError::Mismatch("expected a lower or an upper bound, found none".into()))
}

fn clamp(a: &Arguments<'_, Tensor>) -> Result<Tensor, ModelError> {
    let x = a.tensor(0)?;
    match (a.optional_scalar(1)?, a.optional_scalar(2)?) {
        (Some(min), Some(max)) => Ok(x.f_clamp(min, max)?),
        (Some(min), None) => Ok(x.f_clamp_min(min)?),
        (None, Some(max)) => Ok(x.f_clamp_max(max)?),
        (None, None) => no_bound(),
    }
}

fn clamp_in_place(a: &Arguments<'_, Tensor>) -> Result<Tensor, ModelError> {
    let mut x = written(a)?;
    match (a.optional_scalar(1)?, a.optional_scalar(2)?) {
        (Some(min), Some(max)) => Ok(x.f_clamp_(min, max)?),
        (Some(min), None) => Ok(x.f_clamp_min_(min)?),
        (None, Some(max)) => Ok(x.f_clamp_max_(max)?),
        (None, None) => no_bound(),
    }
}

fn clamp_by_tensors(a: &Arguments<'_, Tensor>) -> Result<Tensor, ModelError> {
    match (a.optional_tensor(1)?, a.optional_tensor(2)?) {
        (None, None) => no_bound(),
        (min, max) => Ok(a.tensor(0)?.f_clamp_tensor(min, max)?),
    }
}

fn bounded(a: &Arguments<'_, Vec<i64>>) -> Result<Vec<i64>, String> {
    let bounds = [a.optional_tensor(1)?, a.optional_tensor(2)?];
    bounds.into_iter().flatten().try_fold(a.tensor(0)?.clone(), |shape, bound| broadcast(&shape, bound))
}

fn masked_fill(a: &Arguments<'_, Tensor>) -> Result<Tensor, ModelError> {
    let (x, mask) = (a.tensor(0)?, a.tensor(1)?);
    if a.is_tensor(2) { Ok(x.f_masked_fill_tensor(mask, a.tensor(2)?)?) } else { Ok(x.f_masked_fill(mask, a.scalar(2)?)?) }
}

fn masked_fill_in_place(a: &Arguments<'_, Tensor>) -> Result<Tensor, ModelError> {
    let (mut x, mask) = (written(a)?, a.tensor(1)?);
    if a.is_tensor(2) { Ok(x.f_masked_fill_tensor_(mask, a.tensor(2)?)?) } else { Ok(x.f_masked_fill_(mask, a.scalar(2)?)?) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::testing::{Argument, X, Y, assert_close, shape, value};
    use super::*;

    #[test]
    fn a_clamp_takes_one_bound_or_two() {
        let x = Tensor::from_slice(&[-2.0, 0.5, 7.0]);
        let clamped = |bounds: [Argument; 2]| value("clamp.default", &[X].into_iter().chain(bounds).collect::<Vec<_>>(), &[&x]);
        assert_close(&clamped([Argument::Float(0.0), Argument::int(6)]).unwrap(), &[0.0, 0.5, 6.0]);
        assert_close(&clamped([Argument::None, Argument::Float(6.0)]).unwrap(), &[-2.0, 0.5, 6.0]);
        assert_close(&clamped([Argument::Float(0.0), Argument::None]).unwrap(), &[0.0, 0.5, 7.0]);
        assert!(clamped([Argument::None, Argument::None]).is_err());
    }

    #[test]
    fn a_selection_takes_numbers_and_tensors() {
        let (condition, x) = (Tensor::from_slice(&[true, false]), Tensor::from_slice(&[1.0, 2.0]));
        let selected = |first: Argument, second: Argument| value("where.self", &[X, first, second], &[&condition, &x]).unwrap();
        assert_close(&selected(Y, Argument::int(5)), &[1.0, 5.0]);
        assert_close(&selected(Argument::int(5), Y), &[5.0, 2.0]);
        assert_close(&selected(Argument::int(5), Argument::int(6)), &[5.0, 6.0]);
        assert_eq!(shape("where.self", &[X, Y, Argument::int(5)], &[&[2, 1], &[3]]), Ok(vec![2, 3]));
    }

    #[test]
    fn a_mask_fills_a_tensor_and_in_place_the_memory_of_it() {
        let (x, mask) = (Tensor::from_slice(&[1.0, 2.0]), Tensor::from_slice(&[true, false]));
        assert_close(&value("masked_fill.Scalar", &[X, Y, Argument::int(9)], &[&x, &mask]).unwrap(), &[9.0, 2.0]);
        assert_close(&x, &[1.0, 2.0]);
        let _ = value("masked_fill_.Scalar", &[X, Y, Argument::int(9)], &[&x, &mask]).unwrap();
        assert_close(&x, &[9.0, 2.0]);
        assert!(shape("masked_fill_.Scalar", &[X, Y, Argument::int(9)], &[&[2, 1], &[3]]).is_err());
    }
}
