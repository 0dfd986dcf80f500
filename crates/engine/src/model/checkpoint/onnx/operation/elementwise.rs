//! Functions of one tensor, element by element.

use super::super::super::ProgramArgument::{Bool, Float, Text};
use super::super::operator::{Operator, Translate};
use super::super::translator::{Translator, ints, tensor};
use super::super::value::Value;

pub const ROWS: &[(&str, Translate)] = &[
    ("Abs", unary),
    ("Ceil", unary),
    ("Cos", unary),
    ("Erf", unary),
    ("Exp", unary),
    ("Floor", unary),
    ("HardSwish", unary),
    ("Log", unary),
    ("Mish", unary),
    ("Neg", unary),
    ("Reciprocal", unary),
    ("Relu", unary),
    ("Sigmoid", unary),
    ("Sign", unary),
    ("Sin", unary),
    ("Sqrt", unary),
    ("Tanh", unary),
    ("LeakyRelu", |t, o| with_float(t, o, "leaky_relu", ("alpha", "negative_slope"), 0.01)),
    ("Elu", |t, o| with_float(t, o, "elu", ("alpha", "alpha"), 1.0)),
    ("Celu", |t, o| with_float(t, o, "celu", ("alpha", "alpha"), 1.0)),
    ("Selu", selu),
    ("PRelu", prelu),
    ("Gelu", gelu),
    ("Softplus", |t, o| applied(t, o, "softplus", vec![])),
    ("HardSigmoid", hard_sigmoid),
    ("Clip", clip),
    ("Dropout", dropout),
];

fn unary(t: &mut Translator, o: &Operator) -> Result<Vec<Value>, String> {
    applied(t, o, &o.name.to_lowercase(), vec![])
}

/// The function called `name` of the first input, with further arguments.
fn applied(
    t: &mut Translator,
    o: &Operator,
    name: &str,
    further: Vec<(&str, super::super::super::ProgramArgument)>,
) -> Result<Vec<Value>, String> {
    let x = o.tensor(t, 0)?;
    let arguments = std::iter::once(("self", tensor(&x))).chain(further).collect();
    Ok(vec![t.emit(&format!("aten.{name}.default"), arguments, x.rank)])
}

fn with_float(t: &mut Translator, o: &Operator, name: &str, (from, to): (&str, &str), default: f64) -> Result<Vec<Value>, String> {
    applied(t, o, name, vec![(to, Float(o.float(from, default)?))])
}

fn selu(t: &mut Translator, o: &Operator) -> Result<Vec<Value>, String> {
    let (alpha, gamma) = (o.float("alpha", 1.673_263_2)?, o.float("gamma", 1.050_701)?);
    if (alpha - 1.673_263_2).abs() > 1e-6 || (gamma - 1.050_701).abs() > 1e-6 {
        return Err(format!("expected alpha = 1.6732632 and gamma = 1.050701 of `Selu`, found {alpha} and {gamma}"));
    }
    applied(t, o, "selu", vec![])
}

/// The slopes of ONNX broadcast to the inputs, [C, 1, 1]; those of PyTorch are [C].
fn prelu(t: &mut Translator, o: &Operator) -> Result<Vec<Value>, String> {
    let slope = o.weight(t, 1)?;
    let slope = if slope.rank == 1 {
        slope
    } else {
        let flat = t.emit("aten.reshape.default", vec![("self", tensor(&slope)), ("shape", ints(&[-1]))], 1);
        t.tensor(&flat)?
    };
    applied(t, o, "prelu", vec![("weight", tensor(&slope))])
}

fn gelu(t: &mut Translator, o: &Operator) -> Result<Vec<Value>, String> {
    applied(t, o, "gelu", vec![("approximate", Text(o.text("approximate", "none")?))])
}

fn hard_sigmoid(t: &mut Translator, o: &Operator) -> Result<Vec<Value>, String> {
    let (alpha, beta) = (o.float("alpha", 0.2)?, o.float("beta", 0.5)?);
    if (alpha - 1.0 / 6.0).abs() > 1e-6 || (beta - 0.5).abs() > 1e-6 {
        return Err(format!("expected alpha = 1/6 and beta = 0.5 of `HardSigmoid`, as PyTorch has them, found {alpha} and {beta}"));
    }
    applied(t, o, "hardsigmoid", vec![])
}

/// Bounds. Those of ReLU6 are taken as ReLU6, whose gradient at 0 and 6 is 0: that of a clamp is 1.
fn clip(t: &mut Translator, o: &Operator) -> Result<Vec<Value>, String> {
    match (o.number(1)?, o.number(2)?) {
        (Some(0.0), Some(6.0)) => applied(t, o, "relu6", vec![]),
        (min, max) => {
            let bounds = [("min", min), ("max", max)];
            applied(t, o, "clamp", bounds.into_iter().filter_map(|(name, bound)| Some((name, Float(bound?)))).collect())
        }
    }
}

fn dropout(t: &mut Translator, o: &Operator) -> Result<Vec<Value>, String> {
    o.int("seed", 0)?;
    let x = o.tensor(t, 0)?;
    let (p, is_training) = (o.number(1)?.unwrap_or(0.5), o.number(2)?.unwrap_or(0.0) != 0.0);
    let arguments = vec![("input", tensor(&x)), ("p", Float(p)), ("train", Bool(is_training))];
    Ok(vec![t.emit("aten.dropout.default", arguments, x.rank)])
}
