//! [`run`]: the loop.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use flatland::data::{self, Corruption, Dataset};
use flatland::job::{self, JobEvent, ProgressMeter, Reporter, RunConfig, RunStatus, TrainJob};
use flatland::session::{CorruptionEntry, Role};
use serde_json::{Map, Value};
use tch::Tensor;

use super::evaluation::evaluate;
use super::run_directory::RunDirectory;
use super::schedule::Schedule;
use super::step::{StepError, StepInput, Trainee};
use super::training_state::TrainingState;
use super::{TrainError, batches};
use crate::method::{self, Method};
use crate::model::{Head, Network, Samples, device, pixels_to_input};

/// Seconds between two saves within an epoch.
const SAVE_EVERY: Duration = Duration::from_secs(20);

/// Trains, from wherever the run directory stands, until the run is done. Reports steps as progress and one metric line an epoch.
///
/// # Errors
/// When the run makes no sense, data or weights cannot be had, the loss diverges, or the reporter says stop
/// ([`TrainError::Cancelled`]); `state.json` then says so and the directory can be resumed.
pub fn run(job: &TrainJob, reporter: &mut dyn Reporter) -> Result<(), TrainError> {
    let mut directory = RunDirectory::open(&job.dir)?;
    let (outcome, position) = match Training::prepare(job, &directory, reporter) {
        Ok(mut training) => (training.train(&mut directory, reporter), training.position()),
        Err(error) => (Err(error), [0; 3]),
    };
    let (status, message) = match &outcome {
        Ok(()) => (RunStatus::Done, None),
        Err(TrainError::Cancelled) => (RunStatus::Cancelled, None),
        Err(error) => (RunStatus::Failed, Some(error.to_string())),
    };
    directory.log(message.as_deref().unwrap_or(if status == RunStatus::Done { "done" } else { "stopped on request" }))?;
    directory.report(status, position, message)?;
    outcome
}

struct Training {
    run: RunConfig,
    method: Box<dyn Method>,
    trainee: Trainee,
    train: Arc<Dataset>,
    outliers: Option<Arc<Dataset>>,
    watched: Vec<(Role, Samples)>,
    state: TrainingState,
    /// Whether nothing has been done yet, not even the evaluation before the first step.
    fresh: bool,
    steps_per_epoch: usize,
    steps: usize,
}

impl Training {
    fn prepare(job: &TrainJob, directory: &RunDirectory, reporter: &mut dyn Reporter) -> Result<Self, TrainError> {
        let mut run = job.run.clone();
        run.method = method::resolve(&run.method)?;
        let mut method = method::method(&run.method)?;
        check(&run, method.as_ref())?;
        let network = network(&mut run, method.head(), job.device, directory)?;
        directory.adopt(&run)?;
        let [_, height, width] = network.graph.input;
        let mut load = |role: Role| -> Result<Vec<Arc<Dataset>>, TrainError> {
            let mut loaded = Vec::new();
            for entry in run.datasets.iter().filter(|entry| entry.role == role) {
                let dataset = data::load(&job::source(entry, run.seed, None), Some([height as usize, width as usize]))?;
                let unreadable = dataset.provenance.unreadable.len();
                if unreadable > 0 {
                    let message = format!("{unreadable} images of `{}` cannot be read and are left out", dataset.name);
                    directory.log(&message)?;
                    reporter.report(JobEvent::Warning { message });
                }
                loaded.push(Arc::new(dataset));
            }
            Ok(loaded)
        };
        let train = only(load(Role::Train)?, "train")?.ok_or_else(|| config("expected a dataset of role `train`, found none"))?;
        check_labels(&train, &network)?;
        let outliers = only(load(Role::Outliers)?, "outliers")?.filter(|_| method.needs_outliers());
        if method.needs_outliers() && outliers.as_ref().is_none_or(|outliers| outliers.is_empty()) {
            return Err(config(format!("expected a dataset of role `outliers` for {}, found none", method.key())));
        }
        let mut watched = Vec::new();
        for role in [Role::Id, Role::Cs, Role::Near, Role::Far] {
            for dataset in load(role)? {
                watched.push((role, Samples::new(dataset, &run.normalization, &network)?));
            }
        }
        let steps_per_epoch = train.len().div_ceil(run.batch);
        let steps = run.epochs.map_or(usize::MAX, |epochs| epochs * steps_per_epoch).min(run.max_steps.unwrap_or(usize::MAX));
        let mut trainee = Trainee::new(network, &run.optimizer, method.as_ref())?;
        let fresh = !directory.state().exists();
        let state = if fresh {
            let schedule = Schedule::new(&run.schedule, run.optimizer.lr, steps);
            TrainingState { epoch: 0, step: 0, step_in_epoch: 0, sums: [0.0; 3], terms: BTreeMap::new(), schedule, best: None }
        } else {
            TrainingState::load(&mut trainee, method.as_mut(), &directory.state())?
        };
        directory.rewind_metrics((!fresh).then_some(state.epoch))?;
        directory.log(&format!("{} from step {} of {steps}, {}", method.key(), state.step, trainee.network.architecture))?;
        Ok(Self { run, method, trainee, train, outliers, watched, state, fresh, steps_per_epoch, steps })
    }

