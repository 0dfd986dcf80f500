//! [`Stored`]: a tensor of a file by type, shape and place, before its numbers are copied out of the file.
//!
//! What rebuilds a tensor in Python (`torch/_utils.py`): `_rebuild_tensor`, v2 and v3, `_rebuild_parameter`, `_rebuild_qtensor`,
//! `_rebuild_sparse_tensor`, `_rebuild_device_tensor_from_numpy`; `torch/_tensor.py`: `_rebuild_from_type_v2`.

use std::ops::Range;

use flatland_core::data::pickle::{Object, Value};

use super::Dtype;
use super::embedded::Embedded;
use super::numpy_array::Array;
use super::storage::{StorageId, brief, index};

/// A tensor by type, shape and place.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Element type.
    pub dtype: Dtype,
    /// Shape.
    pub shape: Vec<i64>,
    /// Where its numbers are.
    pub(super) numbers: Numbers,
}

/// Where the numbers of a tensor are.
#[derive(Clone, Debug)]
pub(super) enum Numbers {
    /// In a storage.
    View(View),
    /// In a pickled NumPy array.
    Array(Array),
    /// In these bytes of the file, row-major, little endian.
    Span(Range<usize>),
    /// In a form that is not read (quantized with scales, sparse, without data).
    Unread,
}

/// Every element of a tensor in its storage: element `i` lies at `offset + Σ i_k·stride_k` of the `len` elements from `start`.
#[derive(Clone, Debug)]
pub(super) struct View {
    pub(super) buffer: Buffer,
    pub(super) start: usize,
    pub(super) len: usize,
    pub(super) offset: usize,
    pub(super) size: Vec<usize>,
    pub(super) stride: Vec<usize>,
}

/// A storage.
#[derive(Clone, Debug)]
pub(super) enum Buffer {
    /// Beside the pickle in the file.
    Separate(StorageId),
    /// Within the pickle.
    Within(Embedded),
}

impl Stored {
    /// The tensor that `value` would be in Python; `None` when it would be none.
    pub(super) fn parse(value: &Value) -> Option<Result<Self, String>> {
        let object = value.as_object()?;
        if let Some(array) = Array::parse(object) {
            return Some(array.map(|(dtype, array)| Self { dtype, shape: signed(&array.shape), numbers: Numbers::Array(array) }));
        }
        let args = object.args.as_slice()?;
        match (object.constructor.module.as_str(), object.constructor.name.as_str()) {
            ("torch._utils", "_rebuild_tensor" | "_rebuild_tensor_v2") => Some(rebuild(object, None)),
            ("torch._utils", "_rebuild_tensor_v3") => Some(rebuild(object, args.get(6))),
            ("torch._utils", "_rebuild_parameter" | "_rebuild_parameter_with_state") => Self::parse(args.first()?),
            ("torch._utils", "_rebuild_device_tensor_from_numpy" | "_rebuild_xla_tensor") => Self::parse(args.first()?),
            ("torch._utils", "_rebuild_qtensor") => Some(rebuild(object, None).map(|tensor| Self { numbers: Numbers::Unread, ..tensor })),
            ("torch._utils", "_rebuild_sparse_tensor") => Some(Ok(sparse(args))),
            ("torch._utils", "_rebuild_meta_tensor_no_storage") => {
                let shape = args.get(1).and_then(|size| indices(size).ok()).unwrap_or_default();
                Some(Ok(Self { dtype: Dtype::Other("no data (a meta tensor)".into(), 1), shape: signed(&shape), numbers: Numbers::Unread }))
            }
            // (function, type, arguments, state): a tensor or parameter with attributes.
            ("torch._tensor", "_rebuild_from_type_v2") => {
                let Value::Global(function) = args.first()? else { return None };
                let rebuilt = Object { constructor: (**function).clone(), args: args.get(2)?.clone(), ..object.clone() };
                Self::parse(&Value::Object(rebuilt.into()))
            }
            _ => None,
        }
    }

    /// A tensor whose numbers are the bytes `span` of the file.
    pub fn spanning(dtype: Dtype, shape: Vec<i64>, span: Range<usize>) -> Self {
        Self { dtype, shape, numbers: Numbers::Span(span) }
    }

    /// The tensor of `size` and `stride` from element `offset` of the storage `id` in `buffer`.
    ///
    /// # Errors
    /// When it reaches outside the storage.
    pub(super) fn viewing(
        buffer: Buffer,
        id: &StorageId,
        dtype: Dtype,
        offset: usize,
        size: Vec<usize>,
        stride: Vec<usize>,
    ) -> Result<Self, String> {
        if size.len() != stride.len() {
            return Err(format!("expected as many strides as sizes, found {stride:?} for {size:?}"));
        }
        let whole = id.bytes()? / dtype.size();
        let (start, len) = id.view.unwrap_or((0, whole));
        if start.checked_add(len).is_none_or(|end| end > whole) {
            return Err(format!("expected {len} elements from {start} in storage {}, found {whole}", id.key));
        }
        let numel = size.iter().try_fold(1usize, |n, &side| n.checked_mul(side));
        let last =
            size.iter().zip(&stride).try_fold(offset, |at, (&side, &step)| at.checked_add(side.saturating_sub(1).checked_mul(step)?));
        let (Some(numel), Some(last)) = (numel, last) else { return Err(format!("sizes {size:?} with strides {stride:?} overflow")) };
        let end = if numel == 0 { 0 } else { last.saturating_add(1) };
        if end > len {
            return Err(format!("expected a storage of at least {end} elements for shape {size:?}, found {len}"));
        }
        Ok(Self { dtype, shape: signed(&size), numbers: Numbers::View(View { buffer, start, len, offset, size, stride }) })
    }
}

