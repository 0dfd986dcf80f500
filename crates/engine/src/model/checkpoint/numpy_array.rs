//! Pickled NumPy arrays: `_reconstruct` with the state (version, shape, dtype, Fortran order, bytes), and `_frombuffer(bytes, dtype,
//! shape, order)` of pickle protocol 5. Source: `numpy/_core/src/multiarray/methods.c`, `numpy/_core/numeric.py`.

use flatland_core::data::pickle::{Object, Value};

use super::Dtype;
use super::storage::index;
use super::stored::row_major;

/// An array whose bytes lie in the pickle.
#[derive(Clone, Debug)]
pub(super) struct Array {
    pub(super) shape: Vec<usize>,
    /// Bytes, or the call that decodes them.
    data: Value,
    fortran: bool,
    big_endian: bool,
}

/// Whether `object` would be a NumPy array in Python.
fn is_array(object: &Object) -> bool {
    let module = object.constructor.module.as_str();
    match object.constructor.name.as_str() {
        "_reconstruct" => ["numpy.core.multiarray", "numpy._core.multiarray"].contains(&module),
        "_frombuffer" => ["numpy.core.numeric", "numpy._core.numeric"].contains(&module),
        _ => false,
    }
}

impl Array {
    /// The array that `object` would be; `None` when it would be none, or one of Python objects or text.
    pub(super) fn parse(object: &Object) -> Option<Result<(Dtype, Self), String>> {
        if !is_array(object) {
            return None;
        }
        let (shape, kind, fortran, data) = if object.constructor.name == "_frombuffer" {
            let [data, kind, shape, order, ..] = object.args.as_slice()? else { return None };
            (shape, kind, order.as_str() == Some("F"), data)
        } else {
            let [_, shape, kind, fortran, data] = object.state.as_ref()?.as_slice()? else { return None };
            (shape, kind, fortran.as_i64() == Some(1), data)
        };
        let (dtype, big_endian) = element(kind.as_object()?)?;
        let shape = shape.as_slice()?.iter().map(index).collect::<Result<Vec<_>, _>>();
        Some(shape.map(|shape| (dtype, Self { shape, data: data.clone(), fortran, big_endian })))
    }

    /// Row-major little-endian bytes of the array in elements of `element` bytes.
    pub(super) fn collect(&self, element: usize) -> Result<Vec<u8>, String> {
        let expected = self.shape.iter().try_fold(element, |n, &side| n.checked_mul(side));
        let data = self.data.to_bytes().ok_or("expected the bytes of a NumPy array, found another value")?;
        if expected != Some(data.len()) {
            let expected = expected.map_or_else(|| "more than fit in memory".to_owned(), |bytes| bytes.to_string());
            return Err(format!("expected {expected} bytes in a NumPy array of shape {:?}, found {}", self.shape, data.len()));
        }
        let mut data = if self.fortran && self.shape.len() > 1 { row_major(&data, element, &self.shape) } else { data.into_owned() };
        if self.big_endian {
            data.chunks_exact_mut(element).for_each(<[u8]>::reverse);
        }
        Ok(data)
    }
}

/// `dtype('f4', ..)` with the state (version, byte order, ..): the type, and whether it is big endian. `None` for objects and text.
fn element(dtype: &Object) -> Option<(Dtype, bool)> {
    if !dtype.constructor.is("numpy", "dtype") {
        return None;
    }
    let name = dtype.args.as_slice()?.first()?.as_str()?;
    let order = dtype.state.as_ref().and_then(Value::as_slice).and_then(|state| state.get(1)?.as_str()).unwrap_or("|");
    let element = match name {
        "f2" => Dtype::F16,
        "f4" => Dtype::F32,
        "f8" => Dtype::F64,
        "u1" => Dtype::U8,
        "i1" => Dtype::I8,
        "i2" => Dtype::I16,
        "i4" => Dtype::I32,
        "i8" => Dtype::I64,
        "b1" => Dtype::Bool,
        other => {
            let (kind, size) = other.split_at_checked(1)?;
            let size = size.parse().ok().filter(|size| (1..=64).contains(size))?;
            match kind {
                "u" => Dtype::Other(format!("uint{}", 8 * size), size),
                "c" => Dtype::Other(format!("complex{}", 8 * size), size),
                "f" => Dtype::Other(format!("float{}", 8 * size), size),
                _ => return None,
            }
        }
    };
    Some((element, order == ">"))
}
