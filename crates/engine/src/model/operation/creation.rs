//! Tensors of given values: of a constant, of a range, of a unit matrix.
//!
//! They are on the CPU unless another tensor is an argument: then they are where it is. What PyTorch leaves uninitialized is 0.

use tch::{Device, Kind, Scalar, Tensor};

use super::arguments::Arguments;
use super::definition::Row;
use super::elementwise::written;
use super::shape::{Shaped, numel, same};
use crate::model::ModelError;

pub const ROWS: &[Row] = &[
    (
        "zeros(SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
        |a| constant(a, 0, 1),
        |a| size(a, 0),
    ),
    (
        "ones(SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
        |a| constant(a, 1, 1),
        |a| size(a, 0),
    ),
    (
        "empty.memory_format(SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor",
        |a| constant(a, 0, 1),
        |a| size(a, 0),
    ),
    (
        "full(SymInt[] size, Scalar fill_value, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
        |a| Ok(Tensor::f_full(size(a, 0)?, a.scalar(1)?, options(a, 2, kind_of_number(a, 1))?)?),
        |a| size(a, 0),
    ),
    (
        "scalar_tensor(Scalar s, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
        |a| Ok(Tensor::f_scalar_tensor(a.scalar(0)?, options(a, 1, Kind::Float)?)?),
        |_| Ok(Vec::new()),
    ),
    (
        "eye(SymInt n, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
        |a| eye(a, [0, 0], 1),
        |a| matrix(a, [0, 0]),
    ),
    (
        "eye.m(SymInt n, SymInt m, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
        |a| eye(a, [0, 1], 2),
        |a| matrix(a, [0, 1]),
    ),
    (
        "linspace(Scalar start, Scalar end, int steps, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
        |a| Ok(Tensor::f_linspace(a.scalar(0)?, a.scalar(1)?, list(a.int(2)?)?, options(a, 3, Kind::Float)?)?),
        |a| Ok(vec![list(a.int(2)?)?]),
    ),
    (
        "arange(Scalar end, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
        |a| TO.value(a),
        |a| Ok(vec![TO.length(a)?]),
    ),
    (
        "arange.start(Scalar start, Scalar end, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
        |a| FROM_TO.value(a),
        |a| Ok(vec![FROM_TO.length(a)?]),
    ),
    (
        "arange.start_step(Scalar start, Scalar end, Scalar step=1, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
        |a| IN_STEPS.value(a),
        |a| Ok(vec![IN_STEPS.length(a)?]),
    ),
    (
        "zeros_like(Tensor self, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor",
        |a| beside(a, a.tensor(0)?.size(), Scalar::int(0), 1),
        same,
    ),
    (
        "ones_like(Tensor self, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor",
        |a| beside(a, a.tensor(0)?.size(), Scalar::int(1), 1),
        same,
    ),
    (
        "empty_like(Tensor self, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor",
        |a| beside(a, a.tensor(0)?.size(), Scalar::int(0), 1),
        same,
    ),
    (
        "full_like(Tensor self, Scalar fill_value, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor",
        |a| beside(a, a.tensor(0)?.size(), a.scalar(1)?, 2),
        same,
    ),
    (
        "new_zeros(Tensor self, SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
        |a| beside(a, size(a, 1)?, Scalar::int(0), 2),
        |a| size(a, 1),
    ),
    (
        "new_ones(Tensor self, SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
        |a| beside(a, size(a, 1)?, Scalar::int(1), 2),
        |a| size(a, 1),
    ),
    (
        "new_empty(Tensor self, SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
        |a| beside(a, size(a, 1)?, Scalar::int(0), 2),
        |a| size(a, 1),
    ),
    (
        "new_full(Tensor self, SymInt[] size, Scalar fill_value, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
        |a| beside(a, size(a, 1)?, a.scalar(2)?, 3),
        |a| size(a, 1),
    ),
    ("fill.Scalar(Tensor self, Scalar value) -> Tensor", |a| Ok(a.tensor(0)?.f_fill(a.scalar(1)?)?), same),
    ("fill.Tensor(Tensor self, Tensor value) -> Tensor", fill, same),
    ("fill_.Scalar(Tensor(a!) self, Scalar value) -> Tensor(a!)", |a| Ok(written(a)?.f_fill_(a.scalar(1)?)?), same),
    ("fill_.Tensor(Tensor(a!) self, Tensor value) -> Tensor(a!)", fill_in_place, same),
    ("zero(Tensor self) -> Tensor", |a| Ok(a.tensor(0)?.f_zero()?), same),
    ("zero_(Tensor(a!) self) -> Tensor(a!)", |a| Ok(written(a)?.f_zero_()?), same),
];

/// The size at `place`, with fewer than 2^63 elements.
fn size<T>(a: &Arguments<'_, T>, place: usize) -> Shaped {
    let size = a.ints(place)?;
    numel(&size)?;
    Ok(size)
}

