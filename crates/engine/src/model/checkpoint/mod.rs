//! Checkpoint files: one file per container. Nothing in a file is ever executed; what a pickle refers to is listed.
//!
//! [`read`] detects the container by content, never by extension, and returns a [`Reading`]: the state dicts of the file, or why there are
//! none. State dicts are found by their content, not by their keys; the module `state_dicts` chooses among them. An exported program has a
//! [`Program`] beside its state dict.
//! Not here: TorchScript (recognized and refused), architectures.

mod backing;
mod container;
mod contents;
mod danger;
mod dtype;
mod embedded;
mod exported_program;
mod legacy_pickle;
mod numpy_array;
mod onnx;
mod plain_pickle;
mod raw_tensor;
mod reading;
mod safetensors;
mod search;
mod sniff;
mod storage;
mod stored;
mod zip_entries;
mod zip_pickle;

use std::path::Path;

pub use container::Container;
pub use contents::{Contents, Copier, Entry, StateDict};
pub use dtype::Dtype;
pub use exported_program::{EXPORT, Extent, Program, ProgramArgument, ProgramInput, ProgramNode, ProgramOutput, ProgramResult};
pub use raw_tensor::RawTensor;
pub use reading::Reading;
pub use safetensors::ARCHITECTURE;
pub use stored::Stored;

use super::ModelError;
use backing::Backing;

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
        Container::LegacyPickle => read_legacy(bytes),
        Container::PlainPickle => plain_pickle::read(bytes),
        Container::Safetensors => safetensors::read(bytes),
        Container::ExportedProgram => exported_program::read(bytes),
        Container::Onnx => onnx::read(bytes),
    };
    // A file that would run code in Python is refused, although nothing is run here.
    if let Some(reason) = danger::refusal(&reading.globals) {
        reading.contents = Err(reason);
        reading.program = None;
    }
    reading
}

/// Reads a legacy checkpoint.
fn read_legacy(bytes: Vec<u8>) -> Reading {
    let globals = legacy_pickle::globals(&bytes);
    let parts = legacy_pickle::parts(&bytes);
    Reading::of_pickle(Container::LegacyPickle, globals, bytes, parts.map(|parts| (parts.object, Backing::Legacy(parts.storages))))
}
