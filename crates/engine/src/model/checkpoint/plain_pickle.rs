//! A pickle that `torch.save` did not write: `pickle.dump` of NumPy arrays or of tensors by name.

use flatland_core::data::pickle;

use super::backing::Backing;
use super::{Container, Reading};

/// Reads a plain pickle.
pub fn read(bytes: Vec<u8>) -> Reading {
    let globals = pickle::globals(&bytes).iter().map(ToString::to_string).collect();
    let object = pickle::parse(&bytes).map(|(object, _)| (object, Backing::Nothing));
    Reading::of_pickle(Container::PlainPickle, globals, bytes, object.map_err(|error| format!("cannot read the pickle: {error}")))
}
