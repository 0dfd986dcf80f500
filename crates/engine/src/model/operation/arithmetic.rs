//! Arithmetic of two tensors or of a tensor and a number, element by element.
//!
//! PyTorch writes a number where an operation takes a tensor `other`, now and then for `self` too: it changes the element type of the value
//! less than a tensor does.

use tch::{Kind, Scalar, TchError, Tensor};

use super::arguments::Arguments;
use super::definition::Row;
use super::elementwise::written;
use super::shape::{Shaped, broadcast, same};
use crate::model::ModelError;

pub const ROWS: &[Row] = &[
    ("add.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor", add, broadcast_two),
    ("add.Scalar(Tensor self, Scalar other, Scalar alpha=1) -> Tensor", add, same),
    ("add_.Tensor(Tensor(a!) self, Tensor other, *, Scalar alpha=1) -> Tensor(a!)", add_in_place, broadcast_into_first),
    ("add_.Scalar(Tensor(a!) self, Scalar other, Scalar alpha=1) -> Tensor(a!)", add_in_place, same),
    ("sub.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor", sub, broadcast_two),
    ("sub.Scalar(Tensor self, Scalar other, Scalar alpha=1) -> Tensor", sub, same),
    ("sub_.Tensor(Tensor(a!) self, Tensor other, *, Scalar alpha=1) -> Tensor(a!)", sub_in_place, broadcast_into_first),
    ("sub_.Scalar(Tensor(a!) self, Scalar other, Scalar alpha=1) -> Tensor(a!)", sub_in_place, same),
    ("subtract.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor", sub, broadcast_two),
    ("rsub.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor", rsub, broadcast_two),
    ("rsub.Scalar(Tensor self, Scalar other, Scalar alpha=1) -> Tensor", rsub, same),
    ("mul.Tensor(Tensor self, Tensor other) -> Tensor", mul, broadcast_two),
    ("mul.Scalar(Tensor self, Scalar other) -> Tensor", mul, same),
    ("mul_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)", mul_in_place, broadcast_into_first),
    ("mul_.Scalar(Tensor(a!) self, Scalar other) -> Tensor(a!)", mul_in_place, same),
    ("multiply.Tensor(Tensor self, Tensor other) -> Tensor", mul, broadcast_two),
    ("div.Tensor(Tensor self, Tensor other) -> Tensor", div, broadcast_two),
    ("div.Scalar(Tensor self, Scalar other) -> Tensor", div, same),
    ("div_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)", div_in_place, broadcast_into_first),
    ("div_.Scalar(Tensor(a!) self, Scalar other) -> Tensor(a!)", div_in_place, same),
    ("divide.Tensor(Tensor self, Tensor other) -> Tensor", div, broadcast_two),
    ("true_divide.Tensor(Tensor self, Tensor other) -> Tensor", div, broadcast_two),
    ("div.Tensor_mode(Tensor self, Tensor other, *, str? rounding_mode) -> Tensor", div_mode, broadcast_two),
    ("div.Scalar_mode(Tensor self, Scalar other, *, str? rounding_mode) -> Tensor", div_mode, same),
    ("floor_divide(Tensor self, Tensor other) -> Tensor", |a| whole(a, |x, y| x.f_div_tensor_mode(y, "floor")), broadcast_two),
    ("floor_divide.Scalar(Tensor self, Scalar other) -> Tensor", |a| whole(a, |x, y| x.f_div_tensor_mode(y, "floor")), same),
    ("remainder.Tensor(Tensor self, Tensor other) -> Tensor", |a| whole(a, Tensor::f_remainder_tensor), broadcast_two),
    ("remainder.Scalar(Tensor self, Scalar other) -> Tensor", |a| whole(a, Tensor::f_remainder_tensor), same),
    ("fmod.Tensor(Tensor self, Tensor other) -> Tensor", |a| whole(a, Tensor::f_fmod_tensor), broadcast_two),
    ("fmod.Scalar(Tensor self, Scalar other) -> Tensor", |a| whole(a, Tensor::f_fmod_tensor), same),
    ("pow.Tensor_Scalar(Tensor self, Scalar exponent) -> Tensor", |a| Ok(a.tensor(0)?.f_pow_tensor_scalar(a.scalar(1)?)?), same),
    ("pow.Tensor_Tensor(Tensor self, Tensor exponent) -> Tensor", |a| of_tensors(a, Tensor::f_pow), broadcast_two),
    (
        "pow.Scalar(Scalar self, Tensor exponent) -> Tensor",
        |a| Ok(Tensor::f_pow_scalar(a.scalar(0)?, a.tensor(1)?)?),
        |a| a.tensor(1).cloned(),
    ),
    ("pow_.Scalar(Tensor(a!) self, Scalar exponent) -> Tensor(a!)", |a| Ok(written(a)?.f_pow_(a.scalar(1)?)?), same),
    ("minimum(Tensor self, Tensor other) -> Tensor", |a| of_tensors(a, Tensor::f_minimum), broadcast_two),
    ("maximum(Tensor self, Tensor other) -> Tensor", |a| of_tensors(a, Tensor::f_maximum), broadcast_two),
    ("min.other(Tensor self, Tensor other) -> Tensor", |a| of_tensors(a, Tensor::f_minimum), broadcast_two),
    ("max.other(Tensor self, Tensor other) -> Tensor", |a| of_tensors(a, Tensor::f_maximum), broadcast_two),
    ("atan2(Tensor self, Tensor other) -> Tensor", |a| of_tensors(a, Tensor::f_atan2), broadcast_two),
    ("logaddexp(Tensor self, Tensor other) -> Tensor", |a| of_tensors(a, Tensor::f_logaddexp), broadcast_two),
    ("addcmul(Tensor self, Tensor tensor1, Tensor tensor2, *, Scalar value=1) -> Tensor", |a| plus(a, Tensor::f_mul), broadcast_three),
    (
        "addcmul_(Tensor(a!) self, Tensor tensor1, Tensor tensor2, *, Scalar value=1) -> Tensor(a!)",
        |a| Ok(written(a)?.f_add_(&scaled(a, Tensor::f_mul)?)?),
        |a| fits_first(a, broadcast_three),
    ),
    ("addcdiv(Tensor self, Tensor tensor1, Tensor tensor2, *, Scalar value=1) -> Tensor", |a| plus(a, Tensor::f_div), broadcast_three),
    (
        "addcdiv_(Tensor(a!) self, Tensor tensor1, Tensor tensor2, *, Scalar value=1) -> Tensor(a!)",
        |a| Ok(written(a)?.f_add_(&scaled(a, Tensor::f_div)?)?),
        |a| fits_first(a, broadcast_three),
    ),
    (
        "lerp.Scalar(Tensor self, Tensor end, Scalar weight) -> Tensor",
        |a| Ok(a.tensor(0)?.f_lerp(a.tensor(1)?, a.scalar(2)?)?),
        broadcast_two,
    ),
    (
        "lerp.Tensor(Tensor self, Tensor end, Tensor weight) -> Tensor",
        |a| Ok(a.tensor(0)?.f_lerp_tensor(a.tensor(1)?, a.tensor(2)?)?),
        broadcast_three,
    ),
];

