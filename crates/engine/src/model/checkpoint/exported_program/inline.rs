//! Programs within a program that say whether gradients are recorded or in which type is computed: their operations take the place of the
//! operation that runs them. `torch.cond` and loops choose what is computed, and stay refused.

use std::collections::HashMap;

use super::graph::{Tables, Values, defines, extent, node, tensors};
use super::program::{Extent, ProgramArgument, ProgramNode, ProgramResult};
use super::schema::{Argument, Body, Node, Symbolic};
use super::text::short;

/// What the results of the inner program become.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// They are as they are: gradients are recorded, nothing is rounded.
    Plain,
    /// No gradient goes through them.
    Detached,
}

/// The mode in which `found` runs a program; `None` where it is another operation, or one that cannot be read so: autocast to a reduced type.
pub(super) fn mode(found: &Node) -> Option<Mode> {
    let flags = || found.inputs.iter().filter_map(|input| if let Argument::Bool(flag) = input.arg { Some(flag) } else { None });
    match (found.target.as_str(), flags().next()?) {
        ("torch.ops.higher_order.wrap_with_set_grad_enabled", true) | ("torch.ops.higher_order.wrap_with_autocast", false) => {
            Some(Mode::Plain)
        }
        ("torch.ops.higher_order.wrap_with_set_grad_enabled", false) => Some(Mode::Detached),
        _ => None,
    }
}

/// The operations of the program that `found` runs, under names that begin with that of the inner program, then the results of `found`.
///
/// # Errors
/// When the inner program holds others, writes into a value without gradients, or does not fit the arguments and results of `found`.
pub(super) fn inline(found: Node, mode: Mode, values: &mut Values, tables: &mut Tables) -> Result<Vec<ProgramNode>, String> {
    let target = found.target.clone();
    let at = |reason: String| format!("operation `{}`: {reason}; the file is damaged, export the network again", short(&target));
    let mut inputs = found.inputs.into_iter().map(|input| input.arg);
    let graph = inputs.find_map(|argument| if let Argument::Graph(graph) = argument { Some(graph) } else { None });
    let graph = graph.ok_or_else(|| at("expected a program among its arguments, found none".into()))?;
    let body: Body = serde_json::from_value(graph.graph).map_err(|error| at(format!("cannot read its program: {error}")))?;
    let operands = names(inputs.collect(), |argument| at(format!("expected values as operands, found {argument}")))?;
    let within = names(body.inputs, |argument| at(format!("expected values as inputs of its program, found {argument}")))?;
    let results = names(body.outputs, |argument| at(format!("expected values as outputs of its program, found {argument}")))?;
    let outputs = found.outputs.into_iter().map(super::arguments::result).collect::<Result<Vec<_>, _>>().map_err(&at)?;
    let given: Vec<String> = outputs.iter().flat_map(defines).map(str::to_owned).collect();
    if operands.len() != within.len() || given.len() != results.len() {
        let counts = [operands.len(), within.len(), given.len(), results.len()];
        return Err(at(format!("expected as many operands as inputs and as many results as outputs of its program, found {counts:?}")));
    }
    if let Some(unknown) = operands.iter().find(|operand| !values.has(operand)) {
        return Err(at(format!("expected operands that are defined before, found `{}`", short(unknown))));
    }
    let mut inner = Values::default();
    within.iter().try_for_each(|value| inner.define(value)).map_err(&at)?;
    let outer: HashMap<String, String> = within.into_iter().zip(operands).collect();
    let new = |value: &str| outer.get(value).cloned().unwrap_or_else(|| format!("{}.{value}", graph.name));
    let (shapes, dtypes) = tensors(body.tensor_values)?;
    let symbols: HashMap<String, Extent> = body.sym_int_values.into_iter().map(|(value, number)| (value, extent(number))).collect();
    let mut nodes = Vec::with_capacity(body.nodes.len() + given.len());
    for one in body.nodes {
        let one = node(one, &mut inner, &symbols)?;
        let writes = one.target.split('.').nth(1).is_some_and(|name| name.ends_with('_'));
        if writes && mode == Mode::Detached {
            return Err(format!(
                "operation `{}` writes into a value under `torch.no_grad`, which is not supported; write it without the underscore",
                short(&one.target)
            ));
        }
        one.outputs.iter().flat_map(defines).try_for_each(|value| values.define(&new(value)))?;
        nodes.push(renamed(one, &new));
    }
    if let Some(unknown) = results.iter().find(|result| !inner.has(result)) {
        return Err(at(format!("expected outputs of its program that it defines, found `{}`", short(unknown))));
    }
    let target = if mode == Mode::Detached { "aten.detach.default" } else { "aten.alias.default" };
    for (result, value) in results.iter().zip(given) {
        values.define(&value).map_err(&at)?;
        let arguments = vec![("self".to_owned(), ProgramArgument::Tensor(new(result)))];
        nodes.push(ProgramNode { target: target.into(), arguments, outputs: vec![ProgramResult::Tensor(value)], line: None });
    }
    let is_inner = |value: &String| !outer.contains_key(value);
    tables.shapes.extend(shapes.into_iter().filter(|(value, _)| is_inner(value)).map(|(value, shape)| (new(&value), shape)));
    tables.dtypes.extend(dtypes.into_iter().filter(|(value, _)| is_inner(value)).map(|(value, dtype)| (new(&value), dtype)));
    tables.symbols.extend(symbols.into_iter().filter(|(value, _)| is_inner(value)).map(|(value, number)| (new(&value), number)));
    Ok(nodes)
}

/// The values that `arguments` are.
fn names(arguments: Vec<Argument>, refuse: impl Fn(String) -> String) -> Result<Vec<String>, String> {
    let name = |argument| match argument {
        Argument::Tensor(tensor) => Ok(tensor.name),
        Argument::Symbolic(Symbolic::Name(value)) => Ok(value),
        other => Err(refuse(short(&format!("{other:?}")))),
    };
    arguments.into_iter().map(name).collect()
}

fn renamed(node: ProgramNode, new: &impl Fn(&str) -> String) -> ProgramNode {
    let extent = |extent: Extent| match extent {
        Extent::Symbol { name, hint } => Extent::Symbol { name: new(&name), hint },
        Extent::Fixed(number) => Extent::Fixed(number),
    };
    let argument = |argument| match argument {
        ProgramArgument::Tensor(value) => ProgramArgument::Tensor(new(&value)),
        ProgramArgument::Tensors(values) => {
            ProgramArgument::Tensors(values.into_iter().map(|value| value.map(|value| new(&value))).collect())
        }
        ProgramArgument::Int(number) => ProgramArgument::Int(extent(number)),
        ProgramArgument::Ints(numbers) => ProgramArgument::Ints(numbers.into_iter().map(extent).collect()),
        other @ (ProgramArgument::None
        | ProgramArgument::Float(_)
        | ProgramArgument::Floats(_)
        | ProgramArgument::Bool(_)
        | ProgramArgument::Text(_)
        | ProgramArgument::Kind(_)
        | ProgramArgument::Unread) => other,
    };
    let result = |result| match result {
        ProgramResult::Tensor(value) => ProgramResult::Tensor(new(&value)),
        ProgramResult::Tensors(values) => ProgramResult::Tensors(values.iter().map(|value| new(value)).collect()),
        ProgramResult::Symbol(value) => ProgramResult::Symbol(new(&value)),
        ProgramResult::Nothing => ProgramResult::Nothing,
    };
    ProgramNode {
        arguments: node.arguments.into_iter().map(|(name, one)| (name, argument(one))).collect(),
        outputs: node.outputs.into_iter().map(result).collect(),
        ..node
    }
}
