//! [`RawTensor`]: a tensor with its bytes, as a file holds it.

use super::dtype::Dtype;

/// A tensor as a file holds it.
#[derive(Clone, Debug, PartialEq)]
pub struct RawTensor {
    /// Name as in the file.
    pub name: String,
    /// Element type.
    pub dtype: Dtype,
    /// Shape.
    pub shape: Vec<i64>,
    /// Elements, row-major, little endian.
    pub data: Vec<u8>,
}