type OfTensors = fn(&Tensor, &Tensor) -> Result<Tensor, TchError>;
type OfNumber = fn(&Tensor, Scalar) -> Result<Tensor, TchError>;
type IntoTensor = fn(&mut Tensor, &Tensor) -> Result<Tensor, TchError>;

/// The arguments at `first` and after it as tensors, one of which may be a number.
///
/// # Errors
/// When both are numbers, or libtorch fails.
pub fn operands(a: &Arguments<'_, Tensor>, first: usize) -> Result<(Tensor, Tensor), ModelError> {
    let second = first + 1;
    if !a.is_tensor(first) {
        let y = a.tensor(second)?;
        return Ok((number_beside(a, first, y)?, y.shallow_clone()));
    }
    let x = a.tensor(first)?;
    let y = if a.is_tensor(second) { a.tensor(second)?.shallow_clone() } else { number_beside(a, second, x)? };
    Ok((x.shallow_clone(), y))
}

/// The number at `place` as a tensor of the element type that it has beside `partner`: that of `partner`, unless it is a float and `partner`
/// is not.
fn number_beside(a: &Arguments<'_, Tensor>, place: usize, partner: &Tensor) -> Result<Tensor, ModelError> {
    let kind = match (partner.f_is_floating_point()?, a.int(place).is_ok(), partner.f_kind()?) {
        (false, false, _) => Kind::Float,
        (false, true, Kind::Bool) => Kind::Int64,
        (_, _, kind) => kind,
    };
    Ok(Tensor::f_scalar_tensor(a.scalar(place)?, (kind, partner.device()))?)
}

