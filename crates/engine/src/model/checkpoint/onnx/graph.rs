//! The program and the state dict of an ONNX file.

use std::collections::{HashMap, HashSet};

use prost::bytes::Bytes;

use super::super::{Entry, Extent, Program, ProgramInput, ProgramOutput};
use super::faithful::{Kind, check, is_generated, refusal, signature};
use super::literal::{Literal, value_of_type};
use super::message::{Graph, Model, Node, OperatorSet, Tensor, ValueInfo, decode, entries};
use super::operation::find;
use super::operator::Operator;
use super::translator::Translator;
use super::value::{TensorValue, Value};
use crate::model::checkpoint::exported_program::source_line::source_line;
use crate::model::checkpoint::exported_program::text::{EXPORT, short};
use crate::model::is_parameter;

/// The opsets whose operations are those of the translations.
const OPSETS: std::ops::RangeInclusive<i64> = 13..=23;
/// Where PyTorch's exporter of programs keeps the stack trace of an operation.
const TRACE: &str = "pkg.torch.onnx.stack_trace";

/// What came out of an ONNX file.
pub struct Translated {
    pub program: Program,
    /// Its parameters and persistent buffers.
    pub entries: Vec<Entry>,
    pub notes: Vec<String>,
}

/// The program of the file `bytes`.
///
/// # Errors
/// When its weights are not those of the network, an operation is not supported, or the file is damaged.
pub fn read(bytes: &Bytes) -> Result<Translated, String> {
    let model: Model = decode(bytes, "the model")?;
    check_opset(&model)?;
    let graph = model.graph.as_ref().ok_or("expected a network in the ONNX file, found none")?;
    let graph: Graph = decode(graph, "the graph")?;
    if !graph.sparse_initializer.is_empty() {
        return Err("expected dense tensors in the ONNX file, found sparse ones".into());
    }
    let nodes = graph.node.iter().map(|node| decode(node, "a node")).collect::<Result<Vec<Node>, _>>()?;
    let tensors = graph.initializer.iter().map(|tensor| initializer(tensor, bytes)).collect::<Result<Vec<_>, _>>()?;
    let names: HashSet<&str> = tensors.iter().map(|(name, _)| name.as_str()).collect();
    if names.len() < tensors.len() {
        return Err("expected one name for each tensor of the ONNX file, found one twice; the file is damaged".into());
    }
    let stated = signature(&graph.metadata)?;
    let floats: HashSet<&str> = tensors.iter().filter(|(_, literal)| literal.dtype.is_float()).map(|(name, _)| name.as_str()).collect();
    check(&model, &nodes, stated.as_ref(), |name| names.contains(name), |name| floats.contains(name))?;
    let mut translator = Translator::new(uses(&nodes, &graph)?);
    let statistics = statistics(&nodes);
    let mut state_dict = Vec::new();
    for (name, literal) in &tensors {
        bind(&mut translator, &mut state_dict, name, literal, stated.as_ref(), &statistics)?;
    }
    if !translator.inputs.iter().any(|input| matches!(input, ProgramInput::Parameter { .. })) {
        return Err(refusal("it holds no parameter under a name of a state dict"));
    }
    let (input, shape, dtype) = input(&graph, &names)?;
    translator.values.insert(input.clone(), Value::Tensor(TensorValue { name: input.clone(), rank: shape.len() }));
    translator.inputs.push(ProgramInput::User { value: input.clone() });
    for node in &nodes {
        translate(&mut translator, node, bytes)?;
    }
    let outputs = outputs(&mut translator, &graph)?;
    let notes = if stated.is_none() { vec![unstated(&statistics)] } else { Vec::new() };
    let program = Program {
        torch_version: Some(model.producer_version).filter(|version| !version.is_empty()),
        inputs: translator.inputs,
        outputs,
        nodes: translator.nodes,
        shapes: HashMap::from([(input.clone(), shape)]),
        dtypes: HashMap::from([(input, dtype)]),
        symbols: HashMap::new(),
        constants: translator.constants,
        tied: Vec::new(),
    };
    Ok(Translated { program, entries: state_dict, notes })
}

fn check_opset(model: &Model) -> Result<(), String> {
    let sets = model.opset_import.iter().map(|set| decode(set, "an operator set")).collect::<Result<Vec<OperatorSet>, _>>()?;
    let version = sets.iter().find(|set| is_onnx(&set.domain)).map(|set| set.version);
    match version {
        Some(version) if OPSETS.contains(&version) => Ok(()),
        Some(version) => Err(format!(
            "expected ONNX operators of opset {} to {}, found opset {version}; export with opset_version=18",
            OPSETS.start(),
            OPSETS.end()
        )),
        None => Err("expected the operators of ONNX in the file, found none".into()),
    }
}

fn is_onnx(domain: &str) -> bool {
    domain.is_empty() || domain == "ai.onnx"
}

fn initializer(tensor: &Bytes, bytes: &Bytes) -> Result<(String, Literal), String> {
    let tensor: Tensor = decode(tensor, "a tensor")?;
    let name = tensor.name.clone();
    Ok((name, Literal::read(tensor, bytes)?))
}

/// How often each name is read.
fn uses(nodes: &[Node], graph: &Graph) -> Result<HashMap<String, usize>, String> {
    let mut uses = HashMap::new();
    for name in nodes.iter().flat_map(|node| &node.input) {
        *uses.entry(name.clone()).or_insert(0) += 1;
    }
    for output in &graph.output {
        let output: ValueInfo = decode(output, "an output")?;
        *uses.entry(output.name).or_insert(0) += 1;
    }
    Ok(uses)
}

