//! Operations whose value is a view of their argument: other sides, other order, a part.

use tch::Tensor;

use super::arguments::Arguments;
use super::definition::Row;
use super::shape::{Shaped, dimension, numel};
use crate::model::ModelError;

pub const ROWS: &[Row] = &[
    ("view(Tensor(a) self, SymInt[] size) -> Tensor(a)", view, view_shape),
    // PyTorch's own schema hides that memory is shared.
    ("_unsafe_view(Tensor(a) self, SymInt[] size) -> Tensor(a)", view, view_shape),
    ("reshape(Tensor(a) self, SymInt[] shape) -> Tensor(a)", |a| Ok(a.tensor(0)?.f_reshape(a.ints(1)?)?), view_shape),
    ("view_as(Tensor(a) self, Tensor other) -> Tensor(a)", |a| Ok(a.tensor(0)?.f_view_as(a.tensor(1)?)?), shape_of_other),
    ("reshape_as(Tensor(a) self, Tensor other) -> Tensor(a)", |a| Ok(a.tensor(0)?.f_reshape_as(a.tensor(1)?)?), shape_of_other),
    (
        "flatten.using_ints(Tensor(a) self, int start_dim=0, int end_dim=-1) -> Tensor(a)",
        |a| Ok(a.tensor(0)?.f_flatten(a.int(1)?, a.int(2)?)?),
        |a| flattened(a.tensor(0)?, a.int(1)?, a.int(2)?),
    ),
    (
        "unflatten.int(Tensor(a) self, int dim, SymInt[] sizes) -> Tensor(a)",
        |a| Ok(a.tensor(0)?.f_unflatten(a.int(1)?, a.ints(2)?)?),
        |a| unflattened(a.tensor(0)?, a.int(1)?, &a.ints(2)?),
    ),
    ("permute(Tensor(a) self, int[] dims) -> Tensor(a)", |a| Ok(a.tensor(0)?.f_permute(a.ints(1)?)?), permuted),
    ("transpose.int(Tensor(a) self, int dim0, int dim1) -> Tensor(a)", transpose, transpose_shape),
    ("swapaxes(Tensor(a) self, int axis0, int axis1) -> Tensor(a)", transpose, transpose_shape),
    ("swapdims(Tensor(a) self, int dim0, int dim1) -> Tensor(a)", transpose, transpose_shape),
    ("mT(Tensor(a) self) -> Tensor(a)", |a| Ok(a.tensor(0)?.f_transpose(-2, -1)?), |a| swapped(a.tensor(0)?, -2, -1)),
    ("movedim.int(Tensor(a) self, int source, int destination) -> Tensor(a)", movedim, moved),
    ("moveaxis.int(Tensor(a) self, int source, int destination) -> Tensor(a)", movedim, moved),
    ("unsqueeze(Tensor(a) self, int dim) -> Tensor(a)", |a| Ok(a.tensor(0)?.f_unsqueeze(a.int(1)?)?), unsqueezed),
    (
        "squeeze(Tensor(a) self) -> Tensor(a)",
        |a| Ok(a.tensor(0)?.f_squeeze()?),
        |a| Ok(a.tensor(0)?.iter().copied().filter(|&side| side != 1).collect()),
    ),
    (
        "squeeze.dim(Tensor(a) self, int dim) -> Tensor(a)",
        |a| Ok(a.tensor(0)?.f_squeeze_dim(a.int(1)?)?),
        |a| squeezed(a.tensor(0)?, &[a.int(1)?]),
    ),
    (
        "squeeze.dims(Tensor(a) self, int[] dim) -> Tensor(a)",
        |a| Ok(a.tensor(0)?.f_squeeze_dims(a.ints(1)?)?),
        |a| squeezed(a.tensor(0)?, &a.ints(1)?),
    ),
    (
        "expand(Tensor(a) self, SymInt[] size, *, bool implicit=False) -> Tensor(a)",
        |a| Ok(a.tensor(0)?.f_expand(a.ints(1)?, a.bool(2)?)?),
        |a| expanded(a.tensor(0)?, &a.ints(1)?),
    ),
    (
        "broadcast_to(Tensor(a) self, SymInt[] size) -> Tensor(a)",
        |a| Ok(a.tensor(0)?.f_expand(a.ints(1)?, false)?),
        |a| expanded(a.tensor(0)?, &a.ints(1)?),
    ),
    (
        "expand_as(Tensor(a) self, Tensor other) -> Tensor(a)",
        |a| Ok(a.tensor(0)?.f_expand_as(a.tensor(1)?)?),
        |a| expanded(a.tensor(0)?, a.tensor(1)?),
    ),
    (
        "slice.Tensor(Tensor(a) self, int dim=0, SymInt? start=None, SymInt? end=None, SymInt step=1) -> Tensor(a)",
        |a| Ok(a.tensor(0)?.f_slice(a.int(1)?, a.optional_int(2)?, a.optional_int(3)?, a.int(4)?)?),
        sliced,
    ),
    ("select.int(Tensor(a) self, int dim, SymInt index) -> Tensor(a)", |a| Ok(a.tensor(0)?.f_select(a.int(1)?, a.int(2)?)?), selected),
    (
        "narrow(Tensor(a) self, int dim, SymInt start, SymInt length) -> Tensor(a)",
        |a| Ok(a.tensor(0)?.f_narrow(a.int(1)?, a.int(2)?, a.int(3)?)?),
        narrowed,
    ),
    (
        "unfold(Tensor(a) self, int dimension, int size, int step) -> Tensor(a)",
        |a| Ok(a.tensor(0)?.f_unfold(a.int(1)?, a.int(2)?, a.int(3)?)?),
        unfolded,
    ),
    (
        "diagonal(Tensor(a) self, int offset=0, int dim1=0, int dim2=1) -> Tensor(a)",
        |a| Ok(a.tensor(0)?.f_diagonal(a.int(1)?, a.int(2)?, a.int(3)?)?),
        diagonal,
    ),
    ("as_strided(Tensor(a) self, SymInt[] size, SymInt[] stride, SymInt? storage_offset=None) -> Tensor(a)", as_strided, |a| {
        strided(a.tensor(0)?, &a.ints(1)?, &a.ints(2)?, a.optional_int(3)?)
    }),
];