/// A function of two operands that libtorch has for tensors only.
///
/// # Errors
/// When both are numbers, or libtorch fails.
pub fn of_tensors(a: &Arguments<'_, Tensor>, function: OfTensors) -> Result<Tensor, ModelError> {
    let (x, y) = operands(a, 0)?;
    Ok(function(&x, &y)?)
}

/// A function of two operands that libtorch has for a tensor and a number too.
///
/// # Errors
/// When both are numbers, or libtorch fails.
pub fn of_two(a: &Arguments<'_, Tensor>, tensors: OfTensors, number: OfNumber) -> Result<Tensor, ModelError> {
    if a.is_tensor(1) || !a.is_tensor(0) { of_tensors(a, tensors) } else { Ok(number(a.tensor(0)?, a.scalar(1)?)?) }
}

fn in_place(a: &Arguments<'_, Tensor>, function: IntoTensor) -> Result<Tensor, ModelError> {
    let (_, other) = operands(a, 0)?;
    Ok(function(&mut written(a)?, &other)?)
}

/// `self` and alpha·`other`: tch has no alpha.
fn with_alpha(a: &Arguments<'_, Tensor>) -> Result<(Tensor, Tensor), ModelError> {
    let (x, other) = operands(a, 0)?;
    Ok((x, if a.float(2)? == 1.0 { other } else { other.f_mul_scalar(a.scalar(2)?)? }))
}

fn add(a: &Arguments<'_, Tensor>) -> Result<Tensor, ModelError> {
    if a.float(2)? == 1.0 {
        return of_two(a, Tensor::f_add, Tensor::f_add_scalar);
    }
    let (x, other) = with_alpha(a)?;
    Ok(x.f_add(&other)?)
}

fn add_in_place(a: &Arguments<'_, Tensor>) -> Result<Tensor, ModelError> {
    let (_, other) = with_alpha(a)?;
    Ok(written(a)?.f_add_(&other)?)
}

fn sub(a: &Arguments<'_, Tensor>) -> Result<Tensor, ModelError> {
    if a.float(2)? == 1.0 {
        return of_two(a, Tensor::f_sub, Tensor::f_sub_scalar);
    }
    let (x, other) = with_alpha(a)?;
    Ok(x.f_sub(&other)?)
}

fn sub_in_place(a: &Arguments<'_, Tensor>) -> Result<Tensor, ModelError> {
    let (_, other) = with_alpha(a)?;
    Ok(written(a)?.f_sub_(&other)?)
}

/// `other` − alpha·`self`
fn rsub(a: &Arguments<'_, Tensor>) -> Result<Tensor, ModelError> {
    let (x, other) = operands(a, 0)?;
    Ok(other.f_sub(&x.f_mul_scalar(a.scalar(2)?)?)?)
}

fn mul(a: &Arguments<'_, Tensor>) -> Result<Tensor, ModelError> {
    of_two(a, Tensor::f_mul, Tensor::f_mul_scalar)
}

fn mul_in_place(a: &Arguments<'_, Tensor>) -> Result<Tensor, ModelError> {
    in_place(a, Tensor::f_mul_)
}

