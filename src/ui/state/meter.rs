//! [`Meter`]: what the window and the worker hold of memory, and on which device is computed.

/// Seconds between two looks.
const EVERY: f64 = 1.0;

/// A GPU.
#[derive(Clone, Debug, PartialEq)]
pub struct Graphics {
    /// As its driver names it.
    pub name: String,
    /// Bytes of its memory that are in use, by whomever.
    pub used: u64,
    /// Bytes of its memory.
    pub total: u64,
}

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
    /// Whether it is time to measure again, `now` in the window's seconds; then the time is noted.
    pub fn is_due(&mut self, now: f64) -> bool {
        let is_due = self.at.is_none_or(|at| now - at >= EVERY);
        if is_due {
            self.at = Some(now);
        }
        is_due
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
