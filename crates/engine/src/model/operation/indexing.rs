//! Elements by their places: selection by indices, joining, shifting, repeating, padding.

use tch::{Kind, Tensor};

use super::arguments::Arguments;
use super::definition::Row;
use super::shape::{Shaped, broadcast, dimension, numel, same};
use crate::model::ModelError;

pub const ROWS: &[Row] = &[
    ("index.Tensor(Tensor self, Tensor?[] indices) -> Tensor", index, index_shape),
    (
        "index_select(Tensor self, int dim, Tensor index) -> Tensor",
        |a| Ok(a.tensor(0)?.f_index_select(a.int(1)?, a.tensor(2)?)?),
        index_select_shape,
    ),
    (
        "gather(Tensor self, int dim, Tensor index, *, bool sparse_grad=False) -> Tensor",
        |a| Ok(a.tensor(0)?.f_gather(a.int(1)?, a.tensor(2)?, false)?),
        gather_shape,
    ),
    (
        "embedding(Tensor weight, Tensor indices, SymInt padding_idx=-1, bool scale_grad_by_freq=False, bool sparse=False) -> Tensor",
        |a| Ok(Tensor::f_embedding(a.tensor(0)?, a.tensor(1)?, a.int(2)?, a.bool(3)?, false)?),
        embedding_shape,
    ),
    ("cat(Tensor[] tensors, int dim=0) -> Tensor", |a| Ok(Tensor::f_cat(&a.tensors(0)?, a.int(1)?)?), cat_shape),
    ("concat(Tensor[] tensors, int dim=0) -> Tensor", |a| Ok(Tensor::f_cat(&a.tensors(0)?, a.int(1)?)?), cat_shape),
    ("concatenate(Tensor[] tensors, int dim=0) -> Tensor", |a| Ok(Tensor::f_cat(&a.tensors(0)?, a.int(1)?)?), cat_shape),
    ("stack(Tensor[] tensors, int dim=0) -> Tensor", |a| Ok(Tensor::f_stack(&a.tensors(0)?, a.int(1)?)?), stack_shape),
    (
        "slice_scatter(Tensor self, Tensor src, int dim=0, SymInt? start=None, SymInt? end=None, SymInt step=1) -> Tensor",
        |a| Ok(a.tensor(0)?.f_slice_scatter(a.tensor(1)?, a.int(2)?, a.optional_int(3)?, a.optional_int(4)?, a.int(5)?)?),
        same,
    ),
    (
        "select_scatter(Tensor self, Tensor src, int dim, SymInt index) -> Tensor",
        |a| Ok(a.tensor(0)?.f_select_scatter(a.tensor(1)?, a.int(2)?, a.int(3)?)?),
        same,
    ),
    ("roll(Tensor self, SymInt[1] shifts, int[1] dims=[]) -> Tensor", |a| Ok(a.tensor(0)?.f_roll(a.ints(1)?, a.ints(2)?)?), roll_shape),
    ("flip(Tensor self, int[] dims) -> Tensor", |a| Ok(a.tensor(0)?.f_flip(a.ints(1)?)?), |a| with_dimensions(a, 1)),
    ("tril(Tensor self, SymInt diagonal=0) -> Tensor", |a| Ok(a.tensor(0)?.f_tril(a.int(1)?)?), of_matrices),
    ("triu(Tensor self, SymInt diagonal=0) -> Tensor", |a| Ok(a.tensor(0)?.f_triu(a.int(1)?)?), of_matrices),
    ("repeat(Tensor self, SymInt[] repeats) -> Tensor", |a| Ok(a.tensor(0)?.f_repeat(a.ints(1)?)?), repeat_shape),
    ("tile(Tensor self, SymInt[] dims) -> Tensor", |a| Ok(a.tensor(0)?.f_tile(a.ints(1)?)?), |a| repeated(a.tensor(0)?, &a.ints(1)?)),
    (
        "repeat_interleave.self_int(Tensor self, SymInt repeats, int? dim=None, *, SymInt? output_size=None) -> Tensor",
        |a| Ok(a.tensor(0)?.f_repeat_interleave_self_int(a.int(1)?, a.optional_int(2)?, None::<i64>)?),
        repeat_interleave_shape,
    ),
    (
        "constant_pad_nd(Tensor self, SymInt[] pad, Scalar value=0) -> Tensor",
        // tch leaves the value out of `f_constant_pad_nd`.
        |a| Ok(a.tensor(0)?.f_pad(a.ints(1)?, "constant", a.float(2)?)?),
        padded,
    ),
    (
        "pad(Tensor self, SymInt[] pad, str mode=\"constant\", float? value=None) -> Tensor",
        |a| Ok(a.tensor(0)?.f_pad(a.ints(1)?, a.text(2)?, a.optional_float(3)?)?),
        padded,
    ),
];

