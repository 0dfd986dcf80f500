//! [`Schema`]: name and parameters of an operation, parsed from PyTorch's notation.
//!
//! `conv2d(Tensor input, Tensor weight, Tensor? bias=None, SymInt[2] stride=1, *, bool flag=False) -> Tensor`; `(a)` after the type of the first
//! tensor says that the value is a view of it, `(a!)` that it is written.

use super::argument::{Argument, Size};
use super::definition::Aliasing;

/// What a parameter takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterKind {
    /// One tensor.
    Tensor,
    /// A list of tensors.
    Tensors,
    /// An integer.
    Int,
    /// A list of integers; one integer stands for `length` equal ones.
    Ints {
        /// Number of integers that a single one stands for.
        length: usize,
    },
    /// A float; integers are taken too.
    Float,
    /// A list of floats.
    Floats,
    /// An integer or a float.
    Scalar,
    /// A truth value.
    Bool,
    /// A text.
    Text,
    /// An element type.
    Kind,
    /// A device, layout or memory format, which evaluation does not read.
    Unread,
}

/// A parameter of an operation.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Name in the schema.
    pub name: String,
    /// What it takes.
    pub kind: ParameterKind,
    /// Whether it may be absent (`?`).
    pub optional: bool,
    /// Its value where a program gives none; `None` when it has to be given.
    pub default: Option<Argument>,
}

impl Parameter {
    /// `argument` where it is of this parameter's kind.
    ///
    /// # Errors
    /// When it is of another kind.
    pub fn accept(&self, argument: Argument) -> Result<Argument, String> {
        use ParameterKind as Kind;
        let fits = match (&argument, self.kind) {
            (Argument::None, _) => self.optional || self.kind == Kind::Unread,
            (_, Kind::Unread) => return Ok(Argument::None),
            // PyTorch writes a number where an operation takes a tensor of one element.
            (Argument::Tensor(_), kind) => matches!(kind, Kind::Tensor),
            (Argument::Int(_) | Argument::Float(_), Kind::Tensor | Kind::Scalar | Kind::Float) => true,
            (Argument::Bool(_), Kind::Bool | Kind::Scalar) => true,
            (Argument::Int(size), Kind::Ints { length }) => return Ok(Argument::Ints(vec![*size; length])),
            (Argument::Int(_), kind) => kind == Kind::Int,
            (Argument::Float(_), _) => false,
            (Argument::Bool(_), _) => false,
            (Argument::Ints(list), Kind::Floats | Kind::Tensors) if list.is_empty() => true,
            (Argument::Tensors(_), kind) => kind == Kind::Tensors,
            (Argument::Ints(_), kind) => matches!(kind, Kind::Ints { .. }),
            (Argument::Floats(_), kind) => kind == Kind::Floats,
            (Argument::Text(_), kind) => kind == Kind::Text,
            (Argument::Kind(_), kind) => kind == Kind::Kind,
        };
        if fits { Ok(argument) } else { Err(format!("expected {:?} for `{}`, found {}", self.kind, self.name, argument.describe())) }
    }
}

/// Name and parameters of an operation.
#[derive(Clone, Debug, PartialEq)]
pub struct Schema {
    /// Name with the overload, e.g. `add.Tensor`, `relu.default`.
    pub name: String,
    /// Parameters in order.
    pub parameters: Vec<Parameter>,
    /// Whether the value shares memory with an argument.
    pub aliasing: Aliasing,
}

impl Schema {
    /// Parses a schema of a row of this program; a test parses them all.
    pub fn parse(text: &str) -> Self {
        let (name, rest) = text.split_once('(').unwrap_or((text, ""));
        let parameters = rest.rsplit_once(") ->").map_or("", |(parameters, _)| parameters);
        let name = if name.contains('.') { name.to_owned() } else { format!("{name}.default") };
        let aliasing = match (parameters.contains("(a!)"), parameters.contains("(a)") || parameters.contains("(a -> *)")) {
            (true, _) => Aliasing::InPlace,
            (false, true) => Aliasing::View,
            (false, false) => Aliasing::Fresh,
        };
        let parameters = split(parameters).into_iter().filter(|part| part != "*").map(|part| parameter(&part)).collect();
        Self { name, parameters, aliasing }
    }
}

/// The parts between commas outside of brackets.
fn split(parameters: &str) -> Vec<String> {
    let (mut parts, mut depth) = (vec![String::new()], 0);
    for letter in parameters.chars() {
        match letter {
            '[' | '(' => depth += 1,
            ']' | ')' => depth -= 1,
            _ => {}
        }
        match parts.last_mut() {
            Some(part) if letter != ',' || depth > 0 => part.push(letter),
            Some(_) | None => parts.push(String::new()),
        }
    }
    parts.iter().map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
}

/// `SymInt[2] stride=1`
fn parameter(text: &str) -> Parameter {
    let (text, default) = text.split_once('=').map_or((text, None), |(text, default)| (text, Some(default)));
    let (kind, name) = text.rsplit_once(' ').unwrap_or((text, ""));
    let kind = ["(a!)", "(a)", "(a -> *)"].iter().fold(kind.to_owned(), |kind, alias| kind.replace(alias, ""));
    let optional = kind.ends_with('?');
    let kind = kind.trim_end_matches('?');
    let (base, list) = match kind.split_once('[') {
        Some((base, length)) => (base, Some(length.trim_end_matches(']').parse().unwrap_or(1))),
        None => (kind, None),
    };
    let kind = match (base.trim_end_matches('?'), list) {
        ("Tensor", None) => ParameterKind::Tensor,
        ("Tensor", Some(_)) => ParameterKind::Tensors,
        ("int" | "SymInt", None) => ParameterKind::Int,
        ("int" | "SymInt", Some(length)) => ParameterKind::Ints { length },
        ("float", None) => ParameterKind::Float,
        ("float", Some(_)) => ParameterKind::Floats,
        ("Scalar", _) => ParameterKind::Scalar,
        ("bool", _) => ParameterKind::Bool,
        ("str", _) => ParameterKind::Text,
        ("ScalarType", _) => ParameterKind::Kind,
        _ => ParameterKind::Unread,
    };
    let default = default.map(|default| value(kind, default));
    Parameter { name: name.to_owned(), kind, optional, default }
}

/// The default value `text` of a parameter.
fn value(kind: ParameterKind, text: &str) -> Argument {
    let text = text.trim();
    let int = |text: &str| text.trim().parse().map(Size::Fixed).unwrap_or(Size::Fixed(0));
    match (kind, text) {
        (_, "None") => Argument::None,
        (ParameterKind::Int, text) => Argument::Int(int(text)),
        (ParameterKind::Ints { length }, text) => match text.strip_prefix('[') {
            Some(list) => Argument::Ints(split(list.trim_end_matches(']')).iter().map(|part| int(part)).collect()),
            None => Argument::Ints(vec![int(text); length]),
        },
        (ParameterKind::Float, text) => Argument::Float(text.parse().unwrap_or(0.0)),
        (ParameterKind::Scalar, text) => match text.parse() {
            Ok(value) => Argument::Int(Size::Fixed(value)),
            Err(_) => Argument::Float(text.parse().unwrap_or(0.0)),
        },
        (ParameterKind::Bool, text) => Argument::Bool(text == "True"),
        (ParameterKind::Text, text) => Argument::Text(text.trim_matches(['"', '\'']).to_owned()),
        (ParameterKind::Tensor | ParameterKind::Tensors | ParameterKind::Floats | ParameterKind::Kind | ParameterKind::Unread, _) => {
            Argument::None
        }
    }
}
