//! [`ExportedNetwork`]: the network of an exported program.

use std::collections::{HashMap, HashSet};

use flatland_core::result::ProgramValues;
use tch::{Kind, Tensor};

use super::super::checkpoint::{
    Contents, Dtype, EXPORT, Extent, Program, ProgramArgument, ProgramInput, ProgramNode, ProgramOutput, RawTensor,
};
use super::super::checkpoint_fit::some;
use super::super::operation::Aliasing;
use super::super::{Graph, Node, NodeId, Op, is_parameter};
use super::bound::{Bound, Named};
use super::importer::{DEVICE, Importer};
use super::values::{Refusal, default_features, outputs, values, width};

/// Most candidates named in one message.
const NAMED: usize = 4;

/// A network of a program.
#[derive(Debug)]
pub struct ExportedNetwork {
    /// The graph, constants on the CPU.
    pub graph: Graph,
    /// Number of classes C.
    pub classes: i64,
    /// Floats of the state dict that the graph reads, in its order: name, shape, whether it is trained.
    pub tensors: Vec<(String, Vec<i64>, bool)>,
    /// Names of the state dict that are not read from a checkpoint: counters, integers, tensors that no operation reads, second names of tied
    /// tensors.
    pub unread: Vec<String>,
    /// Second and first names of tied tensors.
    pub tied: Vec<(String, String)>,
    /// What was found out that a person should know.
    pub notes: Vec<String>,
    /// The candidates for features and logits.
    pub values: ProgramValues,
}

/// The network of `program`, whose constants are in `contents`. `features` names the value that is the penultimate features, where it is not
/// the input of the last affine map; `output` the one of several outputs that is the logits. Dropout acts where `drops`.
///
/// # Errors
/// When an operation is not supported, shapes contradict each other, the batch is fixed, or an output has to be chosen.
pub fn import(
    program: &Program,
    contents: &Contents,
    [features, output]: [Option<&str>; 2],
    drops: bool,
) -> Result<ExportedNetwork, Refusal> {
    let (inputs, input) = inputs(program)?;
    let mut importer = Importer::new(program, input.clone(), last_reads(program));
    importer.drops = drops;
    importer.bound.insert(inputs, Bound::Node(0));
    let tied: HashMap<&str, &str> = program.tied.iter().map(|(second, first)| (second.as_str(), first.as_str())).collect();
    bind_inputs(&mut importer, contents, &tied)?;
    for (step, node) in program.nodes.iter().enumerate() {
        importer.step = step;
        importer.read(node).map_err(|reason| with_line(reason, node))?;
    }
    let logits = logits(&importer, output).map_err(|reason| Refusal { reason, values: Some(values(&importer, output, None, None)) })?;
    let mut notes = Vec::new();
    let stated = features;
    let features = penultimate(&importer, stated, logits, &mut notes)
        .map_err(|reason| Refusal { reason, values: Some(values(&importer, output, Some(logits), None)) })?;
    let values = values(&importer, output, Some(logits), Some((features, stated)));
    let classes = importer.shapes[logits][0][1];
    refuse_mutations(program)?;
    let Importer { nodes, .. } = importer;
    let graph = pruned(nodes, features, logits, input);
    let read: HashSet<String> = graph.tensor_names().into_iter().collect();
    let (mut tensors, mut unread) = (Vec::new(), Vec::new());
    for input in &program.inputs {
        let (name, is_trained) = match input {
            ProgramInput::Parameter { name, .. } => (name, true),
            ProgramInput::Buffer { name, persistent: true, .. } => (name, false),
            ProgramInput::Buffer { persistent: false, .. } | ProgramInput::Constant { .. } | ProgramInput::User { .. } => continue,
        };
        if !read.contains(name) {
            unread.push(name.clone());
            continue;
        }
        let entry = contents.state_dicts.iter().flat_map(|dict| &dict.entries).find(|entry| entry.name == *name);
        let shape = entry.map(|entry| entry.tensor.shape.clone()).unwrap_or_default();
        tensors.push((name.clone(), shape, is_trained));
    }
    let never: Vec<String> = unread.iter().filter(|name| is_parameter(name) && !tied.contains_key(name.as_str())).cloned().collect();
    if !never.is_empty() {
        notes.push(format!("its operations never read {}", some(&never)));
    }
    if program.nodes.iter().any(is_of_training) {
        notes.push("it was exported in training mode; here BatchNorm takes its running statistics and dropout is off".into());
    }
    if !program.tied.is_empty() {
        let pairs: Vec<String> = program.tied.iter().map(|(second, first)| format!("{second} is {first}")).collect();
        notes.push(format!("one tensor under two names, counted once: {}", some(&pairs)));
    }
    Ok(ExportedNetwork { graph, classes, tensors, unread, tied: program.tied.clone(), notes, values })
}