/// A number of elements, not a negative one.
fn list(length: i64) -> Result<i64, String> {
    numel(&[length])
}

/// The element type at `place` or else `default`, on the CPU.
fn options(a: &Arguments<'_, Tensor>, place: usize, default: Kind) -> Result<(Kind, Device), String> {
    Ok((a.optional_kind(place)?.unwrap_or(default), Device::Cpu))
}

/// The element type that PyTorch has for the number at `place`.
fn kind_of_number(a: &Arguments<'_, Tensor>, place: usize) -> Kind {
    if a.int(place).is_ok() {
        Kind::Int64
    } else if a.bool(place).is_ok() {
        Kind::Bool
    } else {
        Kind::Float
    }
}

fn constant(a: &Arguments<'_, Tensor>, value: i64, kind: usize) -> Result<Tensor, ModelError> {
    Ok(Tensor::f_full(size(a, 0)?, value, options(a, kind, Kind::Float)?)?)
}

/// A constant tensor on the device of the first argument, in its element type unless another stands at the place `kind`.
fn beside(a: &Arguments<'_, Tensor>, size: Vec<i64>, value: Scalar, kind: usize) -> Result<Tensor, ModelError> {
    let x = a.tensor(0)?;
    let kind = match a.optional_kind(kind)? {
        Some(kind) => kind,
        None => x.f_kind()?,
    };
    Ok(Tensor::f_full(size, value, (kind, x.device()))?)
}

fn matrix<T>(a: &Arguments<'_, T>, [rows, columns]: [usize; 2]) -> Shaped {
    let shape = vec![a.int(rows)?, a.int(columns)?];
    numel(&shape)?;
    Ok(shape)
}

fn eye(a: &Arguments<'_, Tensor>, [rows, columns]: [usize; 2], kind: usize) -> Result<Tensor, ModelError> {
    matrix(a, [rows, columns])?;
    Ok(Tensor::f_eye_m(a.int(rows)?, a.int(columns)?, options(a, kind, Kind::Float)?)?)
}

fn fill(a: &Arguments<'_, Tensor>) -> Result<Tensor, ModelError> {
    let x = a.tensor(0)?;
    if a.is_tensor(1) { Ok(x.f_fill_tensor(a.tensor(1)?)?) } else { Ok(x.f_fill(a.scalar(1)?)?) }
}

fn fill_in_place(a: &Arguments<'_, Tensor>) -> Result<Tensor, ModelError> {
    let mut x = written(a)?;
    if a.is_tensor(1) { Ok(x.f_fill_tensor_(a.tensor(1)?)?) } else { Ok(x.f_fill_(a.scalar(1)?)?) }
}

/// Places of the arguments of an `arange`.
struct Range {
    start: Option<usize>,
    end: usize,
    step: Option<usize>,
    kind: usize,
}

const TO: Range = Range { start: None, end: 0, step: None, kind: 1 };
const FROM_TO: Range = Range { start: Some(0), end: 1, step: None, kind: 2 };
const IN_STEPS: Range = Range { start: Some(0), end: 1, step: Some(2), kind: 3 };

impl Range {
    fn places(&self) -> impl Iterator<Item = usize> {
        [self.start, Some(self.end), self.step].into_iter().flatten()
    }

    /// The element type of the program, else integers if all numbers are.
    fn kind<T>(&self, a: &Arguments<'_, T>) -> Result<Kind, String> {
        let default = if self.places().all(|place| a.int(place).is_ok()) { Kind::Int64 } else { Kind::Float };
        Ok(a.optional_kind(self.kind)?.unwrap_or(default))
    }

    /// Number of steps from the start that stay before the end.
    fn length<T>(&self, a: &Arguments<'_, T>) -> Result<i64, String> {
        let number = |place: Option<usize>, default: f64| place.map_or(Ok(default), |place| a.float(place));
        let (start, end, step) = (number(self.start, 0.0)?, a.float(self.end)?, number(self.step, 1.0)?);
        let wrong =
            || format!("expected a range with less than 2^63 steps from its start to its end, found {start} to {end} in steps of {step}");
        if self.kind(a)? == Kind::Int64 {
            let exact = |place: Option<usize>, rounded: f64| place.and_then(|place| a.int(place).ok()).unwrap_or(rounded as i64);
            let (start, end, step) = (exact(self.start, start), exact(Some(self.end), end), exact(self.step, step));
            let (way, step) = (i128::from(end) - i128::from(start), i128::from(step));
            // The last step may go beyond the end.
            let steps = way.checked_div(step).ok_or_else(wrong)? + i128::from(way % step != 0);
            return if way * step.signum() < 0 { Err(wrong()) } else { i64::try_from(steps).map_err(|_| wrong()) };
        }
        let steps = ((end - start) / step).ceil();
        // 2^63 is the first float that an i64 does not hold; a NaN is in no interval.
        if (0.0..2f64.powi(63)).contains(&steps) { Ok(steps as i64) } else { Err(wrong()) }
    }

