//! Operations of PyTorch (ATen) by their names: schema, evaluation and shapes, one file per kind.
//!
//! An operation is one `Row`: its schema as in PyTorch's `native_functions.yaml`, its evaluation and the shape of its value. Operations have
//! one value each: those of PyTorch with several are rewritten when an exported program is read.

mod argument;
mod arguments;
mod arithmetic;
mod comparison;
mod conversion;
mod convolution;
mod creation;
mod definition;
mod einsum;
mod elementwise;
mod indexing;
mod matrix;
mod normalization;
mod own;
mod pointwise;
mod pooling;
mod reduction;
mod resize;
mod schema;
mod shape;
#[cfg(test)]
mod testing;
mod view;

use std::collections::HashMap;
use std::sync::OnceLock;

pub use argument::{Argument, Size};
pub use arguments::Arguments;
use definition::Row;
pub use definition::{Aliasing, Operation, wrong};
pub use own::{ATTENTION_BY_MATMUL, CENTER_DISTANCE, COSINE, DROPOUTS, PAD_SHORTCUT, QUICK_GELU};
pub use pointwise::conv2d;
pub use schema::{Parameter, ParameterKind, Schema};
pub use shape::{numel, windows};

const GROUPS: [&[Row]; 14] = [
    arithmetic::ROWS,
    comparison::ROWS,
    conversion::ROWS,
    convolution::ROWS,
    creation::ROWS,
    elementwise::ROWS,
    indexing::ROWS,
    matrix::ROWS,
    normalization::ROWS,
    own::ROWS,
    pooling::ROWS,
    reduction::ROWS,
    resize::ROWS,
    view::ROWS,
];

/// The operation called `name`, with its overload: `add.Tensor`, `relu.default`.
pub fn find(name: &str) -> Option<&'static Operation> {
    static OPERATIONS: OnceLock<HashMap<String, Operation>> = OnceLock::new();
    let all = || {
        let rows = GROUPS.into_iter().flatten();
        let operation = |&(schema, evaluate, shape): &Row| {
            let schema = Schema::parse(schema);
            (schema.name.clone(), Operation { schema, evaluate, shape })
        };
        rows.map(operation).collect()
    };
    OPERATIONS.get_or_init(all).get(name)
}

/// `operation`, or an equal one that has a second derivative: fused attention has none on a CPU.
pub fn twice_differentiable(operation: &'static Operation) -> &'static Operation {
    let other = (operation.schema.name == "scaled_dot_product_attention.default").then(|| find(ATTENTION_BY_MATMUL)).flatten();
    other.unwrap_or(operation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_schema_has_a_name_of_its_own_and_named_parameters() {
        let mut names = std::collections::HashSet::new();
        for (text, _, _) in GROUPS.into_iter().flatten() {
            let schema = Schema::parse(text);
            assert!(names.insert(schema.name.clone()), "{} stands twice", schema.name);
            assert!(text.contains(") -> ") && schema.parameters.iter().all(|parameter| !parameter.name.is_empty()), "{text}");
        }
        assert!(names.len() > 150, "{}", names.len());
    }

    #[test]
    fn defaults_and_kinds_are_those_of_the_schema() {
        let schema = Schema::parse(
            "op.Over(Tensor(a!) self, SymInt[2] stride=1, int[] dims=[2, -1], *, Scalar alpha=0.5, str mode=\"x\", float? s=None) -> Tensor(a!)",
        );
        assert_eq!((schema.name.as_str(), schema.aliasing), ("op.Over", Aliasing::InPlace));
        let defaults: Vec<_> = schema.parameters.iter().map(|parameter| parameter.default.clone()).collect();
        let text = Argument::Text("x".into());
        let expected = [
            None,
            Some(Argument::ints(&[1, 1])),
            Some(Argument::ints(&[2, -1])),
            Some(Argument::Float(0.5)),
            Some(text),
            Some(Argument::None),
        ];
        assert_eq!(defaults, expected);
        assert!(schema.parameters[5].optional && schema.parameters[5].kind == ParameterKind::Float);
    }
}
