//! Finds the state dicts in the value of a pickle by their content: under any key, in tuples and lists, and in pickled modules.

use std::collections::HashMap;

use flatland_core::data::pickle::{Object, Value};

use super::contents::{Entry, StateDict};
use super::stored::Stored;

/// Greatest depth of state dicts.
const MAX_DEPTH: usize = 24;
/// How deep modules are nested.
const MAX_MODULES: usize = 64;
/// Longest name, with the names of the modules around it, and longest key.
const MAX_NAME: usize = 1000;
/// Most values that are visited; shared values count each time.
const MAX_VISITS: usize = 4_000_000;
/// Most tensors of all state dicts together.
const MAX_TENSORS: usize = 200_000;
/// Most state dicts; nested dicts have one a layer.
const MAX_STATE_DICTS: usize = 4000;

/// Words in the keys of values that are no networks.
const ASIDE: [&str; 10] = ["optimizer", "optimizers", "optim", "opt", "scheduler", "schedulers", "scaler", "grads", "gradients", "sched"];
/// Names of optimizer state of a parameter (`torch.optim`, timm, and SAM's perturbation).
const SLOTS: [&str; 24] = [
    "step",
    "exp_avg",
    "exp_avg_sq",
    "max_exp_avg_sq",
    "exp_inf",
    "exp_avg_diff",
    "neg_grad_or_diff",
    "exp_avg_slow",
    "slow_buffer",
    "slow_param",
    "momentum_buffer",
    "square_avg",
    "grad_avg",
    "acc_delta",
    "sum",
    "prev",
    "step_size",
    "eta",
    "mu",
    "ax",
    "old_p",
    "e_w",
    "prev_grad",
    "velocity",
];

/// What was found in a value.
#[derive(Debug, Default)]
pub struct Found {
    /// The state dicts, in file order.
    pub state_dicts: Vec<StateDict>,
    /// Keys of skipped values: states of optimizers, schedules and scalers.
    pub left_aside: Vec<String>,
    visits: usize,
    tensors: usize,
}

/// Finds every state dict in `value`.
///
/// # Errors
/// When a tensor is malformed, or there is more than any honest file has.
pub fn find(value: &Value) -> Result<Found, String> {
    let mut found = Found::default();
    found.walk(value, &mut Vec::new())?;
    if !found.state_dicts.is_empty() {
        return Ok(found);
    }
    let keys: Vec<&str> = value.as_pairs().unwrap_or_default().iter().filter_map(|(key, _)| key.as_str()).take(8).collect();
    if is_optimizer(value) || !found.left_aside.is_empty() {
        return Err("the file holds an optimizer's state (`state`, `param_groups`), not a network's; expected a state dict".to_string());
    }
    match keys.is_empty() {
        true => Err("the file holds no tensors by name; expected a state dict".to_string()),
        false => Err(format!("the file holds no tensors by name; expected a state dict, found the keys {}", keys.join(", "))),
    }
}

/// A step from a value to one within it.
enum Step<'v> {
    Key(&'v str),
    Index(usize),
}

/// The steps as one key: `checkpoint.ema`, `[1].model`.
fn key(path: &[Step<'_>]) -> String {
    let mut key = String::new();
    for step in path {
        match step {
            Step::Key(name) if key.is_empty() => key.push_str(name),
            Step::Key(name) => key.extend([".", name]),
            Step::Index(index) => key.push_str(&format!("[{index}]")),
        }
    }
    key
}

impl Found {
    fn walk<'v>(&mut self, value: &'v Value, path: &mut Vec<Step<'v>>) -> Result<(), String> {
        self.visits += 1;
        if self.visits > MAX_VISITS {
            return Err(format!(
                "expected at most {MAX_VISITS} values in a checkpoint, found more when shared parts are counted each time"
            ));
        }
        if path.len() > MAX_DEPTH {
            return Ok(());
        }
        if is_optimizer(value) {
            self.left_aside.push(key(path));
            return Ok(());
        }
        match value {
            Value::List(items) | Value::Tuple(items) => self.walk_items(items, path),
            Value::Dict(_) => self.walk_pairs(value, path),
            Value::Object(object) => {
                if let Some(state) = module_state(object) {
                    let mut entries = Vec::new();
                    walk_module(state, "", 0, &mut entries)?;
                    return self.push(StateDict { key: key(path), entries, is_module: true });
                }
                // A tensor or array alone has no name.
                if Stored::parse(value).is_some() {
                    return Ok(());
                }
                self.walk_pairs(value, path)?;
                self.walk_items(&object.appended, path)?;
                // Of an object of some class: its attributes, and what it was made of.
                if let Some(state) = &object.state {
                    self.walk(state, path)?;
                }
                self.walk_items(object.args.as_slice().unwrap_or_default(), path)
            }
            Value::None
            | Value::Bool(_)
            | Value::Int(_)
            | Value::BigInt(_)
            | Value::Float(_)
            | Value::Bytes(_)
            | Value::Str(_)
            | Value::Global(_)
            | Value::Persistent(_) => Ok(()),
        }
    }

    fn walk_items<'v>(&mut self, items: &'v [Value], path: &mut Vec<Step<'v>>) -> Result<(), String> {
        for (index, item) in items.iter().enumerate() {
            path.push(Step::Index(index));
            self.walk(item, path)?;
            path.pop();
        }
        Ok(())
    }

    fn walk_pairs<'v>(&mut self, value: &'v Value, path: &mut Vec<Step<'v>>) -> Result<(), String> {
        let pairs = value.as_pairs().unwrap_or_default();
        let own = named(pairs)?;
        if !own.is_empty() && !is_slots(&own) {
            self.push(StateDict { key: key(path), entries: own, is_module: false })?;
        }
        for (place, (name, value)) in pairs.iter().enumerate() {
            if !matches!(value, Value::List(_) | Value::Tuple(_) | Value::Dict(_) | Value::Object(_)) {
                self.visits += 1;
                continue;
            }
            let name = name.as_str().filter(|name| name.len() <= MAX_NAME);
            path.push(name.map_or(Step::Index(place), Step::Key));
            match name {
                Some(name) if is_aside(name) => self.left_aside.push(key(path)),
                _ => self.walk(value, path)?,
            }
            path.pop();
        }
        Ok(())
    }

    fn push(&mut self, state_dict: StateDict) -> Result<(), String> {
        self.tensors += state_dict.entries.len();
        if self.tensors > MAX_TENSORS {
            return Err(format!("expected at most {MAX_TENSORS} tensors in a checkpoint, found more"));
        }
        if self.state_dicts.len() >= MAX_STATE_DICTS {
            return Err(format!("expected at most {MAX_STATE_DICTS} dicts of tensors in a checkpoint, found more"));
        }
        if !state_dict.entries.is_empty() {
            self.state_dicts.push(state_dict);
        }
        Ok(())
    }
}