/// The name of the inputs, and the shape of one.
fn inputs(program: &Program) -> Result<(&str, Vec<i64>), String> {
    let user = program.inputs.iter().find_map(|input| if let ProgramInput::User { value } = input { Some(value.as_str()) } else { None });
    let name = user.ok_or("expected one input of images or float arrays, found none")?;
    if let Some(dtype) = program.dtypes.get(name).filter(|dtype| !dtype.is_float()) {
        return Err(format!("expected an input of floats, found one of {dtype:?}: tokens and other integers are not read"));
    }
    let shape = program.shapes.get(name).map(Vec::as_slice).unwrap_or_default();
    let fixed = |extent: &Extent| if let Extent::Fixed(size) = extent { Some(*size).filter(|&size| size > 0) } else { None };
    match shape.split_first() {
        Some((Extent::Symbol { .. }, one)) if !one.is_empty() && one.iter().all(|size| fixed(size).is_some()) => {
            Ok((name, one.iter().filter_map(fixed).collect()))
        }
        Some((Extent::Fixed(batch), [_, ..])) => Err(format!(
            "the program was exported for exactly {batch} image{}: export it with any number of them: {EXPORT}",
            if *batch == 1 { "" } else { "s" }
        )),
        Some(_) | None => {
            let sides: Vec<String> = shape.iter().map(|side| fixed(side).map_or("any".into(), |side| side.to_string())).collect();
            Err(format!(
                "expected inputs [any, ...], for example images [any, channels, height, width], each of one size, found [{}]: {EXPORT}",
                sides.join(", ")
            ))
        }
    }
}

/// The last operation that reads each name; outputs are read after all.
fn last_reads(program: &Program) -> HashMap<&str, usize> {
    let mut last = HashMap::new();
    for (step, node) in program.nodes.iter().enumerate() {
        for value in node.values() {
            last.insert(value, step);
        }
    }
    for output in &program.outputs {
        if let ProgramOutput::User { value } = output {
            last.insert(value.as_str(), usize::MAX);
        }
    }
    last
}

/// Binds parameters, buffers and constants.
fn bind_inputs<'p>(importer: &mut Importer<'p>, contents: &Contents, tied: &HashMap<&str, &str>) -> Result<(), String> {
    let program = importer.program;
    let entries: HashMap<&str, _> =
        contents.state_dicts.iter().flat_map(|dict| &dict.entries).map(|entry| (entry.name.as_str(), entry)).collect();
    let constants: HashMap<&str, _> = program.constants.iter().map(|entry| (entry.name.as_str(), entry)).collect();
    for input in &program.inputs {
        let (value, name, is_stored) = match input {
            ProgramInput::Parameter { value, name } => (value, name, true),
            ProgramInput::Buffer { value, name, persistent } => (value, name, *persistent),
            ProgramInput::Constant { value, name } => (value, name, false),
            ProgramInput::User { .. } => continue,
        };
        let first = tied.get(name.as_str()).copied().unwrap_or(name);
        let entry = if is_stored { entries.get(first) } else { constants.get(name.as_str()) };
        let entry = entry.ok_or_else(|| format!("the file lacks the tensor `{name}` that its program reads"))?;
        let bound = if is_stored && entry.tensor.dtype.is_float() {
            Bound::Named(Named { name: first.to_owned(), shape: entry.tensor.shape.clone() })
        } else {
            let raw = contents.open(std::slice::from_ref(*entry))?.copy(entry)?;
            Bound::Constant(tensor(&raw)?)
        };
        importer.bound.insert(value, bound);
    }
    Ok(())
}

/// The node of the logits, [N, C].
fn logits(importer: &Importer<'_>, output: Option<&str>) -> Result<NodeId, String> {
    let outputs = outputs(importer.program);
    let name = match (output, outputs.as_slice()) {
        (Some(chosen), _) => outputs
            .iter()
            .find(|name| **name == chosen)
            .copied()
            .ok_or_else(|| format!("expected an output among {}, found `{chosen}`", outputs.join(", ")))?,
        (None, [only]) => only,
        (None, several) => {
            return Err(format!(
                "the network has {} outputs, {}: set output = \"..\" to the one that is the logits",
                several.len(),
                several.join(", ")
            ));
        }
    };
    let bound = importer.bound.get(name).ok_or_else(|| format!("the output `{name}` is not defined"))?;
    match (bound, width(importer, bound)) {
        (Bound::Node(id), Some(_)) => Ok(*id),
        _ => {
            let rank = importer.shape(bound)?.len();
            let sizes = (0..rank).map(|dim| importer.size(bound, dim as i64)).collect::<Result<Vec<_>, _>>()?;
            Err(format!("expected logits [images, classes] as output `{name}`, found {sizes:?}"))
        }
    }
}

