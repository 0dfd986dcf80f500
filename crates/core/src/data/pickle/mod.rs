//! A pickle reader that executes nothing. To Python, checkpoints and CIFAR batches are programs; here they are only data.
//!
//! [`parse`] runs the opcodes of protocols 0 to 5 on an arena of inert nodes. `REDUCE`, `NEWOBJ`, `INST` and `OBJ` never
//! call anything: they make an [`Object`] that records what would have been called. [`globals`] lists everything a
//! stream refers to, broken streams included. Size, depth and expansion are bounded; every malformed stream is an error.
//! Source: CPython `Lib/pickletools.py`. Written here because `serde-pickle` refuses
//! globals and persistent ids, which every checkpoint contains. Deliberately absent: `EXT1/2/4` and out-of-band buffers.

mod machine;
mod resolve;
mod text;

use std::borrow::Cow;
use std::sync::Arc;

/// Largest number of nodes of one stream.
const MAX_NODES: usize = 4_000_000;
/// Deepest nesting of values.
const MAX_DEPTH: usize = 500;
/// Largest number of nodes when shared parts are counted each time.
const MAX_EXPANDED: u64 = 16_000_000;

/// Why a pickle cannot be read.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PickleError {
    /// The stream ends early.
    #[error("the pickle is cut off: expected {expected} at byte {offset}, found the end")]
    Truncated {
        /// Where.
        offset: usize,
        /// What should have been there.
        expected: &'static str,
    },
    /// The stream is not a pickle, or one of a kind that is refused.
    #[error("not a valid pickle: {message} at byte {offset}")]
    Malformed {
        /// Where.
        offset: usize,
        /// What was expected and found.
        message: String,
    },
    /// The values are nested too deeply, refer to themselves or are too many.
    #[error("the pickle is refused: {0}")]
    Refused(String),
}

/// A name that the stream would import, `module.name`. Nothing is imported.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Global {
    /// For example `torch._utils`; empty when the stream computes what it calls.
    pub module: String,
    /// For example `_rebuild_tensor_v2`.
    pub name: String,
}

impl Global {
    /// Whether this is `module.name`.
    pub fn is(&self, module: &str, name: &str) -> bool {
        self.module == module && self.name == name
    }
}

impl std::fmt::Display for Global {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.module.is_empty() { f.write_str(&self.name) } else { write!(f, "{}.{}", self.module, self.name) }
    }
}

/// The object that calling `constructor` on `args` would have made, with the later changes to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Object {
    /// What would have been called; `<computed>` when it is itself the result of a call.
    pub constructor: Global,
    /// Its arguments, mostly a tuple; for `NEWOBJ_EX` a pair (tuple, dict).
    pub args: Value,
    /// What `BUILD` would have set (`__setstate__`).
    pub state: Option<Value>,
    /// What `SETITEM(S)` would have put in, in file order.
    pub items: Vec<(Value, Value)>,
    /// What `APPEND(S)` and `ADDITEMS` would have added, in file order.
    pub appended: Vec<Value>,
}

/// A value of the stream. Shared parts are shared here too; cloning is cheap.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `None`
    None,
    /// `bool`
    Bool(bool),
    /// `int` that fits
    Int(i64),
    /// Larger `int`, two's complement little endian.
    BigInt(Arc<[u8]>),
    /// `float`
    Float(f64),
    /// `bytes`, `bytearray`, and strings of Python 2 that are not UTF-8.
    Bytes(Arc<[u8]>),
    /// `str`, and strings of Python 2 that are UTF-8; [`Value::as_bytes`] gives the bytes of both.
    Str(Arc<str>),
    /// `list`, `set`
    List(Arc<Vec<Value>>),
    /// `tuple`, `frozenset`
    Tuple(Arc<Vec<Value>>),
    /// `dict`, pairs in file order; of equal keys the last counts.
    Dict(Arc<Vec<(Value, Value)>>),
    /// A class or function.
    Global(Arc<Global>),
    /// The object that a call would have made.
    Object(Arc<Object>),
    /// What `persistent_load` would have been given; PyTorch's storages.
    Persistent(Arc<Value>),
}

impl Value {
    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::Str(text) => Some(text),
            Value::Bytes(bytes) => std::str::from_utf8(bytes).ok(),
            _ => None,
        }
    }

    /// The bytes of a string or bytes object.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Value::Str(text) => Some(text.as_bytes()),
            Value::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The bytes of a string or bytes object, also where they are the call that protocols 0 to 2 write for them.
    pub fn to_bytes(&self) -> Option<Cow<'_, [u8]>> {
        match self {
            // Python 3 writes bytes as `_codecs.encode(text, "latin1")`.
            Value::Object(object) if object.constructor.is("_codecs", "encode") => {
                let text = object.args.as_slice()?.first()?.as_str()?;
                text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect::<Option<Vec<u8>>>().map(Cow::Owned)
            }
            // `bytearray(b"..")` before protocol 5.
            Value::Object(object) if object.constructor.name == "bytearray" => object.args.as_slice()?.first()?.to_bytes(),
            other => other.as_bytes().map(Cow::Borrowed),
        }
    }

    /// An integer (or bool) that fits.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Value::Int(n) => Some(*n),
            Value::Bool(b) => Some(i64::from(*b)),
            _ => None,
        }
    }

    /// The elements of a list or tuple.
    pub fn as_slice(&self) -> Option<&[Value]> {
        match self {
            Value::List(items) | Value::Tuple(items) => Some(items),
            _ => None,
        }
    }

    /// The pairs of a dict, or of an object that was filled like one (`OrderedDict`), in file order.
    pub fn as_pairs(&self) -> Option<&[(Value, Value)]> {
        match self {
            Value::Dict(pairs) => Some(pairs),
            Value::Object(object) if !object.items.is_empty() || object.constructor.is("collections", "OrderedDict") => Some(&object.items),
            _ => None,
        }
    }

    /// The value under the string `key` in a dict or an object filled like one.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.as_pairs()?.iter().rev().find(|(k, _)| k.as_str() == Some(key)).map(|(_, v)| v)
    }

    /// The object.
    pub fn as_object(&self) -> Option<&Object> {
        match self {
            Value::Object(object) => Some(object),
            _ => None,
        }
    }
}

/// Reads one pickle from the start of `bytes`: its value and the number of bytes it took.
///
/// # Errors
/// When the stream is cut off, malformed, refers to itself or exceeds the bounds of this module.
pub fn parse(bytes: &[u8]) -> Result<(Value, usize), PickleError> {
    let mut machine = machine::Machine::new(bytes);
    let root = machine.run()?;
    Ok((machine.value(root)?, machine.consumed()))
}

/// Everything the first pickle in `bytes` refers to, sorted, each once; for a malformed stream everything before its error.
pub fn globals(bytes: &[u8]) -> Vec<Global> {
    let mut machine = machine::Machine::new(bytes);
    // A malformed stream still refers to the globals before its error.
    let _ = machine.run();
    machine.globals()
}

#[cfg(test)]
mod tests;
