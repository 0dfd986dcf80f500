//! [`Translator`]: the program of an ONNX graph so far.

use std::collections::{HashMap, HashSet};

use super::super::{Entry, Extent, ProgramArgument, ProgramInput, ProgramNode, ProgramResult};
use super::literal::Literal;
use super::value::{TensorValue, Value};
use crate::model::checkpoint::exported_program::text::short;

/// Operations of PyTorch, and what the names of the ONNX graph stand for.
#[derive(Default)]
pub struct Translator {
    pub nodes: Vec<ProgramNode>,
    pub inputs: Vec<ProgramInput>,
    /// Constant tensors of the program.
    pub constants: Vec<Entry>,
    /// What each name of the ONNX graph stands for.
    pub values: HashMap<String, Value>,
    /// Shapes of the tensors of the state dict by name.
    pub weights: HashMap<String, Vec<i64>>,
    /// How often each name is read.
    uses: HashMap<String, usize>,
    /// Matrices of the state dict by the names of their transposes.
    pub transposed: HashMap<String, TensorValue>,
    /// Affine maps without a bias: their numbers among the operations by value.
    pub without_bias: HashMap<String, usize>,
    /// Symbols that are sizes of tensors, or products of sizes: they are never negative.
    sizes: HashSet<String>,
    /// Floats of the file that are no tensors of the state dict.
    unnamed: HashSet<String>,
    /// Names that were made here.
    made: HashSet<String>,
    /// How many were made.
    count: usize,
    /// The line of the network's source of the operation that is translated.
    pub line: Option<String>,
}

impl Translator {
    /// Nothing yet; `uses` says how often each name will be read.
    pub fn new(uses: HashMap<String, usize>) -> Self {
        Self { uses, ..Self::default() }
    }

    /// Adds an operation of one value, a tensor of `rank` dimensions.
    pub fn emit(&mut self, target: &str, arguments: Vec<(&str, ProgramArgument)>, rank: usize) -> Value {
        let name = self.fresh();
        self.push(target, arguments, ProgramResult::Tensor(name.clone()));
        Value::Tensor(TensorValue { name, rank })
    }

    /// Adds an operation of `count` values of `rank` dimensions.
    pub fn emit_several(&mut self, target: &str, arguments: Vec<(&str, ProgramArgument)>, count: usize, rank: usize) -> Vec<Value> {
        let names: Vec<String> = (0..count).map(|_| self.fresh()).collect();
        self.push(target, arguments, ProgramResult::Tensors(names.clone()));
        names.into_iter().map(|name| Value::Tensor(TensorValue { name, rank })).collect()
    }

    /// The size of `tensor` along `dim`.
    pub fn size(&mut self, tensor: &TensorValue, dim: usize) -> Extent {
        if let Some(side) = self.weights.get(&tensor.name).and_then(|shape| shape.get(dim)) {
            return Extent::Fixed(*side);
        }
        let arguments = vec![("self", ProgramArgument::Tensor(tensor.name.clone())), ("dim", int(dim as i64))];
        let symbol = self.symbol("aten.sym_size.int", arguments);
        self.sizes.insert(symbol.clone());
        Extent::Symbol { name: symbol, hint: None }
    }

    /// `a` and `b` combined by an operation of Python's module `operator`.
    ///
    /// # Errors
    /// When the result is no integer of 64 bits, or the operation is not one of arithmetic.
    pub fn operate(&mut self, operation: &str, a: &Extent, b: &Extent) -> Result<Extent, String> {
        if let (Extent::Fixed(a), Extent::Fixed(b)) = (a, b) {
            let value = match operation {
                "mul" => a.checked_mul(*b),
                "add" => a.checked_add(*b),
                "sub" => a.checked_sub(*b),
                "mod" => a.checked_rem_euclid(*b).filter(|_| *b > 0),
                "floordiv" => a.checked_div_euclid(*b).filter(|_| *a >= 0 && *b > 0),
                _ => None,
            };
            return value.map(Extent::Fixed).ok_or_else(|| format!("expected a size, found {operation} of {a} and {b}"));
        }
        let symbol = self.symbol(&format!("_operator.{operation}"), vec![("a", integer(a)), ("b", integer(b))]);
        if operation != "sub" && self.is_size(a) && self.is_size(b) {
            self.sizes.insert(symbol.clone());
        }
        Ok(Extent::Symbol { name: symbol, hint: None })
    }

    /// Whether `a` and `b` are equal, where that can be known.
    ///
    /// # Errors
    /// When it depends on the size of a tensor.
    pub fn equal(&self, a: &Extent, b: &Extent) -> Result<bool, String> {
        match (a, b) {
            (Extent::Fixed(a), Extent::Fixed(b)) => Ok(a == b),
            (Extent::Symbol { name: a, .. }, Extent::Symbol { name: b, .. }) if a == b => Ok(true),
            (Extent::Fixed(value), size) | (size, Extent::Fixed(value)) if *value < 0 && self.is_size(size) => Ok(false),
            _ => Err("the comparison of two sizes of tensors, or of one with a number, is not supported".into()),
        }
    }