type Tensors<'a> = Arguments<'a, Tensor>;
type Shapes<'a> = Arguments<'a, Vec<i64>>;

fn view(a: &Tensors<'_>) -> Result<Tensor, ModelError> {
    Ok(a.tensor(0)?.f_view(a.ints(1)?.as_slice())?)
}

fn transpose(a: &Tensors<'_>) -> Result<Tensor, ModelError> {
    Ok(a.tensor(0)?.f_transpose(a.int(1)?, a.int(2)?)?)
}

fn movedim(a: &Tensors<'_>) -> Result<Tensor, ModelError> {
    Ok(a.tensor(0)?.f_movedim_int(a.int(1)?, a.int(2)?)?)
}

/// The place of the dimension `dim`; an error where there are none.
fn place(dim: i64, shape: &[i64]) -> Result<usize, String> {
    if shape.is_empty() { Err("expected at least one dimension, found none".into()) } else { dimension(dim, shape.len()) }
}

fn view_shape(a: &Shapes<'_>) -> Shaped {
    reshaped(a.tensor(0)?, &a.ints(1)?)
}

fn shape_of_other(a: &Shapes<'_>) -> Shaped {
    reshaped(a.tensor(0)?, a.tensor(1)?)
}

/// `sizes`, in which one −1 stands for what is left of the elements of `shape`.
fn reshaped(shape: &[i64], sizes: &[i64]) -> Shaped {
    let known: Vec<i64> = sizes.iter().copied().filter(|&size| size != -1).collect();
    let (elements, product) = (numel(shape)?, numel(&known)?);
    match sizes.len() - known.len() {
        0 if product == elements => Ok(known),
        1 if product > 0 && elements % product == 0 => {
            Ok(sizes.iter().map(|&size| if size == -1 { elements / product } else { size }).collect())
        }
        _ => Err(format!("expected sides for {elements} elements, found {sizes:?}")),
    }
}

