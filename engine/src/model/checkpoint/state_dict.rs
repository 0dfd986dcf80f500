//! From the value of a pickle to the tensors of a state dict: wrapped dicts, whole modules, `_rebuild_tensor` v1 and v2.

use flatland::data::pickle::{Object, Value};

use super::RawTensor;
use super::storage::{StorageId, Storages, index};

/// Keys under which people keep the state dict, in order of preference.
const WRAPPERS: [&str; 12] = [
    "state_dict",
    "model_state_dict",
    "net",
    "model",
    "model_state",
    "network",
    "net_state_dict",
    "weights",
    "params",
    "state_dict_ema",
    "model_ema",
    "ema",
];
/// How deep wrappers are nested, e.g. `{'model': {'state_dict': ..}}`.
const MAX_WRAPPERS: usize = 3;
/// How deep modules are nested.
const MAX_MODULES: usize = 64;

/// A state dict within a pickle.
pub struct StateDict<'a> {
    /// (name, tensor), in file order.
    entries: Vec<(String, &'a Object)>,
    /// Where it was found.
    pub notes: Vec<String>,
}

/// Finds the state dict in `value`.
pub fn find(value: &Value) -> Result<StateDict<'_>, String> {
    search(value, 0)?.ok_or_else(|| {
        let keys: Vec<&str> = value.as_pairs().unwrap_or_default().iter().filter_map(|(key, _)| key.as_str()).take(8).collect();
        if keys.contains(&"param_groups") {
            return "the file holds an optimizer's state (`state`, `param_groups`), not a network's; expected a state dict".to_string();
        }
        match keys.is_empty() {
            true => "the file holds no tensors by name; expected a state dict".to_string(),
            false => format!("the file holds no tensors by name; expected a state dict, found the keys {}", keys.join(", ")),
        }
    })
}

fn search(value: &Value, depth: usize) -> Result<Option<StateDict<'_>>, String> {
    if depth > MAX_WRAPPERS {
        return Ok(None);
    }
    if let Some(state) = value.as_object().and_then(module_state) {
        let mut entries = Vec::new();
        walk_module(state, "", 0, &mut entries)?;
        let notes = vec!["a whole pickled module: its tensors are read, its code is not".to_string()];
        return Ok((!entries.is_empty()).then_some(StateDict { entries, notes }));
    }
    if value.get("param_groups").is_some() {
        return Ok(None);
    }
    for wrapper in WRAPPERS {
        if let Some(inner) = value.get(wrapper)
            && let Some(mut found) = search(inner, depth + 1)?
        {
            found.notes.insert(0, format!("state dict taken from `{wrapper}`"));
            return Ok(Some(found));
        }
    }
    let mut entries: Vec<(String, &Object)> = Vec::new();
    let mut position: std::collections::HashMap<&str, usize> = std::collections::HashMap::new();
    for (name, value) in value.as_pairs().unwrap_or_default() {
        if let (Some(name), Some(tensor)) = (name.as_str(), tensor(value)) {
            // As in Python, a key that comes again replaces the value and keeps its place.
            match position.get(name) {
                Some(&at) => entries[at] = (name.into(), tensor),
                None => {
                    position.insert(name, entries.len());
                    entries.push((name.into(), tensor));
                }
            }
        }
    }
    Ok((!entries.is_empty()).then_some(StateDict { entries, notes: Vec::new() }))
}

/// The attributes of an object that looks like an `nn.Module`.
fn module_state(object: &Object) -> Option<&Value> {
    object.state.as_ref().filter(|state| state.get("_parameters").is_some() && state.get("_modules").is_some())
}

fn walk_module<'a>(state: &'a Value, prefix: &str, depth: usize, entries: &mut Vec<(String, &'a Object)>) -> Result<(), String> {
    if depth > MAX_MODULES {
        return Err(format!("expected modules nested at most {MAX_MODULES} deep, found more"));
    }
    let part = |key: &str| state.get(key).and_then(Value::as_pairs).unwrap_or_default();
    for (name, value) in part("_parameters").iter().chain(part("_buffers")) {
        if let (Some(name), Some(tensor)) = (name.as_str(), tensor(value)) {
            entries.push((format!("{prefix}{name}"), tensor));
        }
    }
    for (name, module) in part("_modules") {
        if let (Some(name), Some(state)) = (name.as_str(), module.as_object().and_then(module_state)) {
            walk_module(state, &format!("{prefix}{name}."), depth + 1, entries)?;
        }
    }
    Ok(())
}

