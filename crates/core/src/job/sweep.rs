//! [`Sweep`]: a run file in which fields are lists, and the product of the lists as runs.
//!
//! Any field may be a list: of numbers, strings, switches or tables. A table in a list may hold lists of its own, as in
//! `method = [{ name = "oe" }, { name = "dr_sam", rho = [0.1, 0.5] }]`. A field that is a list by nature is not swept:
//! `[[dataset]]` (but fields in its entries are), `mean` and `std` of a normalization, `resize` and `crop` of `input`,
//! `leave_out`, `ignore`, `betas`; a list of such lists is.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use toml::{Table, Value};

use super::{OptimizerKind, RunConfig, RunError};
use crate::result::safe_name;

/// Fields that are lists by nature, as paths.
const NATURAL_LISTS: [&str; 8] =
    ["dataset", "normalization.mean", "normalization.std", "input.resize", "input.crop", "leave_out", "ignore", "optimizer.betas"];

/// The axis of the seeds: results are averaged over it.
pub const SEED: &str = "seed";

/// One run of a sweep.
#[derive(Clone, Debug, PartialEq)]
pub struct SweepPoint {
    /// Its value on each axis that it has, as text.
    pub values: BTreeMap<String, String>,
    /// The run, its paths absolute.
    pub run: RunConfig,
}

impl SweepPoint {
    /// Name of its folder: `rho=0.1,seed=0`, in the order of `axes`.
    pub fn folder(&self, axes: &[String]) -> String {
        let values: Vec<String> =
            axes.iter().filter_map(|axis| Some(format!("{}={}", safe_name(axis), safe_name(self.values.get(axis)?)))).collect();
        if values.is_empty() { "run".into() } else { values.join(",") }
    }
}

/// The runs of a sweep file.
#[derive(Clone, Debug, PartialEq)]
pub struct Sweep {
    /// Names of the swept fields, in the order of the file's keys; the seed last.
    pub axes: Vec<String>,
    /// The runs, the last axis fastest.
    pub points: Vec<SweepPoint>,
}

/// A value with the choices that led to it: (path of the field, text of the value).
type Choice = (Vec<(String, String)>, Value);

impl Sweep {
    /// Reads a sweep file. `knows` gives the hyperparameters of a method: where the method is swept, a hyperparameter that one does not
    /// have is left out of its runs, and runs that become the same are one.
    ///
    /// # Errors
    /// When the file cannot be read, a list is empty, or a run is invalid; the message names the run.
    pub fn load(path: &Path, knows: &dyn Fn(&str) -> Option<Vec<String>>) -> Result<Self, RunError> {
        let text = std::fs::read_to_string(path).map_err(|source| RunError::Io { action: "read", source, path: path.into() })?;
        let invalid = |message: String| RunError::Invalid { message, path: path.into() };
        let table: Table = toml::from_str(&text).map_err(|error| invalid(error.to_string()))?;
        let mut expanded = expand(Value::Table(table), "").map_err(invalid)?;
        let is_swept = |table: &str, key: &str| {
            expanded.iter().any(|(chosen, _)| chosen.iter().any(|(field, _)| field == table || *field == format!("{table}.{key}")))
        };
        let (method_is_swept, optimizer_is_swept) = (is_swept("method", "name"), is_swept("optimizer", "kind"));
        let mut runs: Vec<(BTreeMap<String, String>, String)> = Vec::new();
        for (chosen, run) in &mut expanded {
            if method_is_swept {
                leave_out(run, chosen, "method", &|method| {
                    let known = method.get("name").and_then(Value::as_str).and_then(knows)?;
                    Some(known.into_iter().chain(["name".to_owned()]).collect())
                });
            }
            if optimizer_is_swept {
                leave_out(run, chosen, "optimizer", &|optimizer| {
                    let kind = optimizer.get("kind").map_or(Ok(OptimizerKind::default()), |kind| kind.clone().try_into()).ok()?;
                    Some(optimizer.keys().filter(|key| kind.has(key)).cloned().collect())
                });
            }
            let text = toml::to_string(&run).map_err(|error| invalid(error.to_string()))?;
            let chosen: BTreeMap<String, String> = chosen.iter().cloned().collect();
            if !runs.iter().any(|(_, other)| *other == text) {
                runs.push((chosen, text));
            }
        }
        let fields: BTreeSet<&String> = runs.iter().flat_map(|(chosen, _)| chosen.keys()).collect();
        let names = names(&fields);
        let mut axes: Vec<String> = names.values().filter(|name| *name != SEED).cloned().collect();
        axes.extend(names.values().find(|name| *name == SEED).cloned());
        let mut points = Vec::new();
        for (chosen, text) in runs {
            let values: BTreeMap<String, String> = chosen.into_iter().map(|(field, value)| (names[&field].clone(), value)).collect();
            let run = RunConfig::from_toml(&text, path).map_err(|error| match error {
                RunError::Invalid { message, path } => RunError::Invalid { message: format!("{values:?}: {message}"), path },
                error => error,
            })?;
            points.push(SweepPoint { values, run });
        }
        distinct_folders(&points, &axes).map_err(invalid)?;
        Ok(Self { axes, points })
    }
}