fn flattened(shape: &[i64], start: i64, end: i64) -> Shaped {
    if shape.is_empty() {
        return Ok(vec![1]);
    }
    let (first, last) = (place(start, shape)?, place(end, shape)?);
    if first > last {
        return Err(format!("expected a first dimension that is not after the last one, found {start} and {end}"));
    }
    Ok([&shape[..first], &[numel(&shape[first..=last])?], &shape[last + 1..]].concat())
}

fn unflattened(shape: &[i64], dim: i64, sizes: &[i64]) -> Shaped {
    let dim = place(dim, shape)?;
    Ok([&shape[..dim], &reshaped(&shape[dim..=dim], sizes)?, &shape[dim + 1..]].concat())
}

fn permuted(a: &Shapes<'_>) -> Shaped {
    let (shape, dims) = (a.tensor(0)?, a.ints(1)?);
    let order = dims.iter().map(|&dim| place(dim, shape)).collect::<Result<Vec<_>, _>>()?;
    if order.len() != shape.len() || (0..shape.len()).any(|dim| !order.contains(&dim)) {
        return Err(format!("expected each of {} dimensions once, found {dims:?}", shape.len()));
    }
    Ok(order.into_iter().map(|dim| shape[dim]).collect())
}

fn transpose_shape(a: &Shapes<'_>) -> Shaped {
    swapped(a.tensor(0)?, a.int(1)?, a.int(2)?)
}

fn swapped(shape: &[i64], first: i64, second: i64) -> Shaped {
    let mut swapped = shape.to_vec();
    swapped.swap(place(first, shape)?, place(second, shape)?);
    Ok(swapped)
}

fn moved(a: &Shapes<'_>) -> Shaped {
    let mut moved = a.tensor(0)?.clone();
    let (source, destination) = (place(a.int(1)?, &moved)?, place(a.int(2)?, &moved)?);
    let side = moved.remove(source);
    moved.insert(destination, side);
    Ok(moved)
}

fn unsqueezed(a: &Shapes<'_>) -> Shaped {
    let mut shape = a.tensor(0)?.clone();
    shape.insert(dimension(a.int(1)?, shape.len() + 1)?, 1);
    Ok(shape)
}

fn squeezed(shape: &[i64], dims: &[i64]) -> Shaped {
    let dims = dims.iter().map(|&dim| place(dim, shape)).collect::<Result<Vec<_>, _>>()?;
    if dims.iter().enumerate().any(|(k, dim)| dims[..k].contains(dim)) {
        return Err(format!("expected each dimension once, found {dims:?}"));
    }
    let kept = shape.iter().enumerate().filter(|(k, side)| **side != 1 || !dims.contains(k));
    Ok(kept.map(|(_, side)| *side).collect())
}

/// `sizes`, of which −1 stands for the old side; sides of 1 are repeated.
fn expanded(shape: &[i64], sizes: &[i64]) -> Shaped {
    let wrong = || format!("expected sides that {shape:?} can be repeated to, found {sizes:?}");
    let new = sizes.len().checked_sub(shape.len()).ok_or_else(wrong)?;
    let side = |(k, &size): (usize, &i64)| match (k.checked_sub(new).map(|old| shape[old]), size) {
        (Some(old), -1) => Ok(old),
        (Some(old), size) if old == size || (old == 1 && size >= 0) => Ok(size),
        (None, 0..) => Ok(size),
        _ => Err(wrong()),
    };
    let expanded = sizes.iter().enumerate().map(side).collect::<Result<Vec<_>, _>>()?;
    numel(&expanded)?;
    Ok(expanded)
}

/// The shape at 0, the place of the dimension at 1 and its side.
fn along<'a>(a: &Shapes<'a>) -> Result<(&'a [i64], usize, i64), String> {
    let shape: &[i64] = a.tensor(0)?;
    let dim = place(a.int(1)?, shape)?;
    Ok((shape, dim, shape[dim]))
}

