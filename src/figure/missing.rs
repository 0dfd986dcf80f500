//! [`Missing`]: a figure that cannot be drawn, and why.

/// A figure of the paper for which the session lacks something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// `figure_2`, ...
    pub name: String,
    /// What is missing, and how to get it.
    pub reason: String,
}
