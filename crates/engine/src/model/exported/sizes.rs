//! Sizes of a program: integers and multiples of the number of images.

use super::super::operation::Size;

/// The size whose value is `one` for one image and `two` for two.
///
/// # Errors
/// When it is neither constant nor proportional.
pub fn of_values(one: i64, two: i64) -> Result<Size, String> {
    if one == two {
        Ok(Size::Fixed(one))
    } else if one.checked_mul(2) == Some(two) {
        Ok(Size::PerImage(one))
    } else {
        Err(format!("expected a size proportional to the number of images, found {one} for one image and {two} for two"))
    }
}

/// The value of an operation of Python's module `operator`.
///
/// # Errors
/// When the operation is unknown, or its value is neither constant nor proportional to the number of images.
pub fn operate(operation: &str, operands: &[Size]) -> Result<Size, String> {
    let at = |images: i64| -> Option<i64> {
        let values = operands.iter().map(|size| size.at(images)).collect::<Option<Vec<i64>>>()?;
        match (operation, values.as_slice()) {
            ("mul", &[a, b]) => a.checked_mul(b),
            ("add", &[a, b]) => a.checked_add(b),
            ("sub", &[a, b]) => a.checked_sub(b),
            ("neg", &[a]) => a.checked_neg(),
            ("floordiv", &[a, b]) => a.checked_div_euclid(b).filter(|_| b > 0),
            ("mod", &[a, b]) => a.checked_rem_euclid(b).filter(|_| b > 0),
            _ => None,
        }
    };
    let refuse = || format!("the operation `_operator.{operation}` of {operands:?} is not supported");
    let (one, two, three) = (at(1).ok_or_else(refuse)?, at(2).ok_or_else(refuse)?, at(3).ok_or_else(refuse)?);
    let size = of_values(one, two)?;
    // A product of two batch sizes has the ratio 4, a quotient may have any: the third value shows them.
    if size.at(3) == Some(three) { Ok(size) } else { Err(refuse()) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn sizes_are_constant_or_proportional_to_the_batch() {
        let (n, k) = (Size::PerImage(1), Size::Fixed(64));
        assert_eq!(operate("mul", &[n, k]).unwrap(), Size::PerImage(64));
        assert_eq!(operate("floordiv", &[Size::PerImage(64), Size::Fixed(16)]).unwrap(), Size::PerImage(4));
        assert_eq!(operate("add", &[k, Size::Fixed(1)]).unwrap(), Size::Fixed(65));
        for (operation, operands) in
            [("mul", [n, n]), ("add", [n, k]), ("floordiv", [n, Size::Fixed(2)]), ("pow", [k, k]), ("floordiv", [k, Size::Fixed(0)])]
        {
            assert!(operate(operation, &operands).is_err(), "{operation} {operands:?}");
        }
    }
}
