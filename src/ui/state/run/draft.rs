//! [`Draft`]: a planned run as the form holds it: text as typed, not yet a [`RunConfig`].

use std::collections::BTreeMap;

use serde_json::Value;

use flatland_core::job::{
    BatchNormUpdate, Decay, Dropout, MethodConfig, OptimizerConfig, OptimizerKind, ParameterInfo, ParameterKind, RunConfig, Transform,
    UpdateRule, WarmupLength, choice_of,
};
use flatland_core::session::{
    Assumption, CheckpointEntry, DatasetEntry, InputTransform, NetworkChoice, Normalization, Role, Session, is_program,
};

/// The input of a hyperparameter.
#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    /// Text of a number.
    Text(String),
    /// One of the options.
    Choice(String),
    /// On or off.
    Switch(bool),
    /// Kind of an augmentation (`None` = none) and its severity: `1` to `5` or `uniform`.
    Augmentation(Option<String>, String),
}

impl Entry {
    /// The default input of `parameter`.
    pub fn default_of(parameter: &ParameterInfo) -> Self {
        match &parameter.kind {
            ParameterKind::Number { default, .. } => Entry::Text(default.to_string()),
            ParameterKind::Integer { default, .. } => Entry::Text(default.to_string()),
            ParameterKind::Choice { default, .. } => Entry::Choice(default.clone()),
            ParameterKind::Switch { default } => Entry::Switch(*default),
            ParameterKind::Augmentation { default } => {
                Self::augmentation(&serde_json::to_value(default).unwrap_or(Value::Null)).unwrap_or(Entry::Augmentation(None, "1".into()))
            }
        }
    }

    /// The input that corresponds to `value` in a run file; `None` when it is absent or of another kind.
    fn read(parameter: &ParameterInfo, value: Option<&Value>) -> Option<Self> {
        Some(match (&parameter.kind, value.unwrap_or(&Value::Null)) {
            // A run without the augmentation is repeated without it, whatever the default is.
            (ParameterKind::Augmentation { .. }, Value::Null) => Entry::Augmentation(None, "1".into()),
            (ParameterKind::Number { .. } | ParameterKind::Integer { .. }, Value::Number(number)) => Entry::Text(number.to_string()),
            (ParameterKind::Choice { formerly, .. }, value) => Entry::Choice(choice_of(value, formerly.as_ref())?.to_owned()),
            (ParameterKind::Switch { .. }, Value::Bool(on)) => Entry::Switch(*on),
            (ParameterKind::Augmentation { .. }, value) => Self::augmentation(value)?,
            (ParameterKind::Number { .. } | ParameterKind::Integer { .. } | ParameterKind::Switch { .. }, _) => return None,
        })
    }

    fn augmentation(value: &Value) -> Option<Self> {
        let kind = value.get("kind")?.as_str()?.to_owned();
        let severity = match value.get("severity") {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => "1".into(),
        };
        Some(Entry::Augmentation(Some(kind), severity))
    }
}

/// A dataset that the run may use.
#[derive(Clone, Debug, PartialEq)]
pub struct DatasetChoice {
    /// The dataset.
    pub entry: DatasetEntry,
    /// Whether the run uses it.
    pub on: bool,
    /// Maximum number of images, as typed; empty = all.
    pub limit: String,
    /// Whether it is one of the session's datasets and follows its changes; otherwise it comes from the repeated run.
    is_open: bool,
}

/// Kind of learning rate schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schedule {
    /// The rate is divided when the validation loss stops falling.
    Plateau,
    /// Half a cosine down to nearly 0.
    Cosine,
    /// The rate is constant.
    Constant,
}

impl Schedule {
    /// All kinds.
    pub const ALL: [Schedule; 3] = [Schedule::Plateau, Schedule::Cosine, Schedule::Constant];
}

/// Unit of the length of a warm-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WarmupUnit {
    /// Steps of the optimizer.
    Steps,
    /// Epochs.
    Epochs,
}

