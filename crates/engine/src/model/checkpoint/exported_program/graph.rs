//! The graph of the JSON as a [`Program`]: every value is defined once, and before it is used.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::super::Dtype;
use super::archive::STRIDED;
use super::arguments::{argument, result};
use super::inline;
use super::parts::dtype;
use super::program::{Extent, Program, ProgramNode, ProgramResult};
use super::schema::{ExportedProgram, GraphModule, Hint, Node, SymExpr, SymInt, TensorMeta};
use super::signature::{inputs, outputs};
use super::source_line::source_line;
use super::text::{EXPORT, short};

/// Longest name of a value, in bytes.
const MAX_NAME: usize = 1000;

/// The program of `model`, without its constants.
///
/// # Errors
/// When it has other inputs than one of images, operations on programs, or values that are not defined once and before their use.
pub(super) fn program(model: ExportedProgram) -> Result<Program, String> {
    let ExportedProgram { graph_module: GraphModule { graph, signature }, torch_version } = model;
    let (shapes, dtypes) = tensors(graph.tensor_values)?;
    let symbols: HashMap<String, Extent> = graph.sym_int_values.into_iter().map(|(value, number)| (value, extent(number))).collect();
    let mut tables = Tables { shapes, dtypes, symbols };
    let mut values = Values::default();
    let inputs = inputs(signature.input_specs, &mut values)?;
    let mut nodes = Vec::with_capacity(graph.nodes.len());
    for found in graph.nodes {
        match inline::mode(&found) {
            Some(mode) => nodes.extend(inline::inline(found, mode, &mut values, &mut tables)?),
            None => nodes.push(node(found, &mut values, &tables.symbols)?),
        }
    }
    let Tables { shapes, dtypes, symbols } = tables;
    let outputs = outputs(signature.output_specs, &values, &inputs)?;
    Ok(Program { torch_version, inputs, outputs, nodes, shapes, dtypes, symbols, constants: Vec::new(), tied: Vec::new() })
}

/// The values that are defined so far.
#[derive(Debug, Default)]
pub(super) struct Values(HashSet<String>);

impl Values {
    /// Adds `value`.
    ///
    /// # Errors
    /// When it is defined already, or its name is too long.
    pub(super) fn define(&mut self, value: &str) -> Result<(), String> {
        if value.len() > MAX_NAME {
            return Err(format!("expected names of values of at most {MAX_NAME} bytes, found one of {}: `{}`", value.len(), short(value)));
        }
        match self.0.insert(value.to_owned()) {
            true => Ok(()),
            false => Err(format!(
                "expected each value of the program to be defined once, found `{value}` twice; the file is damaged, export the network again"
            )),
        }
    }

    /// Whether `value` is defined.
    pub(super) fn has(&self, value: &str) -> bool {
        self.0.contains(value)
    }
}

/// What the file states of values, by value.
pub(super) struct Tables {
    /// Shapes of tensors.
    pub(super) shapes: HashMap<String, Vec<Extent>>,
    /// Element types of tensors.
    pub(super) dtypes: HashMap<String, Dtype>,
    /// Symbolic integers.
    pub(super) symbols: HashMap<String, Extent>,
}

/// Shapes and element types by value.
type Tensors = (HashMap<String, Vec<Extent>>, HashMap<String, Dtype>);

pub(super) fn tensors(metas: BTreeMap<String, TensorMeta>) -> Result<Tensors, String> {
    let (mut shapes, mut dtypes) = (HashMap::new(), HashMap::new());
    for (value, meta) in metas {
        let within = |reason: String| format!("value `{}` of the program: {reason}", short(&value));
        if meta.layout != STRIDED {
            let layout = meta.layout;
            return Err(within(format!(
                "expected a dense tensor (layout {STRIDED}), found layout {layout}; export a network of dense tensors"
            )));
        }
        dtypes.insert(value.clone(), dtype(meta.dtype).map_err(within)?);
        let shape: Vec<Extent> = meta.sizes.into_iter().map(extent).collect();
        if let Some(side) = shape.iter().find_map(negative) {
            return Err(within(format!(
                "expected sizes that are not negative, found {side}; the file is damaged, export the network again"
            )));
        }
        shapes.insert(value, shape);
    }
    Ok((shapes, dtypes))
}

