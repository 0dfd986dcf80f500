//! [`RunConfig`]: the run file of `flatland train`, and what a run directory keeps as `run.toml`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{OptimizerConfig, RunError, ScheduleConfig};
use crate::session::{Assumption, Assumptions, DatasetEntry, InputTransform, NetworkChoice, Normalization, resolved, stated_choice};

/// Which pass of a SAM-type step updates BatchNorm's running statistics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BatchNormUpdate {
    /// The pass at θ (default, as in the SAM reference).
    #[default]
    First,
    /// The pass at θ + ε.
    Second,
    /// Both.
    Both,
}

/// Arithmetic of forward and backward; weights, statistics and the optimizer are float32 always.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrainPrecision {
    /// IEEE float32.
    #[default]
    F32,
    /// bfloat16 in convolutions and linear layers, on a GPU only.
    Bf16,
}

/// Training augmentation of ID images.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transform {
    /// Horizontal flip with p = 0.5, then random crop with zero padding 4 (for 32x32).
    #[default]
    CropFlip,
    /// Random crop only: for digits, which must not be mirrored.
    Crop,
    /// None.
    None,
}

/// Whether the dropout of an exported program acts in training steps; it never acts in an evaluation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dropout {
    /// It does nothing.
    #[default]
    Off,
    /// Each of its operations drops at the rate of the program.
    On,
}

impl Dropout {
    fn is_off(&self) -> bool {
        *self == Dropout::Off
    }
}

/// The objective with its hyperparameters: `name = ".."` and beside it whatever the method of that name knows (see
/// [`MethodInfo`](super::MethodInfo)). The worker checks names and ranges and fills in defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MethodConfig {
    /// Key of the method.
    pub name: String,
    /// Hyperparameters by key.
    #[serde(flatten)]
    pub parameters: BTreeMap<String, Value>,
}

impl MethodConfig {
    /// The method called `name` with its defaults.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), parameters: BTreeMap::new() }
    }

    /// The same with hyperparameter `key` at `value`.
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.parameters.insert(key.into(), value.into());
        self
    }
}

/// A fine-tuning run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunConfig {
    /// Version of the format: 1.
    pub version: u32,
    /// Seed of shuffling, augmentation and initialization.
    #[serde(default)]
    pub seed: u64,
    /// Weights to start from; absent = train `architecture` from scratch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<PathBuf>,
    /// Architecture; inferred from the checkpoint when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub architecture: Option<String>,
    /// Which state dict of a checkpoint that holds several, by its key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights: Option<String>,
    /// Globs of tensor names of the checkpoint that the network does not have and that are left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignore: Vec<String>,
    /// Name of the value of an exported program that is the penultimate features; absent = the input of its last affine map.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub features: Option<String>,
    /// Name of the output of an exported program that is the logits, where it has several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// Number of classes when training from scratch; else the checkpoint's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classes: Option<i64>,
    /// Normalization of the inputs.
    #[serde(default)]
    pub normalization: Normalization,
    /// How the images of all datasets are brought to the size of the network's input; absent = scaled to fill it, then cropped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<InputTransform>,
    /// What was inferred and not stated by the user.
    #[serde(default, skip_serializing_if = "Assumptions::is_empty")]
    pub assumed: Assumptions,
    /// Epochs; one epoch is one pass over the train data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epochs: Option<usize>,
    /// Stops after so many steps instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_steps: Option<usize>,
    /// ID images a batch.
    #[serde(default = "batch")]
    pub batch: usize,
    /// Outliers a batch.
    #[serde(default = "outlier_batch")]
    pub outlier_batch: usize,
    /// Batches whose gradients make one step, ≥ 1: the step sees the mean over their ID images, as if they were one batch but for
    /// BatchNorm, which sees each by itself.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub accumulate: usize,
    /// The last batch of a pass over ID images or outliers is left out when it has less than this share of a batch: BatchNorm would see only
    /// a few images. 0 keeps them all (PyTorch's `drop_last=False`), 1 drops every smaller one (`drop_last=True`); absent = 0.25, which
    /// keeps CIFAR's 80 of 128 (OpenOOD). The only batch of a pass is always kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drop_last_below: Option<f64>,
    /// `false`: file order, batch i is images [i·batch, (i+1)·batch).
    #[serde(default = "yes")]
    pub shuffle: bool,
    /// Augmentation of ID images.
    #[serde(default)]
    pub transform: Transform,
    /// Families of corruptions (`noise`, `blur`, `weather`, `digital`) that the environments of IRM, V-REx, GroupDRO and ERM leave out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leave_out: Vec<String>,
    /// Which pass updates running statistics.
    #[serde(default)]
    pub batch_norm: BatchNormUpdate,
    /// Whether the dropout of an exported program acts in training steps.
    #[serde(default, skip_serializing_if = "Dropout::is_off")]
    pub dropout: Dropout,
    /// Arithmetic of forward and backward.
    #[serde(default)]
    pub precision: TrainPrecision,
    /// Steps between two lines of `steps.jsonl`; absent = so that a run has about a thousand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_every: Option<usize>,
    /// Keeps the weights before the first step, after every so many epochs and after the last, as `checkpoints/epoch_<n>.safetensors`;
    /// absent = only the last and the best.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_every: Option<usize>,
    /// The objective.
    pub method: MethodConfig,
    /// The optimizer.
    #[serde(default)]
    pub optimizer: OptimizerConfig,
    /// Schedule.
    #[serde(default)]
    pub schedule: ScheduleConfig,
    /// Roles train, outliers, id (validation), cs, near, far.
    #[serde(default, rename = "dataset")]
    pub datasets: Vec<DatasetEntry>,
}

