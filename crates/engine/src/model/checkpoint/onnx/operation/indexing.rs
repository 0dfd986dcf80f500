//! Parts of tensors, and tensors put together.

use super::super::super::{Extent, ProgramArgument};
use super::super::operator::{Operator, Translate, fixed};
use super::super::translator::{Translator, int, integer, tensor};
use super::super::value::{Integers, TensorValue, Value};

pub const ROWS: &[(&str, Translate)] = &[("Concat", concat), ("Split", split), ("Slice", slice), ("Gather", gather)];

fn concat(t: &mut Translator, o: &Operator) -> Result<Vec<Value>, String> {
    let axis = o.int("axis", 0)?;
    let values: Vec<Value> = o.all()?.into_iter().cloned().collect();
    let integers = |value: &Value| if let Value::Integers(integers) = value { Some(integers.values.clone()) } else { None };
    if let Some(parts) = values.iter().map(integers).collect::<Option<Vec<_>>>() {
        return Ok(vec![Value::list(parts.concat())]);
    }
    let tensors = values.iter().map(|value| t.tensor(value)).collect::<Result<Vec<_>, _>>()?;
    let rank = tensors.first().map_or(0, |first| first.rank);
    let names = tensors.into_iter().map(|tensor| Some(tensor.name)).collect();
    Ok(vec![t.emit("aten.cat.default", vec![("tensors", ProgramArgument::Tensors(names)), ("dim", int(axis))], rank)])
}

/// Parts of stated lengths, or equal parts.
fn split(t: &mut Translator, o: &Operator) -> Result<Vec<Value>, String> {
    let axis = o.int("axis", 0)?;
    let lengths = match o.ints("split")? {
        Some(lengths) => Some(lengths.into_iter().map(Extent::Fixed).collect()),
        None => o.integers(1)?.map(|integers| integers.values.clone()),
    };
    o.int("num_outputs", 0)?;
    let x = o.tensor(t, 0)?;
    let mut arguments = vec![("self", tensor(&x)), ("dim", int(axis))];
    let target = match lengths {
        Some(lengths) => {
            arguments.push(("split_sizes", ProgramArgument::Ints(lengths)));
            "aten.split_with_sizes.default"
        }
        None => {
            arguments.push(("chunks", int(o.outputs as i64)));
            "aten.chunk.default"
        }
    };
    Ok(t.emit_several(target, arguments, o.outputs, x.rank))
}

fn slice(t: &mut Translator, o: &Operator) -> Result<Vec<Value>, String> {
    let of = |place| Ok::<_, String>(o.integers(place)?.map(|integers| integers.values.clone()));
    let (Some(starts), Some(ends)) = (of(1)?, of(2)?) else { return Err("`Slice` lacks its bounds".into()) };
    let axes = o.constants(3)?.unwrap_or_else(|| (0..starts.len() as i64).collect());
    let steps = o.constants(4)?.unwrap_or_else(|| vec![1; starts.len()]);
    if ends.len() != starts.len() || axes.len() != starts.len() || steps.len() != starts.len() {
        return Err("expected as many ends, axes and steps as starts of `Slice`".into());
    }
    if let Value::Rows(rows) = o.value(0)? {
        // From the last row to the first.
        return match (starts.as_slice(), ends.as_slice(), axes.as_slice(), steps.as_slice()) {
            ([Extent::Fixed(-1)], [Extent::Fixed(i64::MIN..=-65)], [0], [-1]) => {
                Ok(vec![Value::Rows(rows.iter().rev().cloned().collect())])
            }
            _ => Err("expected all rows of pads in the reverse order".into()),
        };
    }
    if let Value::Integers(integers) = o.value(0)? {
        return sliced(integers, &starts, &ends, &steps).map(|value| vec![value]);
    }
    let mut x = o.tensor(t, 0)?;
    for (((start, end), axis), step) in starts.iter().zip(&ends).zip(axes).zip(steps) {
        if step < 1 {
            return Err(format!("expected a positive step of `Slice`, found {step}"));
        }
        let arguments =
            vec![("self", tensor(&x)), ("dim", int(axis)), ("start", integer(start)), ("end", integer(end)), ("step", int(step))];
        let value = t.emit("aten.slice.Tensor", arguments, x.rank);
        x = t.tensor(&value)?;
    }
    Ok(vec![Value::Tensor(x)])
}

/// A part of integers that stand for a shape.
fn sliced(integers: &Integers, starts: &[Extent], ends: &[Extent], steps: &[i64]) -> Result<Value, String> {
    let count = integers.values.len() as i64;
    let place = |at: i64| (if at < 0 { at.saturating_add(count) } else { at }).clamp(0, count) as usize;
    match (starts, ends, steps) {
        ([Extent::Fixed(start)], [Extent::Fixed(end)], [1]) if !integers.is_scalar => {
            let (start, end) = (place(*start), place(*end));
            Ok(Value::list(integers.values[start..end.max(start)].to_vec()))
        }
        _ => Err("expected one part of a shape with constant bounds".into()),
    }
}

fn gather(t: &mut Translator, o: &Operator) -> Result<Vec<Value>, String> {
    let axis = o.int("axis", 0)?;
    let indices = match o.value(1)? {
        Value::Integers(indices) => indices.clone(),
        Value::Tensor(index) => {
            let index = index.clone();
            return table(t, o, axis, &index);
        }
        other => return Err(format!("expected integers as indices of `Gather`, found {}", other.describe())),
    };
    if let Value::Integers(data) = o.value(0)? {
        let count = data.values.len() as i64;
        let one = |index: &Extent| {
            let index = fixed(index).map(|index| if index < 0 { index + count } else { index });
            let found = index.and_then(|index| usize::try_from(index).ok()).and_then(|index| data.values.get(index).cloned());
            found.ok_or_else(|| format!("expected an index below {count}, found another one"))
        };
        let values = indices.values.iter().map(one).collect::<Result<Vec<_>, _>>()?;
        return Ok(vec![Value::Integers(Integers { values, is_scalar: indices.is_scalar, literal: None })]);
    }
    let x = o.tensor(t, 0)?;
    if let (true, [index]) = (indices.is_scalar, indices.values.as_slice()) {
        let arguments = vec![("self", tensor(&x)), ("dim", int(axis)), ("index", integer(index))];
        return Ok(vec![t.emit("aten.select.int", arguments, x.rank.saturating_sub(1))]);
    }
    let index = t.tensor(&Value::Integers(indices))?;
    table(t, o, axis, &index)
}

/// Rows of a table by a constant tensor of one dimension.
fn table(t: &mut Translator, o: &Operator, axis: i64, index: &TensorValue) -> Result<Vec<Value>, String> {
    let x = o.tensor(t, 0)?;
    if index.rank != 1 {
        return Err(format!("expected indices of one dimension of `Gather`, found {} dimensions", index.rank));
    }
    let arguments = vec![("self", tensor(&x)), ("dim", int(axis)), ("index", tensor(index))];
    Ok(vec![t.emit("aten.index_select.default", arguments, x.rank)])
}
