//! Files that are known by their first bytes.

use infer::MatcherType;

use super::{EXPORT, FileKind, OPENS, UNPACK};
use crate::data::decode;

/// Formats that the crate `infer` does not know, or for which there is more to say than their name.
const KNOWN: [(&[u8], FileKind); 12] = [
    (b"\x89HDF\r\n\x1a\n", FileKind::new("an HDF5 file (Keras or MATLAB 7.3)", EXPORT)),
    (
        b"MATLAB",
        FileKind::new(
            "a MATLAB file",
            "images are read from one that holds `X` and `y` as SVHN's do; save others as a folder of PNG files or as a .npy",
        ),
    ),
    (b"GGUF", FileKind::new("a GGUF file (a language model)", OPENS)),
    (b"%PDF-", FileKind::new("a PDF document", OPENS)),
    (
        b"\x93NUMPY",
        FileKind::new("a NumPy array (.npy)", "open it as a dataset if it holds images; for weights, save a state dict by `torch.save`"),
    ),
    (b"\x1f\x8b", FileKind::new("a gzip archive", UNPACK)),
    (b"BZh", FileKind::new("a bzip2 archive", UNPACK)),
    (b"\xfd7zXZ\x00", FileKind::new("an xz archive", UNPACK)),
    (b"7z\xbc\xaf\x27\x1c", FileKind::new("a 7z archive", UNPACK)),
    (b"Rar!\x1a\x07", FileKind::new("a RAR archive", UNPACK)),
    (b"\x28\xb5\x2f\xfd", FileKind::new("a zstd archive", UNPACK)),
    (b"SQLite format 3\0", FileKind::new("an SQLite database", OPENS)),
];

/// What the file that begins with `head` is.
pub(super) fn kind(head: &[u8]) -> Option<FileKind> {
    if let Some((_, kind)) = KNOWN.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Some(*kind);
    }
    if decode::is_image(head) {
        return Some(FileKind::new("a single image", "a folder of images or an image list is opened as a dataset"));
    }
    if head.get(257..262) == Some(b"ustar") {
        return Some(FileKind::new(
            "a tar archive",
            "unpack it first: only WebDataset archives are read as they are (PyTorch before 0.1.10 wrote tar; convert such a checkpoint with an old PyTorch)",
        ));
    }
    if is_saved_model(head) || is_graph(head) || head.get(4..8) == Some(b"TFL3") {
        return Some(FileKind::new("a network of TensorFlow", EXPORT));
    }
    // ONNX is read as a checkpoint.
    if is_onnx(head) {
        return None;
    }
    let name = match infer::get(head)?.matcher_type() {
        MatcherType::Audio => "a sound file",
        MatcherType::Video => "a video",
        MatcherType::Font => "a font",
        MatcherType::Book | MatcherType::Doc => "a document",
        // Their signatures of two bytes also begin other files, or they are recognised above.
        MatcherType::App | MatcherType::Archive | MatcherType::Image | MatcherType::Text | MatcherType::Custom => return None,
    };
    Some(FileKind::new(name, OPENS))
}

/// A protobuf field of `tag` with its length at the start of `bytes`: the length, and what follows it.
fn field(tag: u8, bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut rest = bytes.strip_prefix(&[tag])?;
    let mut length = 0;
    for shift in [0, 7, 14, 21, 28] {
        let (byte, after) = rest.split_first()?;
        (length, rest) = (length | usize::from(byte & 0x7f) << shift, after);
        if byte & 0x80 == 0 {
            return Some((length, rest));
        }
    }
    None
}

/// A name in ASCII of field `tag` at the start of `bytes`, and what follows it.
fn name(tag: u8, bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = field(tag, bytes)?;
    let name = rest.get(..length).filter(|name| !name.is_empty() && name.iter().all(u8::is_ascii_graphic))?;
    Some((name, &rest[length..]))
}

/// Whether this is ONNX: a protobuf message that begins with the version of the format and the name of its producer. Source: `onnx.proto3`.
fn is_onnx(head: &[u8]) -> bool {
    matches!(head, [0x08, 1..=20, rest @ ..] if name(0x12, rest).is_some())
}

/// Whether this is TensorFlow's `SavedModel` of schema 1: a `MetaGraphDef`, whose first field is another message. Source: `saved_model.proto`.
fn is_saved_model(head: &[u8]) -> bool {
    let Some((length, meta_graph)) = head.strip_prefix(&[0x08, 1]).and_then(|rest| field(0x12, rest)) else { return false };
    length > meta_graph.len().min(127) && field(0x0a, meta_graph).is_some()
}

/// Whether this is TensorFlow's `GraphDef`: a node of a name and the name of an operation. Source: `graph.proto`, `node_def.proto`.
fn is_graph(head: &[u8]) -> bool {
    let operation = field(0x0a, head).and_then(|(_, node)| name(0x0a, node)).and_then(|(_, rest)| name(0x12, rest));
    operation.is_some_and(|(operation, _)| operation[0].is_ascii_uppercase() && operation.iter().all(u8::is_ascii_alphanumeric))
}