/// A planned run.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// Name of its folder; empty = the suggested name.
    pub name: String,
    /// Path of the initial weights.
    pub checkpoint: String,
    /// Normalization of the network's inputs.
    pub normalization: Normalization,
    /// Key of the method.
    pub method: String,
    /// Inputs of the hyperparameters that were changed, by method and key.
    pub entries: BTreeMap<(String, String), Entry>,
    /// The datasets that it may use.
    pub dataset_choices: Vec<DatasetChoice>,
    /// Number of epochs.
    pub epochs: String,
    /// ID images per batch.
    pub batch: String,
    /// Outliers per batch.
    pub outlier_batch: String,
    /// Batches per step.
    pub accumulate: String,
    /// Seed.
    pub seed: String,
    /// Kind of optimizer; see [`Draft::choose_optimizer`].
    pub optimizer: OptimizerKind,
    /// Learning rate.
    pub lr: String,
    /// Momentum, for SGD.
    pub momentum: String,
    /// Weight decay.
    pub weight_decay: String,
    /// Whether to use Nesterov momentum, for SGD.
    pub nesterov: bool,
    /// β₁ and β₂, for AdamW.
    pub betas: [String; 2],
    /// ε, for AdamW.
    pub eps: String,
    /// Largest norm of the gradient; empty = no limit.
    pub clip_norm: String,
    /// Kind of schedule.
    pub schedule: Schedule,
    /// Patience, for a plateau schedule.
    pub patience: String,
    /// Factor, for a plateau schedule.
    pub factor: String,
    /// Length of the warm-up; empty = none.
    pub warmup: String,
    /// Unit of the warm-up.
    pub warmup_unit: WarmupUnit,
    /// Augmentation of ID images.
    pub transform: Transform,
    /// Families of corruptions that the environments do not use.
    pub leave_out: Vec<String>,
    /// Which pass updates the running statistics.
    pub batch_norm: BatchNormUpdate,
    /// Whether the dropout of an exported program acts.
    pub dropout: Dropout,
    /// The repeated run, or defaults: values that were not changed, and values that the form does not show.
    pub(super) base: RunConfig,
}

impl Draft {
    /// A draft that starts from the session's first checkpoint, with default values and the open datasets.
    pub fn new(session: &Session, method: &str) -> Self {
        let mut draft = Self::of(blank());
        draft.method = method.into();
        if let Some(first) = session.checkpoints.first() {
            draft.start_from(first);
        }
        draft.update_datasets(session);
        draft
    }

    /// A draft that repeats a run.
    pub fn repeat(run: &RunConfig, session: &Session) -> Self {
        let mut draft = Self::of(run.clone());
        draft.dataset_choices = run
            .datasets
            .iter()
            .map(|entry| DatasetChoice { is_open: session.datasets.contains(entry), ..pick(entry.clone(), true) })
            .collect();
        draft.update_datasets(session);
        draft
    }

