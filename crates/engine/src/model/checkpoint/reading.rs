//! [`Reading`]: what came out of a file.

use super::backing::Backing;
use super::container::Container;
use super::contents::Contents;
use super::exported_program::Program;
use super::{embedded, search};
use flatland_core::data::pickle::Value;

/// Content of a file.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The container; `None` when it is unknown.
    pub container: Option<Container>,
    /// What the pickle refers to, sorted.
    pub globals: Vec<String>,
    /// Notes.
    pub notes: Vec<String>,
    /// The architecture in the file's metadata, see `ARCHITECTURE`.
    pub architecture: Option<String>,
    /// The program of an exported program; `None` of every other container.
    pub program: Option<Program>,
    /// The state dicts, or why the file is refused.
    pub contents: Result<Contents, String>,
}

impl Reading {
    pub(super) fn refused(container: Option<Container>, reason: impl Into<String>) -> Self {
        Self { container, globals: Vec::new(), notes: Vec::new(), architecture: None, program: None, contents: Err(reason.into()) }
    }

    /// The state dicts in the value of a pickle that refers to `globals`.
    pub(super) fn of_pickle(
        container: Container,
        mut globals: Vec<String>,
        bytes: Vec<u8>,
        parsed: Result<(Value, Backing), String>,
    ) -> Self {
        let contents = parsed.and_then(|(value, backing)| {
            globals.extend(embedded::globals(&value)?);
            let found = search::find(&value)?;
            Ok(Contents { state_dicts: found.state_dicts, left_aside: found.left_aside, bytes, backing })
        });
        globals.sort();
        globals.dedup();
        Self { container: Some(container), globals, notes: Vec::new(), architecture: None, program: None, contents }
    }
}
