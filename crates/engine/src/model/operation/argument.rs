//! [`Argument`]: an argument of an operation in a graph.

use tch::Kind;

/// An integer that may be a multiple of the number of images of the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// A constant.
    Fixed(i64),
    /// This many times the number of images.
    PerImage(i64),
}

impl Size {
    /// Its value for a batch of `images`; `None` where it does not fit into an i64.
    pub fn at(self, images: i64) -> Option<i64> {
        match self {
            Size::Fixed(value) => Some(value),
            Size::PerImage(factor) => factor.checked_mul(images),
        }
    }
}

/// An argument of an operation. Tensors are positions in the inputs of its node.
#[derive(Clone, Debug, PartialEq)]
pub enum Argument {
    /// No value (`None` in Python).
    None,
    /// A tensor.
    Tensor(usize),
    /// A list of tensors, some of which may be absent.
    Tensors(Vec<Option<usize>>),
    /// An integer.
    Int(Size),
    /// Integers.
    Ints(Vec<Size>),
    /// A float.
    Float(f64),
    /// Floats.
    Floats(Vec<f64>),
    /// A truth value.
    Bool(bool),
    /// A text.
    Text(String),
    /// An element type.
    Kind(Kind),
}

impl Argument {
    /// An integer that does not depend on the batch.
    pub fn int(value: i64) -> Self {
        Argument::Int(Size::Fixed(value))
    }

    /// Integers that do not depend on the batch.
    pub fn ints(values: &[i64]) -> Self {
        Argument::Ints(values.iter().map(|&value| Size::Fixed(value)).collect())
    }

    /// Whether it is a multiple of the number of images.
    pub fn depends_on_batch(&self) -> bool {
        let depends = |size: &Size| matches!(size, Size::PerImage(_));
        match self {
            Argument::Int(size) => depends(size),
            Argument::Ints(sizes) => sizes.iter().any(depends),
            Argument::None
            | Argument::Tensor(_)
            | Argument::Tensors(_)
            | Argument::Float(_)
            | Argument::Floats(_)
            | Argument::Bool(_)
            | Argument::Text(_)
            | Argument::Kind(_) => false,
        }
    }

    /// What it is, for messages.
    pub fn describe(&self) -> String {
        match self {
            Argument::None => "nothing".into(),
            Argument::Tensor(_) => "a tensor".into(),
            Argument::Tensors(list) => format!("{} tensors", list.len()),
            Argument::Int(Size::Fixed(value)) => format!("the integer {value}"),
            Argument::Int(Size::PerImage(factor)) => format!("{factor} times the number of images"),
            Argument::Ints(values) => format!("{} integers", values.len()),
            Argument::Float(value) => format!("the float {value}"),
            Argument::Floats(values) => format!("{} floats", values.len()),
            Argument::Bool(value) => format!("{value}"),
            Argument::Text(text) => format!("the text `{text}`"),
            Argument::Kind(kind) => format!("the type {kind:?}"),
        }
    }
}
