//! Checkpoint files: one file per container. Nothing in a file is ever executed; what a pickle refers to is listed.
//!
//! [`read`] sniffs by content, never by extension, and gives a [`Reading`]: the tensors of the state dict, or why there are none.
//! Formats and payload shapes: `reference/ood.md` section 15. Deliberately absent: TorchScript (named and refused), architectures.

mod danger;
mod dtype;
mod legacy_pickle;
mod safetensors;
mod sniff;
mod state_dict;
mod storage;
mod zip_pickle;

use std::path::Path;

pub use dtype::Dtype;

use super::ModelError;

/// A kind of checkpoint file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Container {
    /// What `torch.save` writes since PyTorch 1.6.
    ZipPickle,
    /// What `torch.save` wrote before.
    LegacyPickle,
    /// Hugging Face's format.
    Safetensors,
}

impl Container {
    /// As people read it.
    pub fn label(self) -> &'static str {
        match self {
            Container::ZipPickle => "zip pickle",
            Container::LegacyPickle => "legacy pickle",
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

/// What came out of a file.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The container; `None` when it is none of ours.
    pub container: Option<Container>,
    /// What the pickle refers to, sorted.
    pub globals: Vec<String>,
    /// Things worth knowing.
    pub notes: Vec<String>,
    /// The architecture that the file itself says it is of, see [`ARCHITECTURE`].
    pub architecture: Option<String>,
    /// The tensors in file order, or why the file is refused.
    pub tensors: Result<Vec<RawTensor>, String>,
}

impl Reading {
    fn refused(container: Option<Container>, reason: impl Into<String>) -> Self {
        Self { container, globals: Vec::new(), notes: Vec::new(), architecture: None, tensors: Err(reason.into()) }
    }
}

/// Reads the file at `path`.
///
/// # Errors
/// When the file cannot be read at all; a file that is read and refused is a [`Reading`].
pub fn read(path: &Path) -> Result<Reading, ModelError> {
    let bytes = std::fs::read(path).map_err(|source| ModelError::Io { action: "read", source, path: path.into() })?;
    Ok(read_bytes(&bytes))
}

/// Reads the bytes of a file.
pub fn read_bytes(bytes: &[u8]) -> Reading {
    let container = match sniff::sniff(bytes) {
        Ok(container) => container,
        Err(not) => return Reading { globals: not.globals, ..Reading::refused(None, not.reason) },
    };
    let mut reading = match container {
        Container::ZipPickle => zip_pickle::read(bytes),
        Container::LegacyPickle => legacy_pickle::read(bytes),
        Container::Safetensors => safetensors::read(bytes),
    };
    // A file that would run something elsewhere is not one to work with, even though nothing runs here.
    if let Some(reason) = danger::refusal(&reading.globals) {
        reading.tensors = Err(reason);
    }
    reading
}

/// Most bytes that the tensors of a file may fill together: views may overlap, but a small file does not fill the memory.
fn budget(bytes: &[u8]) -> usize {
    bytes.len().saturating_mul(4).saturating_add(1 << 20)
}
