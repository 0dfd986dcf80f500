//! Convolutions.

use super::super::super::Extent;
use super::super::operator::{Operator, Translate};
use super::super::translator::{Translator, int, ints, tensor};
use super::super::value::{TensorValue, Value};

pub const ROWS: &[(&str, Translate)] = &[("Conv", convolution)];

fn convolution(t: &mut Translator, o: &Operator) -> Result<Vec<Value>, String> {
    let (x, weight, bias) = (o.tensor(t, 0)?, o.weight(t, 1)?, bias(t, o)?);
    let name = match x.rank {
        3 => "conv1d",
        4 => "conv2d",
        5 => "conv3d",
        rank => return Err(format!("expected a convolution over one to three sides, found inputs of {rank} dimensions")),
    };
    // The size of the weight says it too.
    o.ints("kernel_shape")?;
    let sides = x.rank - 2;
    let ones = vec![1; sides];
    let (x, padding) = padded(t, o, x)?;
    let mut arguments = vec![
        ("input", tensor(&x)),
        ("weight", tensor(&weight)),
        ("stride", ints(&o.ints("strides")?.unwrap_or_else(|| ones.clone()))),
        ("padding", ints(&padding)),
        ("dilation", ints(&o.ints("dilations")?.unwrap_or(ones))),
        ("groups", int(o.int("group", 1)?)),
    ];
    arguments.extend(bias.map(|bias| ("bias", tensor(&bias))));
    Ok(vec![t.emit(&format!("aten.{name}.default"), arguments, x.rank)])
}

/// The bias. Exporters that do not optimize write a computed zero where the network has none.
fn bias(t: &mut Translator, o: &Operator) -> Result<Option<TensorValue>, String> {
    match o.optional(2) {
        None => Ok(None),
        Some(Value::Number { value: 0.0, .. }) => Ok(None),
        Some(_) => o.weight(t, 2).map(Some),
    }
}

/// The inputs and the padding of both ends; where the ends differ, the inputs are padded themselves.
fn padded(t: &mut Translator, o: &Operator, x: TensorValue) -> Result<(TensorValue, Vec<i64>), String> {
    let sides = x.rank - 2;
    match o.text("auto_pad", "NOTSET")?.as_str() {
        "NOTSET" => {}
        "VALID" => return Ok((x, vec![0; sides])),
        other => return Err(format!("expected the padding of `Conv` as numbers, found auto_pad = {other}")),
    }
    let pads = o.ints("pads")?.unwrap_or_else(|| vec![0; 2 * sides]);
    if pads.len() != 2 * sides {
        return Err(format!("expected {} numbers as pads of `Conv`, found {}", 2 * sides, pads.len()));
    }
    let (before, after) = pads.split_at(sides);
    if before == after {
        return Ok((x, before.to_vec()));
    }
    // From the last dimension to the first, each with its two ends.
    let ends: Vec<Extent> = (0..sides).rev().flat_map(|side| [before[side], after[side]]).map(Extent::Fixed).collect();
    let arguments = vec![("self", tensor(&x)), ("pad", super::super::super::ProgramArgument::Ints(ends))];
    let padded = t.emit("aten.constant_pad_nd.default", arguments, x.rank);
    Ok((t.tensor(&padded)?, vec![0; sides]))
}