fn batch() -> usize {
    128
}

fn outlier_batch() -> usize {
    256
}

fn one() -> usize {
    1
}

fn is_one(value: &usize) -> bool {
    *value == 1
}

/// `drop_last_below` of a run that does not state it.
pub const DROP_LAST_BELOW: f64 = 0.25;

fn yes() -> bool {
    true
}

impl RunConfig {
    /// A run of `method` with every default; its start, its data and its length are still to be set.
    pub fn new(method: MethodConfig) -> Self {
        Self {
            version: 1,
            seed: 0,
            checkpoint: None,
            architecture: None,
            weights: None,
            ignore: Vec::new(),
            features: None,
            output: None,
            assumed: Assumptions::new(),
            classes: None,
            normalization: Normalization::default(),
            input: None,
            epochs: None,
            max_steps: None,
            batch: batch(),
            outlier_batch: outlier_batch(),
            accumulate: 1,
            drop_last_below: None,
            shuffle: true,
            transform: Transform::default(),
            leave_out: Vec::new(),
            batch_norm: BatchNormUpdate::default(),
            dropout: Dropout::default(),
            precision: TrainPrecision::default(),
            log_every: None,
            keep_every: None,
            method,
            optimizer: OptimizerConfig::default(),
            schedule: ScheduleConfig::default(),
            datasets: Vec::new(),
        }
    }

    /// Batches of a pass over `images` images in batches of `batch` ≥ 1: the last, smaller one counts unless `drop_last_below` leaves it out.
    pub fn batches(&self, images: usize, batch: usize) -> usize {
        let (whole, rest) = (images / batch, images % batch);
        let enough = self.drop_last_below.unwrap_or(DROP_LAST_BELOW) * batch as f64;
        whole + usize::from(rest > 0 && (whole == 0 || rest as f64 >= enough))
    }

    /// Steps of the optimizer in a pass over `images` images: the last of a pass takes the batches that are left.
    pub fn steps_per_epoch(&self, images: usize) -> usize {
        self.batches(images, self.batch.max(1)).div_ceil(self.accumulate.max(1))
    }

    /// Reads a run file and makes its paths absolute, relative to `path`'s folder.
    ///
    /// # Errors
    /// When the file cannot be read, is not TOML, has another version or unknown fields.
    pub fn load(path: &Path) -> Result<Self, RunError> {
        let text = std::fs::read_to_string(path).map_err(|source| RunError::Io { action: "read", source, path: path.into() })?;
        Self::from_toml(&text, path)
    }

