//! [`Operator`]: a node of an ONNX graph with what its inputs stand for. What a translation does not look at is an error: it may matter.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use prost::bytes::Bytes;

use super::super::Extent;
use super::literal::{Literal, decimal};
use super::message::{Attribute, Node, Tensor, decode};
use super::translator::Translator;
use super::value::{Integers, TensorValue, Value};
use crate::model::checkpoint::exported_program::text::short;

/// What the outputs of a node stand for.
pub type Translate = fn(&mut Translator, &Operator) -> Result<Vec<Value>, String>;

/// A node.
pub struct Operator {
    /// Its operation, `Conv`.
    pub name: String,
    /// How many of its outputs have a name.
    pub outputs: usize,
    inputs: Vec<Option<Value>>,
    attributes: BTreeMap<String, Setting>,
    /// Attributes and inputs that the translation has looked at.
    seen: RefCell<(BTreeSet<String>, BTreeSet<usize>)>,
}

/// The value of an attribute.
enum Setting {
    Float(f32),
    Int(i64),
    Text(String),
    Tensor(Literal),
    Floats(Vec<f32>),
    Ints(Vec<i64>),
    Other,
}

impl Operator {
    /// The node of a message of the file `bytes`.
    ///
    /// # Errors
    /// When an input is not defined, or an attribute broken.
    pub fn read(node: &Node, translator: &Translator, bytes: &Bytes) -> Result<Self, String> {
        let value = |name: &String| match name.as_str() {
            "" => Ok(None),
            name => translator
                .values
                .get(name)
                .cloned()
                .map(Some)
                .ok_or_else(|| format!("the value `{}` is used before it is defined", short(name))),
        };
        let inputs = node.input.iter().map(value).collect::<Result<_, _>>()?;
        let mut attributes = BTreeMap::new();
        for attribute in &node.attribute {
            let attribute: Attribute = decode(attribute, "an attribute")?;
            let setting = match (attribute.kind, attribute.t) {
                (1, _) => Setting::Float(attribute.f),
                (2, _) => Setting::Int(attribute.i),
                (3, _) => Setting::Text(String::from_utf8_lossy(&attribute.s).into_owned()),
                (4, Some(tensor)) => Setting::Tensor(Literal::read(decode::<Tensor>(&tensor, "a tensor")?, bytes)?),
                (6, _) => Setting::Floats(attribute.floats),
                (7, _) => Setting::Ints(attribute.ints),
                _ => Setting::Other,
            };
            attributes.insert(attribute.name, setting);
        }
        let outputs = node.output.iter().filter(|name| !name.is_empty()).count();
        Ok(Self { name: node.op_type.clone(), outputs, inputs, attributes, seen: RefCell::default() })
    }

    /// Refuses what the translation has not looked at.
    ///
    /// # Errors
    /// When there is an attribute or an input that was not asked for.
    pub fn all_seen(&self) -> Result<(), String> {
        let seen = self.seen.borrow();
        if let Some(name) = self.attributes.keys().find(|name| !seen.0.contains(*name)) {
            return Err(format!("the attribute `{}` of `{}` is not supported", short(name), self.name));
        }
        match (0..self.inputs.len()).find(|place| self.inputs[*place].is_some() && !seen.1.contains(place)) {
            Some(place) => Err(format!("input {place} of `{}` is not supported", self.name)),
            None => Ok(()),
        }
    }

    /// The input at `place`, where there is one.
    pub fn optional(&self, place: usize) -> Option<&Value> {
        self.seen.borrow_mut().1.insert(place);
        self.inputs.get(place).and_then(Option::as_ref)
    }

    /// The input at `place`.
    ///
    /// # Errors
    /// When there is none.
    pub fn value(&self, place: usize) -> Result<&Value, String> {
        self.optional(place).ok_or_else(|| format!("`{}` lacks its input {place}", self.name))
    }

    /// All inputs.
    ///
    /// # Errors
    /// When one is left out.
    pub fn all(&self) -> Result<Vec<&Value>, String> {
        (0..self.inputs.len()).map(|place| self.value(place)).collect()
    }

    /// The input at `place` as a tensor of the program.
    ///
    /// # Errors
    /// When there is none, or it is not one.
    pub fn tensor(&self, translator: &mut Translator, place: usize) -> Result<TensorValue, String> {
        translator.tensor(self.value(place)?)
    }

    /// The input at `place`, which the network has learned.
    ///
    /// # Errors
    /// When there is none, or it is a constant of the file.
    pub fn weight(&self, translator: &mut Translator, place: usize) -> Result<TensorValue, String> {
        let tensor = self.tensor(translator, place)?;
        translator.learned(tensor)
    }

    /// The number at `place`; `None` where there is no such input.
    ///
    /// # Errors
    /// When it is computed from images or parameters.
    pub fn number(&self, place: usize) -> Result<Option<f64>, String> {
        match self.optional(place) {
            None => Ok(None),
            Some(Value::Number { value, .. }) => Ok(Some(*value)),
            Some(Value::Integers(Integers { values, .. })) if matches!(values.as_slice(), [Extent::Fixed(_)]) => {
                Ok(values.first().and_then(fixed).map(|value| value as f64))
            }
            Some(other) => Err(self.wrong(place, "a constant number", other)),
        }
    }

