//! [`Embedded`]: a storage within the pickle, as `pickle.dump` of a tensor writes it: `torch.storage._load_from_bytes` of a legacy
//! checkpoint that holds the storage alone. Nothing is called.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use flatland_core::data::pickle::Value;

use super::legacy_pickle;
use super::storage::{self, StorageId};

/// The elements of a storage within bytes of the pickle.
#[derive(Clone, Debug)]
pub(super) struct Embedded {
    bytes: Arc<[u8]>,
    span: Range<usize>,
}

impl Embedded {
    /// The storage that `value` describes, and its description; `None` when it describes none.
    pub(super) fn parse(value: &Value) -> Option<Result<(Self, StorageId), String>> {
        let bytes = bytes(value)?;
        Some(legacy_pickle::parts(&bytes).and_then(|parts| {
            let Value::Persistent(id) = &parts.object else { return Err("expected a storage alone in the bytes of a storage".into()) };
            let id = StorageId::parse(id)?;
            let span = parts.storages.get(&id.key).cloned().ok_or_else(|| format!("storage {} is not in its bytes", id.key))?;
            Ok((Self { bytes, span }, id))
        }))
    }

    /// The elements, little endian.
    pub(super) fn data(&self) -> &[u8] {
        self.bytes.get(self.span.clone()).unwrap_or_default()
    }
}

/// Globals that the storages within `value` refer to.
pub(super) fn globals(value: &Value) -> Result<Vec<String>, String> {
    let mut found = BTreeSet::new();
    storage::each(value, |value| {
        found.extend(bytes(value).into_iter().flat_map(|bytes| legacy_pickle::globals(&bytes)));
        Ok(())
    })?;
    Ok(found.into_iter().collect())
}

fn bytes(value: &Value) -> Option<Arc<[u8]>> {
    let object = value.as_object().filter(|object| object.constructor.is("torch.storage", "_load_from_bytes"))?;
    match object.args.as_slice()?.first()? {
        Value::Bytes(bytes) => Some(bytes.clone()),
        other => other.to_bytes().map(Arc::from),
    }
}
