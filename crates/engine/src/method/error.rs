//! What may be wrong with the method of a run.

/// An error of the method room; found before a run starts.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum MethodError {
    /// No method has this name.
    #[error("expected a method out of {known}, found `{found}`")]
    Unknown {
        /// The name.
        found: String,
        /// All names.
        known: String,
    },
    /// The method has no such hyperparameter.
    #[error("method `{method}`: expected {known}, found `{found}`")]
    UnknownParameter {
        /// The method.
        method: String,
        /// The key.
        found: String,
        /// The keys it knows.
        known: String,
    },
    /// A hyperparameter is not what it may be.
    #[error("method `{method}`: expected `{key}` to be {expected}, found {found}")]
    Parameter {
        /// The method.
        method: String,
        /// The key.
        key: String,
        /// What it may be.
        expected: String,
        /// What it is.
        found: String,
    },
}