/// Sizes as PyTorch has them.
fn signed(shape: &[usize]) -> Vec<i64> {
    shape.iter().map(|&side| side as i64).collect()
}

/// `(layout, (indices, values, size, ..))`
fn sparse(args: &[Value]) -> Stored {
    let size = args.get(1).and_then(Value::as_slice).and_then(|data| data.get(2)).and_then(|size| indices(size).ok());
    Stored { dtype: Dtype::Other("sparse".into(), 1), shape: signed(&size.unwrap_or_default()), numbers: Numbers::Unread }
}

/// `(storage, offset, size, stride, ..)`; `stored_as` is the type where the storage does not say it.
fn rebuild(object: &Object, stored_as: Option<&Value>) -> Result<Stored, String> {
    let [storage, offset, size, stride, ..] = object.args.as_slice().unwrap_or_default() else {
        return Err("expected (storage, offset, size, stride)".into());
    };
    let (buffer, id) = match (storage, Embedded::parse(storage)) {
        (Value::Persistent(id), _) => {
            let id = StorageId::parse(id)?;
            (Buffer::Separate(id.clone()), id)
        }
        (_, Some(embedded)) => {
            let (embedded, id) = embedded?;
            (Buffer::Within(embedded), id)
        }
        (_, None) => return Err(format!("expected a storage, found {}", brief(storage))),
    };
    let dtype = match stored_as {
        Some(Value::Global(named)) => Dtype::of_torch(&named.name),
        Some(other) => return Err(format!("expected the type of a tensor, found {}", brief(other))),
        None => id.dtype.clone(),
    };
    let (offset, size, stride) = (index(offset)?, indices(size)?, indices(stride)?);
    Stored::viewing(buffer, &id, dtype, offset, size, stride)
}

/// A tuple of sizes or strides; `torch.Size` is a tuple too.
fn indices(value: &Value) -> Result<Vec<usize>, String> {
    let items = match value {
        Value::Object(object) if object.constructor.is("torch", "Size") => object.args.as_slice().and_then(|args| args.first()?.as_slice()),
        other => other.as_slice(),
    };
    items.ok_or_else(|| format!("expected a tuple of integers, found {}", brief(value)))?.iter().map(index).collect()
}

impl View {
    /// Row-major bytes of the view of `data`, the bytes of the storage, in elements of `element` bytes.
    pub(super) fn collect(&self, data: &[u8], element: usize) -> Result<Vec<u8>, String> {
        let (from, to) = (self.start.checked_mul(element), (self.start + self.len).checked_mul(element));
        let view = from.zip(to).and_then(|(from, to)| data.get(from..to));
        let view = view.ok_or_else(|| format!("expected {} elements from {}, found {} bytes", self.len, self.start, data.len()))?;
        let numel: usize = self.size.iter().product();
        Ok(if numel == 0 { Vec::new() } else { collect(view, element, self.offset, &self.size, &self.stride, numel) })
    }
}

/// All indices are known to lie within `view`.
fn collect(view: &[u8], element: usize, offset: usize, size: &[usize], stride: &[usize], numel: usize) -> Vec<u8> {
    let mut contiguous = 1;
    let is_contiguous = size.iter().zip(stride).rev().all(|(&side, &step)| {
        let fits = side == 1 || step == contiguous;
        contiguous *= side;
        fits
    });
    if is_contiguous {
        return view[offset * element..(offset + numel) * element].to_vec();
    }
    let mut data = Vec::with_capacity(numel * element);
    let mut position = vec![0usize; size.len()];
    for _ in 0..numel {
        let at = (offset + position.iter().zip(stride).map(|(p, s)| p * s).sum::<usize>()) * element;
        data.extend_from_slice(&view[at..at + element]);
        for axis in (0..size.len()).rev() {
            position[axis] += 1;
            if position[axis] < size[axis] {
                break;
            }
            position[axis] = 0;
        }
    }
    data
}

/// Row-major bytes of an array that is stored column-major (Fortran order); `data` holds `shape` in full.
pub(super) fn row_major(data: &[u8], element: usize, shape: &[usize]) -> Vec<u8> {
    let mut stride = Vec::with_capacity(shape.len());
    let mut step = 1;
    for &side in shape {
        stride.push(step);
        step *= side;
    }
    if step == 0 { Vec::new() } else { collect(data, element, 0, shape, &stride, step) }
}

impl Numbers {
    /// Bytes of a tensor of `shape` in elements of `dtype`; `None` when no memory holds them.
    pub(super) fn bytes(dtype: &Dtype, shape: &[i64]) -> Option<usize> {
        let numel = shape.iter().try_fold(1usize, |n, &side| n.checked_mul(usize::try_from(side).ok()?));
        numel?.checked_mul(dtype.size())
    }
}
