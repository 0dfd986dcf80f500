//! [`run`]: the training loop of a run directory.

use std::path::Path;
use std::time::{Duration, Instant};

use flatland_core::data::Dataset;
use flatland_core::job::{self, Control, RunConfig, RunStatus};
use flatland_core::session::Role;
use serde_json::{Map, Value};
use tch::Tensor;

use super::TrainError;
use super::device_queue::{DeviceQueue, Turn};
use super::evaluation::evaluate;
use super::prefetch::{BatchPixels, BatchSource, Prefetch, StepPosition};
use super::run_directory::RunDirectory;
use super::step::{StepError, StepInput, StepLoss, Trainee};
use super::training_state::TrainingState;
use super::warmup::Warmup;
use crate::method::Method;
use crate::model::{InputBatch, Samples, device};

/// Interval between saves within an epoch.
const SAVE_EVERY: Duration = Duration::from_secs(20);
/// Interval between checks for a request while paused.
const POLL_EVERY: Duration = Duration::from_millis(50);

/// Trains the run in `dir` from its last saved state to its end. It waits in the device's queue in `queues`; `None`: it starts at once.
/// It reads requests from the directory and writes its progress there.
///
/// # Errors
/// When another process trains there, settings are invalid, data or weights cannot be loaded, a file cannot be written, the loss
/// diverges, or a stop was requested ([`TrainError::Cancelled`]). `state.json` then has the status and message, and the run can be resumed.
pub fn run(dir: &Path, asked: job::Device, queues: Option<&Path>) -> Result<(), TrainError> {
    let mut directory = RunDirectory::open(dir)?;
    let outcome = attempt(&mut directory, asked, queues);
    if matches!(outcome, Err(TrainError::Cancelled)) {
        // The request is fulfilled. If it cannot be removed, the next process stops too.
        let _ = directory.clear_control();
    }
    let (status, message) = match &outcome {
        Ok(()) => (RunStatus::Done, None),
        Err(TrainError::Cancelled) => (RunStatus::Cancelled, None),
        Err(error) => (RunStatus::Failed, Some(error.to_string())),
    };
    // The state holds the same message; a full disk can take neither.
    let _ = directory.log(message.as_deref().unwrap_or(status.key()));
    directory.end(status, message);
    outcome
}

fn attempt(directory: &mut RunDirectory, asked: job::Device, queues: Option<&Path>) -> Result<(), TrainError> {
    let device = device(asked);
    let name = match device {
        tch::Device::Cuda(index) if index as i64 >= tch::Cuda::device_count() => {
            let message = format!("expected a CUDA device {index}, found {} CUDA devices", tch::Cuda::device_count());
            return Err(TrainError::Config(message));
        }
        tch::Device::Cuda(index) => format!("cuda:{index}"),
        _ => "cpu".into(),
    };
    directory.set_device(&name);
    let queue = queues.map(|queues| DeviceQueue::new(queues, &name));
    let asked_at = directory.asked_at();
    let turn = wait(directory, queue.as_ref(), asked_at)?;
    directory.enter(RunStatus::Running, None)?;
    let mut training = Training::prepare(directory, device)?;
    training.train(directory, queue.as_ref(), turn)
}

/// Waits for the device. A pause request is handled by the training loop.
fn wait(directory: &mut RunDirectory, queue: Option<&DeviceQueue>, asked_at: f64) -> Result<Option<Turn>, TrainError> {
    let Some(queue) = queue else { return Ok(None) };
    let run = directory.path().to_owned();
    let mut told = String::new();
    let turn = queue.wait(&run, asked_at, &mut |message| {
        if message != told {
            message.clone_into(&mut told);
            directory.enter(RunStatus::Queued, Some(told.clone()))?;
        }
        directory.heartbeat()?;
        match directory.next_request()? {
            Some(Control::Stop) => Err(TrainError::Cancelled),
            Some(Control::Pause | Control::Resume | Control::Kill) | None => Ok(()),
        }
    })?;
    Ok(Some(turn))
}