    /// As [`RunConfig::load`], of the `text` of a file at `path`.
    ///
    /// # Errors
    /// When the text is not TOML, has another version or unknown fields.
    pub fn from_toml(text: &str, path: &Path) -> Result<Self, RunError> {
        let invalid = |message: String| RunError::Invalid { message, path: path.into() };
        let mut run: RunConfig = toml::from_str(text).map_err(|error| invalid(error.to_string()))?;
        if run.version != 1 {
            return Err(invalid(format!("expected version = 1, found version = {}", run.version)));
        }
        if text.parse::<toml::Table>().is_ok_and(|table| !table.contains_key("normalization")) {
            run.assumed.insert(Assumption::Normalization);
        }
        // The folder of a bare file name is the empty path, which cannot be made absolute.
        let file = std::path::absolute(path).unwrap_or_else(|_| path.into());
        let folder = file.parent().unwrap_or(Path::new(""));
        if let Some(architecture) = &mut run.architecture {
            *architecture = resolved(architecture, folder);
        }
        if let Some(checkpoint) = &mut run.checkpoint {
            *checkpoint = folder.join(&*checkpoint);
        }
        for dataset in run.datasets.iter_mut().filter(|dataset| !dataset.is_bundled()) {
            dataset.path = folder.join(&dataset.path);
        }
        Ok(run)
    }

    /// What this run assumes, a sentence each, with the line that would state it.
    pub fn assumptions(&self) -> Vec<String> {
        let is_assumed = |kind| self.assumed.contains(&kind);
        let architecture = is_assumed(Assumption::Architecture).then(|| {
            let network = self.architecture.as_deref().unwrap_or_default();
            format!("the network is taken to be that of {network}, since the tensors are called alike; without `assumed` `architecture` is stated")
        });
        let label = self.normalization.label();
        let normalization = is_assumed(Assumption::Normalization)
            .then(|| format!("the inputs are taken to be normalized as {label}; `normalization = ..` in the run file states it"));
        architecture.into_iter().chain(normalization).collect()
    }

    /// The text of a run file at `path`.
    ///
    /// # Errors
    /// When a path is not Unicode.
    pub fn to_toml(&self, path: &Path) -> Result<String, RunError> {
        toml::to_string_pretty(self)
            .map_err(|error| RunError::Invalid { message: format!("cannot write the run: {error}"), path: path.into() })
    }

    /// Whether the files and folders that the run reads are there.
    ///
    /// # Errors
    /// Names the first that is not.
    pub fn check_inputs(&self) -> Result<(), RunError> {
        let checkpoint = self.checkpoint.iter().map(|path| ("the checkpoint".to_owned(), path));
        let datasets = self.datasets.iter().filter(|dataset| !dataset.is_bundled());
        let datasets = datasets.map(|dataset| (format!("the dataset `{}`", dataset.name), &dataset.path));
        match checkpoint.chain(datasets).find(|(_, path)| !path.exists()) {
            Some((what, path)) => Err(RunError::Refused { message: format!("expected {what}, found nothing there"), path: path.clone() }),
            None => Ok(()),
        }
    }

    /// How the checkpoint's file is read.
    pub fn choice(&self) -> NetworkChoice {
        stated_choice!(self)
    }

    /// Names of the settings in which `found`, the run of a run directory, differs from this; `None` when it is the same run.
    /// What this leaves open is as in `found`: the process that trains resolves it once.
    pub fn difference(&self, found: &RunConfig) -> Option<String> {
        let fields = |run| match serde_json::to_value(run) {
            Ok(serde_json::Value::Object(fields)) => fields,
            _ => serde_json::Map::new(),
        };
        let mut asked = self.clone();
        // The process writes the head of the method beside the name of the architecture: `resnet18_32x32+mcd`.
        let plain = |name: &String| name.split('+').next().unwrap_or_default().to_owned();
        if asked.architecture.is_none() || asked.architecture == found.architecture.as_ref().map(plain) {
            asked.architecture.clone_from(&found.architecture);
        }
        asked.classes = asked.classes.or(found.classes);
        // Whether a value is stated or assumed does not change the run.
        asked.assumed.clone_from(&found.assumed);
        asked.log_every = asked.log_every.or(found.log_every);
        asked.drop_last_below = asked.drop_last_below.or(found.drop_last_below);
        if asked.method.name == found.method.name {
            for (key, value) in &found.method.parameters {
                let open = asked.method.parameters.entry(key.clone()).or_insert_with(|| value.clone());
                // 1 and 1.0 are the same number.
                if open.as_f64().is_some() && open.as_f64() == value.as_f64() {
                    open.clone_from(value);
                }
            }
        }
        let (asked, found) = (fields(asked), fields(found.clone()));
        let names: std::collections::BTreeSet<&String> =
            asked.keys().chain(found.keys()).filter(|key| asked.get(*key) != found.get(*key)).collect();
        (!names.is_empty()).then(|| names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "))
    }
}

#[cfg(test)]
mod tests;
