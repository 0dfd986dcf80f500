//! [`Importer`]: builds the nodes of a graph from the operations of a program, one after another.

use std::collections::HashMap;

use tch::{Device, Tensor};

use super::super::checkpoint::{Extent, Program};
use super::super::operation::{Aliasing, Argument, Size, find, numel};
use super::super::{Call, Constant, Node, NodeId, Op};
use super::bound::{Bound, Named};
use super::sizes;

/// Most elements of one value of one image: 1 GiB in float32.
const LARGEST: i64 = 1 << 28;

/// The nodes so far, and what the names of the program stand for.
pub struct Importer<'p> {
    pub program: &'p Program,
    pub nodes: Vec<Node>,
    /// Shapes of each node's value for one image and for two.
    pub shapes: Vec<[Vec<i64>; 2]>,
    pub bound: HashMap<&'p str, Bound>,
    /// Number of the program's operation that is read.
    pub step: usize,
    /// Whether dropout acts, as in training steps.
    pub drops: bool,
    /// Shape of one input.
    input: Vec<i64>,
    /// The node whose memory each node's value is in.
    roots: Vec<NodeId>,
    /// The last operation that reads each name.
    last_read: HashMap<&'p str, usize>,
    /// Nodes of tensors of the state dict by name.
    tensors: HashMap<String, NodeId>,
    /// Elements of the constants that were computed.
    computed: i64,
}

impl<'p> Importer<'p> {
    /// Nothing but the inputs, each of the shape `input`.
    pub fn new(program: &'p Program, input: Vec<i64>, last_read: HashMap<&'p str, usize>) -> Self {
        let shape = |images: i64| std::iter::once(images).chain(input.iter().copied()).collect();
        Self {
            program,
            nodes: vec![Node { op: Op::Input, inputs: Vec::new() }],
            shapes: vec![[shape(1), shape(2)]],
            bound: HashMap::new(),
            step: 0,
            drops: false,
            input,
            roots: vec![0],
            last_read,
            tensors: HashMap::new(),
            computed: 0,
        }
    }

    /// Adds a node.
    ///
    /// # Errors
    /// When shapes do not fit or are too large.
    pub fn push(&mut self, op: Op, inputs: Vec<NodeId>) -> Result<Bound, String> {
        let shape = |k: usize| {
            let from: Vec<&Vec<i64>> = inputs.iter().map(|&from| &self.shapes[from][k]).collect();
            op.shape(&from, &self.input, k as i64 + 1)
        };
        let shapes = [shape(0)?, shape(1)?];
        if numel(&shapes[0])? > LARGEST {
            return Err(format!("expected values of at most {LARGEST} numbers for one image, found the shape {:?}", shapes[0]));
        }
        let id = self.nodes.len();
        let root = match inputs.first() {
            Some(&first) if op.aliases() => self.roots[first],
            Some(_) | None => id,
        };
        self.roots.push(root);
        self.shapes.push(shapes);
        self.nodes.push(Node { op, inputs });
        Ok(Bound::Node(id))
    }

    /// The node of the value of `bound`.
    ///
    /// # Errors
    /// When it is no tensor, or libtorch fails.
    pub fn node(&mut self, bound: &Bound) -> Result<NodeId, String> {
        let pushed = match bound {
            Bound::Node(id) => return Ok(*id),
            Bound::Named(Named { name, shape }) => {
                if let Some(&id) = self.tensors.get(name) {
                    return Ok(id);
                }
                let pushed = self.push(Op::Tensor { name: name.clone(), shape: shape.clone() }, Vec::new())?;
                if let Bound::Node(id) = pushed {
                    self.tensors.insert(name.clone(), id);
                }
                pushed
            }
            Bound::Transposed(named) => {
                let matrix = self.node(&Bound::Named(named.clone()))?;
                let call = Call::new(
                    "transpose.int",
                    vec![arg("self", Argument::Tensor(0)), arg("dim0", Argument::int(0)), arg("dim1", Argument::int(1))],
                )?;
                self.push(Op::Call(call), vec![matrix])?
            }
            // A copy: a later in-place operation on the constant does not change what was read here.
            Bound::Constant(tensor) => self.push(Op::Constant(Constant::new(tensor).map_err(|error| error.to_string())?), Vec::new())?,
            Bound::Size(size) => return Err(format!("expected a tensor, found the integer {size:?}")),
            Bound::Absent(reason) => return Err(reason.clone()),
        };
        self.node(&pushed)
    }