fn index(a: &Arguments<'_, Tensor>) -> Result<Tensor, ModelError> {
    let indices = a.optional_tensors(1)?;
    for index in indices.iter().flatten() {
        if matches!(index.f_kind()?, Kind::Bool | Kind::Uint8) {
            return Err(ModelError::Mismatch("expected indices, found a mask: how many elements it selects depends on the images".into()));
        }
    }
    Ok(a.tensor(0)?.f_index(&indices)?)
}

/// The sides of the indices, broadcast together, replace the dimensions that have one. They come first where these dimensions do not follow
/// one another.
fn index_shape(a: &Arguments<'_, Vec<i64>>) -> Shaped {
    let (x, indices) = (a.tensor(0)?, a.optional_tensors(1)?);
    let indexed: Vec<usize> = (0..indices.len()).filter(|&k| indices.get(k).is_some_and(Option::is_some)).collect();
    let (&[first, ..], &[.., last]) = (indexed.as_slice(), indexed.as_slice()) else {
        return Err("expected an index, found none".into());
    };
    if last >= x.len() {
        return Err(format!("expected indices for at most {} dimensions, found one for dimension {last}", x.len()));
    }
    let joint = indices.iter().flatten().try_fold(Vec::<i64>::new(), |joint, index| broadcast(&joint, index))?;
    let place = if last - first + 1 == indexed.len() { first } else { 0 };
    let kept = x.iter().enumerate().filter(|(k, _)| !indexed.contains(k)).map(|(_, &side)| side);
    let (before, after) = (kept.clone().take(place), kept.skip(place));
    let shape = before.chain(joint).chain(after).collect::<Vec<i64>>();
    numel(&shape)?;
    Ok(shape)
}

fn index_select_shape(a: &Arguments<'_, Vec<i64>>) -> Shaped {
    let (mut shape, index) = (a.tensor(0)?.clone(), a.tensor(2)?);
    let place = dimension(a.int(1)?, shape.len())?;
    match (shape.get_mut(place), index.as_slice()) {
        (Some(side), &[length]) => *side = length,
        (Some(side), []) => *side = 1,
        (None, [] | [_]) => {}
        (_, sides) => return Err(format!("expected a list of indices, found a tensor {sides:?}")),
    }
    numel(&shape)?;
    Ok(shape)
}

fn gather_shape(a: &Arguments<'_, Vec<i64>>) -> Shaped {
    let (x, index) = (a.tensor(0)?, a.tensor(2)?);
    let place = dimension(a.int(1)?, x.len())?;
    let inside = x.iter().zip(index).enumerate().all(|(k, (side, indices))| k == place || indices <= side);
    if x.len() == index.len() && inside { Ok(index.clone()) } else { Err(format!("expected indices for {x:?}, found a tensor {index:?}")) }
}

fn embedding_shape(a: &Arguments<'_, Vec<i64>>) -> Shaped {
    let &[_, width] = a.tensor(0)?.as_slice() else { return Err(format!("expected a matrix, found {:?}", a.tensor(0)?)) };
    let shape = [a.tensor(1)?.as_slice(), &[width]].concat();
    numel(&shape)?;
    Ok(shape)
}

