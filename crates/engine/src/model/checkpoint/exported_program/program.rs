//! [`Program`]: a network as a list of operations on named values.

use std::collections::HashMap;

use super::super::{Dtype, Entry};

/// A program: each value is an input or defined by exactly one node, before its first use.
#[derive(Clone, Debug)]
pub struct Program {
    /// The PyTorch that wrote it; not known of PyTorch before 2.5.
    pub torch_version: Option<String>,
    /// Its inputs, in the order of its signature; exactly one is [`ProgramInput::User`].
    pub inputs: Vec<ProgramInput>,
    /// Its outputs, in the order of its signature; at least one is [`ProgramOutput::User`].
    pub outputs: Vec<ProgramOutput>,
    /// Its operations, in the order of their evaluation.
    pub nodes: Vec<ProgramNode>,
    /// Shapes of tensors by value.
    pub shapes: HashMap<String, Vec<Extent>>,
    /// Element types of tensors by value.
    pub dtypes: HashMap<String, Dtype>,
    /// Symbolic integers by value.
    pub symbols: HashMap<String, Extent>,
    /// Buffers that no state dict holds, and constant tensors.
    pub constants: Vec<Entry>,
    /// Pairs (second name, first name) of tensors of the state dict that are one tensor.
    pub tied: Vec<(String, String)>,
}

/// An input: a value of the graph, and the name of the tensor that it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProgramInput {
    /// A parameter.
    Parameter {
        /// Its value in the graph, `p_conv1_weight`.
        value: String,
        /// Its name in the state dict, `conv1.weight`.
        name: String,
    },
    /// A buffer.
    Buffer {
        /// Its value in the graph.
        value: String,
        /// Its name in the state dict.
        name: String,
        /// Whether the state dict holds it; it is among the constants otherwise.
        persistent: bool,
    },
    /// A constant tensor.
    Constant {
        /// Its value in the graph.
        value: String,
        /// Its name among the constants.
        name: String,
    },
    /// The images.
    User {
        /// Their value in the graph.
        value: String,
    },
}

impl ProgramInput {
    /// Its value in the graph.
    pub fn value(&self) -> &str {
        match self {
            Self::Parameter { value, .. } | Self::Buffer { value, .. } | Self::Constant { value, .. } | Self::User { value } => value,
        }
    }
}

/// An output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProgramOutput {
    /// A tensor that the network returns.
    User {
        /// Its value in the graph.
        value: String,
    },
    /// The next content of a buffer.
    BufferMutation {
        /// Its value in the graph.
        value: String,
        /// Name of the buffer.
        buffer: String,
    },
}

/// An operation.
#[derive(Clone, Debug, PartialEq)]
pub struct ProgramNode {
    /// `aten.conv2d.default`, `_operator.mul`.
    pub target: String,
    /// Its arguments by name; those that have their default are left out.
    pub arguments: Vec<(String, ProgramArgument)>,
    /// What it defines.
    pub outputs: Vec<ProgramResult>,
    /// The line of the network's source, `nets.py:111: x = F.relu(x)`.
    pub line: Option<String>,
}

impl ProgramNode {
    /// The values that its arguments refer to, repeated ones each time.
    pub fn values(&self) -> Vec<&str> {
        self.arguments.iter().flat_map(|(_, argument)| argument.values()).collect()
    }
}

/// An argument of an operation.
#[derive(Clone, Debug, PartialEq)]
pub enum ProgramArgument {
    /// `None`
    None,
    /// A tensor by value.
    Tensor(String),
    /// Tensors by value, or `None`.
    Tensors(Vec<Option<String>>),
    /// An integer, or a symbolic scalar by value.
    Int(Extent),
    /// Integers.
    Ints(Vec<Extent>),
    /// A float.
    Float(f64),
    /// Floats.
    Floats(Vec<f64>),
    /// A truth value.
    Bool(bool),
    /// Text.
    Text(String),
    /// An element type.
    Kind(Dtype),
    /// A device, layout or memory format: the result does not depend on it.
    Unread,
}

impl ProgramArgument {
    /// The values that it refers to.
    pub fn values(&self) -> Vec<&str> {
        match self {
            Self::Tensor(value) => vec![value],
            Self::Tensors(values) => values.iter().flatten().map(String::as_str).collect(),
            Self::Int(number) => number.symbol().into_iter().collect(),
            Self::Ints(numbers) => numbers.iter().filter_map(Extent::symbol).collect(),
            Self::None | Self::Float(_) | Self::Floats(_) | Self::Bool(_) | Self::Text(_) | Self::Kind(_) | Self::Unread => Vec::new(),
        }
    }
}

/// What a node defines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProgramResult {
    /// A tensor.
    Tensor(String),
    /// Tensors.
    Tensors(Vec<String>),
    /// A symbolic scalar.
    Symbol(String),
    /// `None`
    Nothing,
}

/// An integer that is known, or one that depends on the size of the batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Extent {
    /// A number.
    Fixed(i64),
    /// A symbol.
    Symbol {
        /// In a shape the expression, `s77`; in an argument the value, `sym_size_int_1`.
        name: String,
        /// What it was when the network was exported.
        hint: Option<i64>,
    },
}

impl Extent {
    fn symbol(&self) -> Option<&str> {
        match self {
            Self::Symbol { name, .. } => Some(name),
            Self::Fixed(_) => None,
        }
    }
}