fn div(a: &Arguments<'_, Tensor>) -> Result<Tensor, ModelError> {
    of_two(a, Tensor::f_div, Tensor::f_div_scalar)
}

fn div_in_place(a: &Arguments<'_, Tensor>) -> Result<Tensor, ModelError> {
    in_place(a, Tensor::f_div_)
}

/// A quotient, rounded as `rounding_mode` says.
fn div_mode(a: &Arguments<'_, Tensor>) -> Result<Tensor, ModelError> {
    if a.is_none(2) {
        return div(a);
    }
    let (x, y) = without_overflow(operands(a, 0)?)?;
    Ok(x.f_div_tensor_mode(&y, a.text(2)?)?)
}

/// A function of a division without fraction.
fn whole(a: &Arguments<'_, Tensor>, function: OfTensors) -> Result<Tensor, ModelError> {
    let (x, y) = without_overflow(operands(a, 0)?)?;
    Ok(function(&x, &y)?)
}

/// The same quotient and remainder without a divisor of −1: a processor stops a program that divides the smallest integer by −1.
fn without_overflow((x, y): (Tensor, Tensor)) -> Result<(Tensor, Tensor), TchError> {
    let unsigned = matches!(y.f_kind()?, Kind::Bool | Kind::Uint8);
    if unsigned || x.f_is_floating_point()? || y.f_is_floating_point()? {
        return Ok((x, y));
    }
    let opposite = y.f_eq(-1i64)?;
    let x = x.f_mul_scalar(-1i64)?.f_where_self(&opposite, &x)?;
    Ok((x, y.f_masked_fill(&opposite, 1i64)?))
}

/// value·`function`(`tensor1`, `tensor2`): tch has no value.
fn scaled(a: &Arguments<'_, Tensor>, function: OfTensors) -> Result<Tensor, ModelError> {
    let product = function(a.tensor(1)?, a.tensor(2)?)?;
    Ok(if a.float(3)? == 1.0 { product } else { product.f_mul_scalar(a.scalar(3)?)? })
}

fn plus(a: &Arguments<'_, Tensor>, function: OfTensors) -> Result<Tensor, ModelError> {
    Ok(a.tensor(0)?.f_add(&scaled(a, function)?)?)
}

/// The shape of the argument at `place`; a number has no sides.
///
/// # Errors
/// When there is neither.
pub fn operand_shape(a: &Arguments<'_, Vec<i64>>, place: usize) -> Shaped {
    if a.is_tensor(place) { a.tensor(place).cloned() } else { a.scalar(place).map(|_| Vec::new()) }
}

/// The shape that the first two arguments are broadcast to.
///
/// # Errors
/// When they cannot be.
pub fn broadcast_two(a: &Arguments<'_, Vec<i64>>) -> Shaped {
    broadcast(&operand_shape(a, 0)?, &operand_shape(a, 1)?)
}

/// The shape that the first three arguments are broadcast to.
///
/// # Errors
/// When they cannot be.
pub fn broadcast_three(a: &Arguments<'_, Vec<i64>>) -> Shaped {
    broadcast(&broadcast_two(a)?, &operand_shape(a, 2)?)
}

/// The shape of the first argument, into which the second one is broadcast.
///
/// # Errors
/// When it cannot be.
pub fn broadcast_into_first(a: &Arguments<'_, Vec<i64>>) -> Shaped {
    fits_first(a, broadcast_two)
}