/// PyTorch passes over tensors `[0]` beside others of any rank.
fn cat_shape(a: &Arguments<'_, Vec<i64>>) -> Shaped {
    let all = a.tensors(0)?;
    let parts: Vec<_> = all.iter().filter(|shape| shape.as_slice() != [0]).collect();
    let Some((first, others)) = parts.split_first() else {
        return if all.is_empty() { Err("expected tensors, found none".into()) } else { Ok(vec![0]) };
    };
    let mut shape = first.to_vec();
    let place = dimension(a.int(1)?, shape.len())?;
    for part in others {
        let fits = part.len() == shape.len() && (0..part.len()).all(|k| k == place || part.get(k) == shape.get(k));
        match (shape.get_mut(place), part.get(place)) {
            (Some(side), Some(more)) if fits => *side = side.checked_add(*more).ok_or("expected fewer than 2^63 elements")?,
            (_, _) => return Err(format!("expected tensors that differ in dimension {place} only, found {first:?} and {part:?}")),
        }
    }
    numel(&shape)?;
    Ok(shape)
}

fn stack_shape(a: &Arguments<'_, Vec<i64>>) -> Shaped {
    let parts = a.tensors(0)?;
    let Some(first) = parts.first() else { return Err("expected tensors, found none".into()) };
    if let Some(other) = parts.iter().find(|part| part != &first) {
        return Err(format!("expected tensors of one shape, found {first:?} and {other:?}"));
    }
    let mut shape = first.to_vec();
    shape.insert(dimension(a.int(1)?, first.len() + 1)?, parts.len() as i64);
    numel(&shape)?;
    Ok(shape)
}

/// The shape of the first argument, all dimensions at `place` being its own.
fn with_dimensions(a: &Arguments<'_, Vec<i64>>, place: usize) -> Shaped {
    let shape = a.tensor(0)?;
    for dim in a.ints(place)? {
        dimension(dim, shape.len())?;
    }
    Ok(shape.clone())
}

fn roll_shape(a: &Arguments<'_, Vec<i64>>) -> Shaped {
    let (shifts, dims) = (a.ints(1)?.len(), a.ints(2)?.len());
    match (shifts, dims) {
        (1, 0) => same(a),
        (shifts, dims) if shifts == dims && dims > 0 => with_dimensions(a, 2),
        (shifts, dims) => Err(format!("expected as many shifts as dimensions, found {shifts} and {dims}")),
    }
}

fn of_matrices(a: &Arguments<'_, Vec<i64>>) -> Shaped {
    match a.tensor(0)?.as_slice() {
        shape @ [.., _, _] => Ok(shape.to_vec()),
        shape => Err(format!("expected matrices, found {shape:?}")),
    }
}

/// The sides times `repeats`; the shorter of both is lengthened by ones in front.
fn repeated(sides: &[i64], repeats: &[i64]) -> Shaped {
    numel(repeats)?;
    let rank = sides.len().max(repeats.len());
    let one = |list: &[i64], k: usize| (k + list.len()).checked_sub(rank).and_then(|place| list.get(place)).copied().unwrap_or(1);
    let times = |k: usize| one(sides, k).checked_mul(one(repeats, k)).ok_or("expected fewer than 2^63 elements");
    let shape = (0..rank).map(times).collect::<Result<Vec<i64>, _>>()?;
    numel(&shape)?;
    Ok(shape)
}

fn repeat_shape(a: &Arguments<'_, Vec<i64>>) -> Shaped {
    let (x, repeats) = (a.tensor(0)?, a.ints(1)?);
    if repeats.len() < x.len() {
        return Err(format!("expected at least {} numbers of repeats, found {repeats:?}", x.len()));
    }
    repeated(x, &repeats)
}

/// All elements in one dimension, unless a dimension is given.
fn repeat_interleave_shape(a: &Arguments<'_, Vec<i64>>) -> Shaped {
    let (x, repeats) = (a.tensor(0)?, a.int(1)?);
    let Some(dim) = a.optional_int(2)? else { return repeated(&[numel(x)?], &[repeats]) };
    let place = dimension(dim, x.len())?;
    let factors: Vec<i64> = (0..x.len().max(1)).map(|k| if k == place { repeats } else { 1 }).collect();
    repeated(x, &factors)
}

