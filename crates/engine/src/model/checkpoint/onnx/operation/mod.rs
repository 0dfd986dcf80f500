//! The operations of ONNX as operations of PyTorch, one file per kind.
//!
//! A translation takes a node and gives what its outputs stand for. Source: the operators of ONNX, `onnx/docs/Operators.md`, opset 13 to 23.

mod arithmetic;
mod convolution;
mod elementwise;
mod indexing;
mod integers;
mod matrix;
mod normalization;
mod pooling;
mod reduction;
mod shape;
mod source;

use super::operator::Translate;

const GROUPS: [&[(&str, Translate)]; 10] = [
    arithmetic::ROWS,
    convolution::ROWS,
    elementwise::ROWS,
    indexing::ROWS,
    matrix::ROWS,
    normalization::ROWS,
    pooling::ROWS,
    reduction::ROWS,
    shape::ROWS,
    source::ROWS,
];

/// The translation of the operation called `name`.
pub fn find(name: &str) -> Option<Translate> {
    GROUPS.iter().flat_map(|rows| rows.iter()).find(|(known, _)| *known == name).map(|&(_, translate)| translate)
}
