//! [`Reporter`]: through which a job reports events and learns that it is cancelled. [`ProgressMeter`]: progress with an estimate of the time left.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::JobEvent;

/// The receiver of a job's events.
pub trait Reporter {
    /// Reports an event.
    fn report(&mut self, event: JobEvent);

    /// Whether the job should stop; to be called at least every 200 ms.
    fn cancelled(&self) -> bool;
}

/// Counts units of work and reports them at most ten times a second; the ETA comes from the recent rate.
#[derive(Debug)]
pub struct ProgressMeter {
    unit: &'static str,
    message: String,
    total: u64,
    done: u64,
    last_report: Option<Instant>,
    recent: VecDeque<(Instant, u64)>,
}

impl ProgressMeter {
    const INTERVAL: Duration = Duration::from_millis(100);
    const WINDOW: usize = 50;

    /// A meter for `total` units, of which `done` are done already (a resumed job).
    pub fn new(unit: &'static str, message: impl Into<String>, done: u64, total: u64) -> Self {
        Self { unit, message: message.into(), total, done, last_report: None, recent: VecDeque::from([(Instant::now(), done)]) }
    }

    /// Sets how many units are done and reports if it is time (always when all are).
    pub fn set(&mut self, done: u64, reporter: &mut dyn Reporter) {
        self.done = done;
        let now = Instant::now();
        if self.done < self.total && self.last_report.is_some_and(|last| now - last < Self::INTERVAL) {
            return;
        }
        self.last_report = Some(now);
        self.recent.push_back((now, done));
        if self.recent.len() > Self::WINDOW {
            self.recent.pop_front();
        }
        reporter.report(JobEvent::Progress {
            done,
            total: self.total,
            unit: self.unit.into(),
            message: self.message.clone(),
            eta_secs: self.eta_secs(),
        });
    }

    /// Counts one more unit.
    pub fn advance(&mut self, reporter: &mut dyn Reporter) {
        self.set(self.done + 1, reporter);
    }

    fn eta_secs(&self) -> Option<f64> {
        let ((start, before), (end, after)) = (self.recent.front()?, self.recent.back()?);
        let (seconds, units) = ((*end - *start).as_secs_f64(), after.saturating_sub(*before));
        (units > 0 && seconds > 0.0).then(|| self.total.saturating_sub(*after) as f64 * seconds / units as f64)
    }
}
