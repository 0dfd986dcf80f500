//! Sums, products and other functions of two tensors; of integers where both are integers.

use super::super::super::{Extent, ProgramArgument};
use super::super::operator::{Operator, Translate};
use super::super::translator::{Translator, tensor};
use super::super::value::{TensorValue, Value};
use super::integers;

pub const ROWS: &[(&str, Translate)] = &[
    ("Add", |t, o| arithmetic(t, o, "add")),
    ("Sub", |t, o| arithmetic(t, o, "sub")),
    ("Mul", |t, o| arithmetic(t, o, "mul")),
    ("Div", |t, o| arithmetic(t, o, "div")),
    ("Mod", remainder),
    ("Pow", power),
    ("Max", |t, o| extreme(t, o, "maximum")),
    ("Min", |t, o| extreme(t, o, "minimum")),
    ("Sum", sum),
];

fn arithmetic(t: &mut Translator, o: &Operator, name: &str) -> Result<Vec<Value>, String> {
    let (a, b) = (o.value(0)?.clone(), o.value(1)?.clone());
    combine(t, name, &a, &b).map(|value| vec![value])
}

/// `a` and `b` combined by `add`, `sub`, `mul` or `div`.
fn combine(t: &mut Translator, name: &str, a: &Value, b: &Value) -> Result<Value, String> {
    if let (Value::Integers(a), Value::Integers(b)) = (a, b) {
        return integers::combine(t, if name == "div" { "floordiv" } else { name }, a, b);
    }
    if let (Value::Number { value: a, shape }, Value::Number { value: b, shape: other }) = (a, b) {
        let value = match name {
            "add" => a + b,
            "sub" => a - b,
            "mul" => a * b,
            _ => a / b,
        };
        // The longer shape: both are of one number.
        return Ok(Value::Number { value, shape: if shape.len() < other.len() { other.clone() } else { shape.clone() } });
    }
    if name == "add"
        && let Some(value) = with_bias(t, a, b).or_else(|| with_bias(t, b, a))
    {
        return Ok(value);
    }
    match (a, b) {
        (Value::Tensor(x), Value::Number { value, shape }) if shape.len() <= x.rank && is_single(shape) => {
            Ok(scalar(t, &format!("aten.{name}.Scalar"), x, *value))
        }
        (Value::Number { value, shape }, Value::Tensor(x)) if name != "div" && shape.len() <= x.rank && is_single(shape) => {
            let name = if name == "sub" { "rsub" } else { name };
            Ok(scalar(t, &format!("aten.{name}.Scalar"), x, *value))
        }
        _ => {
            let (a, b) = (t.tensor(a)?, t.tensor(b)?);
            Ok(pair(t, &format!("aten.{name}.Tensor"), &a, &b))
        }
    }
}

/// The sum of an affine map without a bias and a vector of the state dict: the affine map with this bias.
fn with_bias(t: &mut Translator, product: &Value, bias: &Value) -> Option<Value> {
    let (Value::Tensor(product), Value::Tensor(bias)) = (product, bias) else { return None };
    let step = *t.without_bias.get(&product.name)?;
    if !t.is_read_once(&product.name) || t.weights.get(&bias.name).map(Vec::len) != Some(1) {
        return None;
    }
    let mut node = t.nodes.get(step)?.clone();
    node.arguments.push(("bias".into(), tensor(bias)));
    let arguments = node.arguments.iter().map(|(name, argument)| (name.as_str(), argument.clone())).collect();
    // The node of the product stays: nothing reads it.
    Some(t.emit(&node.target, arguments, product.rank))
}

fn scalar(t: &mut Translator, target: &str, x: &TensorValue, value: f64) -> Value {
    t.emit(target, vec![("self", tensor(x)), ("other", ProgramArgument::Float(value))], x.rank)
}

fn pair(t: &mut Translator, target: &str, a: &TensorValue, b: &TensorValue) -> Value {
    t.emit(target, vec![("self", tensor(a)), ("other", tensor(b))], a.rank.max(b.rank))
}

fn is_single(shape: &[Extent]) -> bool {
    shape.iter().all(|side| *side == Extent::Fixed(1))
}

/// Of integers alone: a remainder of floats has two signs, and PyTorch another than ONNX.
fn remainder(t: &mut Translator, o: &Operator) -> Result<Vec<Value>, String> {
    o.require("fmod", 0)?;
    match (o.value(0)?, o.value(1)?) {
        (Value::Integers(a), Value::Integers(b)) => integers::combine(t, "mod", a, b).map(|value| vec![value]),
        _ => Err("`Mod` of tensors is not supported".into()),
    }
}

fn power(t: &mut Translator, o: &Operator) -> Result<Vec<Value>, String> {
    let x = o.tensor(t, 0)?;
    if let Value::Number { .. } | Value::Integers(_) = o.value(1)? {
        let exponent = o.number(1)?.ok_or("`Pow` lacks its exponent")?;
        let arguments = vec![("self", tensor(&x)), ("exponent", ProgramArgument::Float(exponent))];
        return Ok(vec![t.emit("aten.pow.Tensor_Scalar", arguments, x.rank)]);
    }
    let exponent = o.tensor(t, 1)?;
    let arguments = vec![("self", tensor(&x)), ("exponent", tensor(&exponent))];
    Ok(vec![t.emit("aten.pow.Tensor_Tensor", arguments, x.rank.max(exponent.rank))])
}

fn extreme(t: &mut Translator, o: &Operator, name: &str) -> Result<Vec<Value>, String> {
    let (a, b) = (o.tensor(t, 0)?, o.tensor(t, 1)?);
    Ok(vec![pair(t, &format!("aten.{name}.default"), &a, &b)])
}

fn sum(t: &mut Translator, o: &Operator) -> Result<Vec<Value>, String> {
    let values: Vec<Value> = o.all()?.into_iter().cloned().collect();
    let mut rest = values.into_iter();
    let first = rest.next().ok_or("`Sum` lacks its inputs")?;
    rest.try_fold(first, |sum, value| combine(t, "add", &sum, &value)).map(|sum| vec![sum])
}