/// The tensors that stand in a dict under names of their own.
pub(super) fn named(pairs: &[(Value, Value)]) -> Result<Vec<Entry>, String> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for (name, value) in pairs {
        let (Some(name), Some(tensor)) = (name.as_str(), Stored::parse(value)) else { continue };
        let entry = entry(name.to_owned(), tensor)?;
        // As in Python, a repeated key replaces the value and keeps its position.
        match places.get(name) {
            Some(&at) => entries[at] = entry,
            None => {
                places.insert(name, entries.len());
                entries.push(entry);
            }
        }
    }
    Ok(entries)
}

/// A tensor under a name that is not too long.
pub(super) fn entry(name: String, tensor: Result<Stored, String>) -> Result<Entry, String> {
    if name.len() > MAX_NAME {
        let start: String = name.chars().take(40).collect();
        return Err(format!("expected names of at most {MAX_NAME} bytes, found one of {} that begins with `{start}`", name.len()));
    }
    let tensor = tensor.map_err(|reason| format!("tensor `{name}`: {reason}"))?;
    Ok(Entry { name, tensor })
}

/// Whether a value is what `torch.optim.Optimizer.state_dict` gives.
fn is_optimizer(value: &Value) -> bool {
    value.get("param_groups").is_some()
}

/// Whether the words of a key exclude a network.
fn is_aside(key: &str) -> bool {
    key.to_lowercase().split(|c: char| !c.is_ascii_alphabetic()).any(|word| ASIDE.contains(&word))
}

/// Whether these are optimizer state of a parameter, or of several.
fn is_slots(entries: &[Entry]) -> bool {
    let is_slot = |name: &str| SLOTS.contains(&name.rsplit('.').next().unwrap_or(name));
    entries.iter().all(|entry| is_slot(&entry.name))
}

/// The attributes of an object that looks like an `nn.Module`.
fn module_state(object: &Object) -> Option<&Value> {
    object.state.as_ref().filter(|state| state.get("_parameters").is_some() && state.get("_modules").is_some())
}

fn walk_module(state: &Value, prefix: &str, depth: usize, entries: &mut Vec<Entry>) -> Result<(), String> {
    if depth > MAX_MODULES {
        return Err(format!("expected modules nested at most {MAX_MODULES} deep, found more"));
    }
    let part = |key: &str| state.get(key).and_then(Value::as_pairs).unwrap_or_default();
    for (name, value) in part("_parameters").iter().chain(part("_buffers")) {
        if let (Some(name), Some(tensor)) = (name.as_str(), Stored::parse(value)) {
            entries.push(entry(format!("{prefix}{name}"), tensor)?);
        }
    }
    for (name, module) in part("_modules") {
        if let (Some(name), Some(state)) = (name.as_str(), module.as_object().and_then(module_state)) {
            let prefix = format!("{prefix}{name}.");
            if prefix.len() > MAX_NAME || entries.len() > MAX_TENSORS {
                return Err(format!("expected at most {MAX_TENSORS} tensors with names of at most {MAX_NAME} bytes, found more"));
            }
            walk_module(state, &prefix, depth + 1, entries)?;
        }
    }
    Ok(())
}