fn negative(side: &Extent) -> Option<i64> {
    match side {
        Extent::Fixed(side) => Some(*side).filter(|&side| side < 0),
        Extent::Symbol { .. } => None,
    }
}

pub(super) fn extent(number: SymInt) -> Extent {
    match number {
        SymInt::Int(number) => Extent::Fixed(number),
        SymInt::Expression(SymExpr { expr_str, hint }) => {
            let hint = match hint {
                Some(Hint::Int(hint)) => Some(hint),
                Some(Hint::Other) | None => None,
            };
            Extent::Symbol { name: plain(&expr_str), hint }
        }
    }
}

/// The expression with the names of its symbols: `Symbol('s77', positive=True, integer=True)` is `s77`.
fn plain(expression: &str) -> String {
    let mut text = String::with_capacity(expression.len());
    let mut rest = expression;
    while let Some((before, symbol)) = rest.split_once("Symbol('") {
        let Some((name, after)) = symbol.split_once('\'') else { break };
        let Some((_, after)) = after.split_once(')') else { break };
        text.extend([before, name]);
        rest = after;
    }
    text + rest
}

pub(super) fn node(found: Node, values: &mut Values, symbols: &HashMap<String, Extent>) -> Result<ProgramNode, String> {
    let Node { target, inputs, outputs, metadata } = found;
    let line = metadata.stack_trace.as_deref().and_then(source_line);
    let target = target.strip_prefix("torch.ops.").map(String::from).unwrap_or(target);
    let at = |reason: String| match &line {
        Some(line) => format!("operation `{}` ({line}): {reason}", short(&target)),
        None => format!("operation `{}`: {reason}", short(&target)),
    };
    if target.starts_with("higher_order.") {
        return Err(at(format!(
            "it runs a program within the program, which is not supported; expected operations on tensors. Write `torch.where(condition, a, b)` in \
             place of `torch.cond`, take loops and autocast to a reduced type out of `forward`, and export the network again: `{EXPORT}`"
        )));
    }
    let mut arguments = Vec::with_capacity(inputs.len());
    for input in inputs {
        let argument = argument(input.arg, symbols).map_err(|reason| at(format!("argument `{}`: {reason}", short(&input.name))))?;
        if let Some(value) = argument.values().into_iter().find(|value| !values.has(value)) {
            return Err(at(format!(
                "expected values that an earlier operation or an input defines, found `{}`; the file is damaged, export the network again",
                short(value)
            )));
        }
        arguments.push((input.name, argument));
    }
    let outputs = outputs.into_iter().map(result).collect::<Result<Vec<_>, _>>().map_err(at)?;
    outputs.iter().flat_map(defines).try_for_each(|value| values.define(value)).map_err(at)?;
    Ok(ProgramNode { target, arguments, outputs, line })
}

pub(super) fn defines(result: &ProgramResult) -> Vec<&str> {
    match result {
        ProgramResult::Tensor(value) | ProgramResult::Symbol(value) => vec![value],
        ProgramResult::Tensors(values) => values.iter().map(String::as_str).collect(),
        ProgramResult::Nothing => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn expressions_name_their_symbols() {
        assert_eq!(plain("Symbol('s77', positive=True, integer=True)"), "s77");
        assert_eq!(plain("Mul(Integer(17), Symbol('s77', positive=True, integer=True))"), "Mul(Integer(17), s77)");
        assert_eq!(plain("Add(Symbol('s0', integer=True), Symbol('s1', integer=True))"), "Add(s0, s1)");
        assert_eq!(plain("17*s0"), "17*s0");
        assert_eq!(plain("Symbol('s77"), "Symbol('s77");
    }
}