/// A run in progress in this process.
pub(super) struct Training {
    pub(super) run: RunConfig,
    pub(super) method: Box<dyn Method>,
    pub(super) trainee: Trainee,
    pub(super) source: BatchSource,
    pub(super) watched: Vec<(Role, Samples)>,
    pub(super) state: TrainingState,
    pub(super) warmup: Warmup,
    /// Whether the run is new: not even the evaluation before the first step is done.
    pub(super) fresh: bool,
    pub(super) steps_per_epoch: usize,
    pub(super) steps: usize,
}

impl Training {
    fn train(&mut self, directory: &mut RunDirectory, queue: Option<&DeviceQueue>, mut turn: Option<Turn>) -> Result<(), TrainError> {
        self.tell(directory);
        if self.fresh {
            // The metrics before the first step.
            self.measure(directory, Map::new())?;
            self.keep(directory)?;
            self.save(directory)?;
        }
        let batches = Prefetch::start(self.source.clone(), self.place(), self.steps);
        let mut saved = Instant::now();
        while self.state.step < self.steps || self.state.step_in_epoch > 0 {
            while self.state.step_in_epoch < self.steps_per_epoch && self.state.step < self.steps {
                self.step(&batches, directory)?;
                self.tell(directory);
                directory.heartbeat()?;
                match directory.next_request()? {
                    Some(Control::Stop) => return self.stop(directory),
                    Some(Control::Pause) => {
                        drop(turn.take());
                        turn = self.pause(directory, queue)?;
                        saved = Instant::now();
                    }
                    Some(Control::Resume | Control::Kill) | None => {}
                }
                if saved.elapsed() > SAVE_EVERY {
                    self.save(directory)?;
                    saved = Instant::now();
                }
            }
            self.end_epoch(directory)?;
            saved = Instant::now();
        }
        directory.flush_lines(true)?;
        // A kill may have interrupted between writing the state and the weights that are copied from it.
        self.trainee.network.save(&directory.last_weights())?;
        if !directory.best_weights().exists() {
            self.trainee.network.save(&directory.best_weights())?;
        }
        self.tell(directory);
        Ok(())
    }

    fn tell(&self, directory: &mut RunDirectory) {
        directory.set_position([self.state.epoch, self.state.step, self.steps]);
    }

    /// Saves the state and ends the run with [`TrainError::Cancelled`].
    fn stop(&self, directory: &mut RunDirectory) -> Result<(), TrainError> {
        directory.enter(RunStatus::Stopping, None)?;
        self.save(directory)?;
        Err(TrainError::Cancelled)
    }

    /// Saves, releases the device and waits for a request to resume; then waits for the device again.
    fn pause(&self, directory: &mut RunDirectory, queue: Option<&DeviceQueue>) -> Result<Option<Turn>, TrainError> {
        self.save(directory)?;
        directory.enter(RunStatus::Paused, None)?;
        loop {
            match directory.next_request()? {
                Some(Control::Resume) => break,
                Some(Control::Stop) => {
                    self.stop(directory)?;
                }
                Some(Control::Pause | Control::Kill) | None => {}
            }
            directory.heartbeat()?;
            std::thread::sleep(POLL_EVERY);
        }
        directory.clear_control()?;
        directory.enter(RunStatus::Queued, None)?;
        let turn = wait(directory, queue, job::now())?;
        directory.enter(RunStatus::Running, None)?;
        Ok(turn)
    }

    fn step(&mut self, batches: &Prefetch, directory: &mut RunDirectory) -> Result<(), TrainError> {
        let (inputs, images) = self.inputs(batches)?;
        let lr = self.lr(self.state.step);
        let loss = self.trainee.step(self.method.as_mut(), &inputs, self.run.batch_norm, lr).map_err(|error| match error {
            StepError::Model(error) => TrainError::Model(error),
            StepError::NotFinite { what, found } => {
                TrainError::Diverged { step: self.state.step, what, found, path: directory.last_weights() }
            }
        })?;
        self.state.add(inputs.iter().map(|input| input.labels.numel()).sum(), &values(&loss));
        self.state.step += 1;
        self.state.step_in_epoch += 1;
        directory.count_images(images);
        if self.run.log_every.is_some_and(|every| self.state.step.is_multiple_of(every)) {
            let mut line = Map::from_iter([("step".into(), self.state.step.into()), ("lr".into(), lr.into())]);
            line.extend(values(&loss).into_iter().map(|(name, value)| (name, value.into())));
            directory.push_step(&line);
        }
        Ok(())
    }

