//! [`DevicePool`]: computes cells on several devices: the calling thread on the job's device, and one thread for each further device.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use flatland_core::job::{JobEvent, Precision, Reporter};
use flatland_core::session::{BatchNormPolicy, Curvature};
use tch::{Device, Tensor};

use super::super::{AnalysisError, Loss};
use super::{Directions, Evaluation, Evaluator, Part};
use crate::model::{Network, Samples, Tensors};

/// Interval at which idle threads check for tasks, and at which cancels are checked.
const POLL: Duration = Duration::from_millis(20);

/// A part of the cell at (`alpha`, `beta`) to compute.
#[derive(Clone, Copy, Debug)]
pub(super) struct Task {
    /// Index of the cell.
    pub k: usize,
    pub alpha: f64,
    pub beta: f64,
    /// Offset of the cell in the order of evaluation.
    pub offset: i64,
    /// Images `first..end` of that order.
    pub first: i64,
    pub end: i64,
    /// Whether all other values of the cell are requested too.
    pub whole: bool,
}

impl Evaluator<'_> {
    fn part(&self, task: &Task, reporter: &mut dyn Reporter) -> Result<Part, AnalysisError> {
        let point = self.point(task.alpha, task.beta, reporter)?;
        let losses = self.losses(&point, (task.offset + task.first) % self.images(), task.end - task.first, reporter)?;
        let other = if task.whole { Some(self.other_readings(&point, reporter)?) } else { None };
        Ok(Part { losses, other })
    }
}

/// Tasks of the current round, taken by idle threads.
#[derive(Debug, Default)]
struct TaskQueue {
    tasks: Mutex<(u64, VecDeque<Task>)>,
    closed: AtomicBool,
}

impl TaskQueue {
    fn lock(&self) -> MutexGuard<'_, (u64, VecDeque<Task>)> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Option<(u64, Task)> {
        let (round, tasks) = &mut *self.lock();
        tasks.pop_front().map(|task| (*round, task))
    }
}

type Answer = (u64, Task, Result<Part, AnalysisError>);

/// The evaluator of the calling thread, and threads with evaluators of their own.
pub(super) struct DevicePool<'a> {
    /// The evaluator of the calling thread.
    pub own: Evaluator<'a>,
    queue: Arc<TaskQueue>,
    answers: Receiver<Answer>,
    threads: Vec<JoinHandle<()>>,
}

impl<'a> DevicePool<'a> {
    /// A pool of the calling thread and one thread for each of the `others`, with copies of all data. A thread whose evaluator cannot be created
    /// returns the error as its first result.
    ///
    /// # Errors
    /// When something cannot be copied to a device, or a thread cannot be started.
    pub(super) fn new(
        network: &Network,
        own: Evaluator<'a>,
        evaluation: &Evaluation<'_>,
        directions: &Directions,
        others: &[Device],
    ) -> Result<Self, AnalysisError> {
        let queue = Arc::new(TaskQueue::default());
        let (sender, answers) = channel();
        let mut threads = Vec::new();
        for &device in others {
            let copy = DeviceCopy::new(network, evaluation, directions, device)?;
            let (queue, sender) = (queue.clone(), sender.clone());
            let thread = std::thread::Builder::new().name(format!("landscape on {device:?}")).spawn(move || copy.work(&queue, &sender));
            threads.push(thread.map_err(|error| AnalysisError::Invalid(format!("cannot start a thread for {device:?}: {error}")))?);
        }
        Ok(Self { own, queue, answers, threads })
    }

    /// Number of devices.
    pub(super) fn size(&self) -> usize {
        1 + self.threads.len()
    }

    /// Computes the tasks; `done` is called with each part, in any order, and returns whether to continue.
    ///
    /// # Errors
    /// [`AnalysisError::Cancelled`] when the job is cancelled, and those of tasks and `done`.
    pub(super) fn each(
        &self,
        tasks: impl IntoIterator<Item = Task>,
        reporter: &mut dyn Reporter,
        mut done: impl FnMut(Task, Part, &mut dyn Reporter) -> Result<bool, AnalysisError>,
    ) -> Result<(), AnalysisError> {
        let (round, mut open) = {
            let (round, queue) = &mut *self.queue.lock();
            // Results of a round that ended early are ignored.
            *round += 1;
            *queue = tasks.into_iter().collect();
            (*round, queue.len())
        };
        let end = (|| {
            while open > 0 {
                let answer = match self.answers.try_recv() {
                    Ok(answer) => answer,
                    Err(_) => match self.queue.take() {
                        Some((round, task)) => (round, task, self.own.part(&task, reporter)),
                        None => match self.answers.recv_timeout(POLL) {
                            Ok(answer) => answer,
                            Err(RecvTimeoutError::Timeout) if !reporter.cancelled() => continue,
                            Err(_) => return Err(AnalysisError::Cancelled),
                        },
                    },
                };
                let (of, task, part) = answer;
                if of == round {
                    open -= 1;
                    if !done(task, part?, reporter)? {
                        return Ok(());
                    }
                }
            }
            Ok(())
        })();
        self.queue.lock().1.clear();
        end
    }
}

