//! The tensors that a program names, found in its archive.

use std::collections::HashMap;

use super::super::backing::Place;
use super::super::stored::{Buffer, Numbers};
use super::super::{Entry, Stored, search};
use super::parts::Tensors;
use super::program::{Extent, Program, ProgramInput};
use super::text::{EXPORT, short};

/// The state dict of a program.
#[derive(Debug)]
pub(super) struct Found {
    /// Its parameters and persistent buffers, in the order of the signature.
    pub(super) entries: Vec<Entry>,
    /// Where the storages of all tensors are.
    pub(super) places: HashMap<String, Place>,
    /// A note, where the archive holds tensors that the program does not name.
    pub(super) note: Option<String>,
}

/// Finds the state dict of `program` among the tensors of the archive; gives it its constants and tied tensors.
///
/// # Errors
/// When one is missing or has another shape than the program says, or there is no parameter.
pub(super) fn assign(program: &mut Program, tensors: Tensors) -> Result<Found, String> {
    let Tensors { mut weights, mut constants, places } = tensors;
    let (mut state_dict, mut rest) = (Vec::new(), Vec::new());
    let mut parameters = 0;
    for input in &program.inputs {
        let (value, name, is_weight) = match input {
            ProgramInput::Parameter { value, name } => {
                parameters += 1;
                (value, name, true)
            }
            ProgramInput::Buffer { value, name, persistent } => (value, name, *persistent),
            ProgramInput::Constant { value, name } => (value, name, false),
            ProgramInput::User { .. } => continue,
        };
        let (from, to) = if is_weight { (&mut weights, &mut state_dict) } else { (&mut constants, &mut rest) };
        let stored = from.remove(name).ok_or_else(|| {
            format!("expected the tensor `{}` of the program in the archive, found none; export the network again: `{EXPORT}`", short(name))
        })?;
        if let Some(shape) = program.shapes.get(value) {
            agree(name, &stored, shape)?;
        }
        to.push(search::entry(name.clone(), Ok(stored))?);
    }
    if parameters == 0 {
        return Err(format!("expected a network with parameters, found a program without; export the network itself: `{EXPORT}`"));
    }
    program.tied = tied(&state_dict);
    program.constants = rest;
    let idle = weights.len() + constants.len();
    let note = (idle > 0).then(|| format!("{idle} tensors of the archive are not used by its program and left out"));
    Ok(Found { entries: state_dict, places, note })
}

/// Checks the shape of a tensor against the one that the program has for it.
fn agree(name: &str, stored: &Stored, shape: &[Extent]) -> Result<(), String> {
    let fits = |(side, expected): (&i64, &Extent)| match expected {
        Extent::Fixed(expected) => side == expected,
        Extent::Symbol { .. } => true,
    };
    if stored.shape.len() == shape.len() && stored.shape.iter().zip(shape).all(fits) {
        return Ok(());
    }
    let sides: Vec<String> = shape
        .iter()
        .map(|side| match side {
            Extent::Fixed(side) => side.to_string(),
            Extent::Symbol { name, .. } => name.clone(),
        })
        .collect();
    Err(format!(
        "expected the tensor `{}` to have the shape of the program, [{}], found {:?}; the file is damaged, export the network again",
        short(name),
        short(&sides.join(", ")),
        stored.shape
    ))
}

/// Pairs (second name, first name) of entries that are one tensor.
fn tied(entries: &[Entry]) -> Vec<(String, String)> {
    /// Storage, offset, shape and strides.
    type Memory<'a> = (&'a str, usize, &'a [usize], &'a [usize]);
    let mut known: HashMap<Memory<'_>, &str> = HashMap::new();
    let mut pairs = Vec::new();
    for Entry { name, tensor } in entries {
        let Numbers::View(view) = &tensor.numbers else { continue };
        let Buffer::Separate(id) = &view.buffer else { continue };
        // Tensors without elements have no memory to share.
        if tensor.shape.contains(&0) {
            continue;
        }
        match known.get(&(id.key.as_str(), view.offset, view.size.as_slice(), view.stride.as_slice())) {
            Some(first) => pairs.push((name.clone(), (*first).to_owned())),
            None => {
                known.insert((&id.key, view.offset, &view.size, &view.stride), name);
            }
        }
    }
    pairs
}