    /// The value of the operation `name`; tensors in `given` are positions in `inputs`. Computed immediately where nothing can change it.
    ///
    /// # Errors
    /// When there is no such operation, or the arguments do not fit.
    pub fn call(&mut self, name: &str, given: Vec<(String, Argument)>, inputs: &[Bound]) -> Result<Bound, String> {
        let call = Call::new(name, given)?;
        let constants = |bound: &Bound| if let Bound::Constant(tensor) = bound { Some(tensor.shallow_clone()) } else { None };
        match inputs.iter().map(constants).collect::<Option<Vec<Tensor>>>() {
            Some(tensors) if !call.depends_on_batch() => self.compute(&call, &tensors),
            Some(_) | None => {
                let ids = inputs.iter().map(|bound| self.node(bound)).collect::<Result<Vec<_>, _>>()?;
                self.push(Op::Call(call), ids)
            }
        }
    }

    /// The value of a call on constants.
    fn compute(&mut self, call: &Call, inputs: &[Tensor]) -> Result<Bound, String> {
        let shapes: Vec<Vec<i64>> = inputs.iter().map(Tensor::size).collect();
        let shape = Op::Call(call.clone()).shape(&shapes.iter().collect::<Vec<_>>(), &self.input, 1)?;
        self.computed = self.computed.saturating_add(numel(&shape)?);
        if self.computed > LARGEST {
            return Err(format!(
                "expected constants of at most {LARGEST} numbers, found more with the shape {shape:?} of `{}`",
                call.name()
            ));
        }
        let inputs: Vec<&Tensor> = inputs.iter().collect();
        tch::no_grad(|| call.evaluate(&inputs, 1)).map(Bound::Constant).map_err(|error| error.to_string())
    }

    /// The shape of a tensor for one image.
    ///
    /// # Errors
    /// When it is no tensor.
    pub fn shape(&self, bound: &Bound) -> Result<Vec<i64>, String> {
        Ok(match bound {
            Bound::Node(id) => self.shapes[*id][0].clone(),
            Bound::Named(named) => named.shape.clone(),
            Bound::Transposed(named) => named.shape.iter().rev().copied().collect(),
            Bound::Constant(tensor) => tensor.size(),
            Bound::Size(size) => return Err(format!("expected a tensor, found the integer {size:?}")),
            Bound::Absent(reason) => return Err(reason.clone()),
        })
    }

    /// The size of a tensor along `dim`.
    ///
    /// # Errors
    /// When there is no such dimension.
    pub fn size(&self, bound: &Bound, dim: i64) -> Result<Size, String> {
        let shapes = match bound {
            Bound::Node(id) => self.shapes[*id].clone(),
            other => [self.shape(other)?, self.shape(other)?],
        };
        let rank = shapes[0].len() as i64;
        let index = usize::try_from(if dim < 0 { dim + rank } else { dim }).ok();
        let side = |shape: &Vec<i64>| {
            index.and_then(|index| shape.get(index)).copied().ok_or_else(|| format!("expected a dimension below {rank}, found {dim}"))
        };
        sizes::of_values(side(&shapes[0])?, side(&shapes[1])?)
    }

