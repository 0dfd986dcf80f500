//! Storages: the flat buffers that tensors of a pickled checkpoint are views of.

use std::collections::HashMap;

use flatland_core::data::pickle::Value;

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

impl StorageId {
    /// Reads `('storage', torch.FloatStorage, key, location, numel[, view])`.
    pub fn parse(id: &Value) -> Result<Self, String> {
        let parts = id.as_slice().ok_or("expected a storage's id to be a tuple")?;
        let [tag, kind, key, _location, numel, rest @ ..] = parts else {
            return Err(format!("expected a storage's id of 5 or 6 parts, found {}", parts.len()));
        };
        if tag.as_str() != Some("storage") {
            return Err(format!("expected a storage's id, found {}", brief(tag)));
        }
        let Value::Global(kind) = kind else { return Err(format!("expected the type of a storage, found {}", brief(kind))) };
        let key = match key {
            Value::Int(key) => key.to_string(),
            other => other.as_str().ok_or("expected the key of a storage to be text")?.to_string(),
        };
        let view = match rest.first() {
            None | Some(Value::None) => None,
            Some(view) => match view.as_slice() {
                Some([_, offset, size]) => Some((index(offset)?, index(size)?)),
                _ => return Err(format!("expected a view (key, offset, size) of storage {key}, found {}", brief(view))),
            },
        };
        Ok(Self { key, dtype: Dtype::of_storage(&kind.name), numel: index(numel)?, view })
    }

    /// Whether both describe one buffer.
    pub fn is_same(&self, other: &Self) -> bool {
        (&self.dtype, self.numel) == (&other.dtype, other.numel)
    }

    /// Bytes of the whole buffer.
    pub fn bytes(&self) -> Result<usize, String> {
        self.numel.checked_mul(self.dtype.size()).ok_or_else(|| format!("storage {} claims {} elements", self.key, self.numel))
    }
}

/// A non-negative integer.
pub fn index(value: &Value) -> Result<usize, String> {
    value.as_i64().and_then(|n| usize::try_from(n).ok()).ok_or_else(|| format!("expected a non-negative integer, found {}", brief(value)))
}

/// Every storage that `value` refers to, by key.
pub fn storages(value: &Value) -> Result<HashMap<String, StorageId>, String> {
    let mut found: HashMap<String, StorageId> = HashMap::new();
    each(value, |value| {
        let Value::Persistent(id) = value else { return Ok(()) };
        let storage = StorageId::parse(id)?;
        match found.get(&storage.key) {
            Some(known) if !known.is_same(&storage) => return Err(disagree(&storage.key)),
            Some(_) => {}
            None => drop(found.insert(storage.key.clone(), storage)),
        }
        Ok(())
    })?;
    Ok(found)
}

/// Shows `visit` every part of `value` as often as it is met.
pub fn each<'v>(value: &'v Value, mut visit: impl FnMut(&'v Value) -> Result<(), String>) -> Result<(), String> {
    let mut stack = vec![value];
    while let Some(value) = stack.pop() {
        visit(value)?;
        match value {
            Value::List(items) | Value::Tuple(items) => stack.extend(items.iter().rev()),
            Value::Dict(pairs) => stack.extend(pairs.iter().rev().flat_map(|(key, value)| [value, key])),
            Value::Object(object) => {
                stack.extend(object.appended.iter().rev());
                stack.extend(object.items.iter().rev().flat_map(|(key, value)| [value, key]));
                stack.extend(&object.state);
                stack.push(&object.args);
            }
            Value::None
            | Value::Bool(_)
            | Value::Int(_)
            | Value::BigInt(_)
            | Value::Float(_)
            | Value::Bytes(_)
            | Value::Str(_)
            | Value::Global(_)
            | Value::Persistent(_) => {}
        }
    }
    Ok(())
}

/// What is said of a storage that is described in two ways.
pub fn disagree(key: &str) -> String {
    format!("storage {key} is described in two ways that do not agree")
}

/// A value as it stands in a message.
pub fn brief(value: &Value) -> String {
    let text = format!("{value:?}");
    match text.char_indices().nth(200) {
        Some((end, _)) => format!("{}..", &text[..end]),
        None => text,
    }
}
