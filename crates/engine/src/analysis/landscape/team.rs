//! [`Team`]: who computes cells. This thread does on the job's device, and a thread of its own on each further device.

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

/// How often a thread without work looks for some, and a cancel is looked for.
const LISTEN: Duration = Duration::from_millis(20);

/// Something to compute of the cell at (`alpha`, `beta`).
#[derive(Clone, Copy, Debug)]
pub(super) struct Task {
    /// The cell.
    pub k: usize,
    pub alpha: f64,
    pub beta: f64,
    /// Where its order of evaluation begins.
    pub turn: i64,
    /// Images `first..end` of that order.
    pub first: i64,
    pub end: i64,
    /// Whether everything else that a cell tells is wanted too.
    pub whole: bool,
}

impl Evaluator<'_> {
    fn part(&self, task: &Task, reporter: &mut dyn Reporter) -> Result<Part, AnalysisError> {
        let point = self.point(task.alpha, task.beta, reporter)?;
        let losses = self.losses(&point, (task.turn + task.first) % self.images(), task.end - task.first, reporter)?;
        let beside = if task.whole { Some(self.beside(&point, reporter)?) } else { None };
        Ok(Part { losses, beside })
    }
}

/// Tasks of the present round, taken by whoever is free.
#[derive(Debug, Default)]
struct Board {
    tasks: Mutex<(u64, VecDeque<Task>)>,
    closed: AtomicBool,
}

impl Board {
    fn lock(&self) -> MutexGuard<'_, (u64, VecDeque<Task>)> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Option<(u64, Task)> {
        let (round, tasks) = &mut *self.lock();
        tasks.pop_front().map(|task| (*round, task))
    }
}

type Answer = (u64, Task, Result<Part, AnalysisError>);

/// This thread's evaluator, and threads with others.
pub(super) struct Team<'a> {
    /// That of this thread.
    pub own: Evaluator<'a>,
    board: Arc<Board>,
    answers: Receiver<Answer>,
    threads: Vec<JoinHandle<()>>,
}

impl<'a> Team<'a> {
    /// A team of this thread and one for each of the `others`, which get copies of everything. One that fails to begin says so with its
    /// first answer.
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
        let board = Arc::new(Board::default());
        let (sender, answers) = channel();
        let mut threads = Vec::new();
        for &device in others {
            let place = Place::new(network, evaluation, directions, device)?;
            let (board, sender) = (board.clone(), sender.clone());
            let thread = std::thread::Builder::new().name(format!("landscape on {device:?}")).spawn(move || place.work(&board, &sender));
            threads.push(thread.map_err(|error| AnalysisError::Invalid(format!("cannot start a thread for {device:?}: {error}")))?);
        }
        Ok(Self { own, board, answers, threads })
    }

    /// Devices at work.
    pub(super) fn size(&self) -> usize {
        1 + self.threads.len()
    }

    /// Does the tasks; `done` hears of each part, in any order, and says whether to go on.
    ///
    /// # Errors
    /// [`AnalysisError::Cancelled`] when the reporter says so, and whatever a task or `done` gives.
    pub(super) fn each(
        &self,
        tasks: impl IntoIterator<Item = Task>,
        reporter: &mut dyn Reporter,
        mut done: impl FnMut(Task, Part, &mut dyn Reporter) -> Result<bool, AnalysisError>,
    ) -> Result<(), AnalysisError> {
        let (round, mut open) = {
            let (round, board) = &mut *self.board.lock();
            // Answers of a round that ended early are not heard.
            *round += 1;
            *board = tasks.into_iter().collect();
            (*round, board.len())
        };
        let end = (|| {
            while open > 0 {
                let answer = match self.answers.try_recv() {
                    Ok(answer) => answer,
                    Err(_) => match self.board.take() {
                        Some((round, task)) => (round, task, self.own.part(&task, reporter)),
                        None => match self.answers.recv_timeout(LISTEN) {
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
        self.board.lock().1.clear();
        end
    }
}

impl Drop for Team<'_> {
    fn drop(&mut self) {
        self.board.closed.store(true, Ordering::Release);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// What a thread needs to compute on its device.
pub(super) struct Place {
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

impl Place {
    /// Copies everything to `device`.
    ///
    /// # Errors
    /// When libtorch refuses.
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

    /// The evaluator of this place.
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

    /// Computes what the board has until it is closed.
    fn work(self, board: &Board, answers: &Sender<Answer>) {
        let mut evaluator = Some(self.evaluator());
        let mut reporter = Quiet(board);
        while !board.closed.load(Ordering::Acquire) {
            let Some((round, task)) = board.take() else {
                std::thread::sleep(LISTEN);
                continue;
            };
            let part = match &evaluator {
                Some(Ok(evaluator)) => evaluator.part(&task, &mut reporter),
                // Told once; the landscape ends with it.
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

/// Tells nothing; cancelled when the board is closed.
struct Quiet<'a>(&'a Board);

impl Reporter for Quiet<'_> {
    fn report(&mut self, _: JobEvent) {}

    fn cancelled(&self) -> bool {
        self.0.closed.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::testing::{Ear, mlp, noise_samples};
    use super::*;

    fn tasks(images: i64) -> Vec<Task> {
        (0..40).map(|k| Task { k, alpha: 0.02 * k as f64, beta: -0.5, turn: 7, first: 0, end: images, whole: true }).collect()
    }

    fn losses(others: &[Device]) -> Vec<(f64, usize)> {
        let network = mlp(1);
        let data = noise_samples(&network);
        let directions = Directions::li2018(&network, 7).unwrap();
        let evaluation = Evaluation::plain(&data);
        let own = Evaluator::new(&network, evaluation, &directions).unwrap();
        let images = own.images();
        let team = Team::new(&network, own, &evaluation, &directions, others).unwrap();
        let mut found = vec![(f64::NAN, 0); 40];
        let heard = |task: Task, part: Part, _: &mut dyn Reporter| {
            found[task.k] = (part.losses.mean().loss, part.beside.is_some().into());
            Ok(true)
        };
        team.each(tasks(images), &mut Ear::default(), heard).unwrap();
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
        let team = Team::new(&network, own, &evaluation, &directions, &[Device::Cpu]).unwrap();
        let mut heard = 0;
        let stop = |_: Task, _: Part, _: &mut dyn Reporter| {
            heard += 1;
            Ok(heard < 3)
        };
        team.each(tasks(50), &mut Ear::default(), stop).unwrap();
        let mut ends = Vec::new();
        let count = |task: Task, part: Part, _: &mut dyn Reporter| {
            ends.push((task.end, part.losses.loss.len()));
            Ok(true)
        };
        team.each(tasks(20), &mut Ear::default(), count).unwrap();
        assert_eq!((heard, ends), (3, vec![(20, 20); 40]));
        // A cancel is heard while others work.
        let mut ear = Ear { limit: Some(0), ..Ear::default() };
        assert!(matches!(team.each(tasks(20), &mut ear, |_, _, _| Ok(true)), Err(AnalysisError::Cancelled)));
    }
}
