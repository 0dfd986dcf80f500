//! The tensors of a checkpoint of `torch.save` within the archive.

use std::collections::HashMap;

use super::super::backing::Place;
use super::super::stored::{Buffer, Numbers};
use super::super::zip_entries::open;
use super::super::{Entry, Stored, search, zip_pickle};
use super::source::Source;

/// The tensors by name in the dict of the entry `name`; adds what its pickle refers to to `globals`, and where their storages are to `places`.
///
/// # Errors
/// When it is no dict of dense tensors, or its numbers are big-endian.
pub(super) fn read(
    source: &mut Source<'_>,
    name: &str,
    globals: &mut Vec<String>,
    places: &mut HashMap<String, Place>,
) -> Result<HashMap<String, Stored>, String> {
    let within = |reason: String| format!("`{name}` in the archive: {reason}");
    let bytes = source.entry(name)?;
    let mut archive = open(&bytes).map_err(|error| within(format!("cannot read it as a zip archive ({error})")))?;
    let names: Vec<String> = archive.file_names().map(String::from).collect();
    let root = zip_pickle::root(&names).ok_or_else(|| within("expected a checkpoint of torch.save, found no data.pkl".into()))?;
    let (object, big_endian) = zip_pickle::object(&mut archive, &root, &mut source.budget, globals).map_err(within)?;
    if big_endian {
        return Err(within("expected little-endian numbers, found big-endian; export the network on a little-endian machine".into()));
    }
    let pairs = object.as_pairs().ok_or_else(|| within("expected a dict of tensors by name".into()))?;
    let mut tensors = HashMap::new();
    for Entry { name: tensor_name, mut tensor } in search::named(pairs).map_err(within)? {
        place(&mut tensor, name, &root, places).map_err(|reason| within(format!("tensor `{tensor_name}`: {reason}")))?;
        tensors.insert(tensor_name, tensor);
    }
    Ok(tensors)
}

/// Renames the storage of `tensor`, as other checkpoints of the archive have the same keys.
fn place(tensor: &mut Stored, archive: &str, root: &str, places: &mut HashMap<String, Place>) -> Result<(), String> {
    let Numbers::View(view) = &mut tensor.numbers else {
        return Err(
            "expected a dense tensor (not sparse or quantized, and with data), found another; export the network again with plain tensors"
                .into(),
        );
    };
    let Buffer::Separate(id) = &mut view.buffer else { return Err("expected its storage beside the pickle, found it within".into()) };
    let entry = format!("{root}data/{}", id.key);
    id.key = format!("{archive}/{}", id.key);
    places.insert(id.key.clone(), Place { archive: Some(archive.to_owned()), entry });
    Ok(())
}
