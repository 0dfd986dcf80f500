//! [`Queue`]: the jobs that wait, and the one that runs, shared by the thread that listens and the one that works.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use flatland_core::job::{JobId, JobSpec};

/// What is wished of a running job.
#[derive(Clone, Copy, Debug, Default)]
struct Wish {
    cancelled: bool,
    paused: bool,
}

/// The wish, shared by the one who has it and the one who works.
#[derive(Debug, Default)]
pub(super) struct Reins {
    wish: Mutex<Wish>,
    changed: Condvar,
}

impl Reins {
    fn set(&self, change: impl FnOnce(&mut Wish)) {
        change(&mut self.wish.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_all();
    }

    /// Whether the job is to stop; never waits.
    pub(super) fn cancelled(&self) -> bool {
        self.wish.lock().unwrap_or_else(PoisonError::into_inner).cancelled
    }

    /// Whether the job is to stop. Returns only when it is not to pause; `told` hears when that begins (`true`) and ends.
    pub(super) fn wait(&self, mut told: impl FnMut(bool)) -> bool {
        let mut wish = self.wish.lock().unwrap_or_else(PoisonError::into_inner);
        let waits = wish.paused && !wish.cancelled;
        if waits {
            told(true);
        }
        while wish.paused && !wish.cancelled {
            wish = self.changed.wait(wish).unwrap_or_else(PoisonError::into_inner);
        }
        if waits {
            told(false);
        }
        wish.cancelled
    }
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<(JobId, JobSpec)>,
    running: Option<(JobId, Arc<Reins>)>,
    closed: bool,
}

/// First in, first out.
#[derive(Debug, Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

impl Queue {
    pub(super) fn push(&self, id: JobId, spec: JobSpec) {
        self.lock().waiting.push_back((id, spec));
        self.changed.notify_all();
    }

    /// Waits for the next job and marks it as running, with what is wished of it. `None` when the queue is closed.
    pub(super) fn next(&self) -> Option<(JobId, JobSpec, Arc<Reins>)> {
        let mut state = self.lock();
        state.running = None;
        loop {
            if state.closed {
                return None;
            }
            if let Some((id, spec)) = state.waiting.pop_front() {
                let reins = Arc::new(Reins::default());
                state.running = Some((id, reins.clone()));
                return Some((id, spec, reins));
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Cancels a job. `true` when it waited and is gone; one that runs is told to stop and ends in its own time.
    pub(super) fn cancel(&self, id: JobId) -> bool {
        let mut state = self.lock();
        if let Some((_, reins)) = state.running.as_ref().filter(|(running, _)| *running == id) {
            reins.set(|wish| wish.cancelled = true);
        }
        let before = state.waiting.len();
        state.waiting.retain(|(waiting, _)| *waiting != id);
        state.waiting.len() < before
    }

    /// Lets a running job pause, or go on.
    pub(super) fn pause(&self, id: JobId, paused: bool) {
        if let Some((_, reins)) = self.lock().running.as_ref().filter(|(running, _)| *running == id) {
            reins.set(|wish| wish.paused = paused);
        }
    }

    /// Cancels everything and lets [`Queue::next`] return `None`.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.waiting.clear();
        if let Some((_, reins)) = &state.running {
            reins.set(|wish| wish.cancelled = true);
        }
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use flatland_core::session::NetworkChoice;

    use super::*;

    fn job() -> JobSpec {
        JobSpec::Inspect { path: "x".into(), choice: NetworkChoice::default() }
    }

    #[test]
    fn jobs_come_in_order_and_a_cancelled_one_never_comes() {
        let queue = Queue::default();
        for id in 1..=3 {
            queue.push(id, job());
        }
        assert!(queue.cancel(2));
        assert!(!queue.cancel(9));
        assert_eq!(queue.next().unwrap().0, 1);
        assert_eq!(queue.next().unwrap().0, 3);
        queue.close();
        assert!(queue.next().is_none());
    }

    #[test]
    fn a_running_job_is_told_by_its_reins() {
        let queue = Queue::default();
        queue.push(1, job());
        let (_, _, reins) = queue.next().unwrap();
        assert!(!queue.cancel(1));
        assert!(reins.cancelled() && reins.wait(|_| {}));
    }

    #[test]
    fn a_paused_job_waits_until_it_may_go_on_or_is_cancelled() {
        for end in ["resume", "cancel", "close"] {
            let queue = Arc::new(Queue::default());
            queue.push(1, job());
            let (_, _, reins) = queue.next().unwrap();
            queue.pause(9, true);
            assert!(!reins.wait(|_| unreachable!("another job was paused")));
            queue.pause(1, true);
            let other = queue.clone();
            let mut heard = Vec::new();
            let cancelled = reins.wait(|begins| {
                heard.push(begins);
                if begins {
                    let queue = other.clone();
                    // On another thread, as the listener is: the reins are held here.
                    std::thread::spawn(move || match end {
                        "resume" => queue.pause(1, false),
                        "cancel" => drop(queue.cancel(1)),
                        _ => queue.close(),
                    });
                }
            });
            assert_eq!((cancelled, heard), (end != "resume", vec![true, false]), "{end}");
        }
    }
}
