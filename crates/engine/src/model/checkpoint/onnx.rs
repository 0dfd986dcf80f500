//! ONNX files whose weights are those of the network under their names.
//!
//! [`read`] gives the operations as the [`Program`](super::Program) of an exported program has them, and the state dict. A file whose weights
//! are others is refused (`faithful`); so is one that keeps its numbers in another file. Not here: what the operations compute.

mod faithful;
mod graph;
mod literal;
mod message;
mod operation;
mod operator;
mod translator;
mod value;

use prost::bytes::Bytes;

use super::backing::Backing;
use super::{Container, Contents, Reading, StateDict};

/// Whether this is ONNX: a protobuf message that begins with the version of the format and the name of its producer.
pub(super) fn is_onnx(bytes: &[u8]) -> bool {
    matches!(bytes, [0x08, 1..=20, 0x12, length, rest @ ..]
        if rest.get(..usize::from(*length)).is_some_and(|name| name.is_ascii() && !name.is_empty()))
}

/// Reads an ONNX file.
pub(super) fn read(bytes: Vec<u8>) -> Reading {
    let bytes = Bytes::from(bytes);
    let translated = graph::read(&bytes);
    let mut reading = Reading::refused(Some(Container::Onnx), String::new());
    reading.contents = translated.map(|translated| {
        reading.program = Some(translated.program);
        reading.notes = translated.notes;
        Contents {
            state_dicts: vec![StateDict { entries: translated.entries, ..StateDict::default() }],
            left_aside: Vec::new(),
            // Nothing else holds the bytes any more: they are not copied.
            bytes: bytes.into(),
            backing: Backing::Nothing,
        }
    });
    reading
}

#[cfg(test)]
mod tests;
