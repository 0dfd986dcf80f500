//! [`Dtype`]: element types of files, and their conversion to f32.

/// Element type of a stored tensor.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Dtype {
    /// IEEE half.
    F16,
    /// bfloat16
    Bf16,
    /// IEEE single.
    F32,
    /// IEEE double.
    F64,
    /// Unsigned byte.
    U8,
    /// Signed byte.
    I8,
    /// 16-bit integer.
    I16,
    /// 32-bit integer.
    I32,
    /// 64-bit integer.
    I64,
    /// One byte, 0 or 1.
    Bool,
    /// A type that we do not compute with (complex, quantized, 8-bit floats): its name and bytes per element.
    Other(String, usize),
}

impl Dtype {
    /// The element type of a storage, e.g. `FloatStorage`.
    pub fn of_storage(name: &str) -> Self {
        match name {
            "FloatStorage" => Dtype::F32,
            "DoubleStorage" => Dtype::F64,
            "HalfStorage" => Dtype::F16,
            "BFloat16Storage" => Dtype::Bf16,
            "LongStorage" => Dtype::I64,
            "IntStorage" => Dtype::I32,
            "ShortStorage" => Dtype::I16,
            "CharStorage" => Dtype::I8,
            "ByteStorage" => Dtype::U8,
            "BoolStorage" => Dtype::Bool,
            "ComplexFloatStorage" => Dtype::Other("complex64".into(), 8),
            "ComplexDoubleStorage" => Dtype::Other("complex128".into(), 16),
            "QInt32Storage" => Dtype::Other("qint32".into(), 4),
            name => Dtype::Other(name.to_lowercase().trim_end_matches("storage").into(), 1),
        }
    }

    /// The type called `name` in `torch`, e.g. `float32`.
    pub fn of_torch(name: &str) -> Self {
        match name {
            "float32" => Dtype::F32,
            "float64" => Dtype::F64,
            "float16" => Dtype::F16,
            "bfloat16" => Dtype::Bf16,
            "int64" => Dtype::I64,
            "int32" => Dtype::I32,
            "int16" => Dtype::I16,
            "int8" => Dtype::I8,
            "uint8" => Dtype::U8,
            "bool" => Dtype::Bool,
            "uint16" => Dtype::Other(name.into(), 2),
            "uint32" => Dtype::Other(name.into(), 4),
            "uint64" | "complex64" => Dtype::Other(name.into(), 8),
            "complex128" => Dtype::Other(name.into(), 16),
            name => Dtype::Other(name.into(), 1),
        }
    }

    /// `f32`, `bf16`, ...
    pub fn label(&self) -> &str {
        match self {
            Dtype::F16 => "f16",
            Dtype::Bf16 => "bf16",
            Dtype::F32 => "f32",
            Dtype::F64 => "f64",
            Dtype::U8 => "u8",
            Dtype::I8 => "i8",
            Dtype::I16 => "i16",
            Dtype::I32 => "i32",
            Dtype::I64 => "i64",
            Dtype::Bool => "bool",
            Dtype::Other(name, _) => name,
        }
    }

    /// Bytes per element.
    pub fn size(&self) -> usize {
        match self {
            Dtype::U8 | Dtype::I8 | Dtype::Bool => 1,
            Dtype::F16 | Dtype::Bf16 | Dtype::I16 => 2,
            Dtype::F32 | Dtype::I32 => 4,
            Dtype::F64 | Dtype::I64 => 8,
            Dtype::Other(_, size) => *size,
        }
    }

    /// Whether it is a floating point type that we compute with.
    pub fn is_float(&self) -> bool {
        matches!(self, Dtype::F16 | Dtype::Bf16 | Dtype::F32 | Dtype::F64)
    }

    /// The floats in `data` (little endian) as f32; `None` for other types.
    pub fn to_f32(&self, data: &[u8]) -> Option<Vec<f32>> {
        fn each<const N: usize>(data: &[u8], convert: impl Fn([u8; N]) -> f32) -> Vec<f32> {
            data.as_chunks::<N>().0.iter().map(|&bytes| convert(bytes)).collect()
        }
        Some(match self {
            Dtype::F16 => each(data, |bytes| half::f16::from_le_bytes(bytes).to_f32()),
            Dtype::Bf16 => each(data, |bytes| half::bf16::from_le_bytes(bytes).to_f32()),
            Dtype::F32 => each(data, f32::from_le_bytes),
            Dtype::F64 => each(data, |bytes| f64::from_le_bytes(bytes) as f32),
            Dtype::U8 | Dtype::I8 | Dtype::I16 | Dtype::I32 | Dtype::I64 | Dtype::Bool | Dtype::Other(..) => return None,
        })
    }
}