    fn of(base: RunConfig) -> Self {
        let (schedule, patience, factor) = match base.schedule.decay {
            Decay::Plateau { patience, factor } => (Schedule::Plateau, patience, factor),
            Decay::Cosine => (Schedule::Cosine, 5, 0.1),
            Decay::Constant => (Schedule::Constant, 5, 0.1),
        };
        let (warmup, warmup_unit) = match base.schedule.warmup.map(|warmup| warmup.length) {
            None => (String::new(), WarmupUnit::Steps),
            Some(WarmupLength::Steps(steps)) => (steps.to_string(), WarmupUnit::Steps),
            Some(WarmupLength::Epochs(epochs)) => (epochs.to_string(), WarmupUnit::Epochs),
        };
        // Fields of the other kinds of optimizers and schedules get their default values.
        let (mut momentum, mut nesterov, mut betas, mut eps) = (0.9, true, [0.9, 0.999], 1e-8);
        match base.optimizer.rule {
            UpdateRule::Sgd { momentum: m, nesterov: n } => (momentum, nesterov) = (m, n),
            UpdateRule::AdamW { betas: b, eps: e } => (betas, eps) = (b, e),
        }
        Self {
            name: String::new(),
            checkpoint: base.checkpoint.as_ref().map(|path| path.display().to_string()).unwrap_or_default(),
            normalization: base.normalization,
            method: base.method.name.clone(),
            entries: BTreeMap::new(),
            dataset_choices: Vec::new(),
            epochs: base.epochs.map(|epochs| epochs.to_string()).unwrap_or_default(),
            batch: base.batch.to_string(),
            outlier_batch: base.outlier_batch.to_string(),
            seed: base.seed.to_string(),
            lr: base.optimizer.lr.to_string(),
            optimizer: base.optimizer.kind(),
            momentum: momentum.to_string(),
            weight_decay: base.optimizer.weight_decay.to_string(),
            nesterov,
            betas: betas.map(|beta| beta.to_string()),
            eps: format!("{eps:e}"),
            clip_norm: base.optimizer.clip_norm.map(|norm| norm.to_string()).unwrap_or_default(),
            accumulate: base.accumulate.to_string(),
            warmup,
            warmup_unit,
            schedule,
            patience: patience.to_string(),
            factor: factor.to_string(),
            transform: base.transform,
            leave_out: base.leave_out.clone(),
            batch_norm: base.batch_norm,
            dropout: base.dropout,
            base,
        }
    }

    /// Sets the initial weights to those of a checkpoint.
    pub fn start_from(&mut self, entry: &CheckpointEntry) {
        self.checkpoint = entry.path.display().to_string();
        self.normalization = entry.normalization;
        let NetworkChoice { architecture, weights, ignore, features, output, input_size: _ } = entry.choice();
        let (input, assumed) = (entry.input, entry.assumed.clone());
        self.base = RunConfig { architecture, weights, ignore, features, output, classes: None, input, assumed, ..self.base.clone() };
    }

    /// Sets the state dict of the checkpoint's file to start from.
    pub fn choose_weights(&mut self, weights: Option<String>) {
        self.base.weights = weights;
    }

    /// Whether the normalization of the inputs is only assumed.
    pub fn assumes_normalization(&self) -> bool {
        self.base.assumed.contains(&Assumption::Normalization)
    }

    /// Sets the normalization of the inputs.
    pub fn set_normalization(&mut self, normalization: Normalization) {
        self.normalization = normalization;
        self.base.assumed.remove(&Assumption::Normalization);
    }

    /// How images are brought to the size of the network's input, if it is stated.
    pub fn input(&self) -> Option<InputTransform> {
        self.base.input
    }

    /// Whether its network is that of an exported program, which may have dropout.
    pub fn is_program(&self) -> bool {
        is_program(&self.checkpoint) || self.choice().is_program()
    }

    /// How the checkpoint's file is read.
    pub fn choice(&self) -> NetworkChoice {
        self.base.choice()
    }

    /// Sets the kind of optimizer. An unchanged learning rate or weight decay becomes the default of that kind, since it has another meaning
    /// there.
    pub fn choose_optimizer(&mut self, kind: OptimizerKind) {
        let (OptimizerConfig { lr, weight_decay, .. }, now) = (self.optimizer.config(), kind.config());
        if self.lr.trim().parse() == Ok(lr) {
            self.lr = now.lr.to_string();
        }
        if self.weight_decay.trim().parse() == Ok(weight_decay) {
            self.weight_decay = now.weight_decay.to_string();
        }
        self.optimizer = kind;
    }

