//! [`Bound`]: what a name of a program stands for.

use tch::Tensor;

use super::super::NodeId;
use super::super::operation::Size;

/// What a name stands for.
#[derive(Debug)]
pub enum Bound {
    /// The value of a node.
    Node(NodeId),
    /// A tensor of the state dict.
    Named(Named),
    /// The transpose of a matrix of the state dict.
    Transposed(Named),
    /// A tensor that no parameter and no image changes.
    Constant(Tensor),
    /// An integer.
    Size(Size),
    /// An output of an operation that is not computed.
    Absent(String),
}

/// A tensor of the state dict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its name; of tied tensors the first one.
    pub name: String,
    /// Its shape.
    pub shape: Vec<i64>,
}

impl Clone for Bound {
    fn clone(&self) -> Self {
        match self {
            Bound::Node(id) => Bound::Node(*id),
            Bound::Named(named) => Bound::Named(named.clone()),
            Bound::Transposed(named) => Bound::Transposed(named.clone()),
            Bound::Constant(tensor) => Bound::Constant(tensor.shallow_clone()),
            Bound::Size(size) => Bound::Size(*size),
            Bound::Absent(reason) => Bound::Absent(reason.clone()),
        }
    }
}