/// The call that rebuilds a tensor, through `Parameter`s around it.
fn tensor(value: &Value) -> Option<&Object> {
    let object = value.as_object()?;
    if object.constructor.module != "torch._utils" {
        return None;
    }
    match object.constructor.name.as_str() {
        "_rebuild_tensor" | "_rebuild_tensor_v2" => Some(object),
        "_rebuild_parameter" | "_rebuild_parameter_with_state" => tensor(object.args.as_slice()?.first()?),
        _ => None,
    }
}

impl StateDict<'_> {
    /// The tensors, copied out of `storages`; together at most `budget` bytes.
    pub fn gather(&self, storages: &Storages, mut budget: usize) -> Result<Vec<RawTensor>, String> {
        let mut tensors = Vec::new();
        for (name, object) in &self.entries {
            let tensor = rebuild(name, object, storages, budget).map_err(|reason| format!("tensor `{name}`: {reason}"))?;
            budget -= tensor.data.len();
            tensors.push(tensor);
        }
        Ok(tensors)
    }
}

/// `_rebuild_tensor(storage, offset, size, stride)`, v2 with more arguments that say nothing of the numbers.
fn rebuild(name: &str, object: &Object, storages: &Storages, budget: usize) -> Result<RawTensor, String> {
    let [storage, offset, size, stride, ..] = object.args.as_slice().unwrap_or_default() else {
        return Err("expected (storage, offset, size, stride)".into());
    };
    let Value::Persistent(id) = storage else { return Err(format!("expected a storage, found {storage:?}")) };
    let id = StorageId::parse(id)?;
    let buffer = storages.get(&id.key).ok_or_else(|| format!("storage {} is not in the file", id.key))?;
    let (size, stride) = (indices(size)?, indices(stride)?);
    if size.len() != stride.len() {
        return Err(format!("expected as many strides as sizes, found {stride:?} for {size:?}"));
    }
    let element = id.dtype.size();
    let (start, len) = id.view.unwrap_or((0, id.numel));
    let view = start.checked_add(len).and_then(|end| buffer.get(start.checked_mul(element)?..end.checked_mul(element)?));
    let view = view.ok_or_else(|| format!("expected {len} elements from {start} in storage {}, found {} bytes", id.key, buffer.len()))?;
    let offset = index(offset)?;
    let numel = size.iter().try_fold(1usize, |n, &side| n.checked_mul(side));
    let last = size.iter().zip(&stride).try_fold(offset, |at, (&side, &step)| at.checked_add(side.saturating_sub(1).checked_mul(step)?));
    let (Some(numel), Some(last)) = (numel, last) else { return Err(format!("sizes {size:?} with strides {stride:?} overflow")) };
    let end = if numel == 0 { 0 } else { last.saturating_add(1) };
    if end > len {
        return Err(format!("expected a storage of at least {end} elements for shape {size:?}, found {len}"));
    }
    if numel.checked_mul(element).is_none_or(|bytes| bytes > budget) {
        return Err(format!("shape {size:?} is larger than a file of this size can fill"));
    }
    let data = if numel == 0 { Vec::new() } else { collect(view, element, offset, &size, &stride, numel) };
    let shape = size.iter().map(|&side| side as i64).collect();
    Ok(RawTensor { name: name.into(), dtype: id.dtype, shape, data })
}

/// Row-major bytes of a strided view; all indices are known to lie within `view`.
fn collect(view: &[u8], element: usize, offset: usize, size: &[usize], stride: &[usize], numel: usize) -> Vec<u8> {
    let mut contiguous = 1;
    let is_contiguous = size.iter().zip(stride).rev().all(|(&side, &step)| {
        let fits = side == 1 || step == contiguous;
        contiguous *= side;
        fits
    });
    if is_contiguous {
        return view[offset * element..(offset + numel) * element].to_vec();
    }
    let mut data = Vec::with_capacity(numel * element);
    let mut position = vec![0usize; size.len()];
    for _ in 0..numel {
        let at = (offset + position.iter().zip(stride).map(|(p, s)| p * s).sum::<usize>()) * element;
        data.extend_from_slice(&view[at..at + element]);
        for axis in (0..size.len()).rev() {
            position[axis] += 1;
            if position[axis] < size[axis] {
                break;
            }
            position[axis] = 0;
        }
    }
    data
}

/// A tuple of sizes or strides; `torch.Size` is a tuple too.
fn indices(value: &Value) -> Result<Vec<usize>, String> {
    let items = match value {
        Value::Object(object) if object.constructor.is("torch", "Size") => object.args.as_slice().and_then(|args| args.first()?.as_slice()),
        other => other.as_slice(),
    };
    items.ok_or_else(|| format!("expected a tuple of integers, found {value:?}"))?.iter().map(index).collect()
}