fn fits_first(a: &Arguments<'_, Vec<i64>>, shape: fn(&Arguments<'_, Vec<i64>>) -> Shaped) -> Shaped {
    let (first, found) = (a.tensor(0)?, shape(a)?);
    if found == *first { Ok(found) } else { Err(format!("expected values for a tensor {first:?} that is written, found {found:?}")) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::testing::{Argument, X, Y, assert_close, shape, value};
    use super::*;

    #[test]
    fn the_second_operand_is_multiplied_by_alpha() {
        let (x, y) = (Tensor::from_slice(&[1.0, 2.0]), Tensor::from_slice(&[10.0, 20.0]));
        let computed =
            |name: &str, first: Argument, second: Argument| value(name, &[first, second, Argument::Float(0.5)], &[&x, &y]).unwrap();
        assert_close(&computed("add.Tensor", X, Y), &[6.0, 12.0]);
        assert_close(&computed("sub.Tensor", X, Y), &[-4.0, -8.0]);
        assert_close(&computed("add.Tensor", X, Argument::int(4)), &[3.0, 4.0]);
        assert_close(&computed("sub.Tensor", Argument::int(4), X), &[3.5, 3.0]);
        assert_close(&computed("rsub.Scalar", X, Argument::int(4)), &[3.5, 3.0]);
    }

    #[test]
    fn an_operation_in_place_writes_into_its_argument() {
        let (x, y) = (Tensor::from_slice(&[1.0, 2.0]), Tensor::from_slice(&[10.0, 20.0]));
        let _ = value("add_.Tensor", &[X, Y, Argument::int(2)], &[&x, &y]).unwrap();
        assert_close(&x, &[21.0, 42.0]);
        let _ = value("div_.Tensor", &[X, Argument::int(3)], &[&x]).unwrap();
        assert_close(&x, &[7.0, 14.0]);
    }

    #[test]
    fn the_product_and_the_quotient_are_multiplied_by_value() {
        let [x, y, z] = [1.0, 6.0, 2.0].map(|element| Tensor::from_slice(&[element]));
        let arguments = [X, Y, Argument::Tensor(2), Argument::Float(0.5)];
        assert_close(&value("addcmul.default", &arguments, &[&x, &y, &z]).unwrap(), &[7.0]);
        assert_close(&value("addcdiv.default", &arguments, &[&x, &y, &z]).unwrap(), &[2.5]);
    }

    #[test]
    fn a_number_changes_the_element_type_less_than_a_tensor_does() {
        let (int, half) = (Tensor::from_slice(&[3i64]), Tensor::from_slice(&[3.0f32]).to_kind(Kind::Half));
        let (one, fraction) = (Argument::int(1), Argument::Float(0.5));
        for (x, number, expected) in
            [(&int, &one, Kind::Int64), (&int, &fraction, Kind::Float), (&half, &one, Kind::Half), (&half, &fraction, Kind::Half)]
        {
            assert_eq!(value("add.Tensor", &[X, number.clone()], &[x]).unwrap().kind(), expected, "{number:?} is added");
            assert_eq!(value("sub.Tensor", &[number.clone(), X], &[x]).unwrap().kind(), expected, "{number:?} comes first");
        }
    }

    #[test]
    fn the_smallest_integer_can_be_divided_by_minus_one() {
        let (x, y) = (Tensor::from_slice(&[i64::MIN, 7]), Tensor::from_slice(&[-1i64, -1]));
        let elements = |name: &str, given: &[Argument]| Vec::<i64>::try_from(value(name, given, &[&x, &y]).unwrap()).unwrap();
        assert_eq!(elements("div.Tensor_mode", &[X, Y, Argument::Text("floor".into())]), [i64::MIN, -7]);
        assert_eq!(elements("remainder.Tensor", &[X, Y]), [0, 0]);
        assert_eq!(elements("fmod.Scalar", &[X, Argument::int(-1)]), [0, 0]);
    }

    #[test]
    fn operands_are_broadcast_but_not_beyond_a_tensor_that_is_written() {
        assert_eq!(shape("add.Tensor", &[X, Y], &[&[2, 1], &[3]]), Ok(vec![2, 3]));
        assert_eq!(shape("add.Tensor", &[X, Argument::int(1)], &[&[2, 1]]), Ok(vec![2, 1]));
        assert_eq!(shape("add_.Tensor", &[X, Y], &[&[2, 3], &[3]]), Ok(vec![2, 3]));
        assert!(shape("add_.Tensor", &[X, Y], &[&[2, 1], &[3]]).is_err());
    }
}
