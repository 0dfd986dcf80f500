//! Checkpoint files: one file per container. Nothing in a file is ever executed; what a pickle refers to is listed.
//!
//! [`read`] detects the container by content, never by extension, and returns a [`Reading`]: the state dicts of the file, or why there are
//! none. State dicts are found by their content, not by their keys; the module `state_dicts` chooses among them.
//! Not here: TorchScript (recognized and refused), architectures.

mod contents;
mod danger;
mod dtype;
mod embedded;
mod legacy_pickle;
mod numpy_array;
mod plain_pickle;
mod safetensors;
mod search;
mod sniff;
mod storage;
mod stored;
mod zip_pickle;

use std::path::Path;

pub use contents::{Contents, Copier, Entry, StateDict};
pub use dtype::Dtype;
use flatland_core::data::pickle::Value;
pub use stored::Stored;

use super::ModelError;
use contents::Backing;

/// A kind of checkpoint file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Container {
    /// What `torch.save` writes since PyTorch 1.6.
    ZipPickle,
    /// What `torch.save` wrote before.
    LegacyPickle,
    /// What `pickle.dump` writes.
    PlainPickle,
    /// Hugging Face's format.
    Safetensors,
}

impl Container {
    /// Its name for messages.
    pub fn label(self) -> &'static str {
        match self {
            Container::ZipPickle => "zip pickle",
            Container::LegacyPickle => "legacy pickle",
            Container::PlainPickle => "plain pickle",
            Container::Safetensors => "safetensors",
        }
    }
}

/// Key of the metadata of a safetensors file under which Flatland writes the name of the architecture.
pub const ARCHITECTURE: &str = "flatland.architecture";

/// A tensor as a file holds it.
#[derive(Clone, Debug, PartialEq)]
pub struct RawTensor {
    /// Name as in the file.
    pub name: String,
    /// Element type.
    pub dtype: Dtype,
    /// Shape.
    pub shape: Vec<i64>,
    /// Elements, row-major, little endian.
    pub data: Vec<u8>,
}

/// Content of a file.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The container; `None` when it is unknown.
    pub container: Option<Container>,
    /// What the pickle refers to, sorted.
    pub globals: Vec<String>,
    /// Notes.
    pub notes: Vec<String>,
    /// The architecture in the file's metadata, see [`ARCHITECTURE`].
    pub architecture: Option<String>,
    /// The state dicts, or why the file is refused.
    pub contents: Result<Contents, String>,
}

impl Reading {
    fn refused(container: Option<Container>, reason: impl Into<String>) -> Self {
        Self { container, globals: Vec::new(), notes: Vec::new(), architecture: None, contents: Err(reason.into()) }
    }

    /// The state dicts in the value of a pickle that refers to `globals`.
    fn of_pickle(container: Container, mut globals: Vec<String>, bytes: Vec<u8>, parsed: Result<(Value, Backing), String>) -> Self {
        let contents = parsed.and_then(|(value, backing)| {
            globals.extend(embedded::globals(&value)?);
            let found = search::find(&value)?;
            Ok(Contents { state_dicts: found.state_dicts, left_aside: found.left_aside, bytes, backing })
        });
        globals.sort();
        globals.dedup();
        Self { container: Some(container), globals, notes: Vec::new(), architecture: None, contents }
    }
}

/// Reads the file at `path`.
///
/// # Errors
/// When the file cannot be read at all; a file that is read and refused is a [`Reading`].
pub fn read(path: &Path) -> Result<Reading, ModelError> {
    let bytes = std::fs::read(path).map_err(|source| ModelError::Io { action: "read", source, path: path.into() })?;
    Ok(read_bytes(bytes))
}

/// Reads the bytes of a file.
pub fn read_bytes(bytes: Vec<u8>) -> Reading {
    let container = match sniff::sniff(&bytes) {
        Ok(container) => container,
        Err(not) => return Reading { globals: not.globals, ..Reading::refused(None, not.reason) },
    };
    let mut reading = match container {
        Container::ZipPickle => zip_pickle::read(bytes),
        Container::LegacyPickle => legacy_pickle::read(bytes),
        Container::PlainPickle => plain_pickle::read(bytes),
        Container::Safetensors => safetensors::read(bytes),
    };
    // A file that would run code in Python is refused, although nothing is run here.
    if let Some(reason) = danger::refusal(&reading.globals) {
        reading.contents = Err(reason);
    }
    reading
}

/// Most bytes that the tensors of a file may fill together: views may overlap, but a small file does not fill the memory.
fn budget(bytes: &[u8]) -> usize {
    bytes.len().saturating_mul(4).saturating_add(1 << 20)
}
