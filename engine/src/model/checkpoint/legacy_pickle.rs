//! The format of `torch.save` before PyTorch 1.6: magic number, protocol, system, object, keys (five pickles), then for each key
//! the number of elements (i64) and the raw elements, little endian. Source: `torch/serialization.py`, `_legacy_load`.

use flatland::data::pickle::{self, Value};

use super::storage::{self, Storages};
use super::{Container, Reading, state_dict};

/// 0x1950a86a20f9469cfc6c as the pickle holds it.
const MAGIC: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
const PROTOCOL: i64 = 1001;

/// Whether the first pickle is the magic number, in whatever protocol.
pub fn is_legacy(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(64)];
    match pickle::parse(head) {
        Ok((Value::BigInt(number), _)) => number.strip_prefix(&MAGIC).is_some_and(|rest| rest.iter().all(|&byte| byte == 0)),
        _ => false,
    }
}

/// Reads a legacy checkpoint.
pub fn read(bytes: &[u8]) -> Reading {
    let mut reading = Reading::refused(Some(Container::LegacyPickle), String::new());
    reading.tensors = attempt(bytes, &mut reading.globals, &mut reading.notes);
    reading
}

fn attempt(bytes: &[u8], globals: &mut Vec<String>, notes: &mut Vec<String>) -> Result<Vec<super::RawTensor>, String> {
    let mut rest = bytes;
    let mut next = |what: &str| -> Result<Value, String> {
        globals.extend(pickle::globals(rest).iter().map(ToString::to_string));
        let (value, consumed) = pickle::parse(rest).map_err(|error| format!("cannot read {what} of a legacy checkpoint: {error}"))?;
        rest = &rest[consumed..];
        Ok(value)
    };
    next("the magic number")?;
    let protocol = next("the protocol")?;
    if protocol.as_i64() != Some(PROTOCOL) {
        return Err(format!("expected protocol {PROTOCOL} of torch.save, found {protocol:?}"));
    }
    next("the system information")?;
    let object = next("the object")?;
    let keys = next("the storage keys")?;
    globals.sort();
    globals.dedup();
    let keys = keys.as_slice().ok_or_else(|| format!("expected a list of storage keys, found {keys:?}"))?;
    let described: std::collections::HashMap<String, _> =
        storage::storages(&object)?.into_iter().map(|storage| (storage.key.clone(), storage)).collect();
    let mut storages = Storages::new();
    for key in keys {
        let key = match key {
            Value::Int(key) => key.to_string(),
            other => other.as_str().ok_or("expected storage keys to be text")?.to_string(),
        };
        let storage = described.get(&key).ok_or_else(|| format!("the file lists a storage {key} that nothing refers to"))?;
        let size = storage.bytes()?;
        let cut = || {
            format!(
                "the file is cut off: expected {} more storages, the next of {size} bytes, found {} bytes",
                keys.len() - storages.len(),
                rest.len()
            )
        };
        let (head, tail) = rest.split_first_chunk::<8>().ok_or_else(cut)?;
        let numel = i64::from_le_bytes(*head);
        if usize::try_from(numel) != Ok(storage.numel) {
            return Err(format!("expected {} elements in storage {key}, found {numel}", storage.numel));
        }
        let data = tail.get(..size).ok_or_else(cut)?;
        rest = &tail[size..];
        storages.insert(key, data.to_vec());
    }
    let state = state_dict::find(&object)?;
    notes.extend(state.notes.iter().cloned());
    state.gather(&storages, super::budget(bytes))
}