    /// Learning rate of a step, counted from 0.
    pub(super) fn lr(&self, step: usize) -> f64 {
        self.warmup.factor(step) * self.state.schedule.lr(step.saturating_sub(self.warmup.steps))
    }

    /// The batches of the current step, and their number of images, outliers included.
    pub(super) fn inputs(&self, batches: &Prefetch) -> Result<(Vec<StepInput>, usize), TrainError> {
        let (mut inputs, mut images) = (Vec::new(), 0);
        for part in 0..self.source.parts(self.place()) {
            let batch = batches.next()?;
            images += batch.images;
            inputs.push(self.input(&batch, part)?);
        }
        Ok((inputs, images))
    }

    fn place(&self) -> StepPosition {
        StepPosition { epoch: self.state.epoch, step_in_epoch: self.state.step_in_epoch, step: self.state.step }
    }

    fn input(&self, batch: &BatchPixels, part: usize) -> Result<StepInput, TrainError> {
        let tensor = |inputs: &InputBatch, dataset: &Dataset| inputs.on(&self.trainee.network, &dataset.name, &self.run.normalization);
        let of_train = |inputs: &InputBatch| tensor(inputs, &self.source.train);
        let of_outliers = |inputs: &InputBatch| tensor(inputs, self.source.outliers.as_ref().unwrap_or(&self.source.train));
        Ok(StepInput {
            id: of_train(&batch.id)?,
            first_id: batch.first_id.as_ref().map(of_train).transpose()?,
            labels: Tensor::f_from_slice(&batch.labels)?.f_to_device(self.trainee.network.device)?,
            outliers: batch.outliers.as_ref().map(of_outliers).transpose()?,
            environments: batch
                .environments
                .as_ref()
                .map(|ids| Tensor::f_from_slice(ids)?.f_to_device(self.trainee.network.device))
                .transpose()?,
            seed: seed_of_part(self.run.seed, part),
            step: self.state.step,
            epoch: self.state.epoch,
        })
    }

    /// Evaluates, updates the schedule, saves the best weights and the state. An epoch that `max_steps` cuts short counts as one.
    fn end_epoch(&mut self, directory: &mut RunDirectory) -> Result<(), TrainError> {
        let lr = self.lr(self.state.step.saturating_sub(1));
        let means = self.state.means();
        let train_loss = means.get("train_loss").copied().unwrap_or(f64::NAN);
        let mut line = Map::from_iter([("lr".into(), lr.into())]);
        line.extend(means.into_iter().map(|(name, mean)| (name, mean.into())));
        self.state.epoch += 1;
        let line = match self.measure(directory, line) {
            Ok(line) => line,
            Err(TrainError::Cancelled) => {
                // The evaluation was not finished: the epoch ends again when the run is resumed.
                self.state.epoch -= 1;
                return self.stop(directory);
            }
            Err(error) => return Err(error),
        };
        // NaN: measured but not defined; `None`: not measured.
        let number = |name: &str| line.get(name).map(|value| value.as_f64().unwrap_or(f64::NAN));
        // During warm-up the loss does not decide whether the learning rate falls.
        if self.state.step >= self.warmup.steps {
            self.state.schedule.end_epoch(number("id_loss").unwrap_or(train_loss));
        }
        let accuracy = number("id_accuracy");
        if is_best(accuracy, self.state.best, directory.best_weights().exists()) {
            // Before the state: after a kill in between, the same file is written again.
            self.trainee.network.save(&directory.best_weights())?;
            self.state.best = accuracy.filter(|accuracy| accuracy.is_finite());
        }
        self.keep(directory)?;
        self.state.end_epoch();
        self.tell(directory);
        self.save(directory)
    }

