//! Exported programs: what `torch.export.save` writes (`.pt2`), a network as data.
//!
//! A zip archive holds a graph of PyTorch's operations as JSON, beside the tensors that it computes with. [`read`] gives the [`Program`], and a
//! state dict of its parameters and persistent buffers by their names in the network. Nothing of the archive is run; archives that hold code or
//! Python objects are refused. Not here: which operations are known, and what they compute.
//! Source: `torch/_export/serde/schema.py`, `torch/export/pt2_archive/_package.py`.

mod archive;
mod arguments;
mod graph;
mod old_archive;
mod pickled;
mod program;
mod schema;
mod signature;
mod source;
mod source_line;
mod tensors;

use std::collections::HashMap;

pub use program::{Extent, Program, ProgramArgument, ProgramInput, ProgramNode, ProgramOutput, ProgramResult};

use super::backing::{Backing, Place};
use super::{Container, Contents, Dtype, Reading, StateDict, Stored, zip_entries};
use source::Source;

/// The line of Python that writes a network as an exported program of any batch size.
pub const EXPORT: &str = "torch.export.save(torch.export.export(model.eval(), (x,), \
                                 dynamic_shapes=({0: torch.export.Dim(\"batch\")},)), \"net.pt2\")";

/// Longest piece of a file's text in a message, in characters.
const MAX_TEXT: usize = 120;

/// What an archive holds, each part checked by itself.
struct Parts {
    model: schema::ExportedProgram,
    tensors: Tensors,
}

/// The tensors of an archive by name, and where their storages are.
#[derive(Debug, Default)]
struct Tensors {
    weights: HashMap<String, Stored>,
    constants: HashMap<String, Stored>,
    places: HashMap<String, Place>,
}

/// Whether a zip archive is of `torch.export`; `false` also when it cannot be read.
pub(super) fn is_program(bytes: &[u8]) -> bool {
    zip_entries::open(bytes).is_ok_and(|archive| {
        let names: Vec<String> = archive.file_names().map(String::from).collect();
        old_archive::is_old(&names) || archive::root(&names).is_some()
    })
}

/// Reads an exported program.
pub(super) fn read(bytes: Vec<u8>) -> Reading {
    let mut reading = Reading::refused(Some(Container::ExportedProgram), String::new());
    let parts = parts(&bytes, &mut reading.globals);
    reading.globals.sort();
    reading.globals.dedup();
    let read = parts.and_then(|parts| {
        let mut program = graph::program(parts.model)?;
        let found = tensors::assign(&mut program, parts.tensors)?;
        Ok((program, found))
    });
    reading.contents = read.map(|(program, found)| {
        reading.program = Some(program);
        reading.notes.extend(found.note);
        Contents {
            state_dicts: vec![StateDict { entries: found.entries, ..StateDict::default() }],
            left_aside: Vec::new(),
            bytes,
            backing: Backing::Entries(found.places),
        }
    });
    reading
}

fn parts(bytes: &[u8], globals: &mut Vec<String>) -> Result<Parts, String> {
    let mut source = Source::open(bytes)?;
    match archive::root(&source.names) {
        Some(root) => archive::read(&mut source, &root, globals),
        None => old_archive::read(&mut source, globals),
    }
}

/// The element type that PyTorch numbers `code` (`ScalarType`).
fn dtype(code: i64) -> Result<Dtype, String> {
    let name = match code {
        1 => "uint8",
        2 => "int8",
        3 => "int16",
        4 => "int32",
        5 => "int64",
        6 => "float16",
        7 => "float32",
        8 => "float64",
        9 => return Ok(Dtype::Other("complex32".into(), 4)),
        10 => "complex64",
        11 => "complex128",
        12 => "bool",
        13 => "bfloat16",
        28 => "uint16",
        29 => "float8_e4m3fn",
        30 => "float8_e5m2",
        31 => "float8_e4m3fnuz",
        32 => "float8_e5m2fnuz",
        other => return Err(format!("expected an element type of PyTorch 2.11 (1 to 13, 28 to 32), found {other}")),
    };
    Ok(Dtype::of_torch(name))
}

/// Text of a file in a message, cut where it is long.
fn short(text: &str) -> String {
    match text.char_indices().nth(MAX_TEXT) {
        Some((end, _)) => format!("{}..", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