    /// The value as a tensor of the program.
    ///
    /// # Errors
    /// When it was computed as integers that stand for shapes or axes, or is not supported.
    pub fn tensor(&mut self, value: &Value) -> Result<TensorValue, String> {
        match value {
            Value::Tensor(tensor) => Ok(tensor.clone()),
            Value::Number { value, shape } => {
                let arguments = vec![("size", ProgramArgument::Ints(shape.clone())), ("fill_value", ProgramArgument::Float(*value))];
                let made = self.emit("aten.full.default", arguments, shape.len());
                self.tensor(&made)
            }
            Value::Integers(integers) => match &integers.literal {
                Some(literal) => {
                    let name = self.fresh();
                    self.constant(&name, literal)
                }
                None => Err("expected a tensor, found integers that are computed from shapes".into()),
            },
            Value::Rows(_) => Err("expected a tensor, found integers of two dimensions".into()),
            Value::Absent => Err("an output of an operation is read that is not supported".into()),
        }
    }

    /// A constant tensor of the program.
    ///
    /// # Errors
    /// When the file holds its numbers in a form of its own.
    pub fn constant(&mut self, name: &str, literal: &Literal) -> Result<TensorValue, String> {
        self.constants.push(literal.entry(name)?);
        self.inputs.push(ProgramInput::Constant { value: name.to_owned(), name: name.to_owned() });
        if literal.dtype.is_float() {
            self.unnamed.insert(name.to_owned());
        }
        Ok(TensorValue { name: name.to_owned(), rank: literal.shape.len() })
    }

    /// Refuses a weight that is a constant of the file: under which name the network has it is not known.
    ///
    /// # Errors
    /// When `tensor` is one.
    pub fn learned(&self, tensor: TensorValue) -> Result<TensorValue, String> {
        if self.unnamed.contains(&tensor.name) {
            return Err(format!("expected a weight under its name in the state dict, found the constant `{}`", short(&tensor.name)));
        }
        Ok(tensor)
    }

    /// Defines what `name` stands for; a value that was made here takes this name.
    ///
    /// # Errors
    /// When the name stands for something already.
    pub fn define(&mut self, name: &str, mut value: Value) -> Result<(), String> {
        if let Value::Tensor(tensor) = &mut value
            && self.made.remove(&tensor.name)
        {
            let old = std::mem::replace(&mut tensor.name, name.to_owned());
            self.rename(&old, name);
        }
        match self.values.insert(name.to_owned(), value) {
            Some(_) => Err(format!("the value `{}` is defined twice", short(name))),
            None => Ok(()),
        }
    }

    fn rename(&mut self, old: &str, new: &str) {
        let names = self.nodes.iter_mut().rev().flat_map(|node| &mut node.outputs).flat_map(|output| match output {
            ProgramResult::Tensor(name) | ProgramResult::Symbol(name) => std::slice::from_mut(name),
            ProgramResult::Tensors(names) => names.as_mut_slice(),
            ProgramResult::Nothing => &mut [],
        });
        if let Some(name) = names.into_iter().find(|name| *name == old) {
            new.clone_into(name);
        }
        if let Some(step) = self.without_bias.remove(old) {
            self.without_bias.insert(new.to_owned(), step);
        }
        if let Some(matrix) = self.transposed.remove(old) {
            self.transposed.insert(new.to_owned(), matrix);
        }
    }

    /// Whether one operation reads `name`.
    pub fn is_read_once(&self, name: &str) -> bool {
        self.uses.get(name) == Some(&1)
    }

    fn is_size(&self, extent: &Extent) -> bool {
        match extent {
            Extent::Fixed(value) => *value >= 0,
            Extent::Symbol { name, .. } => self.sizes.contains(name),
        }
    }

    fn symbol(&mut self, target: &str, arguments: Vec<(&str, ProgramArgument)>) -> String {
        let name = self.fresh();
        self.push(target, arguments, ProgramResult::Symbol(name.clone()));
        name
    }

    fn push(&mut self, target: &str, arguments: Vec<(&str, ProgramArgument)>, output: ProgramResult) {
        let arguments = arguments.into_iter().map(|(name, argument)| (name.to_owned(), argument)).collect();
        self.nodes.push(ProgramNode { target: target.to_owned(), arguments, outputs: vec![output], line: self.line.clone() });
    }

    /// A name that no value of the graph has.
    pub fn fresh(&mut self) -> String {
        loop {
            self.count += 1;
            let name = format!("computed_{}", self.count);
            if !self.values.contains_key(&name) && !self.uses.contains_key(&name) {
                self.made.insert(name.clone());
                return name;
            }
        }
    }
}

/// A constant integer as an argument.
pub fn int(value: i64) -> ProgramArgument {
    ProgramArgument::Int(Extent::Fixed(value))
}

/// An integer as an argument.
pub fn integer(extent: &Extent) -> ProgramArgument {
    ProgramArgument::Int(extent.clone())
}

/// Constant integers as an argument.
pub fn ints(values: &[i64]) -> ProgramArgument {
    ProgramArgument::Ints(values.iter().map(|&value| Extent::Fixed(value)).collect())
}

/// A tensor as an argument.
pub fn tensor(value: &TensorValue) -> ProgramArgument {
    ProgramArgument::Tensor(value.name.clone())
}
