//! [`Queue`]: the jobs that wait, and the one that runs, shared by the thread that listens and the one that works.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use flatland::job::{JobId, JobSpec};

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<(JobId, JobSpec)>,
    running: Option<(JobId, Arc<AtomicBool>)>,
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

    /// Waits for the next job and marks it as running; its flag says whether it was cancelled. `None` when the queue is closed.
    pub(super) fn next(&self) -> Option<(JobId, JobSpec, Arc<AtomicBool>)> {
        let mut state = self.lock();
        state.running = None;
        loop {
            if state.closed {
                return None;
            }
            if let Some((id, spec)) = state.waiting.pop_front() {
                let cancelled = Arc::new(AtomicBool::new(false));
                state.running = Some((id, cancelled.clone()));
                return Some((id, spec, cancelled));
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Cancels a job. `true` when it waited and is gone; one that runs is told to stop and ends in its own time.
    pub(super) fn cancel(&self, id: JobId) -> bool {
        let mut state = self.lock();
        if let Some((running, cancelled)) = &state.running
            && *running == id
        {
            cancelled.store(true, Ordering::Release);
        }
        let before = state.waiting.len();
        state.waiting.retain(|(waiting, _)| *waiting != id);
        state.waiting.len() < before
    }

    /// Cancels everything and lets [`Queue::next`] return `None`.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.waiting.clear();
        if let Some((_, cancelled)) = &state.running {
            cancelled.store(true, Ordering::Release);
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
    use super::*;

    fn job() -> JobSpec {
        JobSpec::Inspect { path: "x".into() }
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
    fn a_running_job_is_told_by_its_flag() {
        let queue = Queue::default();
        queue.push(1, job());
        let (_, _, cancelled) = queue.next().unwrap();
        assert!(!queue.cancel(1));
        assert!(cancelled.load(Ordering::Acquire));
    }
}