    /// (epochs, steps, steps in all)
    fn position(&self) -> [usize; 3] {
        [self.state.epoch, self.state.step, self.steps]
    }

    fn train(&mut self, directory: &mut RunDirectory, reporter: &mut dyn Reporter) -> Result<(), TrainError> {
        directory.report(RunStatus::Running, self.position(), None)?;
        if self.fresh {
            // How the weights are before the first step.
            self.measure(directory, reporter, Map::new())?;
            self.save(directory)?;
        }
        let mut meter = ProgressMeter::new("steps", format!("training ({})", self.method.key()), self.state.step as u64, self.steps as u64);
        let mut saved = Instant::now();
        while self.state.step < self.steps || self.state.step_in_epoch > 0 {
            let order = batches::order(self.run.seed, self.state.epoch, self.train.len(), self.run.shuffle);
            while self.state.step_in_epoch < self.steps_per_epoch && self.state.step < self.steps {
                if reporter.cancelled() {
                    self.save(directory)?;
                    return Err(TrainError::Cancelled);
                }
                self.step(&order, directory)?;
                meter.set(self.state.step as u64, reporter);
                directory.report(RunStatus::Running, self.position(), None)?;
                if saved.elapsed() > SAVE_EVERY {
                    self.save(directory)?;
                    saved = Instant::now();
                }
            }
            self.end_epoch(directory, reporter)?;
            saved = Instant::now();
        }
        // A kill may have come between the state and the weights that are copied from it.
        self.trainee.network.save(&directory.last())?;
        if !directory.best().exists() {
            self.trainee.network.save(&directory.best())?;
        }
        Ok(())
    }

    fn step(&mut self, order: &[usize], directory: &RunDirectory) -> Result<(), TrainError> {
        let start = self.state.step_in_epoch * self.run.batch;
        let positions = &order[start..(start + self.run.batch).min(order.len())];
        let input = self.input(positions)?;
        let lr = self.state.schedule.lr(self.state.step);
        let loss = self.trainee.step(self.method.as_mut(), &input, self.run.batch_norm, lr).map_err(|error| match error {
            StepError::Model(error) => TrainError::Model(error),
            StepError::NotFinite { what, found } => TrainError::Diverged { step: self.state.step, what, found, path: directory.last() },
        })?;
        let images = positions.len() as f64;
        self.state.sums[0] += loss.first * images;
        self.state.sums[1] += loss.second.unwrap_or(0.0) * images;
        self.state.sums[2] += images;
        for (name, value) in loss.terms {
            *self.state.terms.entry(name.to_owned()).or_default() += value * images;
        }
        self.state.step += 1;
        self.state.step_in_epoch += 1;
        Ok(())
    }