/// No two points may share a folder: names are made safe for paths, and some disks do not tell `A` from `a`.
fn distinct_folders(points: &[SweepPoint], axes: &[String]) -> Result<(), String> {
    let mut seen: BTreeMap<String, &SweepPoint> = BTreeMap::new();
    for point in points {
        let folder = point.folder(axes);
        if let Some(other) = seen.insert(folder.to_lowercase(), point) {
            let values = |point: &SweepPoint| {
                let values = axes.iter().filter_map(|axis| Some(format!("{axis} `{}`", point.values.get(axis)?)));
                values.collect::<Vec<_>>().join(", ")
            };
            let (one, two) = (values(other), values(point));
            return Err(format!("expected a folder for each run, found `{folder}` twice: for {one} and for {two}"));
        }
    }
    Ok(())
}

fn expand(value: Value, path: &str) -> Result<Vec<Choice>, String> {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match value {
        Value::Array(entries) if path == "dataset" => {
            let mut all: Vec<Choice> = vec![(Vec::new(), Value::Array(Vec::new()))];
            for (index, entry) in entries.into_iter().enumerate() {
                let name = entry.get("name").and_then(Value::as_str).map_or_else(|| index.to_string(), str::to_owned);
                all = product(all, expand(entry, &below(&name))?, |whole, entry| {
                    if let Value::Array(entries) = whole {
                        entries.push(entry);
                    }
                });
            }
            Ok(all)
        }
        Value::Array(entries) if NATURAL_LISTS.contains(&path) && !entries.iter().any(Value::is_array) => {
            Ok(vec![(Vec::new(), Value::Array(entries))])
        }
        Value::Array(entries) => {
            if entries.is_empty() {
                return Err(format!("expected at least one value for `{path}`, found an empty list"));
            }
            let mut all = Vec::new();
            let labels = labels(&entries);
            for (entry, label) in entries.into_iter().zip(labels) {
                for (chosen, value) in expand(entry, path)? {
                    all.push(([vec![(path.to_owned(), label.clone())], chosen].concat(), value));
                }
            }
            Ok(all)
        }
        Value::Table(table) => {
            let mut all: Vec<Choice> = vec![(Vec::new(), Value::Table(Table::new()))];
            for (key, value) in table {
                all = product(all, expand(value, &below(&key))?, |whole, value| {
                    if let Value::Table(table) = whole {
                        table.insert(key.clone(), value);
                    }
                });
            }
            Ok(all)
        }
        value => Ok(vec![(Vec::new(), value)]),
    }
}

fn product(all: Vec<Choice>, next: Vec<Choice>, put: impl Fn(&mut Value, Value)) -> Vec<Choice> {
    let mut products = Vec::new();
    for (chosen, whole) in all {
        for (more, value) in &next {
            let mut whole = whole.clone();
            put(&mut whole, value.clone());
            products.push(([chosen.clone(), more.clone()].concat(), whole));
        }
    }
    products
}

/// A value as a short text: `0.1`, `dr_sam`, `brightness-1`.
fn label(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Table(table) => match (table.get("name"), table.get("kind"), table.get("severity")) {
            (Some(Value::String(name)), ..) => name.clone(),
            (_, Some(Value::String(kind)), Some(severity)) if !severity.is_array() => format!("{kind}-{}", label(severity)),
            (_, Some(Value::String(kind)), _) => kind.clone(),
            _ => table.iter().filter(|(_, v)| !v.is_array()).map(|(key, v)| format!("{key}-{}", label(v))).collect::<Vec<_>>().join("-"),
        },
        // 1e30 rather than its thirty zeros.
        Value::Float(number) => format!("{number:?}"),
        value => value.to_string(),
    }
}

/// A short text for each value. Tables with the same text are distinguished by the plain fields in which they differ: `dr_sam-rho-0.1`,
/// `dr_sam-rho-0.5`.
fn labels(entries: &[Value]) -> Vec<String> {
    let plain: &Vec<String> = &entries.iter().map(label).collect();
    let alike =
        |k: usize| entries.iter().zip(plain).filter(move |(_, other)| **other == plain[k]).filter_map(|(entry, _)| entry.as_table());
    let longer = |(k, entry): (usize, &Value)| {
        let fields = entry.as_table().into_iter().flatten();
        let telling = fields.filter(|(key, value)| !value.is_array() && alike(k).any(|other| other.get(*key) != Some(*value)));
        let suffixes = telling.map(|(key, value)| format!("-{key}-{}", label(value)));
        std::iter::once(plain[k].clone()).chain(suffixes).collect()
    };
    entries.iter().enumerate().map(longer).collect()
}

