//! [`Draft::check`]: turns the texts of the form into a [`RunConfig`], or says what is wrong with each field.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;

use serde_json::{Value, json};

use crate::ui::state::run::draft::{Draft, Entry, Schedule, WarmupUnit};
use flatland_core::data::{Augmentation, Severity, environment};
use flatland_core::job::{
    Decay, Dropout, MethodConfig, MethodInfo, OptimizerConfig, OptimizerKind, ParameterInfo, ParameterKind, RunConfig, UpdateRule,
    WarmupConfig, WarmupLength,
};
use flatland_core::session::{DatasetEntry, Role};

/// Error messages by field: a field of the run file, the key of a hyperparameter, or the key of a role.
pub type Problems = BTreeMap<String, String>;

/// Collects error messages while values are read.
#[derive(Default)]
struct Reader {
    problems: Problems,
}

impl Reader {
    fn report_error(&mut self, field: &str, message: impl Into<String>) {
        self.problems.entry(field.into()).or_insert_with(|| message.into());
    }

    /// A number within `range`. When it is wrong, the returned value is not used.
    fn number<T: FromStr + PartialOrd + Display + Default>(&mut self, field: &str, text: &str, what: &str, range: RangeInclusive<T>) -> T {
        match text.trim().parse::<T>() {
            // NaN is in no range.
            Ok(value) if range.contains(&value) => value,
            _ => {
                let found = if text.trim().is_empty() { "nothing".into() } else { format!("`{}`", text.trim()) };
                self.report_error(field, format!("expected {what}, found {found}"));
                T::default()
            }
        }
    }

    fn float(&mut self, field: &str, text: &str, [min, max]: [f64; 2]) -> f64 {
        let what = if max < f64::MAX { format!("a number from {min} to {max}") } else { format!("a number of at least {min}") };
        self.number(field, text, &what, min..=max.min(f64::MAX))
    }

    fn count(&mut self, field: &str, text: &str, min: usize) -> usize {
        self.number(field, text, &format!("a whole number of at least {min}"), min..=usize::MAX >> 12)
    }
}

impl Draft {
    /// The run that the form describes, and the name of its folder. `methods` are those of the worker; `taken` says which names of runs
    /// exist already. Reads no file.
    ///
    /// # Errors
    /// The error messages of the wrong fields.
    pub fn check(&self, methods: &[MethodInfo], taken: &dyn Fn(&str) -> bool) -> Result<(RunConfig, String), Problems> {
        let mut reader = Reader::default();
        let method = methods.iter().find(|method| method.key == self.method);
        let name = self.folder(taken);
        if taken(&name) {
            reader.report_error("name", format!("there is a run of this name already: {name}"));
        } else if name.contains(['/', '\\']) || name.starts_with('.') {
            reader.report_error("name", "expected a name of a folder: without / and \\, not beginning with a dot");
        }
        if self.checkpoint.trim().is_empty() {
            reader.report_error("checkpoint", "expected a checkpoint to start from: choose one of the session, or give its path");
        }
        let mut run = self.base.clone();
        run.checkpoint = Some(PathBuf::from(self.checkpoint.trim()));
        run.normalization = self.normalization;
        run.seed = reader.number("seed", &self.seed, "a whole number of at least 0", 0..=u64::MAX);
        run.epochs = Some(reader.count("epochs", &self.epochs, 1));
        run.max_steps = None;
        run.batch = reader.count("batch", &self.batch, 1);
        run.transform = self.transform;
        run.leave_out = self.leave_out.clone();
        run.batch_norm = self.batch_norm;
        // A built-in network has none, and the form does not show the choice for it.
        run.dropout = if self.is_program() { self.dropout } else { Dropout::Off };
        run.accumulate = reader.count("accumulate", &self.accumulate, 1);
        run.optimizer = self.optimizer(&mut reader);
        run.schedule.decay = match self.schedule {
            Schedule::Constant => Decay::Constant,
            Schedule::Cosine => Decay::Cosine,
            Schedule::Plateau => Decay::Plateau {
                patience: reader.count("patience", &self.patience, 0),
                factor: reader.float("factor", &self.factor, [0.0, 1.0]),
            },
        };
        run.schedule.warmup = self.warmup(&mut reader);
        run.method = MethodConfig::new(&self.method);
        match method {
            None => reader.report_error("method", format!("expected a method of this worker, found `{}`", self.method)),
            Some(method) => {
                for parameter in &method.parameters {
                    if let Some(value) = value(&mut reader, parameter, self.entry(parameter)) {
                        run.method.parameters.insert(parameter.key.clone(), value);
                    }
                }
                if !method.environments {
                    run.leave_out.clear();
                } else if let Err(error) = environment::environments(&self.leave_out) {
                    reader.report_error("leave_out", error.to_string());
                }
                if method.outliers {
                    run.outlier_batch = reader.count("outlier_batch", &self.outlier_batch, 1);
                }
            }
        }
        run.datasets = self.datasets(&mut reader, method.is_some_and(|method| method.outliers));
        if reader.problems.is_empty() { Ok((run, name)) } else { Err(reader.problems) }
    }

