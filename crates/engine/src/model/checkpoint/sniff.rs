//! Detects the format of a file from its first bytes, or from the entries of a zip archive. Files that are no checkpoints are named by
//! [`file_kind`].

use flatland_core::data::{file_kind, pickle};

use super::{Container, danger, exported_program, legacy_pickle, onnx};

/// A file that is no supported checkpoint.
pub struct NotOurs {
    /// The format that it has instead.
    pub reason: String,
    /// What it refers to, where it is a pickle.
    pub globals: Vec<String>,
}

impl From<String> for NotOurs {
    fn from(reason: String) -> Self {
        Self { reason, globals: Vec::new() }
    }
}

/// Number of first bytes by which kinds of files are told apart.
const HEAD: usize = 512;
const EXPECTED: &str = "expected a PyTorch checkpoint or a safetensors file";

/// The container of `bytes`.
pub fn sniff(bytes: &[u8]) -> Result<Container, NotOurs> {
    if bytes.is_empty() {
        return Err(format!("the file is empty (0 bytes); {EXPECTED}").into());
    }
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        return Ok(if exported_program::is_program(bytes) { Container::ExportedProgram } else { Container::ZipPickle });
    }
    if legacy_pickle::is_legacy(bytes) {
        return Ok(Container::LegacyPickle);
    }
    if bytes.len() > 8 && bytes[8] == b'{' {
        return Ok(Container::Safetensors);
    }
    if onnx::is_onnx(bytes) {
        return Ok(Container::Onnx);
    }
    if let Some(kind) = file_kind(&bytes[..bytes.len().min(HEAD)], None) {
        return Err(kind.refusal("the file").into());
    }
    let globals: Vec<String> = pickle::globals(bytes).iter().map(ToString::to_string).collect();
    if let Some(reason) = danger::refusal(&globals) {
        return Err(NotOurs { reason, globals });
    }
    if bytes[0] == 0x80 || !globals.is_empty() {
        return match pickle::parse(bytes) {
            Ok(_) => Ok(Container::PlainPickle),
            Err(error) => Err(NotOurs { reason: format!("{EXPECTED}, found a broken pickle: {error}"), globals }),
        };
    }
    let head: Vec<String> = bytes.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    Err(format!("{EXPECTED}, found a file of {} bytes that begins with {}", bytes.len(), head.join(" ")).into())
}
