//! Results as JSON files: indented, a line feed at the end, written atomically.

use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{ResultError, write_atomic};

/// Writes `value` to `path`.
///
/// # Errors
/// When it has no JSON or the file cannot be written.
pub(super) fn save(path: &Path, value: &impl Serialize) -> Result<(), ResultError> {
    let text = serde_json::to_string_pretty(value).map_err(|error| invalid(&error, path))? + "\n";
    write_atomic(path, text.as_bytes())
}

/// Reads the value at `path`.
///
/// # Errors
/// When the file is missing, unreadable or not what it should be.
pub(super) fn load<T: DeserializeOwned>(path: &Path) -> Result<T, ResultError> {
    let text = std::fs::read_to_string(path).map_err(|source| ResultError::Io { action: "read", source, path: path.into() })?;
    serde_json::from_str(&text).map_err(|error| invalid(&error, path))
}

fn invalid(error: &serde_json::Error, path: &Path) -> ResultError {
    ResultError::Invalid { message: error.to_string(), path: path.into() }
}
