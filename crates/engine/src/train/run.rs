//! [`run`]: the loop.

use std::path::Path;
use std::time::{Duration, Instant};

use flatland_core::job::{self, Control, RunConfig, RunStatus};
use flatland_core::session::Role;
use serde_json::{Map, Value};
use tch::Tensor;

use super::TrainError;
use super::device_queue::{DeviceQueue, Turn};
use super::evaluation::evaluate;
use super::prefetch::{BatchPixels, BatchSource, Place, Prefetch};
use super::run_directory::RunDirectory;
use super::step::{StepError, StepInput, StepLoss, Trainee};
use super::training_state::TrainingState;
use super::warmup::Warmup;
use crate::method::Method;
use crate::model::{Samples, device, pixels_to_input};

/// Between two saves within an epoch.
const SAVE_EVERY: Duration = Duration::from_secs(20);
/// Between two looks for a word while paused.
const LISTEN_EVERY: Duration = Duration::from_millis(50);

/// Trains the run in `dir` from wherever it stands until it is done, taking turns with the other runs of the device (queues in
/// `queues`; `None`: at once). Tells how it goes in the directory only, and listens there for what is asked of it.
///
/// # Errors
/// When another process trains there, the run makes no sense, data or weights cannot be had, a file cannot be written, the loss
/// diverges, or word was left to stop ([`TrainError::Cancelled`]); `state.json` then says so and the run can be resumed.
pub fn run(dir: &Path, asked: job::Device, queues: Option<&Path>) -> Result<(), TrainError> {
    let mut directory = RunDirectory::open(dir)?;
    let outcome = attempt(&mut directory, asked, queues);
    if matches!(outcome, Err(TrainError::Cancelled)) {
        // Done as told, wherever the word was heard; if it cannot be forgotten, the next process stops too and says so.
        let _ = directory.clear_control();
    }
    let (status, message) = match &outcome {
        Ok(()) => (RunStatus::Done, None),
        Err(TrainError::Cancelled) => (RunStatus::Cancelled, None),
        Err(error) => (RunStatus::Failed, Some(error.to_string())),
    };
    // The state tells the same; a full disk takes neither.
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

/// Waits for the device; a pause is meant for the training and heard there.
fn wait(directory: &mut RunDirectory, queue: Option<&DeviceQueue>, asked_at: f64) -> Result<Option<Turn>, TrainError> {
    let Some(queue) = queue else { return Ok(None) };
    let run = directory.path().to_owned();
    let mut told = String::new();
    let turn = queue.wait(&run, asked_at, &mut |message| {
        if message != told {
            message.clone_into(&mut told);
            directory.enter(RunStatus::Queued, Some(told.clone()))?;
        }
        directory.beat()?;
        match directory.hear()? {
            Some(Control::Stop) => Err(TrainError::Cancelled),
            Some(Control::Pause | Control::Resume | Control::Kill) | None => Ok(()),
        }
    })?;
    Ok(Some(turn))
}

/// A run that is under way in this process.
pub(super) struct Training {
    pub(super) run: RunConfig,
    pub(super) method: Box<dyn Method>,
    pub(super) trainee: Trainee,
    pub(super) source: BatchSource,
    pub(super) watched: Vec<(Role, Samples)>,
    pub(super) state: TrainingState,
    pub(super) warmup: Warmup,
    /// Whether nothing has been done yet, not even the evaluation before the first step.
    pub(super) fresh: bool,
    pub(super) steps_per_epoch: usize,
    pub(super) steps: usize,
}

impl Training {
    fn train(&mut self, directory: &mut RunDirectory, queue: Option<&DeviceQueue>, mut turn: Option<Turn>) -> Result<(), TrainError> {
        self.tell(directory);
        if self.fresh {
            // How the weights are before the first step.
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
                directory.beat()?;
                match directory.hear()? {
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
        // A kill may have come between the state and the weights that are copied from it.
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

    /// Saves what is done and ends the run here.
    fn stop(&self, directory: &mut RunDirectory) -> Result<(), TrainError> {
        directory.enter(RunStatus::Stopping, None)?;
        self.save(directory)?;
        Err(TrainError::Cancelled)
    }

    /// Holds with everything saved and the device free, until word comes; then waits for the device again.
    fn pause(&self, directory: &mut RunDirectory, queue: Option<&DeviceQueue>) -> Result<Option<Turn>, TrainError> {
        self.save(directory)?;
        directory.enter(RunStatus::Paused, None)?;
        loop {
            match directory.hear()? {
                Some(Control::Resume) => break,
                Some(Control::Stop) => {
                    self.stop(directory)?;
                }
                Some(Control::Pause | Control::Kill) | None => {}
            }
            directory.beat()?;
            std::thread::sleep(LISTEN_EVERY);
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

    /// The batches of the present step, and how many images are in them, outliers included.
    pub(super) fn inputs(&self, batches: &Prefetch) -> Result<(Vec<StepInput>, usize), TrainError> {
        let (mut inputs, mut images) = (Vec::new(), 0);
        for part in 0..self.source.parts(self.place()) {
            let batch = batches.next()?;
            images += batch.images;
            inputs.push(self.input(&batch, part)?);
        }
        Ok((inputs, images))
    }

    fn place(&self) -> Place {
        Place { epoch: self.state.epoch, step_in_epoch: self.state.step_in_epoch, step: self.state.step }
    }

    fn input(&self, batch: &BatchPixels, part: usize) -> Result<StepInput, TrainError> {
        let tensor = |pixels: &Vec<u8>| -> Result<Tensor, TrainError> {
            let network = &self.trainee.network;
            let size = [self.source.train.height, self.source.train.width];
            Ok(pixels_to_input(pixels, size, &self.run.normalization, network.graph.input[0], network.device)?)
        };
        Ok(StepInput {
            id: tensor(&batch.id)?,
            first_id: batch.first_id.as_ref().map(tensor).transpose()?,
            labels: Tensor::f_from_slice(&batch.labels)?.f_to_device(self.trainee.network.device)?,
            outliers: batch.outliers.as_ref().map(tensor).transpose()?,
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

    /// Measures, tells the schedule, keeps the best weights, saves. An epoch cut short by `max_steps` counts as one.
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
        // What was measured and is not defined is NaN; `None`: it was not measured.
        let number = |name: &str| line.get(name).map(|value| value.as_f64().unwrap_or(f64::NAN));
        // While the learning rate rises, an epoch says nothing of whether it should fall.
        if self.state.step >= self.warmup.steps {
            self.state.schedule.end_epoch(number("id_loss").unwrap_or(train_loss));
        }
        let accuracy = number("id_accuracy");
        if is_best(accuracy, self.state.best, directory.best_weights().exists()) {
            // Before the state: a kill in between only writes the same file again.
            self.trainee.network.save(&directory.best_weights())?;
            self.state.best = accuracy.filter(|accuracy| accuracy.is_finite());
        }
        self.keep(directory)?;
        self.state.end_epoch();
        self.tell(directory);
        self.save(directory)
    }

    /// Writes the weights of this epoch where the run keeps them. Before the state, as the best weights are: a kill in between only
    /// writes the same file again.
    fn keep(&self, directory: &RunDirectory) -> Result<(), TrainError> {
        let last = self.state.step >= self.steps;
        match self.run.keep_every {
            Some(every) if last || self.state.epoch.is_multiple_of(every) => {
                Ok(self.trainee.network.save(&directory.epoch_weights(self.state.epoch))?)
            }
            _ => Ok(()),
        }
    }

    /// One line of `metrics.jsonl`; [`TrainError::Cancelled`] when word comes to stop.
    fn measure(&self, directory: &mut RunDirectory, more: Map<String, Value>) -> Result<Map<String, Value>, TrainError> {
        let mut line = Map::from_iter([("epoch".into(), self.state.epoch.into()), ("step".into(), self.state.step.into())]);
        line.extend(more);
        line.extend(evaluate(&self.trainee.network, self.method.as_ref(), &self.watched, &mut || {
            directory.beat()?;
            if directory.hear()? == Some(Control::Stop) { Err(TrainError::Cancelled) } else { Ok(()) }
        })?);
        directory.append_metrics(&line)?;
        directory.log(&Value::Object(line.clone()).to_string())?;
        Ok(line)
    }

    /// Everything that a resumed run needs as one file, then the weights for people. Weights that are not finite are never saved.
    fn save(&self, directory: &mut RunDirectory) -> Result<(), TrainError> {
        for name in &self.trainee.network.names {
            let sum = f64::try_from(self.trainee.network.tensors[name].detach().f_abs()?.f_sum(tch::Kind::Double)?)?;
            if !sum.is_finite() {
                return Err(TrainError::Diverged { step: self.state.step, what: "weight", found: sum, path: directory.last_weights() });
            }
        }
        // The steps that the state has behind it are on disk before it is.
        directory.flush_lines(true)?;
        self.state.save(&self.trainee, self.method.as_ref(), &directory.training_state())?;
        Ok(self.trainee.network.save(&directory.last_weights())?)
    }
}

/// Whether the weights of an epoch take the place of the best: by the accuracy on the watched ID images, the later of equals. Where there
/// are no such images (`None`), the latest are the best; where the accuracy is not defined (NaN), they are so only while there are none.
fn is_best(accuracy: Option<f64>, best: Option<f64>, exists: bool) -> bool {
    match accuracy {
        None => true,
        Some(accuracy) if accuracy.is_finite() => best.is_none_or(|best| accuracy >= best),
        Some(_) => !exists,
    }
}

/// What is told of a step, by name.
fn values(loss: &StepLoss) -> Vec<(String, f64)> {
    let ascent = loss.second.map(|second| ("ascent_loss".into(), second));
    let terms = loss.terms.iter().map(|(name, value)| (format!("train_{name}"), *value));
    let clipped = loss.clipped_gradient_norm.map(|norm| ("clipped_gradient_norm".into(), norm));
    let more = [("gradient_norm".into(), loss.gradient_norm)].into_iter().chain(clipped);
    [("train_loss".into(), loss.first)].into_iter().chain(ascent).chain(terms).chain(more).collect()
}

/// Seed of what a method draws for batch `part` of a step: the run's for the first, so that runs without accumulation draw as they did.
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
