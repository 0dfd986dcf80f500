//! [`Queue`]: waiting jobs and the running one, shared by the thread that reads requests and the one that computes.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use flatland_core::job::{JobId, JobSpec};

/// What a client has requested of the running job.
#[derive(Clone, Copy, Debug, Default)]
struct Requests {
    cancelled: bool,
    paused: bool,
}

/// Controls the running job: the reading thread sets requests, the computing thread reads them.
#[derive(Debug, Default)]
pub(super) struct JobControl {
    requests: Mutex<Requests>,
    changed: Condvar,
}

impl JobControl {
    fn set(&self, change: impl FnOnce(&mut Requests)) {
        change(&mut self.requests.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_all();
    }

    /// Whether the job is to stop. Never blocks.
    pub(super) fn cancelled(&self) -> bool {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).cancelled
    }

    /// Whether the job is to stop. Blocks while it is paused; `told` is called when a pause begins (`true`) and when it ends (`false`).
    pub(super) fn wait(&self, mut told: impl FnMut(bool)) -> bool {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        let waits = requests.paused && !requests.cancelled;
        if waits {
            told(true);
        }
        while requests.paused && !requests.cancelled {
            requests = self.changed.wait(requests).unwrap_or_else(PoisonError::into_inner);
        }
        if waits {
            told(false);
        }
        requests.cancelled
    }
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<(JobId, JobSpec)>,
    running: Option<(JobId, Arc<JobControl>)>,
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

    /// Waits for the next job and marks it as running; returns it with its control. `None` when the queue is closed.
    pub(super) fn next(&self) -> Option<(JobId, JobSpec, Arc<JobControl>)> {
        let mut state = self.lock();
        state.running = None;
        loop {
            if state.closed {
                return None;
            }
            if let Some((id, spec)) = state.waiting.pop_front() {
                let control = Arc::new(JobControl::default());
                state.running = Some((id, control.clone()));
                return Some((id, spec, control));
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Cancels a job. A waiting job is removed: `true`. A running job is requested to stop: `false`.
    pub(super) fn cancel(&self, id: JobId) -> bool {
        let mut state = self.lock();
        if let Some((_, control)) = state.running.as_ref().filter(|(running, _)| *running == id) {
            control.set(|requests| requests.cancelled = true);
        }
        let before = state.waiting.len();
        state.waiting.retain(|(waiting, _)| *waiting != id);
        state.waiting.len() < before
    }

    /// Pauses the running job, or resumes it.
    pub(super) fn pause(&self, id: JobId, paused: bool) {
        if let Some((_, control)) = self.lock().running.as_ref().filter(|(running, _)| *running == id) {
            control.set(|requests| requests.paused = paused);
        }
    }

    /// Cancels everything and lets [`Queue::next`] return `None`.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.waiting.clear();
        if let Some((_, control)) = &state.running {
            control.set(|requests| requests.cancelled = true);
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
    fn a_running_job_is_controlled_by_its_job_control() {
        let queue = Queue::default();
        queue.push(1, job());
        let (_, _, control) = queue.next().unwrap();
        assert!(!queue.cancel(1));
        assert!(control.cancelled() && control.wait(|_| {}));
    }

    #[test]
    fn a_paused_job_waits_until_it_may_go_on_or_is_cancelled() {
        for end in ["resume", "cancel", "close"] {
            let queue = Arc::new(Queue::default());
            queue.push(1, job());
            let (_, _, control) = queue.next().unwrap();
            queue.pause(9, true);
            assert!(!control.wait(|_| unreachable!("another job was paused")));
            queue.pause(1, true);
            let other = queue.clone();
            let mut heard = Vec::new();
            let cancelled = control.wait(|begins| {
                heard.push(begins);
                if begins {
                    let queue = other.clone();
                    // On another thread, as requests are read: this one holds the lock of the control.
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
