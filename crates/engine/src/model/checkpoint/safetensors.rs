//! safetensors: u64 length, JSON header, buffer. The crate checks that the offsets tile the buffer.

use safetensors::tensor::{Dtype as Type, TensorView};
use safetensors::{SafeTensorError, SafeTensors};

use super::backing::Backing;
use super::{Container, Contents, Dtype, Entry, Reading, StateDict, Stored};

/// Key of the metadata of a safetensors file under which Flatland writes the name of the architecture.
pub const ARCHITECTURE: &str = "flatland.architecture";

/// Reads a safetensors file; tensors in the order of their bytes.
pub fn read(bytes: Vec<u8>) -> Reading {
    let mut reading = Reading::refused(Some(Container::Safetensors), String::new());
    let metadata = SafeTensors::read_metadata(&bytes).ok().and_then(|(_, header)| header.metadata().clone());
    reading.architecture = metadata.and_then(|metadata| metadata.get(ARCHITECTURE).cloned());
    reading.contents = entries(&bytes).map(|entries| Contents {
        state_dicts: vec![StateDict { entries, ..StateDict::default() }],
        left_aside: Vec::new(),
        bytes,
        backing: Backing::Nothing,
    });
    reading
}

fn entries(bytes: &[u8]) -> Result<Vec<Entry>, String> {
    let file = SafeTensors::deserialize(bytes).map_err(|error| explain(&error, bytes))?;
    let start = bytes.as_ptr() as usize;
    let place = |data: &[u8]| data.as_ptr() as usize - start;
    let mut tensors: Vec<_> = file.iter().collect();
    tensors.sort_by_key(|(name, view)| (place(view.data()), name.to_string()));
    let entry = |(name, view): (&str, TensorView<'_>)| {
        let at = place(view.data());
        let shape = view.shape().iter().map(|&side| side as i64).collect();
        Entry { name: name.into(), tensor: Stored::spanning(dtype(view.dtype()), shape, at..at + view.data().len()) }
    };
    Ok(tensors.into_iter().map(entry).collect())
}

fn explain(error: &SafeTensorError, bytes: &[u8]) -> String {
    let header = bytes.first_chunk::<8>().map_or(0, |head| u64::from_le_bytes(*head));
    match error {
        SafeTensorError::InvalidHeaderLength => {
            format!("the safetensors file is cut off: expected a header of {header} bytes, found a file of {} bytes", bytes.len())
        }
        SafeTensorError::MetadataIncompleteBuffer => format!(
            "the safetensors file is cut off or damaged: expected the offsets of its tensors to end where the file ends, found otherwise \
             ({} bytes after the header)",
            (bytes.len() as u64).saturating_sub(8).saturating_sub(header)
        ),
        SafeTensorError::InvalidOffset(name) => {
            format!("the safetensors header is invalid: expected offsets that follow each other without gaps, found others at `{name}`")
        }
        SafeTensorError::TensorInvalidInfo | SafeTensorError::ValidationOverflow => {
            format!("the safetensors header is invalid: expected offsets that fit shape and type of each tensor, found others ({error})")
        }
        other => format!("the safetensors header is invalid: {other}"),
    }
}

fn dtype(stored: Type) -> Dtype {
    match stored {
        Type::F16 => Dtype::F16,
        Type::BF16 => Dtype::Bf16,
        Type::F32 => Dtype::F32,
        Type::F64 => Dtype::F64,
        Type::U8 => Dtype::U8,
        Type::I8 => Dtype::I8,
        Type::I16 => Dtype::I16,
        Type::I32 => Dtype::I32,
        Type::I64 => Dtype::I64,
        Type::BOOL => Dtype::Bool,
        other => Dtype::Other(format!("{other:?}").to_lowercase(), other.bitsize().div_ceil(8)),
    }
}
