//! Constants, shapes, and values that are only passed on.

use super::super::super::{Extent, ProgramArgument};
use super::super::literal::value_of_type;
use super::super::operator::{Operator, Translate, fixed};
use super::super::translator::Translator;
use super::super::value::{Integers, Value};
use super::integers;

/// Most integers that a list of one number may have.
const LONGEST: i64 = 64;

pub const ROWS: &[(&str, Translate)] = &[
    ("Constant", constant),
    ("ConstantOfShape", constant_of_shape),
    ("Shape", shape),
    ("Size", size),
    ("Identity", |_, o| Ok(vec![o.value(0)?.clone()])),
    ("Cast", cast),
    ("CastLike", cast_like),
    ("Equal", equal),
    ("Where", choose),
    ("Range", range),
];

fn constant(t: &mut Translator, o: &Operator) -> Result<Vec<Value>, String> {
    if let Some(literal) = o.literal("value")? {
        return match literal.small() {
            Some(value) => Ok(vec![value]),
            None => {
                let name = t.fresh();
                Ok(vec![Value::Tensor(t.constant(&name, literal)?)])
            }
        };
    }
    if let Some(values) = o.ints("value_ints")? {
        return Ok(vec![Value::list(values.into_iter().map(Extent::Fixed).collect())]);
    }
    if let Some(values) = o.floats("value_floats")?
        && let [value] = values.as_slice()
    {
        return Ok(vec![Value::Number { value: *value, shape: vec![Extent::Fixed(1)] }]);
    }
    let (int, float) = (o.int("value_int", i64::MIN)?, o.float("value_float", f64::NAN)?);
    match (int == i64::MIN, float.is_nan()) {
        (false, _) => Ok(vec![Value::integer(Extent::Fixed(int))]),
        (true, false) => Ok(vec![Value::Number { value: float, shape: Vec::new() }]),
        (true, true) => Err("expected a tensor or a number as the value of `Constant`".into()),
    }
}

fn constant_of_shape(_: &mut Translator, o: &Operator) -> Result<Vec<Value>, String> {
    let shape = o.integers(0)?.ok_or("`ConstantOfShape` lacks its shape")?.values.clone();
    let Some(literal) = o.literal("value")? else { return Ok(vec![Value::Number { value: 0.0, shape }]) };
    let value = literal.only().ok_or("expected one number as the value of `ConstantOfShape`")?;
    if literal.dtype.is_float() {
        return Ok(vec![Value::Number { value, shape }]);
    }
    match shape.as_slice() {
        [Extent::Fixed(count)] if (0..=LONGEST).contains(count) => {
            Ok(vec![Value::list(vec![Extent::Fixed(value as i64); *count as usize])])
        }
        _ => Err(format!("expected integers of one dimension and at most {LONGEST} from `ConstantOfShape`")),
    }
}

fn shape(t: &mut Translator, o: &Operator) -> Result<Vec<Value>, String> {
    let (start, end) = (o.int("start", 0)?, o.int("end", i64::MAX)?);
    let sides = match o.value(0)? {
        Value::Integers(integers) if integers.is_scalar => Vec::new(),
        Value::Integers(integers) => vec![Extent::Fixed(integers.values.len() as i64)],
        Value::Rows(rows) => [rows.len(), rows.first().map_or(0, Vec::len)].map(|side| Extent::Fixed(side as i64)).to_vec(),
        Value::Number { shape, .. } => shape.clone(),
        Value::Tensor(tensor) => {
            let tensor = tensor.clone();
            let wanted = part(tensor.rank, start, end);
            return Ok(vec![Value::list(wanted.map(|dim| t.size(&tensor, dim)).collect())]);
        }
        Value::Absent => return Err("the shape of an output is read that is not supported".into()),
    };
    Ok(vec![Value::list(sides[part(sides.len(), start, end)].to_vec())])
}

/// The dimensions from `start` to `end`, negative ones counted from the end.
fn part(rank: usize, start: i64, end: i64) -> std::ops::Range<usize> {
    let place = |at: i64| (if at < 0 { at.saturating_add(rank as i64) } else { at }).clamp(0, rank as i64) as usize;
    place(start)..place(end).max(place(start))
}

