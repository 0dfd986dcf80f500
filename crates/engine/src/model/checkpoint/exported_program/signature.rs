//! Inputs and outputs of a program.

use std::collections::HashSet;

use super::graph::Values;
use super::program::{ProgramInput, ProgramOutput};
use super::schema::{Argument, InputSpec, OutputSpec};
use super::text::{EXPORT, short};

/// The inputs; their values become defined.
///
/// # Errors
/// When there is not exactly one input of images, two tensors have one name, or the network has objects.
pub(super) fn inputs(specs: Vec<InputSpec>, values: &mut Values) -> Result<Vec<ProgramInput>, String> {
    let mut inputs = Vec::with_capacity(specs.len());
    let mut given = Vec::new();
    for spec in specs {
        let input = match spec {
            InputSpec::Parameter { arg, parameter_name } => ProgramInput::Parameter { value: arg.name, name: parameter_name },
            InputSpec::Buffer { arg, buffer_name, persistent } => ProgramInput::Buffer { value: arg.name, name: buffer_name, persistent },
            InputSpec::TensorConstant { arg, tensor_constant_name } => {
                ProgramInput::Constant { value: arg.name, name: tensor_constant_name }
            }
            InputSpec::UserInput { arg: Argument::Tensor(tensor) } => {
                given.push(tensor.name.clone());
                ProgramInput::User { value: tensor.name }
            }
            InputSpec::UserInput { .. } => {
                return Err(one_input("found one that is no tensor"));
            }
            InputSpec::ConstantInput { name } => {
                return Err(one_input(&format!("found also `{}`, which is no tensor", short(&name))));
            }
            InputSpec::CustomObj { custom_obj_name } => {
                return Err(format!(
                    "expected tensors in the network, found the custom object `{}`, which only its own code can read; export a network \
                     without it: `{EXPORT}`",
                    short(&custom_obj_name)
                ));
            }
            InputSpec::Token => {
                return Err(format!(
                    "expected operations that depend on tensors alone, found operations with side effects (tokens); export a network \
                     without them: `{EXPORT}`"
                ));
            }
        };
        values.define(input.value())?;
        inputs.push(input);
    }
    match given.as_slice() {
        [_] => {}
        [] => return Err(one_input("found none")),
        several => return Err(one_input(&format!("found {} ({})", several.len(), short(&several.join(", "))))),
    }
    let mut names = HashSet::new();
    for name in inputs.iter().filter_map(tensor) {
        if !names.insert(name) {
            return Err(format!(
                "expected one name for each tensor of the network, found `{}` twice; the file is damaged, export the network again",
                short(name)
            ));
        }
    }
    Ok(inputs)
}

fn one_input(found: &str) -> String {
    format!(
        "expected one input of images, {found}; export a module whose `forward(self, x)` takes the images alone and sets the rest itself: \
         `{EXPORT}`"
    )
}

/// The name of the tensor that an input is.
fn tensor(input: &ProgramInput) -> Option<&str> {
    match input {
        ProgramInput::Parameter { name, .. } | ProgramInput::Buffer { name, .. } | ProgramInput::Constant { name, .. } => Some(name),
        ProgramInput::User { .. } => None,
    }
}

/// The outputs.
///
/// # Errors
/// When none is a tensor that the network returns, one is of another kind, or one is not defined.
pub(super) fn outputs(specs: Vec<OutputSpec>, values: &Values, inputs: &[ProgramInput]) -> Result<Vec<ProgramOutput>, String> {
    let mut outputs = Vec::with_capacity(specs.len());
    for spec in specs {
        let (value, output) = match spec {
            OutputSpec::User { arg: Argument::Tensor(tensor) } => (tensor.name.clone(), ProgramOutput::User { value: tensor.name }),
            OutputSpec::User { .. } => {
                return Err(format!(
                    "expected tensors as the outputs of the network, found another kind; export a module whose `forward` returns the logits: \
                     `{EXPORT}`"
                ));
            }
            OutputSpec::BufferMutation { arg, buffer_name } => {
                let is_buffer = |input: &ProgramInput| matches!(input, ProgramInput::Buffer { name, .. } if *name == buffer_name);
                if !inputs.iter().any(is_buffer) {
                    return Err(format!(
                        "expected updates of buffers of the network, found one of `{}`, which is none",
                        short(&buffer_name)
                    ));
                }
                (arg.name.clone(), ProgramOutput::BufferMutation { value: arg.name, buffer: buffer_name })
            }
            OutputSpec::Other => {
                return Err(format!(
                    "expected a network that returns logits, found one that writes into its input or its parameters, or returns a loss, \
                     gradients or tokens; export the network alone: `{EXPORT}`"
                ));
            }
        };
        if !values.has(&value) {
            return Err(format!(
                "expected outputs that an operation or an input defines, found `{}`; the file is damaged, export the network again",
                short(&value)
            ));
        }
        outputs.push(output);
    }
    if !outputs.iter().any(|output| matches!(output, ProgramOutput::User { .. })) {
        return Err(format!(
            "expected a network that returns a tensor, found none; export a module whose `forward` returns the logits: `{EXPORT}`"
        ));
    }
    Ok(outputs)
}
