//! Changes of shape.

use super::super::super::{Extent, ProgramArgument};
use super::super::operator::{Operator, Translate};
use super::super::translator::{Translator, int, ints, tensor};
use super::super::value::{Integers, TensorValue, Value};

pub const ROWS: &[(&str, Translate)] = &[
    ("Reshape", reshape),
    ("Flatten", flatten),
    ("Transpose", transpose),
    ("Squeeze", squeeze),
    ("Unsqueeze", unsqueeze),
    ("Expand", expand),
    ("Pad", pad),
    ("DepthToSpace", depth_to_space),
];

fn reshape(t: &mut Translator, o: &Operator) -> Result<Vec<Value>, String> {
    let shape = o.integers(1)?.ok_or("`Reshape` lacks its shape")?.values.clone();
    let copies_zeros = o.int("allowzero", 0)? == 0;
    if let Value::Integers(integers) = o.value(0)? {
        return match shape.as_slice() {
            [] | [_] => Ok(vec![Value::Integers(Integers { is_scalar: shape.is_empty(), literal: None, ..integers.clone() })]),
            [Extent::Fixed(rows), Extent::Fixed(side @ 1..)]
                if integers.values.len().is_multiple_of(*side as usize)
                    && (*rows == -1 || rows.checked_mul(*side) == Some(integers.values.len() as i64)) =>
            {
                Ok(vec![Value::Rows(integers.values.chunks(*side as usize).map(<[Extent]>::to_vec).collect())])
            }
            sides => Err(format!("expected integers of one dimension, or of rows of one length, found {} dimensions", sides.len())),
        };
    }
    if let (Value::Rows(rows), [Extent::Fixed(-1)]) = (o.value(0)?, shape.as_slice()) {
        return Ok(vec![Value::list(rows.concat())]);
    }
    let x = o.tensor(t, 0)?;
    let shape = shape.into_iter().enumerate();
    let sides: Vec<Extent> =
        shape.map(|(dim, side)| if copies_zeros && side == Extent::Fixed(0) { t.size(&x, dim) } else { side }).collect();
    let rank = sides.len();
    Ok(vec![t.emit("aten.reshape.default", vec![("self", tensor(&x)), ("shape", ProgramArgument::Ints(sides))], rank)])
}

/// Two dimensions: those before the axis, and those from it.
fn flatten(t: &mut Translator, o: &Operator) -> Result<Vec<Value>, String> {
    let mut x = o.tensor(t, 0)?;
    let axis = o.int("axis", 1)?;
    let axis = if axis < 0 { axis + x.rank as i64 } else { axis };
    if axis == 0 {
        return Ok(vec![t.emit("aten.reshape.default", vec![("self", tensor(&x)), ("shape", ints(&[1, -1]))], 2)]);
    }
    if axis > 1 {
        let front = vec![("self", tensor(&x)), ("start_dim", int(0)), ("end_dim", int(axis - 1))];
        let value = t.emit("aten.flatten.using_ints", front, (x.rank + 1).saturating_sub(axis as usize));
        x = t.tensor(&value)?;
    }
    Ok(vec![t.emit("aten.flatten.using_ints", vec![("self", tensor(&x)), ("start_dim", int(1)), ("end_dim", int(-1))], 2)])
}

fn transpose(t: &mut Translator, o: &Operator) -> Result<Vec<Value>, String> {
    if let Value::Rows(rows) = o.value(0)? {
        o.ints("perm")?;
        let column = |k: usize| rows.iter().filter_map(|row| row.get(k).cloned()).collect();
        return Ok(vec![Value::Rows((0..rows.first().map_or(0, Vec::len)).map(column).collect())]);
    }
    let x = o.tensor(t, 0)?;
    let order = o.ints("perm")?.unwrap_or_else(|| (0..x.rank as i64).rev().collect());
    let is_matrix = t.weights.get(&x.name).is_some_and(|shape| shape.len() == 2) && order == [1, 0];
    let value = t.emit("aten.permute.default", vec![("self", tensor(&x)), ("dims", ints(&order))], x.rank);
    if let (true, Value::Tensor(transposed)) = (is_matrix, &value) {
        t.transposed.insert(transposed.name.clone(), x);
    }
    Ok(vec![value])
}

fn squeeze(t: &mut Translator, o: &Operator) -> Result<Vec<Value>, String> {
    let axes = o.axes(1)?;
    if let Value::Integers(integers) = o.value(0)? {
        return Ok(vec![Value::Integers(Integers { is_scalar: integers.values.len() == 1, literal: None, ..integers.clone() })]);
    }
    if let Value::Number { value, .. } = o.value(0)? {
        return Ok(vec![Value::Number { value: *value, shape: Vec::new() }]);
    }
    let axes = axes.ok_or("expected the axes of `Squeeze`: without them the shape depends on the number of images")?;
    let x = o.tensor(t, 0)?;
    let rank = x.rank.saturating_sub(axes.len());
    Ok(vec![t.emit("aten.squeeze.dims", vec![("self", tensor(&x)), ("dim", ints(&axes))], rank)])
}