impl Drop for DevicePool<'_> {
    fn drop(&mut self) {
        self.queue.closed.store(true, Ordering::Release);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// Copies of all data on the device of a thread.
pub(super) struct DeviceCopy {
    network: Network,
    samples: Samples,
    loss: Loss,
    ood: Option<(Tensor, f64)>,
    statistics: Tensor,
    directions: Directions,
    batch_norm: BatchNormPolicy,
    precision: Precision,
    curvature: Option<Curvature>,
}

impl DeviceCopy {
    /// Copies everything to `device`.
    ///
    /// # Errors
    /// When libtorch fails.
    pub(super) fn new(
        network: &Network,
        evaluation: &Evaluation<'_>,
        directions: &Directions,
        device: Device,
    ) -> Result<Self, AnalysisError> {
        let &Evaluation { samples, loss, batch_norm, precision, curvature, .. } = evaluation;
        let moved = network.tensors.iter().map(|(name, tensor)| Ok((name.clone(), tensor.f_to_device(device)?)));
        let tensors = moved.collect::<Result<Tensors, AnalysisError>>()?;
        Ok(Self {
            network: Network { device, ..network.with_tensors(tensors) },
            samples: Samples { dataset: samples.dataset.clone(), x: samples.x.f_to_device(device)?, y: samples.y.f_to_device(device)? },
            loss,
            ood: evaluation.ood.map(|(x, lambda)| Ok::<_, AnalysisError>((x.f_to_device(device)?, lambda))).transpose()?,
            statistics: evaluation.statistics.f_to_device(device)?,
            directions: directions.clone(),
            batch_norm,
            precision,
            curvature,
        })
    }

    /// An evaluator on this device.
    ///
    /// # Errors
    /// As [`Evaluator::new`].
    pub(super) fn evaluator(&self) -> Result<Evaluator<'_>, AnalysisError> {
        let evaluation = Evaluation {
            samples: &self.samples,
            loss: self.loss,
            ood: self.ood.as_ref().map(|(x, lambda)| (x, *lambda)),
            batch_norm: self.batch_norm,
            statistics: &self.statistics,
            precision: self.precision,
            curvature: self.curvature,
            folder: None,
        };
        Evaluator::new(&self.network, evaluation, &self.directions)
    }

    /// Computes tasks of the queue until it is closed.
    fn work(self, queue: &TaskQueue, answers: &Sender<Answer>) {
        let mut evaluator = Some(self.evaluator());
        let mut reporter = UntilClosed(queue);
        while !queue.closed.load(Ordering::Acquire) {
            let Some((round, task)) = queue.take() else {
                std::thread::sleep(POLL);
                continue;
            };
            let part = match &evaluator {
                Some(Ok(evaluator)) => evaluator.part(&task, &mut reporter),
                // Sent once; it ends the landscape.
                _ => match evaluator.take() {
                    Some(Err(error)) => Err(error),
                    _ => return,
                },
            };
            if answers.send((round, task, part)).is_err() {
                return;
            }
        }
    }
}

/// Reports nothing; cancelled when the queue is closed.
struct UntilClosed<'a>(&'a TaskQueue);

impl Reporter for UntilClosed<'_> {
    fn report(&mut self, _: JobEvent) {}

    fn cancelled(&self) -> bool {
        self.0.closed.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::testing::{LandscapeRecorder, mlp, noise_samples};
    use super::*;

    fn tasks(images: i64) -> Vec<Task> {
        (0..40).map(|k| Task { k, alpha: 0.02 * k as f64, beta: -0.5, offset: 7, first: 0, end: images, whole: true }).collect()
    }

    fn losses(others: &[Device]) -> Vec<(f64, usize)> {
        let network = mlp(1);
        let data = noise_samples(&network);
        let directions = Directions::li2018(&network, 7).unwrap();
        let evaluation = Evaluation::plain(&data);
        let own = Evaluator::new(&network, evaluation, &directions).unwrap();
        let images = own.images();
        let pool = DevicePool::new(&network, own, &evaluation, &directions, others).unwrap();
        let mut found = vec![(f64::NAN, 0); 40];
        let received = |task: Task, part: Part, _: &mut dyn Reporter| {
            found[task.k] = (part.losses.mean().loss, part.other.is_some().into());
            Ok(true)
        };
        pool.each(tasks(images), &mut LandscapeRecorder::default(), received).unwrap();
        found
    }

    #[test]
    fn several_devices_give_what_one_gives() {
        let alone = losses(&[]);
        assert!(alone.iter().all(|(loss, whole)| loss.is_finite() && *whole == 1));
        assert_eq!(losses(&[Device::Cpu, Device::Cpu]), alone);
    }

    #[test]
    fn a_round_that_ends_early_leaves_nothing_to_the_next() {
        let network = mlp(1);
        let data = noise_samples(&network);
        let directions = Directions::li2018(&network, 7).unwrap();
        let evaluation = Evaluation::plain(&data);
        let own = Evaluator::new(&network, evaluation, &directions).unwrap();
        let pool = DevicePool::new(&network, own, &evaluation, &directions, &[Device::Cpu]).unwrap();
        let mut received = 0;
        let stop = |_: Task, _: Part, _: &mut dyn Reporter| {
            received += 1;
            Ok(received < 3)
        };
        pool.each(tasks(50), &mut LandscapeRecorder::default(), stop).unwrap();
        let mut ends = Vec::new();
        let count = |task: Task, part: Part, _: &mut dyn Reporter| {
            ends.push((task.end, part.losses.loss.len()));
            Ok(true)
        };
        pool.each(tasks(20), &mut LandscapeRecorder::default(), count).unwrap();
        assert_eq!((received, ends), (3, vec![(20, 20); 40]));
        // A cancel takes effect while other threads compute.
        let mut recorder = LandscapeRecorder { limit: Some(0), ..LandscapeRecorder::default() };
        assert!(matches!(pool.each(tasks(20), &mut recorder, |_, _, _| Ok(true)), Err(AnalysisError::Cancelled)));
    }
}
