//! The settings in which runs differ.

use indexmap::{IndexMap, IndexSet};
use serde_json::{Map, Value};

use crate::ui::state::run::metrics::Line;
use flatland_core::job::RunConfig;

/// A setting and its value in each run; `None` = the run has no such setting.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Path of the setting: `method.rho`, `seed`, ...
    pub field: String,
    /// The values, in the order of the runs.
    pub values: Vec<Option<String>>,
}

/// The settings in which `runs` differ, in the order of the run file; empty for fewer than two runs.
pub fn differing(runs: &[&RunConfig]) -> Vec<Row> {
    if runs.len() < 2 {
        return Vec::new();
    }
    let fields: Vec<IndexMap<String, String>> = runs.iter().map(|run| flat(run)).collect();
    let names: IndexSet<&String> = fields.iter().flat_map(IndexMap::keys).collect();
    let rows = names.into_iter().map(|name| Row { field: name.clone(), values: fields.iter().map(|of| of.get(name).cloned()).collect() });
    rows.filter(|row| row.values.windows(2).any(|pair| pair[0] != pair[1])).collect()
}

/// Every setting by its path; datasets by role, with their names as values.
pub fn flat(run: &RunConfig) -> IndexMap<String, String> {
    let mut fields = IndexMap::new();
    let mut value = serde_json::to_value(run).unwrap_or(Value::Null);
    let datasets = value.as_object_mut().and_then(|run| run.remove("dataset"));
    set(&mut fields, String::new(), &value);
    for dataset in datasets.as_ref().and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object) {
        let text = |key: &str| dataset.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let known: &mut String = fields.entry(format!("{} images", text("role"))).or_default();
        if !known.is_empty() {
            known.push_str(", ");
        }
        known.push_str(&text("name"));
        known.push_str(&parenthesis(dataset));
    }
    fields
}

/// The part of a dataset that is used, as text after its name.
fn parenthesis(dataset: &Line) -> String {
    let rest: Map<String, Value> =
        dataset.iter().filter(|(key, _)| !["name", "role", "path"].contains(&key.as_str())).map(|(k, v)| (k.clone(), v.clone())).collect();
    let mut fields = IndexMap::new();
    set(&mut fields, String::new(), &Value::Object(rest));
    let words: Vec<String> = fields.iter().map(|(key, value)| format!("{key} {value}")).collect();
    if words.is_empty() { String::new() } else { format!(" ({})", words.join(", ")) }
}

fn set(fields: &mut IndexMap<String, String>, path: String, value: &Value) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                set(fields, if path.is_empty() { key.clone() } else { format!("{path}.{key}") }, value);
            }
        }
        Value::Null => {}
        Value::String(text) => drop(fields.insert(path, text.clone())),
        other => drop(fields.insert(path, other.to_string())),
    }
}
