//! [`PlanError`]: why a session cannot be planned.

use std::path::PathBuf;

/// Why a session cannot be planned.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// A name that is not in the session.
    #[error("expected {what} of the session ({}), found `{name}`", .known.join(", "))]
    Unknown {
        /// `a checkpoint` or `a dataset`.
        what: &'static str,
        /// The name.
        name: String,
        /// The names in the session.
        known: Vec<String>,
    },
    /// Nothing to work on.
    #[error("{analysis} needs {needs}, and the session has none")]
    Lacks {
        /// The analysis.
        analysis: &'static str,
        /// What it needs.
        needs: &'static str,
    },
    /// Two names that give the same folder.
    #[error("the names `{0}` and `{1}` would share one result folder; rename one of them")]
    SameFolder(String, String),
    /// A file or folder that is not there.
    #[error("expected the {what}{}, found nothing there ({path})", if .name.is_empty() { String::new() } else { format!(" `{name}`") })]
    MissingPath {
        /// `checkpoint`, `dataset`, ...
        what: &'static str,
        /// Its name; empty when it has none.
        name: String,
        /// Its path.
        path: PathBuf,
    },
    /// Invalid settings.
    #[error("{0}")]
    Settings(String),
}

pub(super) fn all_known(what: &'static str, names: &[String], known: &[&String]) -> Result<(), PlanError> {
    match names.iter().find(|name| !known.contains(name)) {
        Some(name) => Err(PlanError::Unknown { what, name: name.clone(), known: known.iter().map(|&name| name.clone()).collect() }),
        None => Ok(()),
    }
}
