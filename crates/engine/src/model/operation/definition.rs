//! [`Operation`]: schema, evaluation and shape of an operation.

use std::sync::OnceLock;

use tch::Tensor;

use super::arguments::Arguments;
use super::schema::Schema;
use crate::model::ModelError;

/// Value of an operation for its arguments.
pub type Evaluate = fn(&Arguments<'_, Tensor>) -> Result<Tensor, ModelError>;
/// Shape of the value for the shapes of the arguments; why they do not fit otherwise.
pub type InferShape = fn(&Arguments<'_, Vec<i64>>) -> Result<Vec<i64>, String>;
/// Schema, evaluation, shape.
pub type Row = (&'static str, Evaluate, InferShape);

/// Whether the value of an operation shares memory with its first tensor argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aliasing {
    /// New memory.
    Fresh,
    /// The memory of its first tensor argument, where strides allow it.
    View,
    /// It writes into its first tensor argument and returns it.
    InPlace,
}

/// An operation.
#[derive(Debug)]
pub struct Operation {
    /// Name, parameters and aliasing.
    pub schema: Schema,
    /// Value.
    pub evaluate: Evaluate,
    /// Shape of the value.
    pub shape: InferShape,
}

/// An operation whose evaluation is the error that its argument tells.
pub fn wrong() -> &'static Operation {
    static WRONG: OnceLock<Operation> = OnceLock::new();
    WRONG.get_or_init(|| Operation {
        schema: Schema::parse("flatland.wrong(str reason) -> Tensor"),
        evaluate: |a| Err(a.text(0)?.to_owned().into()),
        shape: |a| Err(a.text(0)?.to_owned()),
    })
}
