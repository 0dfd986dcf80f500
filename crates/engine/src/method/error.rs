//! Errors of a run's method.

/// An error of the `method` module; found before a run starts.
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
        /// The keys of the method.
        known: String,
    },
    /// A hyperparameter has an invalid value.
    #[error("method `{method}`: expected `{key}` to be {expected}, found {found}")]
    Parameter {
        /// The method.
        method: String,
        /// The key.
        key: String,
        /// The allowed values.
        expected: String,
        /// The value.
        found: String,
    },
}