/// The node of the penultimate features.
fn penultimate(importer: &Importer<'_>, chosen: Option<&str>, logits: NodeId, notes: &mut Vec<String>) -> Result<NodeId, String> {
    let candidates = || {
        let all = values(importer, None, Some(logits), None).features;
        // The last ones are the most likely.
        let names: Vec<String> = all.into_iter().rev().filter(|value| !value.default).map(|value| value.name).take(NAMED).collect();
        if names.is_empty() { String::new() } else { format!("; candidates are {}", names.join(", ")) }
    };
    let Some(chosen) = chosen else {
        let found = default_features(importer, logits);
        if found.is_none() {
            notes.push(format!(
                "no affine map of features [images, D] leads to its logits: features are the logits; set features = \"..\" to the name of a value{}",
                candidates()
            ));
        }
        return Ok(found.unwrap_or(logits));
    };
    match importer.bound.get(chosen) {
        Some(bound @ Bound::Node(id)) if width(importer, bound).is_some() => Ok(*id),
        Some(bound) => {
            Err(format!("expected features [images, D], found the shape {:?} of `{chosen}`{}", importer.shape(bound)?, candidates()))
        }
        None => Err(format!("expected the name of a value of the program as features, found `{chosen}`{}", candidates())),
    }
}

/// # Errors
/// When evaluation changes a buffer other than BatchNorm's statistics and counters.
fn refuse_mutations(program: &Program) -> Result<(), String> {
    let statistics: HashSet<&str> =
        program.nodes.iter().filter(|node| node.target.contains("batch_norm")).flat_map(ProgramNode::values).collect();
    let value_of = |buffer: &str| {
        program.inputs.iter().find_map(|input| {
            if let ProgramInput::Buffer { value, name, .. } = input
                && name == buffer
            {
                Some(value.as_str())
            } else {
                None
            }
        })
    };
    let changed = program.outputs.iter().find_map(|output| match output {
        ProgramOutput::BufferMutation { buffer, .. } => (!buffer.ends_with("num_batches_tracked")
            && !value_of(buffer).is_some_and(|value| statistics.contains(value)))
        .then_some(buffer),
        ProgramOutput::User { .. } => None,
    });
    match changed {
        Some(buffer) => Err(format!("the network changes its buffer `{buffer}` while it computes, which is not supported")),
        None => Ok(()),
    }
}

/// Whether an operation is that of a network in training mode.
fn is_of_training(node: &ProgramNode) -> bool {
    let has = |flag: &str| node.arguments.iter().any(|(name, argument)| name == flag && *argument == ProgramArgument::Bool(true));
    // Without running statistics it standardizes a weight.
    let is_of_images = node.arguments.iter().any(|(name, argument)| name == "running_mean" && *argument != ProgramArgument::None);
    has("train") || (is_of_images && has("training"))
}

/// The graph of the nodes that features and logits, or an operation that writes in place, need.
fn pruned(nodes: Vec<Node>, features: NodeId, logits: NodeId, input: Vec<i64>) -> Graph {
    let mut needed = vec![false; nodes.len()];
    needed[0] = true;
    for (id, node) in nodes.iter().enumerate().rev() {
        let writes = matches!(&node.op, Op::Call(call) if call.operation.schema.aliasing == Aliasing::InPlace);
        needed[id] |= writes || id == features || id == logits;
        if needed[id] {
            node.inputs.iter().for_each(|&from| needed[from] = true);
        }
    }
    let mut places = vec![0; nodes.len()];
    let mut kept = Vec::new();
    for (id, mut node) in nodes.into_iter().enumerate().filter(|(id, _)| needed[*id]) {
        node.inputs.iter_mut().for_each(|from| *from = places[*from]);
        places[id] = kept.len();
        kept.push(node);
    }
    Graph::new(kept, places[features], places[logits], input)
}

fn with_line(reason: String, node: &ProgramNode) -> String {
    match &node.line {
        Some(line) => format!("{reason} (at {line})"),
        None => reason,
    }
}

/// The element type of libtorch.
///
/// # Errors
/// When it is not supported.
pub fn kind(dtype: &Dtype) -> Result<Kind, String> {
    Ok(match dtype {
        // Everything is computed in float32, whatever the program was exported in.
        Dtype::F32 | Dtype::F16 | Dtype::Bf16 => Kind::Float,
        Dtype::F64 => Kind::Double,
        Dtype::U8 => Kind::Uint8,
        Dtype::I8 => Kind::Int8,
        Dtype::I16 => Kind::Int16,
        Dtype::I32 => Kind::Int,
        Dtype::I64 => Kind::Int64,
        Dtype::Bool => Kind::Bool,
        Dtype::Other(name, _) => return Err(format!("the element type {name} is not supported")),
    })
}

/// A tensor of a file; floats in f32 but for f64.
fn tensor(raw: &RawTensor) -> Result<Tensor, String> {
    let made = match (&raw.dtype, raw.dtype.to_f32(&raw.data)) {
        (Dtype::F16 | Dtype::Bf16 | Dtype::F32, Some(values)) => Tensor::f_from_slice(&values),
        (dtype, _) => Tensor::f_from_data_size(&raw.data, &raw.shape, kind(dtype)?),
    };
    made.and_then(|tensor| tensor.f_view(raw.shape.as_slice()))
        .and_then(|tensor| tensor.f_to_device(DEVICE))
        .map_err(|error| format!("tensor `{}`: {error}", raw.name))
}
