//! safetensors: u64 length, JSON header, buffer. The crate checks that the offsets tile the buffer.

use safetensors::tensor::Dtype as Stored;
use safetensors::{SafeTensorError, SafeTensors};

use super::{ARCHITECTURE, Container, Dtype, RawTensor, Reading};

/// Reads a safetensors file; tensors in the order of their bytes.
pub fn read(bytes: &[u8]) -> Reading {
    let mut reading = Reading::refused(Some(Container::Safetensors), String::new());
    reading.tensors = attempt(bytes);
    let metadata = SafeTensors::read_metadata(bytes).ok().and_then(|(_, header)| header.metadata().clone());
    reading.architecture = metadata.and_then(|metadata| metadata.get(ARCHITECTURE).cloned());
    reading
}

fn attempt(bytes: &[u8]) -> Result<Vec<RawTensor>, String> {
    let file = SafeTensors::deserialize(bytes).map_err(|error| explain(&error, bytes))?;
    let mut tensors: Vec<_> = file.iter().collect();
    let start = bytes.as_ptr() as usize;
    tensors.sort_by_key(|(name, view)| (view.data().as_ptr() as usize - start, name.to_string()));
    Ok(tensors
        .into_iter()
        .map(|(name, view)| RawTensor {
            name: name.into(),
            dtype: dtype(view.dtype()),
            shape: view.shape().iter().map(|&side| side as i64).collect(),
            data: view.data().to_vec(),
        })
        .collect())
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

fn dtype(stored: Stored) -> Dtype {
    match stored {
        Stored::F16 => Dtype::F16,
        Stored::BF16 => Dtype::Bf16,
        Stored::F32 => Dtype::F32,
        Stored::F64 => Dtype::F64,
        Stored::U8 => Dtype::U8,
        Stored::I8 => Dtype::I8,
        Stored::I16 => Dtype::I16,
        Stored::I32 => Dtype::I32,
        Stored::I64 => Dtype::I64,
        Stored::BOOL => Dtype::Bool,
        other => Dtype::Other(format!("{other:?}").to_lowercase(), other.bitsize().div_ceil(8)),
    }
}
