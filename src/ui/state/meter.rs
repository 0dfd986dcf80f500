//! [`Meter`]: memory used by the window and the worker, and the devices that compute.

/// Seconds between two measurements.
const EVERY: f64 = 1.0;

/// A GPU.
#[derive(Clone, Debug, PartialEq)]
pub struct Graphics {
    /// Name given by its driver.
    pub name: String,
    /// Used memory in bytes, of all processes.
    pub used: u64,
    /// Total memory in bytes.
    pub total: u64,
}

/// The last measurement.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Meter {
    /// Time of the measurement, in seconds of the window's clock; `None` before the first.
    at: Option<f64>,
    /// Memory of the window in bytes; `None` where the system does not report it.
    pub window: Option<u64>,
    /// Memory of the worker in bytes; `None` while there is no worker.
    pub worker: Option<u64>,
    /// The GPUs.
    pub graphics: Vec<Graphics>,
}

impl Meter {
    /// Whether it is time to measure again; `now` is in seconds of the window's clock and is then recorded.
    pub fn is_due(&mut self, now: f64) -> bool {
        let is_due = self.at.is_none_or(|at| now - at >= EVERY);
        if is_due {
            self.at = Some(now);
        }
        is_due
    }
}

/// A number of bytes as text: `512 MB`, `3.2 GB`.
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
