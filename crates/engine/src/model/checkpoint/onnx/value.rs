//! [`Value`]: what a name of an ONNX graph stands for while it is translated.
//!
//! PyTorch computes the arguments of its operations (shapes, axes, bounds) before they run; ONNX computes them in the graph. They are known
//! here, or are symbols of the program.

use super::super::Extent;
use super::literal::Literal;

/// What a name stands for.
#[derive(Clone, Debug)]
pub enum Value {
    /// A tensor of the program.
    Tensor(TensorValue),
    /// Integers of at most one dimension.
    Integers(Integers),
    /// Integers of two dimensions, row by row: pads, as the older exporter arranges them.
    Rows(Vec<Vec<Extent>>),
    /// A tensor of one number: the number and its shape.
    Number {
        /// The number everywhere.
        value: f64,
        /// The shape.
        shape: Vec<Extent>,
    },
    /// An output that is not computed.
    Absent,
}

/// A tensor of the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorValue {
    /// Its value in the program.
    pub name: String,
    /// Number of its dimensions.
    pub rank: usize,
}

/// Integers of at most one dimension.
#[derive(Clone, Debug)]
pub struct Integers {
    /// The integers.
    pub values: Vec<Extent>,
    /// Whether they are one integer without a dimension.
    pub is_scalar: bool,
    /// Their place in the file, where they were not computed.
    pub literal: Option<Literal>,
}

impl Value {
    /// Integers of one dimension.
    pub fn list(values: Vec<Extent>) -> Self {
        Value::Integers(Integers { values, is_scalar: false, literal: None })
    }

    /// One integer without a dimension.
    pub fn integer(value: Extent) -> Self {
        Value::Integers(Integers { values: vec![value], is_scalar: true, literal: None })
    }

    /// In words, for messages.
    pub fn describe(&self) -> String {
        match self {
            Value::Tensor(tensor) => format!("a tensor of {} dimensions", tensor.rank),
            Value::Integers(integers) => format!("{} integers", integers.values.len()),
            Value::Rows(rows) => format!("{} rows of integers", rows.len()),
            Value::Number { value, .. } => format!("the number {value}"),
            Value::Absent => "an output that is not supported".into(),
        }
    }
}
