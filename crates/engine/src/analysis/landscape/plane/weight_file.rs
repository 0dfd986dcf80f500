//! [`WeightFile`]: reads ranges of entries from a safetensors file, without loading the whole file.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::super::super::AnalysisError;

/// Greatest length of a valid header, in bytes.
const LONGEST_HEADER: u64 = 100 << 20;

#[derive(Deserialize)]
struct Entry {
    dtype: String,
    data_offsets: [u64; 2],
}

/// A file of f32 tensors, as a run writes it.
pub struct WeightFile {
    file: File,
    path: PathBuf,
    entries: HashMap<String, Entry>,
    /// Where the tensors begin.
    start: u64,
}

impl WeightFile {
    /// # Errors
    /// When the file cannot be read or is no safetensors file.
    pub fn open(path: &Path) -> Result<Self, AnalysisError> {
        let invalid = |found: String| AnalysisError::Invalid(format!("expected a safetensors file, found {found} ({})", path.display()));
        let io = |error: std::io::Error| AnalysisError::Invalid(format!("cannot read the weights: {error} ({})", path.display()));
        let mut file = File::open(path).map_err(io)?;
        let mut length = [0; 8];
        file.read_exact(&mut length).map_err(io)?;
        let length = u64::from_le_bytes(length);
        if length > LONGEST_HEADER {
            return Err(invalid(format!("a header of {length} bytes")));
        }
        let mut header = vec![0; length as usize];
        file.read_exact(&mut header).map_err(io)?;
        let fields: HashMap<String, serde_json::Value> = serde_json::from_slice(&header).map_err(|error| invalid(error.to_string()))?;
        let mut entries = HashMap::new();
        for (name, value) in fields.into_iter().filter(|(name, _)| name != "__metadata__") {
            entries.insert(name, serde_json::from_value(value).map_err(|error| invalid(error.to_string()))?);
        }
        Ok(Self { file, path: path.into(), entries, start: 8 + length })
    }

    /// Numbers `from..from + len` of the tensor called `name`.
    ///
    /// # Errors
    /// When it is not there, shorter, not f32, or cannot be read.
    pub fn read(&mut self, name: &str, from: usize, len: usize) -> Result<Vec<f32>, AnalysisError> {
        let path = &self.path;
        let invalid = |message: String| AnalysisError::Invalid(format!("{message} ({})", path.display()));
        let entry = self.entries.get(name).ok_or_else(|| invalid(format!("expected a tensor `{name}`, found none")))?;
        let [begin, end] = entry.data_offsets;
        let at = begin.saturating_add(4 * from as u64);
        if entry.dtype != "F32" || at.saturating_add(4 * len as u64) > end {
            let bytes = end.saturating_sub(begin);
            return Err(invalid(format!(
                "expected {} numbers of type F32 in `{name}`, found {bytes} bytes of {}",
                from + len,
                entry.dtype
            )));
        }
        let mut bytes = vec![0; 4 * len];
        self.file
            .seek(SeekFrom::Start(self.start.saturating_add(at)))
            .map_err(|error| invalid(format!("cannot read `{name}`: {error}")))?;
        self.file.read_exact(&mut bytes).map_err(|error| invalid(format!("cannot read `{name}`: {error}")))?;
        Ok(bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect())
    }
}
