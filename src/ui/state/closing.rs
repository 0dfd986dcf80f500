//! [`Closing`]: how far the window is with closing.

/// How far closing is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Closing {
    /// Nobody wants to.
    #[default]
    No,
    /// The person is asked.
    Asked,
    /// Runs are being told, and the worker lets go of its job.
    Stopping,
    /// Everything is told: the window may close.
    Free,
}