    /// Writes the weights of this epoch where the run keeps them. This comes before the state: after a kill in between, the same file is
    /// written again.
    fn keep(&self, directory: &RunDirectory) -> Result<(), TrainError> {
        let last = self.state.step >= self.steps;
        match self.run.keep_every {
            Some(every) if last || self.state.epoch.is_multiple_of(every) => {
                Ok(self.trainee.network.save(&directory.epoch_weights(self.state.epoch))?)
            }
            _ => Ok(()),
        }
    }

    /// Evaluates and appends a line to `metrics.jsonl`; [`TrainError::Cancelled`] when a stop is requested.
    fn measure(&self, directory: &mut RunDirectory, more: Map<String, Value>) -> Result<Map<String, Value>, TrainError> {
        let mut line = Map::from_iter([("epoch".into(), self.state.epoch.into()), ("step".into(), self.state.step.into())]);
        line.extend(more);
        line.extend(evaluate(&self.trainee.network, self.method.as_ref(), &self.watched, &mut || {
            directory.heartbeat()?;
            if directory.next_request()? == Some(Control::Stop) { Err(TrainError::Cancelled) } else { Ok(()) }
        })?);
        directory.append_metrics(&line)?;
        directory.log(&Value::Object(line.clone()).to_string())?;
        Ok(line)
    }

    /// Writes the state that resuming needs as one file, then the weights for users. Weights that are not finite are never saved.
    fn save(&self, directory: &mut RunDirectory) -> Result<(), TrainError> {
        for name in &self.trainee.network.names {
            let sum = f64::try_from(self.trainee.network.tensors[name].detach().f_abs()?.f_sum(tch::Kind::Double)?)?;
            if !sum.is_finite() {
                return Err(TrainError::Diverged { step: self.state.step, what: "weight", found: sum, path: directory.last_weights() });
            }
        }
        // The lines of all steps are on disk before the state that counts them.
        directory.flush_lines(true)?;
        self.state.save(&self.trainee, self.method.as_ref(), &directory.training_state())?;
        Ok(self.trainee.network.save(&directory.last_weights())?)
    }
}

/// Whether the weights of an epoch replace the best ones: by the ID accuracy, the later of equals. Without ID images (`None`) the latest are
/// the best. With an undefined accuracy (NaN) they are so only while there are no best ones.
fn is_best(accuracy: Option<f64>, best: Option<f64>, exists: bool) -> bool {
    match accuracy {
        None => true,
        Some(accuracy) if accuracy.is_finite() => best.is_none_or(|best| accuracy >= best),
        Some(_) => !exists,
    }
}

/// The values of a step, by name.
fn values(loss: &StepLoss) -> Vec<(String, f64)> {
    let ascent = loss.second.map(|second| ("ascent_loss".into(), second));
    let terms = loss.terms.iter().map(|(name, value)| (format!("train_{name}"), *value));
    let clipped = loss.clipped_gradient_norm.map(|norm| ("clipped_gradient_norm".into(), norm));
    let more = [("gradient_norm".into(), loss.gradient_norm)].into_iter().chain(clipped);
    [("train_loss".into(), loss.first)].into_iter().chain(ascent).chain(terms).chain(more).collect()
}

/// Seed of a method's draws for batch `part` of a step. The first batch has the run's seed, so that runs without accumulation keep their draws.
fn seed_of_part(seed: u64, part: usize) -> u64 {
    if part == 0 {
        return seed;
    }
    let mut key = blake3::Hasher::new_derive_key("flatland batches of a step");
    key.update(&seed.to_le_bytes()).update(&(part as u64).to_le_bytes());
    key.finalize().as_bytes()[..8].iter().fold(0, |seed, byte| seed << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_whose_accuracy_is_not_defined_is_not_the_best() {
        assert!(is_best(Some(0.5), Some(0.5), true) && !is_best(Some(0.4), Some(0.5), true));
        assert!(!is_best(Some(f64::NAN), Some(0.5), true) && !is_best(Some(f64::NAN), None, true));
        assert!(is_best(Some(f64::NAN), None, false), "something must be kept");
        assert!(is_best(Some(0.1), None, true) && is_best(None, None, true));
    }
}
