//! [`Background`]: slow tasks of the window (reading results, dialogs, writing figures) on other threads.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};

/// Runs closures on other threads and hands their values back without blocking. A closure that panics gives an error; other tasks go on.
#[derive(Debug)]
pub struct Background<T> {
    sender: Sender<Result<T, String>>,
    receiver: Receiver<Result<T, String>>,
    pending: usize,
}

/// The value of `work`, or the message of its panic.
fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    // The closure owns everything that it may have left half done.
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let message = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        format!("a background task panicked: {}", message.unwrap_or("without a message"))
    })
}

impl<T: Send + 'static> Default for Background<T> {
    fn default() -> Self {
        let (sender, receiver) = channel();
        Self { sender, receiver, pending: 0 }
    }
}

impl<T: Send + 'static> Background<T> {
    /// Starts `work` on the shared thread pool and calls `wake` when its value is there. For work that ends soon.
    pub fn spawn(&mut self, work: impl FnOnce() -> T + Send + 'static, wake: impl FnOnce() + Send + 'static) {
        let sender = self.sender.clone();
        self.pending += 1;
        rayon::spawn(move || {
            // The receiver is dropped only with the window.
            let _ = sender.send(caught(work));
            wake();
        });
    }

    /// Like [`Background::spawn`], on a thread of its own: for work that waits for the user.
    pub fn spawn_waiting(&mut self, work: impl FnOnce() -> T + Send + 'static, wake: impl FnOnce() + Send + 'static) {
        let sender = self.sender.clone();
        self.pending += 1;
        std::thread::spawn(move || {
            let _ = sender.send(caught(work));
            wake();
        });
    }

    /// The next value, if one is there; the error of work that panicked.
    pub fn try_next(&mut self) -> Option<Result<T, String>> {
        let value = self.receiver.try_recv().ok()?;
        self.pending -= 1;
        Some(value)
    }

    /// The next value, waiting at most `at_most` for it. For closing the window.
    pub fn next_within(&mut self, at_most: std::time::Duration) -> Option<Result<T, String>> {
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

    use std::time::Duration;

    use super::*;

    /// For a loaded machine.
    const PATIENCE: Duration = Duration::from_secs(60);

    #[test]
    fn values_come_back_and_wake_is_called() {
        let mut background = Background::default();
        let (woken, wait) = channel();
        background.spawn(|| 6 * 7, move || woken.send(()).unwrap());
        assert!(background.is_busy());
        wait.recv_timeout(PATIENCE).expect("wake is called");
        assert_eq!(background.try_next(), Some(Ok(42)));
        assert!(!background.is_busy());
    }

    #[test]
    fn a_panic_is_an_error_and_other_work_goes_on() {
        let mut background = Background::default();
        for waits in [false, true] {
            let (woken, wait) = channel();
            let work = || -> u32 { panic!("no room for {} cells", 7) };
            let wake = move || woken.send(()).unwrap();
            if waits {
                background.spawn_waiting(work, wake)
            } else {
                background.spawn(work, wake)
            }
            wait.recv_timeout(PATIENCE).expect("wake is called");
            let error = background.next_within(PATIENCE).unwrap().unwrap_err();
            assert_eq!(error, "a background task panicked: no room for 7 cells");
        }
        background.spawn(|| 42, || {});
        assert_eq!(background.next_within(PATIENCE), Some(Ok(42)));
        assert!(!background.is_busy());
    }

    #[test]
    fn a_waiting_closure_does_not_block_the_pool() {
        let mut background = Background::default();
        let (release, held) = channel::<()>();
        background.spawn_waiting(move || held.recv().map_or("closed", |()| "released"), || {});
        background.spawn(|| "quick", || {});
        assert_eq!(background.next_within(PATIENCE), Some(Ok("quick")));
        release.send(()).unwrap();
    }
}