    fn optimizer(&self, reader: &mut Reader) -> OptimizerConfig {
        const ABOVE_ZERO: RangeInclusive<f64> = f64::MIN_POSITIVE..=f64::MAX;
        let rule = match self.optimizer {
            OptimizerKind::Sgd => {
                let momentum = reader.float("momentum", &self.momentum, [0.0, 1.0]);
                if self.nesterov && momentum == 0.0 {
                    reader.report_error("momentum", "Nesterov's form needs a momentum above 0");
                }
                UpdateRule::Sgd { momentum, nesterov: self.nesterov }
            }
            OptimizerKind::AdamW => {
                let mut beta = |key: &str, text: &str| reader.number(key, text, "a number from 0 to below 1", 0.0..=1.0f64.next_down());
                let betas = [beta("beta1", &self.betas[0]), beta("beta2", &self.betas[1])];
                UpdateRule::AdamW { betas, eps: reader.float("eps", &self.eps, [0.0, f64::MAX]) }
            }
        };
        let clips = !self.clip_norm.trim().is_empty();
        OptimizerConfig {
            lr: reader.number("lr", &self.lr, "a number above 0", ABOVE_ZERO),
            weight_decay: reader.float("weight_decay", &self.weight_decay, [0.0, f64::MAX]),
            clip_norm: clips.then(|| reader.number("clip_norm", &self.clip_norm, "a number above 0, or nothing", ABOVE_ZERO)),
            rule,
        }
    }

    /// The warm-up; its start factor is that of the repeated run.
    fn warmup(&self, reader: &mut Reader) -> Option<WarmupConfig> {
        if self.warmup.trim().is_empty() {
            return None;
        }
        let count = reader.count("warmup", &self.warmup, 0);
        let length = match self.warmup_unit {
            WarmupUnit::Steps => WarmupLength::Steps(count),
            WarmupUnit::Epochs => WarmupLength::Epochs(count),
        };
        if self.warmup_unit == WarmupUnit::Epochs && self.epochs.trim().parse().is_ok_and(|epochs: usize| epochs <= count) {
            reader
                .report_error("warmup", format!("expected a warm-up shorter than the run of {} epochs, found {count}", self.epochs.trim()));
        }
        (count > 0).then_some(WarmupConfig { length, start: self.base.schedule.warmup.and_then(|warmup| warmup.start) })
    }

    /// The name of the run's folder: the typed one, else the name of the method with the first free number.
    pub fn folder(&self, taken: &dyn Fn(&str) -> bool) -> String {
        if !self.name.trim().is_empty() {
            return self.name.trim().into();
        }
        let numbered = (2..1_000_000).map(|n| format!("{}-{n}", self.method));
        std::iter::once(self.method.clone()).chain(numbered).find(|name| !taken(name)).unwrap_or_default()
    }

    /// Whether augmentations of this kind have a severity.
    pub fn has_severity(kind: &str) -> bool {
        Augmentation { kind: kind.into(), severity: Some(Severity::Fixed(1)) }.check().is_ok()
    }

    fn datasets(&self, reader: &mut Reader, outliers: bool) -> Vec<DatasetEntry> {
        let mut datasets = Vec::new();
        // Outlier datasets that the method does not use are left out of the run file.
        for pick in self.dataset_choices.iter().filter(|pick| pick.on && (outliers || pick.entry.role != Role::Outliers)) {
            let mut entry = pick.entry.clone();
            let limit = (!pick.limit.trim().is_empty()).then(|| reader.count(&limit_field(&entry), &pick.limit, 1));
            match entry.first {
                Some(_) => entry.first = limit,
                None => entry.limit = limit,
            }
            datasets.push(entry);
        }
        let has = |role: Role| datasets.iter().any(|entry| entry.role == role);
        let open = |what: &str| format!("expected {what}, found none: open images of this role at the left");
        if !has(Role::Train) {
            reader.report_error(Role::Train.key(), open("images to train on"));
        }
        if outliers && !has(Role::Outliers) {
            reader.report_error(Role::Outliers.key(), open("outliers, which this method trains with"));
        }
        if self.schedule == Schedule::Plateau && !has(Role::Id) {
            reader.report_error(Role::Id.key(), "the plateau schedule looks at the loss on ID images; choose some, or another schedule");
        }
        datasets
    }
}

/// Key of the field that holds the size of a dataset.
pub fn limit_field(entry: &DatasetEntry) -> String {
    format!("limit of {}", entry.name)
}

/// The value of a hyperparameter; `None` when the run file must not contain it.
fn value(reader: &mut Reader, parameter: &ParameterInfo, entry: Entry) -> Option<Value> {
    let key = &parameter.key;
    Some(match (&parameter.kind, entry) {
        (ParameterKind::Number { min, max, .. }, Entry::Text(text)) => json!(reader.float(key, &text, [*min, *max])),
        (ParameterKind::Integer { min, max, .. }, Entry::Text(text)) => {
            json!(reader.number(key, &text, &format!("a whole number from {min} to {max}"), *min..=*max))
        }
        (ParameterKind::Choice { options, .. }, Entry::Choice(choice)) => {
            if !options.contains(&choice) {
                reader.report_error(key, format!("expected one of {}, found `{choice}`", options.join(", ")));
            }
            json!(choice)
        }
        (ParameterKind::Switch { .. }, Entry::Switch(on)) => json!(on),
        (ParameterKind::Augmentation { .. }, Entry::Augmentation(kind, severity)) => {
            let kind = kind?;
            let severity = severity.parse::<u8>().map_or(Value::String(severity), Value::from);
            let value = if Draft::has_severity(&kind) { json!({ "kind": kind, "severity": severity }) } else { json!({ "kind": kind }) };
            if let Err(message) = serde_json::from_value::<Augmentation>(value.clone())
                .map_err(|e| e.to_string())
                .and_then(|a| a.check().map_err(|e| e.to_string()))
            {
                reader.report_error(key, message);
            }
            value
        }
        (_, Entry::Text(_) | Entry::Choice(_) | Entry::Switch(_) | Entry::Augmentation(..)) => {
            reader.report_error(key, "expected a value of another kind");
            return None;
        }
    })
}