/// Names of the running statistics of BatchNorm.
fn statistics(nodes: &[Node]) -> HashSet<String> {
    nodes.iter().filter(|node| node.op_type == "BatchNormalization").flat_map(|node| node.input.iter().skip(3)).cloned().collect()
}

/// Lets the name of a tensor of the file stand for it.
fn bind(
    translator: &mut Translator,
    state_dict: &mut Vec<Entry>,
    name: &str,
    literal: &Literal,
    stated: Option<&HashMap<String, Kind>>,
    statistics: &HashSet<String>,
) -> Result<(), String> {
    let kind = match stated {
        Some(stated) => stated.get(name).copied(),
        None if is_generated(name) || !literal.dtype.is_float() => None,
        None if statistics.contains(name) || !is_parameter(name) => Some(Kind::Buffer),
        None => Some(Kind::Parameter),
    };
    let input = |is_parameter: bool| {
        let (value, name) = (name.to_owned(), name.to_owned());
        if is_parameter { ProgramInput::Parameter { value, name } } else { ProgramInput::Buffer { value, name, persistent: true } }
    };
    match kind {
        Some(kind @ (Kind::Parameter | Kind::Buffer)) => {
            translator.inputs.push(input(kind == Kind::Parameter));
            state_dict.push(literal.entry(name)?);
            translator.weights.insert(name.to_owned(), literal.shape.clone());
            let tensor = TensorValue { name: name.to_owned(), rank: literal.shape.len() };
            translator.values.insert(name.to_owned(), Value::Tensor(tensor));
        }
        Some(Kind::Constant) | None => {
            let value = match literal.small() {
                Some(value) => value,
                None if kind.is_none() && literal.dtype.is_float() => {
                    return Err(refusal(&format!(
                        "the exporter computed the tensor `{}` of the shape {:?} from parameters of the network",
                        short(name),
                        literal.shape
                    )));
                }
                None => Value::Tensor(translator.constant(name, literal)?),
            };
            translator.values.insert(name.to_owned(), value);
        }
    }
    Ok(())
}

/// The name of the inputs, their shape and type.
fn input(graph: &Graph, tensors: &HashSet<&str>) -> Result<(String, Vec<Extent>, super::super::Dtype), String> {
    let all = graph.input.iter().map(|input| decode(input, "an input")).collect::<Result<Vec<ValueInfo>, _>>()?;
    let mut given: Vec<ValueInfo> = all.into_iter().filter(|input| !tensors.contains(input.name.as_str())).collect();
    let (Some(input), true) = (given.pop(), given.is_empty()) else {
        return Err(format!("expected one input of images or float arrays, found {}: {EXPORT}", given.len() + 1));
    };
    let tensor = input.value_type.and_then(|value| value.tensor).ok_or("expected a tensor as the input of the ONNX file")?;
    let sides = tensor.shape.map(|shape| shape.dim).unwrap_or_default();
    let side = |(place, side): (usize, super::message::Dimension)| match side.value {
        Some(value) => Extent::Fixed(value),
        None => Extent::Symbol { name: side.parameter.unwrap_or_else(|| format!("side {place}")), hint: None },
    };
    Ok((input.name, sides.into_iter().enumerate().map(side).collect(), value_of_type(tensor.elem_type.into())))
}

fn translate(translator: &mut Translator, node: &Node, bytes: &Bytes) -> Result<(), String> {
    let trace = entries(&node.metadata)?.into_iter().find(|entry| entry.key == TRACE).map(|entry| entry.value);
    translator.line = source_line(trace.as_deref().unwrap_or(&node.doc_string));
    let line = translator.line.clone();
    let told = |reason: String| match &line {
        Some(line) => format!("{reason} (at {line})"),
        None => reason,
    };
    let translate = find(&node.op_type).filter(|_| is_onnx(&node.domain)).ok_or_else(|| {
        let name = if is_onnx(&node.domain) { node.op_type.clone() } else { format!("{}::{}", node.domain, node.op_type) };
        told(format!("the ONNX operation `{}` is not supported; export the network as a .pt2: {EXPORT}", short(&name)))
    })?;
    let operator = Operator::read(node, translator, bytes).map_err(told)?;
    let values = translate(translator, &operator).and_then(|values| operator.all_seen().map(|()| values)).map_err(told)?;
    let mut values = values.into_iter();
    for name in &node.output {
        let value = values.next().unwrap_or(Value::Absent);
        if !name.is_empty() {
            translator.define(name, value)?;
        }
    }
    Ok(())
}

fn outputs(translator: &mut Translator, graph: &Graph) -> Result<Vec<ProgramOutput>, String> {
    let mut outputs = Vec::with_capacity(graph.output.len());
    for output in &graph.output {
        let output: ValueInfo = decode(output, "an output")?;
        let value = translator.values.get(&output.name).cloned();
        let value = value.ok_or_else(|| format!("the output `{}` is not defined", short(&output.name)))?;
        outputs.push(ProgramOutput::User { value: translator.tensor(&value)?.name });
    }
    if outputs.is_empty() { Err("expected an output of the ONNX file, found none".into()) } else { Ok(outputs) }
}

/// What the older exporter does not state.
fn unstated(statistics: &HashSet<String>) -> String {
    let of = if statistics.is_empty() { "all of them are" } else { "all but the running statistics of BatchNorm are" };
    format!("the file does not state which of its tensors are trained: {of} taken as parameters")
}