    fn value(&self, a: &Arguments<'_, Tensor>) -> Result<Tensor, ModelError> {
        let number = |place: Option<usize>, default: i64| place.map_or_else(|| Ok(Scalar::int(default)), |place| a.scalar(place));
        self.length(a)?;
        let (start, end, step) = (number(self.start, 0)?, a.scalar(self.end)?, number(self.step, 1)?);
        Ok(Tensor::f_arange_start_step(start, end, step, (self.kind(a)?, Device::Cpu))?)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::testing::{Argument, X, assert_close, shape, value};
    use super::*;

    fn range(name: &str, numbers: &[Argument]) -> Tensor {
        let range = value(name, numbers, &[]).unwrap();
        assert_eq!(shape(name, numbers, &[]), Ok(range.size()), "{numbers:?}");
        range
    }

    #[test]
    fn a_range_ends_before_its_end() {
        let (int, float) = (Argument::int, Argument::Float);
        assert_close(&range("arange.default", &[int(5)]), &[0.0, 1.0, 2.0, 3.0, 4.0]);
        assert_close(&range("arange.start", &[int(2), int(5)]), &[2.0, 3.0, 4.0]);
        assert_close(&range("arange.start", &[int(2), int(2)]), &[]);
        assert_close(&range("arange.start_step", &[int(0), int(5), int(2)]), &[0.0, 2.0, 4.0]);
        assert_close(&range("arange.start_step", &[int(0), int(4), int(2)]), &[0.0, 2.0]);
        assert_close(&range("arange.start_step", &[int(5), int(0), int(-2)]), &[5.0, 3.0, 1.0]);
        assert_close(&range("arange.start_step", &[int(0), int(2), float(0.5)]), &[0.0, 0.5, 1.0, 1.5]);
    }

    #[test]
    fn a_range_is_of_integers_if_its_numbers_are_and_the_program_says_nothing_else() {
        assert_eq!(range("arange.default", &[Argument::int(2)]).kind(), Kind::Int64);
        assert_eq!(range("arange.default", &[Argument::Float(2.0)]).kind(), Kind::Float);
        assert_eq!(range("arange.default", &[Argument::int(2), Argument::Kind(Kind::Double)]).kind(), Kind::Double);
    }

    #[test]
    fn a_range_that_does_not_end_is_an_error() {
        let (int, float) = (Argument::int, Argument::Float);
        let ranges = [
            [int(0), int(2), int(0)],
            [int(2), int(0), int(2)],
            [int(i64::MIN), int(i64::MAX), int(1)],
            [int(0), float(f64::INFINITY), int(2)],
            [float(f64::NAN), int(2), float(0.0)],
        ];
        for numbers in ranges {
            assert!(shape("arange.start_step", &numbers, &[]).is_err(), "{numbers:?}");
            assert!(value("arange.start_step", &numbers, &[]).is_err(), "{numbers:?}");
        }
    }

    #[test]
    fn a_size_with_a_negative_side_or_too_many_elements_is_an_error() {
        for size in [[2, -1], [i64::MAX, 2]] {
            assert!(shape("zeros.default", &[Argument::ints(&size)], &[]).is_err());
            assert!(shape("new_ones.default", &[X, Argument::ints(&size)], &[&[1]]).is_err());
            assert!(shape("eye.m", &size.map(Argument::int), &[]).is_err());
        }
    }

    #[test]
    fn a_constant_has_the_element_type_of_the_program_of_its_number_or_of_its_neighbour() {
        let (size, x) = (Argument::ints(&[2]), Tensor::from_slice(&[1.0]));
        let kind = |name: &str, given: &[Argument]| value(name, given, &[&x]).unwrap().kind();
        assert_eq!(kind("full.default", &[size.clone(), Argument::int(3)]), Kind::Int64);
        assert_eq!(kind("full.default", &[size.clone(), Argument::Bool(true)]), Kind::Bool);
        assert_eq!(kind("full.default", &[size.clone(), Argument::int(3), Argument::Kind(Kind::Double)]), Kind::Double);
        assert_eq!(kind("new_zeros.default", &[X, size.clone()]), Kind::Double);
        assert_eq!(kind("zeros.default", &[size]), Kind::Float);
    }

    #[test]
    fn filling_in_place_takes_a_number_or_a_tensor() {
        let (x, three) = (Tensor::from_slice(&[1.0, 2.0]), Tensor::from(3.0));
        let _ = value("fill_.Tensor", &[X, Argument::Tensor(1)], &[&x, &three]).unwrap();
        assert_close(&x, &[3.0, 3.0]);
        let _ = value("fill_.Scalar", &[X, Argument::int(4)], &[&x]).unwrap();
        assert_close(&x, &[4.0, 4.0]);
        let _ = value("zero_.default", &[X], &[&x]).unwrap();
        assert_close(&x, &[0.0, 0.0]);
    }
}
