//! Sums, means and extremes over dimensions.

use super::super::super::Extent;
use super::super::super::ProgramArgument::{self, Bool, Float};
use super::super::operator::{Operator, Translate};
use super::super::translator::{Translator, ints, tensor};
use super::super::value::Value;

pub const ROWS: &[(&str, Translate)] = &[
    ("ReduceMean", |t, o| reduce(t, o, "mean.dim", None)),
    ("ReduceSum", |t, o| reduce(t, o, "sum.dim_IntList", None)),
    ("ReduceMax", |t, o| reduce(t, o, "amax.default", None)),
    ("ReduceMin", |t, o| reduce(t, o, "amin.default", None)),
    ("ReduceL2", |t, o| reduce(t, o, "linalg_vector_norm.default", Some(("ord", Float(2.0))))),
    ("ReduceProd", product),
];

fn reduce(t: &mut Translator, o: &Operator, name: &str, further: Option<(&str, ProgramArgument)>) -> Result<Vec<Value>, String> {
    let x = o.tensor(t, 0)?;
    let axes = o.axes(1)?.filter(|axes| !axes.is_empty());
    let keeps = o.int("keepdims", 1)? == 1;
    if o.int("noop_with_empty_axes", 0)? == 1 && axes.is_none() {
        return Ok(vec![Value::Tensor(x)]);
    }
    let axes = axes.unwrap_or_else(|| (0..x.rank as i64).collect());
    let rank = if keeps { x.rank } else { x.rank.saturating_sub(axes.len()) };
    let mut arguments = vec![("self", tensor(&x))];
    arguments.extend(further);
    arguments.extend([("dim", ints(&axes)), ("keepdim", Bool(keeps))]);
    Ok(vec![t.emit(&format!("aten.{name}"), arguments, rank)])
}

/// The number of elements of a shape.
fn product(t: &mut Translator, o: &Operator) -> Result<Vec<Value>, String> {
    let sizes = o.integers(0)?.ok_or("`ReduceProd` lacks its input")?.values.clone();
    let (keeps, _) = (o.int("keepdims", 1)? == 1, o.axes(1)?);
    let value = sizes.iter().try_fold(Extent::Fixed(1), |product, size| t.operate("mul", &product, size))?;
    Ok(vec![if keeps { Value::list(vec![value]) } else { Value::integer(value) }])
}