/// `[start:end:step]` of Python along `dim`: what lies outside is left out.
fn sliced(a: &Shapes<'_>) -> Shaped {
    let (shape, dim, side) = along(a)?;
    let (start, end, step) = (a.optional_int(2)?, a.optional_int(3)?, a.int(4)?);
    let inside = |index: i64| if index < 0 { (index + side).max(0) } else { index.min(side) };
    let length = inside(end.unwrap_or(i64::MAX)) - inside(start.unwrap_or(0));
    let rounded = step.checked_sub(1).filter(|&more| more >= 0).and_then(|more| length.max(0).checked_add(more));
    let rounded = rounded.ok_or_else(|| format!("expected a positive step that is not huge, found {step}"))?;
    Ok([&shape[..dim], &[rounded / step], &shape[dim + 1..]].concat())
}

fn selected(a: &Shapes<'_>) -> Shaped {
    let ((shape, dim, side), index) = (along(a)?, a.int(2)?);
    if !(-side..side).contains(&index) {
        return Err(format!("expected an index into {side} elements, found {index}"));
    }
    Ok([&shape[..dim], &shape[dim + 1..]].concat())
}

fn narrowed(a: &Shapes<'_>) -> Shaped {
    let ((shape, dim, side), start, length) = (along(a)?, a.int(2)?, a.int(3)?);
    let first = if start < 0 { start + side } else { start };
    if !(0..=side).contains(&first) || !(0..=side - first).contains(&length) {
        return Err(format!("expected a part of {side} elements, found {length} from {start}"));
    }
    Ok([&shape[..dim], &[length], &shape[dim + 1..]].concat())
}

/// All runs of `size` elements along `dim`, one every `step`; they become the last dimension.
fn unfolded(a: &Shapes<'_>) -> Shaped {
    let ((shape, dim, side), size, step) = (along(a)?, a.int(2)?, a.int(3)?);
    if !(0..=side).contains(&size) || step < 1 {
        return Err(format!("expected runs of at most {side} elements and a positive step, found {size} and {step}"));
    }
    let unfolded = [&shape[..dim], &[(side - size) / step + 1], &shape[dim + 1..], &[size]].concat();
    numel(&unfolded)?;
    Ok(unfolded)
}

fn diagonal(a: &Shapes<'_>) -> Shaped {
    let (shape, offset, first, second) = (a.tensor(0)?, a.int(1)?, a.int(2)?, a.int(3)?);
    let (rows, columns) = (place(first, shape)?, place(second, shape)?);
    if rows == columns {
        return Err(format!("expected two dimensions, found {first} twice"));
    }
    let length = if offset < 0 { (shape[rows] + offset).min(shape[columns]) } else { shape[rows].min(shape[columns] - offset) };
    let kept = shape.iter().enumerate().filter(|(k, _)| *k != rows && *k != columns);
    Ok(kept.map(|(_, side)| *side).chain([length.max(0)]).collect())
}

/// Shape of `sizes` at `strides` over the elements of `shape` in order, all of which have to be among these.
fn strided(shape: &[i64], sizes: &[i64], strides: &[i64], offset: Option<i64>) -> Shaped {
    let (elements, wanted) = (numel(shape)?, numel(sizes)?);
    let last = || -> Option<i64> {
        let step = |(&size, &stride): (&i64, &i64)| if stride < 0 { None } else { (size - 1).checked_mul(stride) };
        sizes.iter().zip(strides).try_fold(offset.unwrap_or(0), |sum, pair| sum.checked_add(step(pair)?))
    };
    let inside = wanted > 0 && sizes.len() == strides.len() && offset.unwrap_or(0) >= 0 && last().is_some_and(|last| last < elements);
    if inside { Ok(sizes.to_vec()) } else { Err(format!("expected strides within {elements} elements, found {sizes:?} at {strides:?}")) }
}

