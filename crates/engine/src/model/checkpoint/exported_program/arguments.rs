//! Arguments and results of operations.

use std::collections::HashMap;

use super::parts::dtype;
use super::program::{Extent, ProgramArgument, ProgramResult};
use super::schema::{Argument, Float, OptionalTensor, Symbolic, TensorArgument};
use super::text::EXPORT;

/// The argument; symbols that are values have the hints of `symbols`.
///
/// # Errors
/// When it is a program, an object, or of a kind that no operation on tensors has.
pub(super) fn argument(found: Argument, symbols: &HashMap<String, Extent>) -> Result<ProgramArgument, String> {
    Ok(match found {
        Argument::None => ProgramArgument::None,
        Argument::Tensor(tensor) => ProgramArgument::Tensor(tensor.name),
        Argument::Tensors(tensors) => ProgramArgument::Tensors(tensors.into_iter().map(|tensor| Some(tensor.name)).collect()),
        Argument::OptionalTensor(tensor) => optional(tensor).map_or(ProgramArgument::None, ProgramArgument::Tensor),
        Argument::OptionalTensors(tensors) => ProgramArgument::Tensors(tensors.into_iter().map(optional).collect()),
        Argument::Int(number) => ProgramArgument::Int(Extent::Fixed(number)),
        Argument::Ints(numbers) => ProgramArgument::Ints(numbers.into_iter().map(Extent::Fixed).collect()),
        Argument::Float(Float(number)) => ProgramArgument::Float(number),
        Argument::Floats(numbers) => ProgramArgument::Floats(numbers.into_iter().map(|Float(number)| number).collect()),
        Argument::Bool(truth) => ProgramArgument::Bool(truth),
        Argument::Text(text) => ProgramArgument::Text(text),
        Argument::ScalarType(code) => ProgramArgument::Kind(dtype(code)?),
        Argument::Placement => ProgramArgument::Unread,
        Argument::Symbolic(scalar) => match scalar {
            Symbolic::Name(value) => ProgramArgument::Int(symbol(value, symbols)),
            Symbolic::Int(number) => ProgramArgument::Int(Extent::Fixed(number)),
            Symbolic::Float(Float(number)) => ProgramArgument::Float(number),
            Symbolic::Bool(truth) => ProgramArgument::Bool(truth),
        },
        Argument::Symbolics(scalars) => {
            let integer = |scalar| match scalar {
                Symbolic::Name(value) => Ok(symbol(value, symbols)),
                Symbolic::Int(number) => Ok(Extent::Fixed(number)),
                Symbolic::Float(_) | Symbolic::Bool(_) => Err("expected a list of integers, found a float or a truth value in it"),
            };
            ProgramArgument::Ints(scalars.into_iter().map(integer).collect::<Result<_, _>>()?)
        }
        Argument::Graph(_) => {
            return Err(format!(
                "found a program within the program, which is not supported; expected tensors and numbers. Write `torch.where(condition, a, b)` in \
                 place of `torch.cond`, take loops and autocast to a reduced type out of `forward`, and export the network again: `{EXPORT}`"
            ));
        }
        Argument::CustomObject => {
            return Err(
                "found a custom object, which only its own code can read; expected tensors and numbers. Export a network without it".into(),
            );
        }
        Argument::Other => {
            return Err("found a list of texts or truth values, nested lists, a complex number or an operation; expected tensors and \
                        numbers. Export a network without this operation"
                .into());
        }
    })
}

/// What an operation defines.
///
/// # Errors
/// When it is neither tensors nor a symbol.
pub(super) fn result(found: Argument) -> Result<ProgramResult, String> {
    match found {
        Argument::None => Ok(ProgramResult::Nothing),
        Argument::Tensor(tensor) => Ok(ProgramResult::Tensor(tensor.name)),
        Argument::Tensors(tensors) => Ok(ProgramResult::Tensors(tensors.into_iter().map(|TensorArgument { name }| name).collect())),
        Argument::Symbolic(Symbolic::Name(value)) => Ok(ProgramResult::Symbol(value)),
        Argument::OptionalTensor(_)
        | Argument::OptionalTensors(_)
        | Argument::Int(_)
        | Argument::Ints(_)
        | Argument::Float(_)
        | Argument::Floats(_)
        | Argument::Bool(_)
        | Argument::Text(_)
        | Argument::Symbolic(Symbolic::Int(_) | Symbolic::Float(_) | Symbolic::Bool(_))
        | Argument::Symbolics(_)
        | Argument::ScalarType(_)
        | Argument::Placement
        | Argument::Graph(_)
        | Argument::CustomObject
        | Argument::Other => {
            Err("expected tensors or a symbolic number as its results, found another kind; export a network without this operation".into())
        }
    }
}

fn optional(tensor: OptionalTensor) -> Option<String> {
    match tensor {
        OptionalTensor::Tensor(tensor) => Some(tensor.name),
        OptionalTensor::None => None,
    }
}

fn symbol(value: String, symbols: &HashMap<String, Extent>) -> Extent {
    let hint = match symbols.get(&value) {
        Some(Extent::Fixed(number)) => Some(*number),
        Some(Extent::Symbol { hint, .. }) => *hint,
        None => None,
    };
    Extent::Symbol { name: value, hint }
}
