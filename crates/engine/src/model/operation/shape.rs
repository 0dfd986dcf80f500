//! Rules of shapes that several operations share.

use super::arguments::Arguments;

/// A shape, or why the arguments do not fit.
pub type Shaped = Result<Vec<i64>, String>;

/// The shape of its first argument.
pub fn same(arguments: &Arguments<'_, Vec<i64>>) -> Shaped {
    arguments.tensor(0).cloned()
}

/// Number of elements; an error where it does not fit into an i64 or a side is negative.
pub fn numel(shape: &[i64]) -> Result<i64, String> {
    let sides = shape.iter().try_fold(1i64, |product, &side| if side < 0 { None } else { product.checked_mul(side) });
    sides.ok_or_else(|| format!("expected a shape of at most 2^63 elements, found {shape:?}"))
}

/// The dimension `dim` of a tensor of `rank` dimensions, counted from the end where it is negative.
pub fn dimension(dim: i64, rank: usize) -> Result<usize, String> {
    let rank = rank as i64;
    let found = if dim < 0 { dim + rank } else { dim };
    if (0..rank.max(1)).contains(&found) { Ok(found as usize) } else { Err(format!("expected a dimension below {rank}, found {dim}")) }
}

/// The shape that two shapes are broadcast to.
pub fn broadcast(a: &[i64], b: &[i64]) -> Shaped {
    let rank = a.len().max(b.len());
    let side = |shape: &[i64], k: usize| (k + shape.len()).checked_sub(rank).map_or(1, |place| shape[place]);
    let both = |k: usize| match (side(a, k), side(b, k)) {
        (x, y) if x == y => Ok(x),
        (1, y) => Ok(y),
        (x, 1) => Ok(x),
        _ => Err(format!("expected shapes that can be broadcast, found {a:?} and {b:?}")),
    };
    (0..rank).map(both).collect()
}

/// Number of windows of `kernel` elements at distances `dilation` that fit into `side` elements with `padding` at both ends, one every
/// `stride`.
///
/// # Errors
/// When none fits, or a number is not positive.
pub fn windows(side: i64, kernel: i64, stride: i64, padding: i64, dilation: i64) -> Result<i64, String> {
    let count = || -> Option<i64> {
        let span = dilation.checked_mul(kernel.checked_sub(1)?)?.checked_add(1)?;
        let free = side.checked_add(padding.checked_mul(2)?)?.checked_sub(span)?;
        (kernel > 0 && dilation > 0 && padding >= 0 && free >= 0).then_some(())?;
        free.checked_div(stride.max(0))?.checked_add(1)
    };
    count().ok_or_else(|| {
        format!(
            "expected windows that fit, found {side} elements, kernel {kernel}, stride {stride}, padding {padding}, dilation {dilation}"
        )
    })
}

/// `count` integers at `place`; one stands for all.
pub fn integers<T>(arguments: &Arguments<'_, T>, place: usize, count: usize) -> Result<Vec<i64>, String> {
    let found = arguments.ints(place)?;
    match found[..] {
        [all] => Ok(vec![all; count]),
        _ if found.len() == count => Ok(found),
        _ => Err(format!("expected {count} integers, found {found:?}")),
    }
}