    /// Adds datasets that were opened or changed since; datasets that were closed are removed unless they are used.
    pub fn update_datasets(&mut self, session: &Session) {
        self.update_open_datasets(session);
        self.dataset_choices.retain(|pick| pick.on || session.datasets.contains(&pick.entry));
        for entry in &session.datasets {
            if self.dataset_choices.iter().any(|pick| pick.entry.name == entry.name || same_images(&pick.entry, entry)) {
                continue;
            }
            let on = self.accepts_role(entry.role);
            self.dataset_choices.push(DatasetChoice { is_open: true, ..pick(entry.clone(), on) });
        }
        self.dataset_choices.sort_by_key(|pick| pick.entry.role);
    }

    /// Whether one more dataset of this role can be used: one dataset for training, one of outliers, any number of others.
    fn accepts_role(&self, role: Role) -> bool {
        let single = matches!(role, Role::Train | Role::Outliers);
        !single || !self.dataset_choices.iter().any(|pick| pick.on && pick.entry.role == role)
    }

    /// Applies changes of the session's datasets. A typed limit stays; a dataset whose role changed is used if another one of that role
    /// can be used.
    fn update_open_datasets(&mut self, session: &Session) {
        for i in 0..self.dataset_choices.len() {
            let DatasetChoice { entry: before, limit, is_open, .. } = &self.dataset_choices[i];
            if !is_open || session.datasets.contains(before) {
                continue;
            }
            let is_new = |entry: &DatasetEntry| self.dataset_choices.iter().all(|pick| pick.entry.name != entry.name);
            let renamed = |entry: &&DatasetEntry| **entry == DatasetEntry { name: entry.name.clone(), ..before.clone() } && is_new(entry);
            let by_name = session.datasets.iter().find(|entry| entry.name == before.name);
            let Some(now) = by_name.or_else(|| session.datasets.iter().find(renamed)).cloned() else { continue };
            let limit = if *limit == limit_of(before) { limit_of(&now) } else { limit.clone() };
            let has_role = now.role == before.role;
            let on = if has_role { self.dataset_choices[i].on } else { self.accepts_role(now.role) };
            self.dataset_choices[i] = DatasetChoice { entry: now, on, limit, is_open: true };
        }
    }

    /// Uses this dataset, or not. For a role that allows only one dataset, it replaces the other.
    pub fn choose(&mut self, index: usize, on: bool) {
        let Some(role) = self.dataset_choices.get(index).map(|pick| pick.entry.role) else { return };
        let single = matches!(role, Role::Train | Role::Outliers);
        for (i, pick) in self.dataset_choices.iter_mut().enumerate() {
            if i == index {
                pick.on = on;
            } else if single && on && pick.entry.role == role {
                pick.on = false;
            }
        }
    }

    /// The present input of a hyperparameter of the present method: as changed, else as in the repeated run, else its default.
    pub fn entry(&self, parameter: &ParameterInfo) -> Entry {
        let key = (self.method.clone(), parameter.key.clone());
        let repeated = || {
            if self.base.method.name == self.method {
                Entry::read(parameter, self.base.method.parameters.get(&parameter.key))
            } else {
                None
            }
        };
        self.entries.get(&key).cloned().or_else(repeated).unwrap_or_else(|| Entry::default_of(parameter))
    }

    /// Sets the input of a hyperparameter of the present method.
    pub fn set(&mut self, parameter: &ParameterInfo, entry: Entry) {
        self.entries.insert((self.method.clone(), parameter.key.clone()), entry);
    }
}

/// A run with all defaults and without a method.
fn blank() -> RunConfig {
    RunConfig { epochs: Some(10), ..RunConfig::new(MethodConfig::new("")) }
}

fn pick(entry: DatasetEntry, on: bool) -> DatasetChoice {
    let limit = limit_of(&entry);
    DatasetChoice { entry, on, limit, is_open: false }
}

fn limit_of(entry: &DatasetEntry) -> String {
    entry.first.or(entry.limit).map(|limit| limit.to_string()).unwrap_or_default()
}

fn same_images(a: &DatasetEntry, b: &DatasetEntry) -> bool {
    a.role == b.role && a.path == b.path && a.split == b.split && a.corruption == b.corruption
}
