//! The format of `torch.save` before PyTorch 1.6: magic number, protocol, system, object, keys (five pickles), then for each key
//! the number of elements (i64) and the raw elements, little endian. Source: `torch/serialization.py`, `_legacy_load`.

use std::collections::HashMap;
use std::ops::Range;

use flatland_core::data::pickle::{self, Value};

use super::storage;

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

/// What a legacy checkpoint refers to, sorted; of a broken one what comes before the break.
pub fn globals(bytes: &[u8]) -> Vec<String> {
    let (mut rest, mut found) = (bytes, Vec::new());
    for _ in 0..5 {
        found.extend(pickle::globals(rest).iter().map(ToString::to_string));
        match pickle::parse(rest) {
            Ok((_, consumed)) => rest = &rest[consumed..],
            Err(_) => break,
        }
    }
    found.sort();
    found.dedup();
    found
}

/// The object of a legacy checkpoint, and the bytes of each storage by its key.
pub struct Parts {
    /// What was saved.
    pub object: Value,
    /// Where in the file.
    pub storages: HashMap<String, Range<usize>>,
}

/// Takes a legacy checkpoint apart.
pub fn parts(bytes: &[u8]) -> Result<Parts, String> {
    let mut rest = bytes;
    let mut next = |what: &str| -> Result<Value, String> {
        let (value, consumed) = pickle::parse(rest).map_err(|error| format!("cannot read {what} of a legacy checkpoint: {error}"))?;
        rest = &rest[consumed..];
        Ok(value)
    };
    if !is_legacy(bytes) {
        return Err("expected the magic number of torch.save".into());
    }
    next("the magic number")?;
    let protocol = next("the protocol")?;
    if protocol.as_i64() != Some(PROTOCOL) {
        return Err(format!("expected protocol {PROTOCOL} of torch.save, found {}", storage::brief(&protocol)));
    }
    next("the system information")?;
    let object = next("the object")?;
    let keys = next("the storage keys")?;
    let keys = keys.as_slice().ok_or_else(|| format!("expected a list of storage keys, found {}", storage::brief(&keys)))?;
    let described = storage::storages(&object)?;
    let mut storages = HashMap::new();
    for (place, key) in keys.iter().enumerate() {
        let key = match key {
            Value::Int(key) => key.to_string(),
            other => other.as_str().ok_or("expected storage keys to be text")?.to_string(),
        };
        let storage = described.get(&key).ok_or_else(|| format!("the file lists a storage {key} that nothing refers to"))?;
        let size = storage.bytes()?;
        let cut = || {
            let left = keys.len() - place;
            format!("the file is cut off: expected {left} more storages, the next of {size} bytes, found {} bytes", rest.len())
        };
        let (head, tail) = rest.split_first_chunk::<8>().ok_or_else(cut)?;
        let numel = i64::from_le_bytes(*head);
        if usize::try_from(numel) != Ok(storage.numel) {
            return Err(format!("expected {} elements in storage {key}, found {numel}", storage.numel));
        }
        if tail.len() < size {
            return Err(cut());
        }
        let start = bytes.len() - tail.len();
        rest = &tail[size..];
        storages.insert(key, start..start + size);
    }
    Ok(Parts { object, storages })
}
