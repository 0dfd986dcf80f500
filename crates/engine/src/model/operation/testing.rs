//! What tests of operations share.

#![allow(clippy::unwrap_used)]

use tch::{Device, Kind, Tensor};

use super::arguments::Arguments;
use super::definition::Operation;
use super::find;
use crate::model::ModelError;

pub use super::argument::Argument;

/// The first, second and third input.
pub const X: Argument = Argument::Tensor(0);
pub const Y: Argument = Argument::Tensor(1);
pub const Z: Argument = Argument::Tensor(2);

/// `given`, then the defaults of the schema.
fn filled(operation: &Operation, given: &[Argument]) -> Vec<Argument> {
    let rest = operation.schema.parameters.iter().skip(given.len());
    given.iter().cloned().chain(rest.map(|parameter| parameter.default.clone().unwrap_or(Argument::None))).collect()
}

/// Value of the operation `name` for its first arguments and the defaults of the others.
pub fn value(name: &str, given: &[Argument], inputs: &[&Tensor]) -> Result<Tensor, ModelError> {
    let operation = find(name).unwrap_or_else(|| panic!("no operation {name}"));
    (operation.evaluate)(&Arguments { operation, values: &filled(operation, given), inputs, images: 1 })
}

/// The elements of a tensor.
pub fn numbers(tensor: &Tensor) -> Vec<f64> {
    Vec::try_from(tensor.to_kind(Kind::Double).reshape([-1])).unwrap()
}

/// Shape that the operation `name` foretells for inputs of these shapes.
pub fn shape(name: &str, given: &[Argument], inputs: &[&[i64]]) -> Result<Vec<i64>, String> {
    let operation = find(name).unwrap_or_else(|| panic!("no operation {name}"));
    let shapes: Vec<Vec<i64>> = inputs.iter().map(|shape| shape.to_vec()).collect();
    let inputs: Vec<&Vec<i64>> = shapes.iter().collect();
    (operation.shape)(&Arguments { operation, values: &filled(operation, given), inputs: &inputs, images: 1 })
}

/// The shape that the operation foretells, which has to be that of its value.
pub fn agreed_shape(name: &str, given: &[Argument], inputs: &[&[i64]]) -> Vec<i64> {
    let tensors: Vec<Tensor> = inputs.iter().map(|&shape| Tensor::rand(shape, (Kind::Float, Device::Cpu))).collect();
    let value = value(name, given, &tensors.iter().collect::<Vec<_>>()).unwrap();
    let foretold = shape(name, given, inputs).unwrap();
    assert_eq!(foretold, value.size(), "{name}");
    foretold
}

/// Asserts that the sum of cubes of the value has finite second derivatives by all inputs.
pub fn assert_twice_differentiable(name: &str, given: &[Argument], inputs: &[&[i64]]) {
    let options = (Kind::Float, Device::Cpu);
    let tensors: Vec<Tensor> = inputs.iter().map(|&shape| Tensor::rand(shape, options).set_requires_grad(true)).collect();
    let value = value(name, given, &tensors.iter().collect::<Vec<_>>()).unwrap();
    let cubes = value.pow_tensor_scalar(3).sum(Kind::Float);
    let first = Tensor::run_backward(&[cubes], &tensors, true, true);
    let squares = first.iter().map(|slope| slope.square().sum(Kind::Float)).reduce(|sum, one| sum + one).unwrap();
    for second in Tensor::run_backward(&[squares], &tensors, false, false) {
        assert!(second.abs().sum(Kind::Float).double_value(&[]).is_finite(), "{name}");
    }
}

/// Asserts that a tensor has these elements.
pub fn assert_close(found: &Tensor, expected: &[f64]) {
    let found: Vec<f64> = found.reshape(-1).try_into().unwrap();
    let close = found.len() == expected.len() && found.iter().zip(expected).all(|(x, y)| (x - y).abs() < 1e-9);
    assert!(close, "expected {expected:?}, found {found:?}");
}
