//! Pooling.

use super::super::super::ProgramArgument::{self, Bool};
use super::super::operator::{Operator, Translate};
use super::super::translator::{Translator, ints, tensor};
use super::super::value::{TensorValue, Value};

pub const ROWS: &[(&str, Translate)] =
    &[("MaxPool", max_pool), ("AveragePool", average_pool), ("GlobalAveragePool", global_average_pool), ("GlobalMaxPool", global_max_pool)];

fn max_pool(t: &mut Translator, o: &Operator) -> Result<Vec<Value>, String> {
    o.require("storage_order", 0)?;
    let (x, mut arguments, sides) = windows(t, o)?;
    arguments.push(("dilation", ints(&o.ints("dilations")?.unwrap_or_else(|| vec![1; sides]))));
    arguments.push(("ceil_mode", Bool(o.int("ceil_mode", 0)? == 1)));
    Ok(vec![t.emit(&format!("aten.max_pool{sides}d.default"), arguments, x.rank)])
}

fn average_pool(t: &mut Translator, o: &Operator) -> Result<Vec<Value>, String> {
    let (x, mut arguments, sides) = windows(t, o)?;
    if o.ints("dilations")?.is_some_and(|dilations| dilations.iter().any(|&step| step != 1)) {
        return Err("dilations of `AveragePool` are not supported".into());
    }
    arguments.push(("ceil_mode", Bool(o.int("ceil_mode", 0)? == 1)));
    arguments.push(("count_include_pad", Bool(o.int("count_include_pad", 0)? == 1)));
    Ok(vec![t.emit(&format!("aten.avg_pool{sides}d.default"), arguments, x.rank)])
}

/// Arguments by name.
type Arguments = Vec<(&'static str, ProgramArgument)>;

/// Inputs, the arguments of windows, and the number of their sides.
fn windows(t: &mut Translator, o: &Operator) -> Result<(TensorValue, Arguments, usize), String> {
    let x = o.tensor(t, 0)?;
    let sides = x.rank.saturating_sub(2);
    if !(1..=3).contains(&sides) {
        return Err(format!("expected `{}` over one to three sides, found inputs of {} dimensions", o.name, x.rank));
    }
    match o.text("auto_pad", "NOTSET")?.as_str() {
        "NOTSET" | "VALID" => {}
        other => return Err(format!("expected the padding of `{}` as numbers, found auto_pad = {other}", o.name)),
    }
    let pads = o.ints("pads")?.unwrap_or_else(|| vec![0; 2 * sides]);
    let (before, after) = pads.split_at_checked(sides).ok_or("expected two pads a side")?;
    if before != after {
        return Err(format!("expected equal pads at both ends of `{}`, as PyTorch has them, found {pads:?}", o.name));
    }
    let kernel = o.ints("kernel_shape")?.ok_or_else(|| format!("`{}` lacks its kernel_shape", o.name))?;
    let strides = o.ints("strides")?.unwrap_or_else(|| vec![1; sides]);
    let arguments = vec![("self", tensor(&x)), ("kernel_size", ints(&kernel)), ("stride", ints(&strides)), ("padding", ints(before))];
    Ok((x, arguments, sides))
}

fn global_average_pool(t: &mut Translator, o: &Operator) -> Result<Vec<Value>, String> {
    let x = o.tensor(t, 0)?;
    let arguments = vec![("self", tensor(&x)), ("dim", ints(&sides(&x))), ("keepdim", Bool(true))];
    Ok(vec![t.emit("aten.mean.dim", arguments, x.rank)])
}

fn global_max_pool(t: &mut Translator, o: &Operator) -> Result<Vec<Value>, String> {
    let x = o.tensor(t, 0)?;
    let arguments = vec![("self", tensor(&x)), ("dim", ints(&sides(&x))), ("keepdim", Bool(true))];
    Ok(vec![t.emit("aten.amax.default", arguments, x.rank)])
}

/// The dimensions behind images and channels.
fn sides(x: &TensorValue) -> Vec<i64> {
    (2..x.rank as i64).collect()
}
