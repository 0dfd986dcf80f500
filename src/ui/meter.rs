//! [`Meter`]: what the window and the worker hold of memory, and on which device is computed.

use super::bench::Bench;
use super::machine::{Graphics, graphics, resident_memory};

/// Seconds between two looks.
const EVERY: f64 = 1.0;

/// The last look.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Meter {
    /// When it was, in the window's seconds; `None` before the first.
    at: Option<f64>,
    /// Bytes of the window; `None` where the system does not say.
    pub window: Option<u64>,
    /// Bytes of the worker; `None` while there is none.
    pub worker: Option<u64>,
    /// The GPUs.
    pub graphics: Vec<Graphics>,
}

impl Meter {
    /// Looks, when the last look is a second old. Asks for no repaint: an idle window stays idle.
    pub fn look(&mut self, now: f64, bench: &Bench) {
        if self.at.is_some_and(|at| now - at < EVERY) {
            return;
        }
        self.at = Some(now);
        self.graphics = graphics();
        self.window = resident_memory(None);
        self.worker = bench.pid().and_then(|pid| resident_memory(Some(pid)));
    }
}

/// `512 MB`, `3.2 GB`.
pub fn bytes(n: u64) -> String {
    let mb = n as f64 / 1e6;
    if mb < 1000.0 { format!("{mb:.0} MB") } else { format!("{:.1} GB", mb / 1000.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_read_well() {
        assert_eq!(bytes(96_000_000), "96 MB");
        assert_eq!(bytes(3_240_000_000), "3.2 GB");
    }
}
