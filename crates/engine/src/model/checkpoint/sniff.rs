//! Detects the format of a file from its first bytes, or from the entries of a zip archive, with a message for files that are no checkpoints.

use flatland_core::data::pickle;

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
    if let Some(what) = other(bytes) {
        return Err(format!("{EXPECTED}, found {what}").into());
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

/// The name of a well-known format that is no checkpoint.
fn other(bytes: &[u8]) -> Option<&'static str> {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(512)]).trim_start_matches('\u{feff}').trim_start().to_lowercase();
    if text.starts_with("version https://git-lfs") {
        return Some("a git-lfs pointer: the weights themselves were not downloaded (run `git lfs pull`)");
    }
    if text.starts_with("<!doctype html") || text.starts_with("<html") || text.starts_with("<head") {
        return Some("an HTML page: the download gave a web page instead of the file");
    }
    if text.starts_with("<?xml") {
        return Some("an XML document: the download gave an error message instead of the file");
    }
    if bytes.get(257..262) == Some(b"ustar") {
        return Some("a tar archive: unpack it first (PyTorch before 0.1.10 wrote tar; convert such a file with an old PyTorch)");
    }
    let known: [(&[u8], &str); 9] = [
        (b"\x89HDF\r\n\x1a\n", "an HDF5 file (Keras or MATLAB 7.3): export the weights as safetensors"),
        (b"\x93NUMPY", "a NumPy array (.npy)"),
        (b"MATLAB 5.0", "a MATLAB file"),
        (b"\x1f\x8b", "a gzip archive: unpack it first"),
        (b"BZh", "a bzip2 archive: unpack it first"),
        (b"\xfd7zXZ\x00", "an xz archive: unpack it first"),
        (b"7z\xbc\xaf\x27\x1c", "a 7z archive: unpack it first"),
        (b"\x28\xb5\x2f\xfd", "a zstd archive: unpack it first"),
        (b"GGUF", "a GGUF file (a language model)"),
    ];
    known.iter().find(|(magic, _)| bytes.starts_with(magic)).map(|&(_, name)| name)
}
