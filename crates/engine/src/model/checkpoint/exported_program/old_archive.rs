//! The archives of PyTorch before 2.8: `serialized_exported_program.json` beside checkpoints of `torch.save`.

use super::parts::{Parts, Tensors};
use super::pickled;
use super::source::Source;

const PROGRAM: &str = "serialized_exported_program.json";
const WEIGHTS: &str = "serialized_state_dict.pt";
const CONSTANTS: &str = "serialized_constants.pt";

/// Whether an archive of entries `names` is one.
pub(super) fn is_old(names: &[String]) -> bool {
    names.iter().any(|name| name == PROGRAM)
}

/// Reads the archive; adds what its pickles refer to to `globals`.
///
/// # Errors
/// When it is of a version that is not read, or a tensor lies outside its storage.
pub(super) fn read(source: &mut Source<'_>, globals: &mut Vec<String>) -> Result<Parts, String> {
    let model = source.program(PROGRAM)?;
    let mut tensors = Tensors::default();
    tensors.weights = pickled::read(source, WEIGHTS, globals, &mut tensors.places)?;
    tensors.constants = pickled::read(source, CONSTANTS, globals, &mut tensors.places)?;
    Ok(Parts { model, tensors })
}