    /// Writes into a tensor as `name` does: in the place of the tensor stands the result from here on. Only where another name still shows its
    /// memory is it written in place.
    ///
    /// # Errors
    /// When the operation would change a parameter or the images, and as [`Importer::call`].
    pub fn call_in_place(&mut self, name: &str, given: Vec<(String, Argument)>, inputs: &[Bound]) -> Result<Bound, String> {
        let Some(target) = inputs.first() else { return Err(format!("`{name}` lacks its tensor")) };
        if inputs.iter().all(|bound| matches!(bound, Bound::Constant(_))) {
            return self.call(name, given, inputs);
        }
        let id = self.node(target)?;
        let (root, plain) = (self.roots[id], without_underscore(name));
        let shown = self.is_shown(id);
        let refuse = |what: &str| Err(format!("`{name}` writes into {what} of the network in place: write it without the underscore"));
        if matches!(self.nodes[root].op, Op::Tensor { .. } | Op::Constant(_)) {
            return refuse("a parameter or a constant");
        }
        if !shown && find(&plain).is_some() {
            let result = self.call(&plain, given, inputs)?;
            self.replace(id, &result);
            return Ok(result);
        }
        if root == 0 {
            return refuse("the images");
        }
        // What is written has to be the shown memory itself, not a copy of other strides.
        for node in self.nodes.iter_mut().zip(&self.roots).filter(|(_, of)| **of == root).map(|(node, _)| node) {
            if let (Op::Call(call), Some(view)) = (&mut node.op, find("view.default"))
                && call.name() == "reshape.default"
            {
                call.operation = view;
            }
        }
        self.call(name, given, inputs)
    }

    /// Whether another node, which is still to be read, shows the memory of node `id`.
    pub fn is_shown(&self, id: NodeId) -> bool {
        let is_shown = |(name, bound): (&&str, &Bound)| {
            matches!(bound, Bound::Node(other) if *other != id && self.roots[*other] == self.roots[id])
                && self.last_read.get(*name).is_some_and(|&last| last > self.step)
        };
        self.bound.iter().any(is_shown)
    }

    /// Lets every name of node `id` stand for `result`.
    pub fn replace(&mut self, id: NodeId, result: &Bound) {
        for bound in self.bound.values_mut().filter(|bound| matches!(bound, Bound::Node(other) if *other == id)) {
            *bound = result.clone();
        }
    }

    /// Compares the shape of the value called `name` with the one that the file states.
    ///
    /// # Errors
    /// When they differ.
    pub fn compare(&self, name: &str, bound: &Bound) -> Result<(), String> {
        let Some(stated) = self.program.shapes.get(name) else { return Ok(()) };
        let rank = self.shape(bound)?.len();
        let found = (0..rank).map(|dim| self.size(bound, dim as i64)).collect::<Result<Vec<_>, _>>()?;
        let fits = |(stated, found): (&Extent, &Size)| match (stated, found) {
            (Extent::Fixed(stated), Size::Fixed(found)) => stated == found,
            (Extent::Symbol { .. }, Size::PerImage(_)) => true,
            // The batch of an example may be 1 in a size that is only found to be constant here.
            (Extent::Symbol { hint, .. }, Size::Fixed(found)) => hint.is_none_or(|hint| hint == *found),
            (Extent::Fixed(_), Size::PerImage(_)) => false,
        };
        if stated.len() == rank && stated.iter().zip(&found).all(fits) {
            return Ok(());
        }
        Err(format!("the file states the shape {stated:?} of `{name}`, but its operations give {found:?}"))
    }
}

/// An argument by name.
pub fn arg(name: &str, argument: Argument) -> (String, Argument) {
    (name.to_owned(), argument)
}

/// `relu.default` of `relu_.default`.
fn without_underscore(name: &str) -> String {
    match name.split_once('.') {
        Some((base, overload)) => format!("{}.{overload}", base.strip_suffix('_').unwrap_or(base)),
        None => name.to_owned(),
    }
}

/// Whether the operation called `name` writes into its first tensor.
pub fn writes(name: &str) -> bool {
    find(name).is_some_and(|operation| operation.schema.aliasing == Aliasing::InPlace)
}

/// The device of constants while a program is read.
pub const DEVICE: Device = Device::Cpu;
