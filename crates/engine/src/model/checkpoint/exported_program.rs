//! Exported programs: what `torch.export.save` writes (`.pt2`), a network as data.
//!
//! A zip archive holds a graph of PyTorch's operations as JSON, beside the tensors that it computes with. [`read`] gives the [`Program`], and a
//! state dict of its parameters and persistent buffers by their names in the network. Nothing of the archive is run; archives that hold code or
//! Python objects are refused. Not here: which operations are known, and what they compute.
//! Source: `torch/_export/serde/schema.py`, `torch/export/pt2_archive/_package.py`.

mod archive;
mod arguments;
mod graph;
mod inline;
mod old_archive;
mod parts;
mod pickled;
mod program;
mod schema;
mod signature;
mod source;
pub(super) mod source_line;
mod tensors;
pub(super) mod text;

pub use program::{Extent, Program, ProgramArgument, ProgramInput, ProgramNode, ProgramOutput, ProgramResult};
pub use text::EXPORT;

use super::backing::Backing;
use super::{Container, Contents, Reading, StateDict, zip_entries};
use parts::Parts;
use source::Source;

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

#[cfg(test)]
mod tests;