/// `pad` has the number of elements before and after the last dimension, then of the one before it, and so on.
fn padded(a: &Arguments<'_, Vec<i64>>) -> Shaped {
    let (mut shape, pad) = (a.tensor(0)?.clone(), a.ints(1)?);
    if pad.len() % 2 != 0 || pad.len() / 2 > shape.len() {
        return Err(format!("expected two numbers of elements for each of at most {} dimensions, found {pad:?}", shape.len()));
    }
    for (side, ends) in shape.iter_mut().rev().zip(pad.chunks(2)) {
        let longer = ends.iter().try_fold(*side, |side, &end| side.checked_add(end));
        *side = longer.ok_or_else(|| format!("expected fewer than 2^63 elements, found a padding {pad:?}"))?;
    }
    numel(&shape)?;
    Ok(shape)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use tch::Device;

    use super::super::testing::{Argument, X, agreed_shape, assert_close, shape, value};
    use super::*;

    /// Asserts that the foretold shape is that of the value, and returns it. The tensors after the first are indices 0.
    fn indexed_shape(name: &str, given: &[Argument], inputs: &[&[i64]]) -> Vec<i64> {
        let kind = |k: usize| if k == 0 { Kind::Float } else { Kind::Int64 };
        let tensors: Vec<_> = inputs.iter().enumerate().map(|(k, &sides)| Tensor::zeros(sides, (kind(k), Device::Cpu))).collect();
        let found = value(name, given, &tensors.iter().collect::<Vec<_>>()).unwrap().size();
        assert_eq!(shape(name, given, inputs), Ok(found.clone()), "{name} {given:?}");
        found
    }

    fn indices(list: &[Option<usize>]) -> [Argument; 2] {
        [X, Argument::Tensors(list.to_vec())]
    }

    #[test]
    fn indices_replace_their_dimensions_or_come_first() {
        let inputs: [&[i64]; 3] = [&[2, 3, 4, 5], &[6, 1], &[7]];
        assert_eq!(indexed_shape("index.Tensor", &indices(&[Some(2)]), &inputs), [7, 3, 4, 5]);
        assert_eq!(indexed_shape("index.Tensor", &indices(&[None, Some(1), Some(2)]), &inputs), [2, 6, 7, 5]);
        assert_eq!(indexed_shape("index.Tensor", &indices(&[None, Some(1), None, Some(2)]), &inputs), [6, 7, 2, 4]);
        assert!(shape("index.Tensor", &indices(&[None]), &inputs).is_err());
        assert!(shape("index.Tensor", &indices(&[None, None, None, None, Some(1)]), &inputs).is_err());
    }

    #[test]
    fn a_mask_is_no_index() {
        let (x, mask) = (Tensor::from_slice(&[1.0, 2.0]), Tensor::from_slice(&[true, false]));
        assert!(value("index.Tensor", &indices(&[Some(1)]), &[&x, &mask]).is_err());
    }

    #[test]
    fn shapes_of_selections_are_foretold() {
        let dim = Argument::int(-2);
        let along = [X, dim, Argument::Tensor(1)];
        assert_eq!(indexed_shape("index_select.default", &along, &[&[2, 3, 4], &[5]]), [2, 5, 4]);
        assert_eq!(indexed_shape("gather.default", &along, &[&[2, 3, 4], &[1, 9, 4]]), [1, 9, 4]);
        assert_eq!(indexed_shape("embedding.default", &[X, Argument::Tensor(1)], &[&[3, 4], &[2, 5]]), [2, 5, 4]);
        assert!(shape("gather.default", &along, &[&[2, 3, 4], &[3, 1, 4]]).is_err());
    }

    #[test]
    fn joined_tensors_differ_in_one_dimension_only() {
        let joined = |dim: i64| [Argument::Tensors(vec![Some(0), Some(1)]), Argument::int(dim)];
        assert_eq!(agreed_shape("cat.default", &joined(1), &[&[2, 3], &[2, 4]]), [2, 7]);
        assert_eq!(agreed_shape("cat.default", &joined(1), &[&[0], &[2, 4]]), [2, 4]);
        assert_eq!(agreed_shape("stack.default", &joined(-1), &[&[2, 3], &[2, 3]]), [2, 3, 2]);
        assert!(shape("cat.default", &joined(1), &[&[2, 3], &[3, 4]]).is_err());
        assert!(shape("cat.default", &joined(0), &[&[], &[]]).is_err());
        assert!(shape("stack.default", &joined(0), &[&[2, 3], &[2, 4]]).is_err());
    }

    #[test]
    fn repeats_multiply_sides() {
        assert_eq!(agreed_shape("repeat.default", &[X, Argument::ints(&[4, 1, 2])], &[&[2, 3]]), [4, 2, 6]);
        assert_eq!(agreed_shape("tile.default", &[X, Argument::ints(&[2])], &[&[2, 3]]), [2, 6]);
        assert_eq!(agreed_shape("repeat_interleave.self_int", &[X, Argument::int(2)], &[&[2, 3]]), [12]);
        assert_eq!(agreed_shape("repeat_interleave.self_int", &[X, Argument::int(2), Argument::int(-1)], &[&[2, 3]]), [2, 6]);
        for repeats in [[-1, 1], [i64::MAX, 1], [1 << 62, 1 << 62]] {
            assert!(shape("repeat.default", &[X, Argument::ints(&repeats)], &[&[2, 3]]).is_err());
        }
        assert!(shape("repeat.default", &[X, Argument::ints(&[2])], &[&[2, 3]]).is_err());
    }

    #[test]
    fn padding_starts_with_the_last_dimension() {
        let pad = Argument::ints(&[1, 2, 3, 0]);
        for mode in ["constant", "reflect", "replicate", "circular"] {
            assert_eq!(agreed_shape("pad.default", &[X, pad.clone(), Argument::Text(mode.into())], &[&[1, 2, 4, 5]]), [1, 2, 7, 8]);
        }
        assert_eq!(agreed_shape("pad.default", &[X, Argument::ints(&[-1, 0])], &[&[2, 3]]), [2, 2]);
        assert!(shape("pad.default", &[X, Argument::ints(&[1])], &[&[2, 3]]).is_err());
        assert!(shape("pad.default", &[X, Argument::ints(&[-4, 0])], &[&[2, 3]]).is_err());
        assert!(shape("pad.default", &[X, Argument::ints(&[i64::MAX, 0])], &[&[2, 3]]).is_err());
        assert!(shape("pad.default", &[X, Argument::ints(&[0; 6])], &[&[2, 3]]).is_err());
    }

    #[test]
    fn padding_has_the_value_of_the_program() {
        let x = Tensor::from_slice(&[1.0]);
        assert_close(&value("constant_pad_nd.default", &[X, Argument::ints(&[1, 1]), Argument::int(9)], &[&x]).unwrap(), &[9.0, 1.0, 9.0]);
        assert_close(&value("pad.default", &[X, Argument::ints(&[0, 1])], &[&x]).unwrap(), &[1.0, 0.0]);
    }

    #[test]
    fn shifts_have_dimensions_or_are_of_all_elements() {
        let x = Tensor::from_slice(&[1.0, 2.0, 3.0, 4.0]).reshape([2, 2]);
        let one = Argument::ints(&[1]);
        assert_close(&value("roll.default", &[X, one.clone()], &[&x]).unwrap(), &[4.0, 1.0, 2.0, 3.0]);
        assert_close(&value("roll.default", &[X, one.clone(), one.clone()], &[&x]).unwrap(), &[2.0, 1.0, 4.0, 3.0]);
        assert!(shape("roll.default", &[X, Argument::ints(&[1, 1])], &[&[2, 2]]).is_err());
        assert!(shape("roll.default", &[X, one.clone(), Argument::ints(&[2])], &[&[2, 2]]).is_err());
        assert!(shape("flip.default", &[X, Argument::ints(&[2])], &[&[2, 2]]).is_err());
    }
}
