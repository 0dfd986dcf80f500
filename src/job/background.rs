//! [`Background`]: slow work of the window (reading results, dialogs, writing figures) on threads of its own.

use std::sync::mpsc::{Receiver, Sender, channel};

/// Runs closures on threads and hands their values back to whoever asks, without blocking.
#[derive(Debug)]
pub struct Background<T> {
    sender: Sender<T>,
    receiver: Receiver<T>,
    pending: usize,
}

impl<T: Send + 'static> Default for Background<T> {
    fn default() -> Self {
        let (sender, receiver) = channel();
        Self { sender, receiver, pending: 0 }
    }
}

impl<T: Send + 'static> Background<T> {
    /// Starts `work` on the shared pool; calls `wake` when its value can be had. For work that ends soon.
    pub fn spawn(&mut self, work: impl FnOnce() -> T + Send + 'static, wake: impl FnOnce() + Send + 'static) {
        let sender = self.sender.clone();
        self.pending += 1;
        rayon::spawn(move || {
            // The receiver is gone only when the window is.
            let _ = sender.send(work());
            wake();
        });
    }

    /// Like [`Background::spawn`], on a thread of its own: for work that waits for a person.
    pub fn spawn_waiting(&mut self, work: impl FnOnce() -> T + Send + 'static, wake: impl FnOnce() + Send + 'static) {
        let sender = self.sender.clone();
        self.pending += 1;
        std::thread::spawn(move || {
            let _ = sender.send(work());
            wake();
        });
    }

    /// The next value, if one is there.
    pub fn try_next(&mut self) -> Option<T> {
        let value = self.receiver.try_recv().ok()?;
        self.pending -= 1;
        Some(value)
    }

    /// The next value, waiting at most so long for it: for the end of the window.
    pub fn next_within(&mut self, at_most: std::time::Duration) -> Option<T> {
        let value = self.receiver.recv_timeout(at_most).ok()?;
        self.pending -= 1;
        Some(value)
    }

    /// Whether something still runs.
    pub fn is_busy(&self) -> bool {
        self.pending > 0
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn values_come_back_and_the_sleeper_is_woken() {
        let mut background = Background::default();
        let (woken, wait) = channel();
        background.spawn(|| 6 * 7, move || woken.send(()).unwrap());
        assert!(background.is_busy());
        wait.recv_timeout(Duration::from_secs(5)).expect("wake is called");
        assert_eq!(background.try_next(), Some(42));
        assert!(!background.is_busy());
    }

    #[test]
    fn a_waiting_closure_does_not_hold_up_the_pool() {
        let mut background = Background::default();
        let (release, held) = channel::<()>();
        background.spawn_waiting(move || held.recv().map_or("closed", |()| "released"), || {});
        background.spawn(|| "quick", || {});
        let start = Instant::now();
        let first = loop {
            if let Some(value) = background.try_next() {
                break value;
            }
            assert!(start.elapsed() < Duration::from_secs(5), "the quick value comes");
        };
        assert_eq!(first, "quick");
        release.send(()).unwrap();
    }
}
