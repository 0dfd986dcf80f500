//! [`Literal`]: a tensor whose numbers are in the file.

use std::ops::Range;

use half::{bf16, f16};
use prost::bytes::Bytes;

use super::super::stored::Numbers;
use super::super::{Dtype, Entry, Extent, Stored};
use super::message::Tensor;
use super::value::{Integers, Value};
use crate::model::checkpoint::exported_program::text::short;

/// Most integers that are shapes, axes or bounds: more are a table, a constant tensor.
const MOST_INTEGERS: usize = 64;

/// A tensor of the file.
#[derive(Clone, Debug)]
pub struct Literal {
    /// Element type.
    pub dtype: Dtype,
    /// Shape.
    pub shape: Vec<i64>,
    /// Its numbers, row-major, little endian.
    data: Bytes,
    /// Where they are in the file; `None` where the file holds them in a form of its own.
    span: Option<Range<usize>>,
}

impl Literal {
    /// The tensor of a message of the file `bytes`.
    ///
    /// # Errors
    /// When its numbers are in another file, of an unsupported type, or not as many as its shape says.
    pub fn read(tensor: Tensor, bytes: &Bytes) -> Result<Self, String> {
        let name = short(&tensor.name);
        if tensor.data_location != 0 {
            return Err(format!(
                "the numbers of `{name}` are in another file, which changes without this one; export with external_data=False, so that one \
                 file holds the whole network"
            ));
        }
        let dtype = dtype(tensor.data_type);
        let shape = tensor.dims;
        let needed = Numbers::bytes(&dtype, &shape).ok_or_else(|| format!("the shape {shape:?} of `{name}` is larger than any memory"))?;
        let (data, span) = match (tensor.raw_data, &dtype) {
            (Some(raw), _) if !raw.is_empty() || needed == 0 => {
                let start = (raw.as_ptr() as usize).checked_sub(bytes.as_ptr() as usize);
                let span = start.map(|start| start..start + raw.len()).filter(|span| span.end <= bytes.len());
                (raw, span)
            }
            (_, Dtype::F32) => (tensor.float_data.iter().flat_map(|value| value.to_le_bytes()).collect(), None),
            (_, Dtype::I64) => (tensor.int64_data.iter().flat_map(|value| value.to_le_bytes()).collect(), None),
            (_, other) => return Err(format!("expected the numbers of `{name}` as raw bytes of {other:?}, found none")),
        };
        if data.len() != needed {
            return Err(format!("expected {needed} bytes for `{name}` of the shape {shape:?}, found {}; the file is damaged", data.len()));
        }
        Ok(Self { dtype, shape, data, span })
    }

    /// The tensor as one of the file, called `name`.
    ///
    /// # Errors
    /// When the file holds its numbers in a form of its own.
    pub fn entry(&self, name: &str) -> Result<Entry, String> {
        let span = self.span.clone().ok_or_else(|| format!("expected the numbers of `{}` as raw bytes, found a list", short(name)))?;
        Ok(Entry { name: name.to_owned(), tensor: Stored::spanning(self.dtype.clone(), self.shape.clone(), span) })
    }

    /// Its value where it is no tensor of more than one dimension: integers, or one float.
    pub fn small(&self) -> Option<Value> {
        if self.shape.len() > 1 {
            return None;
        }
        if self.dtype.is_float() {
            let shape = self.shape.iter().map(|&side| Extent::Fixed(side)).collect();
            return match self.floats()?.as_slice() {
                [value] => Some(Value::Number { value: *value, shape }),
                _ => None,
            };
        }
        let values: Vec<Extent> = self.integers()?.into_iter().map(Extent::Fixed).collect();
        let integers = Integers { values, is_scalar: self.shape.is_empty(), literal: Some(self.clone()) };
        (integers.values.len() <= MOST_INTEGERS).then_some(Value::Integers(integers))
    }

    /// Its only number, of any type.
    pub fn only(&self) -> Option<f64> {
        let ints = || Some(self.integers()?.into_iter().map(|value| value as f64).collect());
        let values: Vec<f64> = if self.dtype.is_float() { self.floats()? } else { ints()? };
        if let [value] = values.as_slice() { Some(*value) } else { None }
    }

    fn integers(&self) -> Option<Vec<i64>> {
        Some(match self.dtype {
            Dtype::I64 => self.elements(i64::from_le_bytes),
            Dtype::I32 => self.elements(|bytes| i32::from_le_bytes(bytes).into()),
            Dtype::I16 => self.elements(|bytes| i16::from_le_bytes(bytes).into()),
            Dtype::I8 => self.elements(|bytes| i8::from_le_bytes(bytes).into()),
            Dtype::U8 | Dtype::Bool => self.elements(|bytes| u8::from_le_bytes(bytes).into()),
            Dtype::F16 | Dtype::Bf16 | Dtype::F32 | Dtype::F64 | Dtype::Other(..) => return None,
        })
    }

    fn floats(&self) -> Option<Vec<f64>> {
        Some(match self.dtype {
            Dtype::F64 => self.elements(f64::from_le_bytes),
            Dtype::F32 => self.elements(|bytes| decimal(f32::from_le_bytes(bytes))),
            Dtype::F16 => self.elements(|bytes| f16::from_le_bytes(bytes).into()),
            Dtype::Bf16 => self.elements(|bytes| bf16::from_le_bytes(bytes).into()),
            Dtype::I64 | Dtype::I32 | Dtype::I16 | Dtype::I8 | Dtype::U8 | Dtype::Bool | Dtype::Other(..) => return None,
        })
    }

    fn elements<const BYTES: usize, T>(&self, of: fn([u8; BYTES]) -> T) -> Vec<T> {
        self.data.as_chunks().0.iter().map(|&bytes| of(bytes)).collect()
    }
}

/// The number that was written as the float32 `value`: 1e-5 is stored as 9.99999975e-6 and computed as 1e-5 in PyTorch.
pub fn decimal(value: f32) -> f64 {
    value.to_string().parse().unwrap_or(f64::from(value))
}

/// The element type of the number that `TensorProto.DataType` gives it.
pub fn dtype(number: i32) -> Dtype {
    match number {
        1 => Dtype::F32,
        2 => Dtype::U8,
        3 => Dtype::I8,
        5 => Dtype::I16,
        6 => Dtype::I32,
        7 => Dtype::I64,
        9 => Dtype::Bool,
        10 => Dtype::F16,
        11 => Dtype::F64,
        16 => Dtype::Bf16,
        other => Dtype::Other(format!("ONNX type {other}"), 1),
    }
}

/// The element type of an attribute.
pub fn value_of_type(number: i64) -> Dtype {
    dtype(i32::try_from(number).unwrap_or(0))
}
