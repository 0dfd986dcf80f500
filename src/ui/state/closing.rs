//! [`Closing`]: the progress of closing the window.

/// Progress of closing the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Closing {
    /// The window is not being closed.
    #[default]
    No,
    /// The user was asked whether to close it.
    Asked,
    /// Runs are asked to stop, and the worker ends its job.
    Stopping,
    /// All runs were asked to stop; the window may close.
    Confirmed,
}