fn size(t: &mut Translator, o: &Operator) -> Result<Vec<Value>, String> {
    let tensor = o.tensor(t, 0)?;
    let sides: Vec<Extent> = (0..tensor.rank).map(|dim| t.size(&tensor, dim)).collect();
    let value = sides.iter().try_fold(Extent::Fixed(1), |product, side| t.operate("mul", &product, side))?;
    Ok(vec![Value::integer(value)])
}

/// All floats are computed in one type, all integers in another.
fn cast(t: &mut Translator, o: &Operator) -> Result<Vec<Value>, String> {
    o.int("saturate", 1)?;
    let to = value_of_type(o.int("to", 0)?);
    converted(t, o.value(0)?, to.is_float(), &format!("{to:?}"))
}

fn cast_like(t: &mut Translator, o: &Operator) -> Result<Vec<Value>, String> {
    o.int("saturate", 1)?;
    let is_float = match o.value(1)? {
        Value::Tensor(_) | Value::Number { .. } => true,
        Value::Integers(_) | Value::Rows(_) => false,
        Value::Absent => return Err("the type of an output is read that is not supported".into()),
    };
    converted(t, o.value(0)?, is_float, "integers")
}

fn converted(t: &mut Translator, value: &Value, is_float: bool, to: &str) -> Result<Vec<Value>, String> {
    match (value, is_float) {
        (Value::Tensor(_) | Value::Number { .. }, true) | (Value::Integers(_) | Value::Rows(_), false) => Ok(vec![value.clone()]),
        (Value::Integers(Integers { values, is_scalar, .. }), true) => {
            let [value] = values.as_slice() else { return Err("expected one integer to become a float, found several".into()) };
            let shape = if *is_scalar { Vec::new() } else { vec![Extent::Fixed(1)] };
            match fixed(value) {
                Some(value) => Ok(vec![Value::Number { value: value as f64, shape }]),
                None => {
                    let rank = shape.len();
                    let float = ProgramArgument::Kind(super::super::super::Dtype::F32);
                    let arguments =
                        vec![("size", ProgramArgument::Ints(shape)), ("fill_value", ProgramArgument::Int(value.clone())), ("dtype", float)];
                    Ok(vec![t.emit("aten.full.default", arguments, rank)])
                }
            }
        }
        (Value::Number { value, shape }, false) if shape.len() <= 1 && value.fract() == 0.0 => {
            let integer = Extent::Fixed(*value as i64);
            Ok(vec![if shape.is_empty() { Value::integer(integer) } else { Value::list(vec![integer]) }])
        }
        (Value::Tensor(_) | Value::Number { .. } | Value::Rows(_) | Value::Absent, _) => {
            Err(format!("expected floats to stay floats, found a cast to {to}"))
        }
    }
}

fn equal(t: &mut Translator, o: &Operator) -> Result<Vec<Value>, String> {
    let (Some(a), Some(b)) = (o.integers(0)?, o.integers(1)?) else { return Err("`Equal` lacks its inputs".into()) };
    integers::equal(t, a, b).map(|value| vec![value])
}

fn choose(_: &mut Translator, o: &Operator) -> Result<Vec<Value>, String> {
    let (Some(condition), Some(a), Some(b)) = (o.integers(0)?, o.integers(1)?, o.integers(2)?) else {
        return Err("`Where` lacks its inputs".into());
    };
    integers::choose(condition, a, b).map(|value| vec![value])
}

fn range(_: &mut Translator, o: &Operator) -> Result<Vec<Value>, String> {
    let one = |place| Ok::<_, String>(o.constants(place)?.and_then(|values| values.first().copied()));
    match (one(0)?, one(1)?, one(2)?) {
        (Some(start), Some(end), Some(step)) if step > 0 && end.saturating_sub(start) / step <= LONGEST => {
            Ok(vec![Value::list((start..end).step_by(step as usize).map(Extent::Fixed).collect())])
        }
        _ => Err(format!("expected a rising range of at most {LONGEST} constant integers")),
    }
}