    fn input(&self, positions: &[usize]) -> Result<StepInput, TrainError> {
        let (run, train) = (&self.run, &self.train);
        let pixels = batches::pixels(train, positions, run.transform, run.seed, self.state.epoch);
        let first = match self.method.ascent().and_then(|ascent| ascent.augmentation) {
            Some(CorruptionEntry { kind, severity }) => {
                let kind = Corruption { kind, severity };
                Some(batches::corrupted(&pixels, train, positions, &kind, run.seed, self.state.epoch)?)
            }
            None => None,
        };
        let labels: Vec<i64> = positions.iter().map(|&position| train.labels[position]).collect();
        let outliers = self.outliers.as_ref().map(|outliers| {
            let chosen = batches::outlier_positions(run.seed, self.state.step, outliers.len(), run.outlier_batch, run.shuffle);
            // Outliers are shown as they are (OpenOOD gives them the test transform).
            self.tensor(&batches::pixels(outliers, &chosen, job::Transform::None, run.seed, self.state.epoch))
        });
        Ok(StepInput {
            id: self.tensor(&pixels)?,
            first_id: first.map(|pixels| self.tensor(&pixels)).transpose()?,
            labels: Tensor::f_from_slice(&labels)?.f_to_device(self.trainee.network.device)?,
            outliers: outliers.transpose()?,
            environments: None,
            seed: run.seed,
            step: self.state.step,
            epoch: self.state.epoch,
        })
    }

    fn tensor(&self, pixels: &[u8]) -> Result<Tensor, TrainError> {
        let network = &self.trainee.network;
        let size = [self.train.height, self.train.width];
        Ok(pixels_to_input(pixels, size, &self.run.normalization, network.graph.input[0], network.device)?)
    }

    /// Measures, tells the schedule, keeps the best weights, saves. An epoch cut short by `max_steps` counts as one.
    fn end_epoch(&mut self, directory: &mut RunDirectory, reporter: &mut dyn Reporter) -> Result<(), TrainError> {
        let [first, second, images] = self.state.sums;
        let lr = self.state.schedule.lr(self.state.step.saturating_sub(1));
        let mut values = Map::from_iter([("lr".into(), lr.into()), ("train_loss".into(), (first / images).into())]);
        if self.method.ascent().is_some() {
            values.insert("ascent_loss".into(), (second / images).into());
        }
        values.extend(self.state.terms.iter().map(|(name, sum)| (format!("train_{name}"), (sum / images).into())));
        self.state.epoch += 1;
        let values = match self.measure(directory, reporter, values) {
            Ok(values) => values,
            Err(error) => {
                // The evaluation was not finished: the epoch ends again when the run is resumed from the last save.
                self.state.epoch -= 1;
                if matches!(error, TrainError::Cancelled) {
                    self.save(directory)?;
                }
                return Err(error);
            }
        };
        let number = |name: &str| values.get(name).and_then(Value::as_f64);
        self.state.schedule.end_epoch(number("id_loss").unwrap_or(first / images));
        let accuracy = number("id_accuracy");
        if accuracy.is_none() || accuracy >= self.state.best {
            // Before the state: a kill in between only writes the same file again.
            self.trainee.network.save(&directory.best())?;
            self.state.best = accuracy;
        }
        self.state.step_in_epoch = 0;
        self.state.sums = [0.0; 3];
        self.state.terms.clear();
        self.save(directory)
    }

    fn measure(
        &self,
        directory: &RunDirectory,
        reporter: &mut dyn Reporter,
        more: Map<String, Value>,
    ) -> Result<Map<String, Value>, TrainError> {
        let mut values = Map::from_iter([("epoch".into(), self.state.epoch.into()), ("step".into(), self.state.step.into())]);
        values.extend(more);
        values.extend(evaluate(&self.trainee.network, self.method.as_ref(), &self.watched, &|| reporter.cancelled())?.ok_or(TrainError::Cancelled)?);
        directory.append_metrics(&values)?;
        directory.log(&Value::Object(values.clone()).to_string())?;
        reporter.report(JobEvent::Metric { values: values.clone() });
        Ok(values)
    }