    /// The integers at `place`; `None` where there is no such input.
    ///
    /// # Errors
    /// When it is computed from images or parameters.
    pub fn integers(&self, place: usize) -> Result<Option<&Integers>, String> {
        match self.optional(place) {
            None => Ok(None),
            Some(Value::Integers(integers)) => Ok(Some(integers)),
            Some(other) => Err(self.wrong(place, "integers", other)),
        }
    }

    /// The constant integers at `place`; `None` where there is no such input.
    ///
    /// # Errors
    /// When they are not constant.
    pub fn constants(&self, place: usize) -> Result<Option<Vec<i64>>, String> {
        let Some(integers) = self.integers(place)? else { return Ok(None) };
        let constants: Option<Vec<i64>> = integers.values.iter().map(fixed).collect();
        constants.map(Some).ok_or_else(|| format!("expected constant integers as input {place} of `{}`, found sizes of tensors", self.name))
    }

    /// Axes: an attribute before opset 13 or 18, an input since.
    ///
    /// # Errors
    /// When they are not constant.
    pub fn axes(&self, place: usize) -> Result<Option<Vec<i64>>, String> {
        match self.ints("axes")? {
            Some(axes) => Ok(Some(axes)),
            None => self.constants(place),
        }
    }

    /// The float called `name`; `default` where it is not stated.
    ///
    /// # Errors
    /// When it is something else.
    pub fn float(&self, name: &str, default: f64) -> Result<f64, String> {
        match self.setting(name) {
            None => Ok(default),
            Some(Setting::Float(value)) => Ok(decimal(*value)),
            Some(_) => Err(self.unfit(name, "a number")),
        }
    }

    /// The integer called `name`; `default` where it is not stated.
    ///
    /// # Errors
    /// When it is something else.
    pub fn int(&self, name: &str, default: i64) -> Result<i64, String> {
        match self.setting(name) {
            None => Ok(default),
            Some(Setting::Int(value)) => Ok(*value),
            Some(_) => Err(self.unfit(name, "an integer")),
        }
    }

    /// The integers called `name`, where they are stated.
    ///
    /// # Errors
    /// When they are something else.
    pub fn ints(&self, name: &str) -> Result<Option<Vec<i64>>, String> {
        match self.setting(name) {
            None => Ok(None),
            Some(Setting::Ints(values)) => Ok(Some(values.clone())),
            Some(_) => Err(self.unfit(name, "integers")),
        }
    }

    /// The text called `name`; `default` where it is not stated.
    ///
    /// # Errors
    /// When it is something else.
    pub fn text(&self, name: &str, default: &str) -> Result<String, String> {
        match self.setting(name) {
            None => Ok(default.to_owned()),
            Some(Setting::Text(text)) => Ok(text.clone()),
            Some(_) => Err(self.unfit(name, "text")),
        }
    }

    /// The tensor called `name`, where it is stated.
    ///
    /// # Errors
    /// When it is something else.
    pub fn literal(&self, name: &str) -> Result<Option<&Literal>, String> {
        match self.setting(name) {
            None => Ok(None),
            Some(Setting::Tensor(literal)) => Ok(Some(literal)),
            Some(_) => Err(self.unfit(name, "a tensor")),
        }
    }

    /// The floats called `name`, where they are stated.
    ///
    /// # Errors
    /// When they are something else.
    pub fn floats(&self, name: &str) -> Result<Option<Vec<f64>>, String> {
        match self.setting(name) {
            None => Ok(None),
            Some(Setting::Floats(values)) => Ok(Some(values.iter().copied().map(decimal).collect())),
            Some(_) => Err(self.unfit(name, "numbers")),
        }
    }

    /// Refuses an attribute that has another value than `expected`.
    ///
    /// # Errors
    /// When it has.
    pub fn require(&self, name: &str, expected: i64) -> Result<(), String> {
        match self.int(name, expected)? {
            found if found == expected => Ok(()),
            found => Err(format!("expected {name} = {expected} of `{}`, found {found}, which is not supported", self.name)),
        }
    }

    fn setting(&self, name: &str) -> Option<&Setting> {
        self.seen.borrow_mut().0.insert(name.to_owned());
        self.attributes.get(name)
    }

    fn unfit(&self, name: &str, expected: &str) -> String {
        format!("expected {expected} as the attribute `{name}` of `{}`, found something else", self.name)
    }

    fn wrong(&self, place: usize, expected: &str, found: &Value) -> String {
        format!("expected {expected} as input {place} of `{}`, found {}", self.name, found.describe())
    }
}

/// The number of a constant extent.
pub fn fixed(extent: &Extent) -> Option<i64> {
    match extent {
        Extent::Fixed(value) => Some(*value),
        Extent::Symbol { .. } => None,
    }
}
