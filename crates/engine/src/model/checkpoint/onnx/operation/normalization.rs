//! Normalizations and softmax.

use super::super::super::ProgramArgument::{Bool, Float};
use super::super::operator::{Operator, Translate};
use super::super::translator::{Translator, int, ints, tensor};
use super::super::value::Value;

pub const ROWS: &[(&str, Translate)] = &[
    ("BatchNormalization", batch_norm),
    ("InstanceNormalization", instance_norm),
    ("LayerNormalization", layer_norm),
    ("GroupNormalization", group_norm),
    ("Softmax", |t, o| softmax(t, o, "softmax")),
    ("LogSoftmax", |t, o| softmax(t, o, "log_softmax")),
];

/// ONNX keeps the share of the old statistics, PyTorch that of the new ones.
fn batch_norm(t: &mut Translator, o: &Operator) -> Result<Vec<Value>, String> {
    let x = o.tensor(t, 0)?;
    let arguments = vec![
        ("input", tensor(&x)),
        ("weight", tensor(&o.weight(t, 1)?)),
        ("bias", tensor(&o.weight(t, 2)?)),
        ("running_mean", tensor(&o.weight(t, 3)?)),
        ("running_var", tensor(&o.weight(t, 4)?)),
        ("training", Bool(o.int("training_mode", 0)? == 1)),
        ("momentum", Float(complement(o.float("momentum", 0.9)?))),
        ("eps", Float(o.float("epsilon", 1e-5)?)),
    ];
    Ok(vec![t.emit("aten.batch_norm.default", arguments, x.rank)])
}

/// 1 − `share`, as the decimal number that it was.
fn complement(share: f64) -> f64 {
    super::super::literal::decimal((1.0 - share) as f32)
}

fn instance_norm(t: &mut Translator, o: &Operator) -> Result<Vec<Value>, String> {
    // Exporters write group norm as this one of ones and zeros, which no network has learned.
    let x = o.tensor(t, 0)?;
    let mut arguments = vec![("input", tensor(&x))];
    let (scale, shift) = (o.value(1)?.clone(), o.value(2)?.clone());
    if !matches!((&scale, &shift), (Value::Number { value: 1.0, .. }, Value::Number { value: 0.0, .. })) {
        arguments.push(("weight", tensor(&o.weight(t, 1)?)));
        arguments.push(("bias", tensor(&o.weight(t, 2)?)));
    }
    let eps = Float(o.float("epsilon", 1e-5)?);
    arguments.extend([("use_input_stats", Bool(true)), ("momentum", Float(0.1)), ("eps", eps), ("cudnn_enabled", Bool(true))]);
    Ok(vec![t.emit("aten.instance_norm.default", arguments, x.rank)])
}

fn layer_norm(t: &mut Translator, o: &Operator) -> Result<Vec<Value>, String> {
    o.require("stash_type", 1)?;
    let (x, weight) = (o.tensor(t, 0)?, o.weight(t, 1)?);
    let axis = o.int("axis", -1)?;
    let dims = if axis < 0 { -axis } else { x.rank as i64 - axis };
    let shape =
        t.weights.get(&weight.name).cloned().ok_or("expected the scale of `LayerNormalization` in the state dict, found a computed one")?;
    if shape.len() as i64 != dims {
        return Err(format!("expected a scale of {dims} dimensions of `LayerNormalization`, found the shape {shape:?}"));
    }
    let mut arguments = vec![("input", tensor(&x)), ("normalized_shape", ints(&shape)), ("weight", tensor(&weight))];
    match o.optional(2) {
        None | Some(Value::Number { value: 0.0, .. }) => {}
        Some(_) => arguments.push(("bias", tensor(&o.weight(t, 2)?))),
    }
    arguments.push(("eps", Float(o.float("epsilon", 1e-5)?)));
    Ok(vec![t.emit("aten.layer_norm.default", arguments, x.rank)])
}

/// Before opset 21 its scales are one a group, which PyTorch does not have.
fn group_norm(t: &mut Translator, o: &Operator) -> Result<Vec<Value>, String> {
    let (x, weight, bias) = (o.tensor(t, 0)?, o.weight(t, 1)?, o.weight(t, 2)?);
    o.require("stash_type", 1)?;
    let arguments = vec![
        ("input", tensor(&x)),
        ("num_groups", int(o.int("num_groups", 1)?)),
        ("weight", tensor(&weight)),
        ("bias", tensor(&bias)),
        ("eps", Float(o.float("epsilon", 1e-5)?)),
    ];
    Ok(vec![t.emit("aten.group_norm.default", arguments, x.rank)])
}

fn softmax(t: &mut Translator, o: &Operator, name: &str) -> Result<Vec<Value>, String> {
    let x = o.tensor(t, 0)?;
    Ok(vec![t.emit(&format!("aten.{name}.int"), vec![("self", tensor(&x)), ("dim", int(o.int("axis", -1)?))], x.rank)])
}