/// Removes the fields that a `table` of its kind does not have from a run and from its choices. `knows` gives the fields of a table;
/// `None` = all.
fn leave_out(run: &mut Value, chosen: &mut Vec<(String, String)>, table: &str, knows: &dyn Fn(&Table) -> Option<Vec<String>>) {
    let Some(Value::Table(fields)) = run.get_mut(table) else { return };
    let Some(known) = knows(fields) else { return };
    fields.retain(|key, _| known.iter().any(|known| known == key));
    chosen.retain(|(field, _)| match field.strip_prefix(table).and_then(|rest| rest.strip_prefix('.')) {
        Some(rest) => known.iter().any(|known| rest.split('.').next() == Some(known)),
        None => true,
    });
}

/// Short names: the last part of a path if no other path ends in the same part; `method.name` is `method`, `optimizer.kind` is `optimizer`.
fn names(fields: &BTreeSet<&String>) -> BTreeMap<String, String> {
    let short = |field: &str| -> String {
        match field {
            "method.name" => "method".into(),
            "optimizer.kind" => "optimizer".into(),
            field => field.rsplit('.').next().unwrap_or(field).to_owned(),
        }
    };
    let unique = |field: &str| fields.iter().filter(|other| short(other) == short(field)).count() == 1;
    fields.iter().map(|field| ((*field).clone(), if unique(field) { short(field) } else { (*field).clone() })).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn load(text: &str) -> Result<Sweep, RunError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sweep.toml");
        std::fs::write(&path, text).unwrap();
        let knows = |method: &str| -> Option<Vec<String>> {
            let known: &[&str] = match method {
                "erm" => &[],
                "oe" => &["lambda"],
                "dr_sam" => &["rho", "lambda", "augmentation"],
                _ => return None,
            };
            Some(known.iter().map(|&key| key.to_owned()).collect())
        };
        Sweep::load(&path, &knows)
    }

    fn folders(sweep: &Sweep) -> Vec<String> {
        sweep.points.iter().map(|point| point.folder(&sweep.axes)).collect()
    }

    #[test]
    fn lists_of_numbers_make_the_product_and_natural_lists_do_not() {
        let sweep = load(
            "version = 1\nseed = [0, 1]\nmax_steps = 1\nnormalization = { mean = [0.5, 0.5, 0.5], std = [1.0, 1.0, 1.0] }\n\
             [method]\nname = \"dr_sam\"\nrho = [0.1, 0.5]\n[optimizer]\nlr = [0.01]\n\
             [[dataset]]\nname = \"train\"\nrole = \"train\"\npath = \"demo:train\"\nlimit = [10, 20]\n",
        )
        .unwrap();
        assert_eq!(sweep.axes, ["limit", "rho", "lr", "seed"]);
        assert_eq!(sweep.points.len(), 8);
        assert_eq!(folders(&sweep)[0], "limit=10,rho=0.1,lr=0.01,seed=0");
        let distinct: BTreeSet<String> = folders(&sweep).into_iter().collect();
        assert_eq!(distinct.len(), 8);
        let point = &sweep.points[0];
        assert_eq!((point.run.seed, point.run.datasets[0].limit), (0, Some(10)));
    }

    #[test]
    fn a_size_of_two_sides_is_not_swept_and_a_list_of_inputs_is() {
        let sweep = |input: &str| load(&format!("version = 1\nmax_steps = 1\n{input}\n[method]\nname = \"erm\"\n")).unwrap();
        assert_eq!(sweep("input = { resize = [40, 60], crop = [32, 48] }").points.len(), 1);
        assert_eq!(folders(&sweep("input = [\"timm\", \"torchvision_imagenet\"]")), ["input=timm", "input=torchvision_imagenet"]);
    }

    #[test]
    fn methods_with_parameters_of_their_own_are_a_list_of_tables() {
        let sweep = load(
            "version = 1\nmax_steps = 1\nmethod = [{ name = \"oe\" }, { name = \"dr_sam\", rho = [0.1, 0.5], \
             augmentation = [{ kind = \"brightness\", severity = 1 }, { kind = \"saturate\", severity = 2 }] }]\n",
        )
        .unwrap();
        let expected = [
            "method=oe",
            "method=dr_sam,augmentation=brightness-1,rho=0.1",
            "method=dr_sam,augmentation=brightness-1,rho=0.5",
            "method=dr_sam,augmentation=saturate-2,rho=0.1",
            "method=dr_sam,augmentation=saturate-2,rho=0.5",
        ];
        let found: BTreeSet<String> = folders(&sweep).into_iter().map(|folder| sorted(&folder)).collect();
        assert_eq!(found, expected.iter().map(|folder| sorted(folder)).collect());
    }

    fn sorted(folder: &str) -> String {
        let mut parts: Vec<&str> = folder.split(',').collect();
        parts.sort_unstable();
        parts.join(",")
    }

    #[test]
    fn hyperparameters_that_a_method_does_not_have_are_left_out_and_no_run_is_made_twice() {
        let sweep =
            load("version = 1\nmax_steps = 1\n[method]\nname = [\"erm\", \"oe\", \"dr_sam\"]\nrho = [0.1, 0.5]\nlambda = 0.5\n").unwrap();
        assert_eq!(folders(&sweep), ["method=erm", "method=oe", "method=dr_sam,rho=0.1", "method=dr_sam,rho=0.5"]);
    }

    #[test]
    fn optimizers_clipping_accumulation_and_warm_up_are_swept() {
        let sweep = load(
            "version = 1\nmax_steps = 9\naccumulate = [1, 4]\nignore = [\"head.*\"]\n[method]\nname = \"erm\"\n[optimizer]\nkind = [\"sgd\", \"adamw\"]\n\
             momentum = [0.5, 0.9]\nbetas = [0.9, 0.95]\nclip_norm = 1.0\n[schedule]\nwarmup = [0, 3]\n",
        )
        .unwrap();
        let found: BTreeSet<String> = folders(&sweep).iter().map(|folder| sorted(folder)).collect();
        let expected: BTreeSet<String> = [1, 4]
            .iter()
            .flat_map(|accumulate| [0, 3].map(|warmup| (accumulate, warmup)))
            .flat_map(|(accumulate, warmup)| {
                ["momentum=0.5,optimizer=sgd,", "momentum=0.9,optimizer=sgd,", "optimizer=adamw,"]
                    .map(|optimizer| format!("accumulate={accumulate},{optimizer}warmup={warmup}"))
            })
            .collect();
        assert_eq!(found, expected);
        let adamw = sweep.points.iter().find(|point| point.run.optimizer.kind() == OptimizerKind::AdamW).unwrap();
        assert_eq!(adamw.run.optimizer.rule, crate::job::UpdateRule::AdamW { betas: [0.9, 0.95], eps: 1e-8 });
        assert_eq!((adamw.run.optimizer.clip_norm, adamw.run.ignore.as_slice()), (Some(1.0), ["head.*".to_owned()].as_slice()));
        // A list of pairs is swept.
        let sweep = load(
            "version = 1\nmax_steps = 9\n[method]\nname = \"erm\"\n[optimizer]\nkind = \"adamw\"\nbetas = [[0.9, 0.999], [0.9, 0.95]]\n",
        )
        .unwrap();
        assert_eq!((sweep.axes.as_slice(), sweep.points.len()), (["betas".to_owned()].as_slice(), 2));
    }

    #[test]
    fn tables_of_one_name_are_distinguished_by_their_differences() {
        let sweep = load(
            "version = 1\nmax_steps = 1\nmethod = [{ name = \"dr_sam\", rho = 0.1, lambda = 1 }, { name = \"dr_sam\", rho = 0.5, lambda = 1 }, \
             { name = \"dr_sam\", lambda = 1 }, { name = \"oe\" }]\n",
        )
        .unwrap();
        assert_eq!(folders(&sweep), ["method=dr_sam-rho-0.1", "method=dr_sam-rho-0.5", "method=dr_sam", "method=oe"]);
    }

    #[test]
    fn points_that_would_share_a_folder_are_refused() {
        let text = "version = 1\nmax_steps = 1\ncheckpoint = [\"a/b\", \"a_b\"]\n[method]\nname = \"erm\"\n";
        let message = load(text).unwrap_err().to_string();
        assert!(message.contains("`a/b`") && message.contains("`a_b`") && message.contains("checkpoint=a_b"), "{message}");
    }

    #[test]
    fn an_empty_list_a_run_that_makes_no_sense_and_a_file_without_lists() {
        let message = |text: &str| load(text).unwrap_err().to_string();
        assert!(message("version = 1\nseed = []\n[method]\nname = \"erm\"\n").contains("expected at least one value for `seed`"));
        assert!(message("version = 1\nseed = [0, \"x\"]\n[method]\nname = \"erm\"\n").contains("seed"));
        assert!(message("version = 1\nseeds = [0, 1]\n[method]\nname = \"erm\"\n").contains("seeds"));
        let plain = load("version = 1\nmax_steps = 1\n[method]\nname = \"erm\"\n").unwrap();
        assert_eq!((plain.axes.len(), folders(&plain)), (0, vec!["run".to_owned()]));
    }
}
