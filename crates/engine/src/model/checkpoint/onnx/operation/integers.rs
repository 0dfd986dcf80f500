//! Arithmetic of the integers that are shapes, axes and bounds.

use super::super::super::Extent;
use super::super::translator::Translator;
use super::super::value::{Integers, Value};

/// `a` and `b` combined one by one; a single one goes with each of the others.
///
/// # Errors
/// When their numbers differ, or a result is no integer.
pub fn combine(t: &mut Translator, operation: &str, a: &Integers, b: &Integers) -> Result<Value, String> {
    let pairs = paired(a, b)?;
    let values = pairs.iter().map(|(a, b)| t.operate(operation, a, b)).collect::<Result<Vec<_>, _>>()?;
    Ok(value(values, a.is_scalar && b.is_scalar))
}

/// 1 where `a` and `b` are equal, 0 where they differ.
///
/// # Errors
/// When that is not known.
pub fn equal(t: &Translator, a: &Integers, b: &Integers) -> Result<Value, String> {
    let values = paired(a, b)?.iter().map(|(a, b)| t.equal(a, b).map(|same| Extent::Fixed(same.into()))).collect::<Result<Vec<_>, _>>()?;
    Ok(value(values, a.is_scalar && b.is_scalar))
}

/// Those of `a` where `condition` is not 0, those of `b` elsewhere.
///
/// # Errors
/// When the condition is not known, or the numbers differ.
pub fn choose(condition: &Integers, a: &Integers, b: &Integers) -> Result<Value, String> {
    let pairs = paired(a, b)?;
    if pairs.len() != condition.values.len() {
        return Err(format!("expected {} integers to choose from, found {}", condition.values.len(), pairs.len()));
    }
    let one = |(condition, (a, b)): (&Extent, (Extent, Extent))| match condition {
        Extent::Fixed(0) => Ok(b),
        Extent::Fixed(_) => Ok(a),
        Extent::Symbol { .. } => Err("expected a condition that is known, found one of the size of a tensor"),
    };
    let values = condition.values.iter().zip(pairs).map(one).collect::<Result<Vec<_>, _>>()?;
    Ok(value(values, condition.is_scalar))
}

fn paired(a: &Integers, b: &Integers) -> Result<Vec<(Extent, Extent)>, String> {
    let of = |values: &[Extent], index: usize| values.get(if values.len() == 1 { 0 } else { index }).cloned();
    let count = if a.values.len() == 1 { b.values.len() } else { a.values.len() };
    let pairs = (0..count).map(|index| Some((of(&a.values, index)?, of(&b.values, index)?))).collect::<Option<Vec<_>>>();
    let fits = |values: &[Extent]| values.len() == 1 || values.len() == count;
    pairs
        .filter(|_| fits(&a.values) && fits(&b.values))
        .ok_or_else(|| format!("expected as many integers on both sides, found {} and {}", a.values.len(), b.values.len()))
}

fn value(values: Vec<Extent>, is_scalar: bool) -> Value {
    Value::Integers(Integers { values, is_scalar, literal: None })
}
