//! [`Parts`]: what an archive holds, each part checked by itself.

use std::collections::HashMap;

use super::super::backing::Place;
use super::super::{Dtype, Stored};
use super::schema::ExportedProgram;

/// What an archive holds, each part checked by itself.
pub struct Parts {
    pub model: ExportedProgram,
    pub tensors: Tensors,
}

/// The tensors of an archive by name, and where their storages are.
#[derive(Debug, Default)]
pub struct Tensors {
    pub weights: HashMap<String, Stored>,
    pub constants: HashMap<String, Stored>,
    pub places: HashMap<String, Place>,
}

/// The element type that PyTorch numbers `code` (`ScalarType`).
pub fn dtype(code: i64) -> Result<Dtype, String> {
    let name = match code {
        1 => "uint8",
        2 => "int8",
        3 => "int16",
        4 => "int32",
        5 => "int64",
        6 => "float16",
        7 => "float32",
        8 => "float64",
        9 => return Ok(Dtype::Other("complex32".into(), 4)),
        10 => "complex64",
        11 => "complex128",
        12 => "bool",
        13 => "bfloat16",
        28 => "uint16",
        29 => "float8_e4m3fn",
        30 => "float8_e5m2",
        31 => "float8_e4m3fnuz",
        32 => "float8_e5m2fnuz",
        other => return Err(format!("expected an element type of PyTorch 2.11 (1 to 13, 28 to 32), found {other}")),
    };
    Ok(Dtype::of_torch(name))
}