    /// Everything that a resumed run needs as one file, then the weights for people. Weights that are not finite are never saved.
    fn save(&self, directory: &RunDirectory) -> Result<(), TrainError> {
        for name in &self.trainee.network.names {
            let sum = f64::try_from(self.trainee.network.tensors[name].detach().f_abs()?.f_sum(tch::Kind::Double)?)?;
            if !sum.is_finite() {
                return Err(TrainError::Diverged { step: self.state.step, what: "weight", found: sum, path: directory.last() });
            }
        }
        self.state.save(&self.trainee, self.method.as_ref(), &directory.state())?;
        Ok(self.trainee.network.save(&directory.last())?)
    }
}

fn config(message: impl Into<String>) -> TrainError {
    TrainError::Config(message.into())
}

fn check(run: &RunConfig, method: &dyn Method) -> Result<(), TrainError> {
    let require = |holds: bool, message: String| if holds { Ok(()) } else { Err(TrainError::Config(message)) };
    require(run.batch > 0, "expected `batch` of at least 1, found 0".into())?;
    require(run.outlier_batch > 0 || !method.needs_outliers(), "expected `outlier_batch` of at least 1, found 0".into())?;
    require(run.epochs.is_some() || run.max_steps.is_some(), "expected `epochs` or `max_steps`, found neither".into())?;
    let lr = run.optimizer.lr;
    require(lr.is_finite() && lr > 0.0, format!("expected a learning rate above 0, found {lr}"))?;
    Ok(())
}

/// The network to start from, with the method's head, and the run with what was left open (architecture, classes) filled in. A run
/// under way needs its first checkpoint no more: its state holds all weights.
fn network(run: &mut RunConfig, head: Option<Head>, asked: job::Device, directory: &RunDirectory) -> Result<Network, TrainError> {
    let device = device(asked);
    let mut network = match (&run.checkpoint, &run.architecture, run.classes) {
        (Some(_), Some(architecture), Some(classes)) if directory.state().exists() => {
            Network::random(architecture, classes, run.seed, device)?
        }
        (Some(checkpoint), architecture, _) => {
            let plain = architecture.as_deref().map(|architecture| Head::split(architecture).0);
            match Network::load(checkpoint, architecture.as_deref(), device) {
                // A run that was cut off before its first save names the architecture that it was going to train.
                Err(_) if head.is_some() && plain != architecture.as_deref() => Network::load(checkpoint, plain, device)?,
                loaded => loaded?,
            }
        }
        (None, Some(architecture), Some(classes)) => Network::random(architecture, classes, run.seed, device)?,
        (None, ..) => return Err(config("expected `checkpoint`, or `architecture` and `classes` to train from scratch; found neither")),
    };
    if let Some(classes) = run.classes.filter(|&classes| classes != network.classes) {
        return Err(config(format!("expected a checkpoint of {classes} classes, found {}", network.classes)));
    }
    if let Some(head) = head {
        network = network.with_head(head, run.seed)?;
    }
    run.architecture = Some(network.architecture.clone());
    run.classes = Some(network.classes);
    Ok(network)
}

fn only(mut datasets: Vec<Arc<Dataset>>, role: &str) -> Result<Option<Arc<Dataset>>, TrainError> {
    if datasets.len() > 1 {
        return Err(config(format!("expected one dataset of role `{role}`, found {}", datasets.len())));
    }
    Ok(datasets.pop())
}

fn check_labels(train: &Dataset, network: &Network) -> Result<(), TrainError> {
    if train.is_empty() {
        return Err(config(format!("expected images in `{}`, found none", train.name)));
    }
    match train.labels.iter().find(|&&label| !(0..network.classes).contains(&label)) {
        Some(label) => Err(config(format!("expected labels of 0 to {} in `{}`, found {label}", network.classes - 1, train.name))),
        None => Ok(()),
    }
}
