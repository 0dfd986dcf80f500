//! [`UnreadTensors`]: what the state dict of an exported program holds beside the tensors that are trained or read, so that saved weights have
//! all of its names.

use std::sync::Arc;

use safetensors::tensor::{Dtype as Type, TensorView};

use super::checkpoint::{Contents, Dtype, Entry, RawTensor};

/// Tensors that no operation reads: counters, integers, unused layers. Second names of tied tensors are not among them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UnreadTensors(Vec<(String, Arc<RawTensor>)>);

impl UnreadTensors {
    /// The tensors of `contents` called `names`, as far as their element types can be saved, and the names of the others.
    ///
    /// # Errors
    /// When their numbers are missing or damaged.
    pub fn read<'n>(names: impl Iterator<Item = &'n String>, contents: &Contents) -> Result<(Self, Vec<String>), String> {
        let mut other = Vec::new();
        let mut entries: Vec<Entry> = Vec::new();
        for name in names {
            let all = || contents.state_dicts.iter().flat_map(|dict| &dict.entries);
            match all().find(|entry| entry.name == *name) {
                Some(entry) if saved_as(&entry.tensor.dtype).is_some() => entries.push(entry.clone()),
                Some(_) | None => other.push(name.clone()),
            }
        }
        let tensors = contents.gather(&entries)?;
        Ok((Self(tensors.into_iter().map(|tensor| (tensor.name.clone(), Arc::new(tensor))).collect()), other))
    }

    /// The same with other names.
    #[must_use]
    pub fn renamed(self, new: impl Fn(&str) -> String) -> Self {
        Self(self.0.into_iter().map(|(name, tensor)| (new(&name), tensor)).collect())
    }

    /// Takes the numbers of those that another file of the same network holds among `entries`, each under the name that `stripped` gives.
    ///
    /// # Errors
    /// When their numbers are missing or damaged.
    pub fn replace(&mut self, entries: &[Entry], contents: &Contents, stripped: impl Fn(&str) -> &str) -> Result<(), String> {
        for (name, tensor) in &mut self.0 {
            let is_same =
                |entry: &&Entry| stripped(&entry.name) == name && entry.tensor.dtype == tensor.dtype && entry.tensor.shape == tensor.shape;
            if let Some(entry) = entries.iter().find(is_same) {
                for found in contents.gather(std::slice::from_ref(entry))? {
                    *tensor = Arc::new(found);
                }
            }
        }
        Ok(())
    }

    /// Takes the bytes that `find` gives for a name, where their number is the right one.
    pub fn restore(&mut self, find: impl Fn(&str) -> Option<Vec<u8>>) {
        for (name, tensor) in &mut self.0 {
            if let Some(data) = find(name).filter(|data| data.len() == tensor.data.len()) {
                *tensor = Arc::new(RawTensor { data, ..(**tensor).clone() });
            }
        }
    }

    /// Name and content of each.
    ///
    /// # Errors
    /// When a tensor has not as many bytes as its shape needs.
    pub fn views(&self) -> Result<Vec<(&str, TensorView<'_>)>, String> {
        let mut views = Vec::new();
        for (name, tensor) in &self.0 {
            let Some(saved) = saved_as(&tensor.dtype) else { continue };
            let shape = tensor.shape.iter().map(|&side| side as usize).collect();
            views.push((name.as_str(), TensorView::new(saved, shape, &tensor.data).map_err(|error| format!("tensor `{name}`: {error}"))?));
        }
        Ok(views)
    }
}

/// The element type of safetensors; `None` where it has none.
fn saved_as(dtype: &Dtype) -> Option<Type> {
    Some(match dtype {
        Dtype::F16 => Type::F16,
        Dtype::Bf16 => Type::BF16,
        Dtype::F32 => Type::F32,
        Dtype::F64 => Type::F64,
        Dtype::U8 => Type::U8,
        Dtype::I8 => Type::I8,
        Dtype::I16 => Type::I16,
        Dtype::I32 => Type::I32,
        Dtype::I64 => Type::I64,
        Dtype::Bool => Type::BOOL,
        Dtype::Other(..) => return None,
    })
}