/// Strides and offset count in memory, which has to hold just the elements of the argument in order.
fn as_strided(a: &Tensors<'_>) -> Result<Tensor, ModelError> {
    let (x, sizes, strides, offset) = (a.tensor(0)?, a.ints(1)?, a.ints(2)?, a.optional_int(3)?);
    strided(&x.size(), &sizes, &strides, offset)?;
    let first = || Ok::<_, ModelError>(x.f_as_strided([1], [1], 0i64)?.data_ptr() == x.data_ptr());
    if !x.is_contiguous() || (offset.is_some() && !first()?) {
        return Err("expected a tensor that fills its memory for `as_strided`, found a part or another order".to_owned().into());
    }
    Ok(x.f_as_strided(sizes, strides, offset)?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use tch::{Device, Kind, Tensor};

    use super::super::Size;
    use super::super::testing::{Argument, X, agreed_shape, assert_twice_differentiable, numbers, shape, value};

    fn int(value: i64) -> Argument {
        Argument::int(value)
    }

    fn ints(values: &[i64]) -> Argument {
        Argument::ints(values)
    }

    #[test]
    fn one_side_of_a_view_may_follow_from_the_others() {
        for name in ["view.default", "_unsafe_view.default", "reshape.default"] {
            let of = |sizes: &[i64]| shape(name, &[X, ints(sizes)], &[&[2, 3, 4]]);
            assert_eq!(agreed_shape(name, &[X, ints(&[-1, 6])], &[&[2, 3, 4]]), [4, 6]);
            assert_eq!(of(&[24]).unwrap(), [24]);
            for sizes in [&[-1, -1][..], &[-1, 5], &[-1, 0], &[-2, 12], &[25], &[i64::MAX, i64::MAX]] {
                assert!(of(sizes).is_err(), "{name} {sizes:?}");
            }
        }
        let per_image = [X, Argument::Ints(vec![Size::PerImage(3), Size::Fixed(-1)])];
        assert_eq!(agreed_shape("view.default", &per_image, &[&[1, 3, 4]]), [3, 4]);
    }

    #[test]
    fn values_share_the_memory_of_their_argument() {
        let cases = [
            ("view.default", vec![X, ints(&[3, 2])]),
            ("reshape.default", vec![X, ints(&[6])]),
            ("permute.default", vec![X, ints(&[1, 0])]),
            ("select.int", vec![X, int(1), int(0)]),
            ("slice.Tensor", vec![X, int(1), Argument::None, Argument::None, int(2)]),
            ("unsqueeze.default", vec![X, int(0)]),
            ("as_strided.default", vec![X, ints(&[2, 2]), ints(&[1, 2])]),
        ];
        for (name, given) in cases {
            let x = Tensor::zeros([2, 3], (Kind::Float, Device::Cpu));
            let mut view = value(name, &given, &[&x]).unwrap();
            let _ = view.fill_(1.0);
            assert_eq!(x.double_value(&[0, 0]), 1.0, "{name}");
        }
    }

    #[test]
    fn slices_are_those_of_python() {
        let x = Tensor::arange(6, (Kind::Float, Device::Cpu));
        let optional = |value: Option<i64>| value.map_or(Argument::None, int);
        let taken = |start: Option<i64>, end: Option<i64>, step: i64| {
            let given = [X, int(0), optional(start), optional(end), int(step)];
            let taken = numbers(&value("slice.Tensor", &given, &[&x]).unwrap());
            assert_eq!(shape("slice.Tensor", &given, &[&[6]]).unwrap(), [taken.len() as i64]);
            taken
        };
        assert_eq!(taken(None, None, 4), [0.0, 4.0]);
        assert_eq!(taken(Some(-2), Some(i64::MAX), 1), [4.0, 5.0]);
        assert_eq!(taken(Some(-9), Some(-4), 1), [0.0, 1.0]);
        assert_eq!(taken(Some(1), Some(9), 2), [1.0, 3.0, 5.0]);
        assert_eq!(taken(Some(4), Some(2), 1), [] as [f64; 0]);
        assert_eq!(taken(Some(i64::MIN), None, 5), [0.0, 5.0]);
        for step in [0, -1, i64::MIN, i64::MAX] {
            assert!(shape("slice.Tensor", &[X, int(0), Argument::None, Argument::None, int(step)], &[&[6]]).is_err());
        }
    }

    #[test]
    fn foretold_shapes_of_views_are_those_of_their_values() {
        let of = |name: &str, rest: &[Argument]| agreed_shape(name, &[[X].as_slice(), rest].concat(), &[&[2, 3, 1, 5]]);
        assert_eq!(of("flatten.using_ints", &[int(1), int(-2)]), [2, 3, 5]);
        assert_eq!(of("unflatten.int", &[int(-1), ints(&[-1, 5])]), [2, 3, 1, 1, 5]);
        assert_eq!(of("permute.default", &[ints(&[0, -1, 1, 2])]), [2, 5, 3, 1]);
        assert_eq!(of("transpose.int", &[int(1), int(-1)]), [2, 5, 1, 3]);
        assert_eq!(of("mT.default", &[]), [2, 3, 5, 1]);
        assert_eq!(of("movedim.int", &[int(1), int(-1)]), [2, 1, 5, 3]);
        assert_eq!(of("movedim.int", &[int(3), int(1)]), [2, 5, 3, 1]);
        assert_eq!(of("unsqueeze.default", &[int(-1)]), [2, 3, 1, 5, 1]);
        assert_eq!(of("squeeze.default", &[]), [2, 3, 5]);
        assert_eq!(of("squeeze.dim", &[int(1)]), [2, 3, 1, 5]);
        assert_eq!(of("squeeze.dims", &[ints(&[-2, 0])]), [2, 3, 5]);
        assert_eq!(of("expand.default", &[ints(&[4, -1, 3, 7, 5])]), [4, 2, 3, 7, 5]);
        assert_eq!(of("select.int", &[int(-1), int(-5)]), [2, 3, 1]);
        assert_eq!(of("narrow.default", &[int(3), int(-2), int(2)]), [2, 3, 1, 2]);
        assert_eq!(of("unfold.default", &[int(3), int(2), int(2)]), [2, 3, 1, 2, 2]);
        assert_eq!(of("diagonal.default", &[int(1), int(1), int(3)]), [2, 1, 3]);
        assert_eq!(of("diagonal.default", &[int(-2), int(1), int(3)]), [2, 1, 1]);
        assert_eq!(of("as_strided.default", &[ints(&[2, 2]), ints(&[0, 14]), int(15)]), [2, 2]);
        assert_twice_differentiable("as_strided.default", &[X, ints(&[2, 2]), ints(&[1, 1])], &[&[3]]);
    }

    #[test]
    fn parts_outside_of_the_argument_are_refused() {
        let refused = |name: &str, rest: &[Argument]| shape(name, &[[X].as_slice(), rest].concat(), &[&[2, 3]]).is_err();
        assert!(refused("select.int", &[int(1), int(3)]) && refused("select.int", &[int(1), int(-4)]));
        assert!(refused("select.int", &[int(2), int(0)]));
        assert!(refused("narrow.default", &[int(1), int(2), int(2)]) && refused("narrow.default", &[int(1), int(0), int(-1)]));
        assert!(refused("unfold.default", &[int(1), int(4), int(1)]) && refused("unfold.default", &[int(1), int(2), int(0)]));
        assert!(refused("permute.default", &[ints(&[0, 0])]) && refused("permute.default", &[ints(&[0])]));
        assert!(refused("expand.default", &[ints(&[3, 3])]) && refused("expand.default", &[ints(&[-1, 2, 3])]));
        assert!(refused("as_strided.default", &[ints(&[2, 2]), ints(&[3, 1]), int(2)]));
        assert!(refused("as_strided.default", &[ints(&[2, 2]), ints(&[-1, 1])]));
        assert!(refused("as_strided.default", &[ints(&[2, 2]), ints(&[i64::MAX, i64::MAX])]));
        let x = Tensor::zeros([2, 3], (Kind::Float, Device::Cpu));
        let given = |offset: Argument| [X, ints(&[2]), ints(&[1]), offset];
        let (turned, row) = (x.transpose(0, 1), x.get(1));
        assert!(value("as_strided.default", &given(Argument::None), &[&turned]).is_err());
        assert!(value("as_strided.default", &given(int(0)), &[&row]).is_err());
        assert!(value("as_strided.default", &given(Argument::None), &[&row]).is_ok());
    }
}