fn unsqueeze(t: &mut Translator, o: &Operator) -> Result<Vec<Value>, String> {
    let mut axes = o.axes(1)?.ok_or("`Unsqueeze` lacks its axes")?;
    match o.value(0)? {
        Value::Integers(integers) if integers.is_scalar && axes.len() == 1 => {
            return Ok(vec![Value::Integers(Integers { is_scalar: false, literal: None, ..integers.clone() })]);
        }
        Value::Integers(_) => return Err("integers of several dimensions are not supported".into()),
        Value::Number { value, shape } => {
            let shape = shape.iter().cloned().chain(axes.iter().map(|_| Extent::Fixed(1))).collect();
            return Ok(vec![Value::Number { value: *value, shape }]);
        }
        Value::Rows(_) => return Err("integers of several dimensions are not supported".into()),
        Value::Tensor(_) | Value::Absent => {}
    }
    let mut x = o.tensor(t, 0)?;
    let rank = (x.rank + axes.len()) as i64;
    axes.iter_mut().filter(|axis| **axis < 0).for_each(|axis| *axis += rank);
    axes.sort_unstable();
    for axis in axes {
        let value = t.emit("aten.unsqueeze.default", vec![("self", tensor(&x)), ("dim", int(axis))], x.rank + 1);
        x = t.tensor(&value)?;
    }
    Ok(vec![Value::Tensor(x)])
}

/// A side of 1 in the shape keeps the side of the tensor, as −1 does in PyTorch.
fn expand(t: &mut Translator, o: &Operator) -> Result<Vec<Value>, String> {
    let mut sides = o.integers(1)?.ok_or("`Expand` lacks its shape")?.values.clone();
    match o.value(0)? {
        Value::Number { value, shape } if shape.len() <= sides.len() && shape.iter().all(|side| *side == Extent::Fixed(1)) => {
            return Ok(vec![Value::Number { value: *value, shape: sides }]);
        }
        // The exporter repeats a shape of one side as one of one side.
        Value::Integers(integers) if sides == [Extent::Fixed(1)] => {
            return Ok(vec![Value::Integers(Integers { is_scalar: false, literal: None, ..integers.clone() })]);
        }
        Value::Integers(Integers { values, .. }) if values.len() == 1 => {
            let [Extent::Fixed(count @ 0..=64)] = sides.as_slice() else {
                return Err("integers of several dimensions are not supported".into());
            };
            return Ok(vec![Value::list(vec![values[0].clone(); *count as usize])]);
        }
        Value::Tensor(_) | Value::Number { .. } | Value::Integers(_) | Value::Rows(_) | Value::Absent => {}
    }
    let x = o.tensor(t, 0)?;
    if sides.len() < x.rank {
        sides.splice(0..0, vec![Extent::Fixed(1); x.rank - sides.len()]);
    }
    let new = sides.len() - x.rank;
    sides.iter_mut().skip(new).filter(|side| **side == Extent::Fixed(1)).for_each(|side| *side = Extent::Fixed(-1));
    let rank = sides.len();
    Ok(vec![t.emit("aten.expand.default", vec![("self", tensor(&x)), ("size", ProgramArgument::Ints(sides))], rank)])
}

/// The ends of ONNX are those before all dimensions, then those behind; PyTorch has pairs from the last dimension on.
fn pad(t: &mut Translator, o: &Operator) -> Result<Vec<Value>, String> {
    let x = o.tensor(t, 0)?;
    let pads = o.integers(1)?.ok_or("`Pad` lacks its pads")?.values.clone();
    let value = o.number(2)?.unwrap_or(0.0);
    if o.optional(3).is_some() {
        return Err("axes of `Pad` are not supported".into());
    }
    let mode = o.text("mode", "constant")?;
    if pads.len() != 2 * x.rank {
        return Err(format!("expected {} pads, found {}", 2 * x.rank, pads.len()));
    }
    let mut ends: Vec<Extent> = (0..x.rank).rev().flat_map(|dim| [pads[dim].clone(), pads[dim + x.rank].clone()]).collect();
    while ends.ends_with(&[Extent::Fixed(0), Extent::Fixed(0)]) {
        ends.truncate(ends.len() - 2);
    }
    let mut arguments = vec![("self", tensor(&x)), ("pad", ProgramArgument::Ints(ends))];
    if mode == "constant" {
        arguments.push(("value", ProgramArgument::Float(value)));
        return Ok(vec![t.emit("aten.constant_pad_nd.default", arguments, x.rank)]);
    }
    let mode = match mode.as_str() {
        "edge" => "replicate",
        "wrap" => "circular",
        other => other,
    };
    arguments.push(("mode", ProgramArgument::Text(mode.to_owned())));
    Ok(vec![t.emit("aten.pad.default", arguments, x.rank)])
}

fn depth_to_space(t: &mut Translator, o: &Operator) -> Result<Vec<Value>, String> {
    match o.text("mode", "DCR")?.as_str() {
        "CRD" => {}
        other => return Err(format!("expected mode = CRD of `DepthToSpace`, as PyTorch's pixel_shuffle has it, found {other}")),
    }
    let x: TensorValue = o.tensor(t, 0)?;
    let arguments = vec![("self", tensor(&x)), ("upscale_factor", int(o.int("blocksize", 1)?))];
    Ok(vec![t.emit("aten.pixel_shuffle.default", arguments, x.rank)])
}
