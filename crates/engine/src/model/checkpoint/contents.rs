//! [`Contents`]: the state dicts of a file, whose numbers are copied out on request.

use std::borrow::Cow;
use std::collections::HashMap;

use super::backing::{Backing, budget};
use super::raw_tensor::RawTensor;
use super::storage::{StorageId, disagree};
use super::stored::{Buffer, Numbers, Stored};
use super::zip_entries;

/// A tensor with its name in the state dict.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Name as in the file.
    pub name: String,
    /// Type, shape and place.
    pub tensor: Stored,
}

/// A dict of named tensors in a file.
#[derive(Clone, Debug, Default)]
pub struct StateDict {
    /// Its path: the keys that lead to it, `checkpoint.ema`, `[1].model`; empty when the file is one state dict.
    pub key: String,
    /// Its tensors, in file order.
    pub entries: Vec<Entry>,
    /// Whether it is a pickled module whose tensors were taken from its attributes.
    pub is_module: bool,
}

/// What a file holds.
#[derive(Clone, Debug)]
pub struct Contents {
    /// Every state dict, in file order.
    pub state_dicts: Vec<StateDict>,
    /// Keys of skipped values: states of optimizers, schedules and scalers.
    pub left_aside: Vec<String>,
    pub(super) bytes: Vec<u8>,
    pub(super) backing: Backing,
}

impl Contents {
    /// Prepares copying the numbers of `entries`.
    ///
    /// # Errors
    /// When a storage is missing, damaged or larger than the file can hold.
    pub fn open<'c>(&'c self, entries: &[Entry]) -> Result<Copier<'c>, String> {
        let mut wanted: HashMap<&str, &StorageId> = HashMap::new();
        let mut order = Vec::new();
        for entry in entries {
            let Numbers::View(view) = &entry.tensor.numbers else { continue };
            let Buffer::Separate(id) = &view.buffer else { continue };
            match wanted.get(id.key.as_str()) {
                Some(known) if !known.is_same(id) => return Err(disagree(&id.key)),
                Some(_) => {}
                None => {
                    wanted.insert(&id.key, id);
                    order.push(id);
                }
            }
        }
        let missing = |key: &str| format!("storage {key} is not in the file");
        let data: Vec<Cow<'c, [u8]>> = match &self.backing {
            Backing::Zip { root, .. } => zip_entries::storages(&self.bytes, root, &order)?.into_iter().map(Cow::Owned).collect(),
            Backing::Entries(places) => zip_entries::placed(&self.bytes, places, &order)?.into_iter().map(Cow::Owned).collect(),
            Backing::Legacy(spans) => {
                let span =
                    |id: &&StorageId| spans.get(&id.key).and_then(|span| self.bytes.get(span.clone())).ok_or_else(|| missing(&id.key));
                order.iter().map(|id| span(id).map(Cow::Borrowed)).collect::<Result<_, _>>()?
            }
            Backing::Nothing => order.first().map_or(Ok(Vec::new()), |id| Err(missing(&id.key)))?,
        };
        let storages = order.into_iter().map(|id| id.key.clone()).zip(data).collect();
        let big_endian = matches!(self.backing, Backing::Zip { big_endian: true, .. });
        Ok(Copier { storages, bytes: &self.bytes, big_endian, budget: budget(&self.bytes) })
    }

    /// The tensors of `entries`.
    ///
    /// # Errors
    /// When numbers are missing, damaged or larger than the file can hold.
    pub fn gather(&self, entries: &[Entry]) -> Result<Vec<RawTensor>, String> {
        let mut copier = self.open(entries)?;
        entries.iter().map(|entry| copier.copy(entry)).collect()
    }
}

/// Copies tensors out of a file.
pub struct Copier<'c> {
    storages: HashMap<String, Cow<'c, [u8]>>,
    bytes: &'c [u8],
    big_endian: bool,
    budget: usize,
}

impl Copier<'_> {
    /// The tensor of `entry`, one of those that the file was opened for.
    ///
    /// # Errors
    /// When its numbers are missing, damaged, or more than a file of this size fills together with those copied before.
    pub fn copy(&mut self, entry: &Entry) -> Result<RawTensor, String> {
        let name = &entry.name;
        let data = self.data(&entry.tensor).map_err(|reason| format!("tensor `{name}`: {reason}"))?;
        Ok(RawTensor { name: name.clone(), dtype: entry.tensor.dtype.clone(), shape: entry.tensor.shape.clone(), data })
    }

    fn data(&mut self, tensor: &Stored) -> Result<Vec<u8>, String> {
        let element = tensor.dtype.size();
        if let Numbers::Unread = tensor.numbers {
            return Ok(Vec::new());
        }
        let needed = Numbers::bytes(&tensor.dtype, &tensor.shape).filter(|&bytes| bytes <= self.budget);
        let needed = needed.ok_or_else(|| format!("shape {:?} is larger than a file of this size can fill", tensor.shape))?;
        self.budget -= needed;
        match &tensor.numbers {
            Numbers::Unread => Ok(Vec::new()),
            Numbers::Span(span) => Ok(self.bytes.get(span.clone()).ok_or("expected its bytes in the file, found fewer")?.to_vec()),
            Numbers::Array(array) => array.collect(element),
            Numbers::View(view) => match &view.buffer {
                Buffer::Within(embedded) => view.collect(embedded.data(), element),
                Buffer::Separate(id) => {
                    let storage = self.storages.get(&id.key).ok_or_else(|| format!("storage {} is not in the file", id.key))?;
                    let mut data = view.collect(storage, element)?;
                    if self.big_endian {
                        data.chunks_exact_mut(element).for_each(<[u8]>::reverse);
                    }
                    Ok(data)
                }
            },
        }
    }
}
