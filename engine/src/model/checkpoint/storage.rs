//! Storages: the flat buffers that tensors of a pickled checkpoint are views of.

use std::collections::HashMap;

use flatland::data::pickle::{Global, Value};

use super::Dtype;

/// What a persistent id says of a storage.
#[derive(Clone, Debug, PartialEq)]
pub struct StorageId {
    /// Key of the buffer in the file.
    pub key: String,
    /// Element type.
    pub dtype: Dtype,
    /// Elements of the whole buffer.
    pub numel: usize,
    /// (first element, elements) where the storage is a view of the buffer (PyTorch before 0.4).
    pub view: Option<(usize, usize)>,
}

/// Little-endian bytes of each buffer by key.
pub type Storages = HashMap<String, Vec<u8>>;

impl StorageId {
    /// Reads `('storage', torch.FloatStorage, key, location, numel[, view])`.
    pub fn parse(id: &Value) -> Result<Self, String> {
        let parts = id.as_slice().ok_or("expected a storage's id to be a tuple")?;
        let [tag, kind, key, _location, numel, rest @ ..] = parts else {
            return Err(format!("expected a storage's id of 5 or 6 parts, found {}", parts.len()));
        };
        if tag.as_str() != Some("storage") {
            return Err(format!("expected a storage's id, found {tag:?}"));
        }
        let Value::Global(kind) = kind else { return Err(format!("expected the type of a storage, found {kind:?}")) };
        let key = match key {
            Value::Int(key) => key.to_string(),
            other => other.as_str().ok_or("expected the key of a storage to be text")?.to_string(),
        };
        let view = match rest.first() {
            None | Some(Value::None) => None,
            Some(view) => match view.as_slice() {
                Some([_, offset, size]) => Some((index(offset)?, index(size)?)),
                _ => return Err(format!("expected a view (key, offset, size) of storage {key}, found {view:?}")),
            },
        };
        Ok(Self { key, dtype: dtype(kind), numel: index(numel)?, view })
    }

    /// Bytes of the whole buffer.
    pub fn bytes(&self) -> Result<usize, String> {
        self.numel.checked_mul(self.dtype.size()).ok_or_else(|| format!("storage {} claims {} elements", self.key, self.numel))
    }
}

/// A non-negative integer.
pub fn index(value: &Value) -> Result<usize, String> {
    value.as_i64().and_then(|n| usize::try_from(n).ok()).ok_or_else(|| format!("expected a non-negative integer, found {value:?}"))
}

fn dtype(kind: &Global) -> Dtype {
    match kind.name.as_str() {
        "FloatStorage" => Dtype::F32,
        "DoubleStorage" => Dtype::F64,
        "HalfStorage" => Dtype::F16,
        "BFloat16Storage" => Dtype::Bf16,
        "LongStorage" => Dtype::I64,
        "IntStorage" => Dtype::I32,
        "ShortStorage" => Dtype::I16,
        "CharStorage" => Dtype::I8,
        "ByteStorage" => Dtype::U8,
        "BoolStorage" => Dtype::Bool,
        "ComplexFloatStorage" => Dtype::Other("complex64".into(), 8),
        "ComplexDoubleStorage" => Dtype::Other("complex128".into(), 16),
        "QInt32Storage" => Dtype::Other("qint32".into(), 4),
        name => Dtype::Other(name.to_lowercase().trim_end_matches("storage").into(), 1),
    }
}

/// Every storage that `value` refers to, each key once, in order of first appearance.
pub fn storages(value: &Value) -> Result<Vec<StorageId>, String> {
    let mut found: Vec<StorageId> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    let mut stack = vec![value];
    while let Some(value) = stack.pop() {
        match value {
            Value::Persistent(id) => {
                let storage = StorageId::parse(id)?;
                match known.get(&storage.key) {
                    Some(&at) if (&found[at].dtype, found[at].numel) != (&storage.dtype, storage.numel) => {
                        return Err(format!("storage {} is described in two ways that do not agree", storage.key));
                    }
                    Some(_) => {}
                    None => {
                        known.insert(storage.key.clone(), found.len());
                        found.push(storage);
                    }
                }
            }
            Value::List(items) | Value::Tuple(items) => stack.extend(items.iter().rev()),
            Value::Dict(pairs) => stack.extend(pairs.iter().rev().flat_map(|(key, value)| [value, key])),
            Value::Object(object) => {
                stack.extend(object.appended.iter().rev());
                stack.extend(object.items.iter().rev().flat_map(|(key, value)| [value, key]));
                stack.extend(&object.state);
                stack.push(&object.args);
            }
            _ => {}
        }
    }
    Ok(found)
}
