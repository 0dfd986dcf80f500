//! [`LossRows`]: losses of single images, a row per cell, in a file that is written row by row.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::ResultError;
use super::atomic::write_atomic_with;
use crate::numpy::f32_header;

/// Rows of N little-endian f32 values behind a header of fixed length.
#[derive(Debug)]
pub struct LossRows {
    file: File,
    path: PathBuf,
    header: u64,
    samples: usize,
}

impl LossRows {
    /// Opens a file of rows without a header, or creates an empty one.
    ///
    /// # Errors
    /// When it can be neither opened nor created.
    pub(super) fn bare(path: PathBuf, samples: usize) -> Result<Self, ResultError> {
        let file = File::options().read(true).write(true).create(true).truncate(false).open(&path);
        let file = file.map_err(|source| ResultError::Io { action: "open", source, path: path.clone() })?;
        Ok(Self { file, path, header: 0, samples })
    }

    /// Creates a NumPy array of this `shape` ([A, B, N], zeros that use no disk space until they are written), or opens an existing one.
    ///
    /// # Errors
    /// When it can be neither opened nor created.
    pub fn npy(path: &Path, shape: [usize; 3]) -> Result<Self, ResultError> {
        if let Some(rows) = Self::open_npy(path, shape) {
            return Ok(rows);
        }
        let header = f32_header(&shape);
        let file = write_atomic_with(path, |file| {
            file.write_all(&header)?;
            file.set_len(header.len() as u64 + 4 * shape.iter().product::<usize>() as u64)
        })?;
        Ok(Self { file, path: path.into(), header: header.len() as u64, samples: shape[2] })
    }

    /// The array of [`LossRows::npy`], if one of this shape exists.
    pub fn open_npy(path: &Path, shape: [usize; 3]) -> Option<Self> {
        let expected = f32_header(&shape);
        let mut file = File::options().read(true).write(true).open(path).or_else(|_| File::open(path)).ok()?;
        let mut header = vec![0; expected.len()];
        file.read_exact(&mut header).ok()?;
        (header == expected).then(|| Self { file, path: path.into(), header: expected.len() as u64, samples: shape[2] })
    }

    /// Number of complete rows.
    pub(super) fn len(&self) -> usize {
        let bytes = self.file.metadata().map_or(0, |metadata| metadata.len());
        (bytes.saturating_sub(self.header) / (4 * self.samples.max(1)) as u64) as usize
    }

    /// Removes everything after the first `rows`.
    pub(super) fn truncate(&mut self, rows: usize) -> Result<(), ResultError> {
        let bytes = self.header + self.offset(rows);
        self.file.set_len(bytes).map_err(|source| ResultError::Io { action: "write", source, path: self.path.clone() })
    }

    fn offset(&self, row: usize) -> u64 {
        (row * self.samples * 4) as u64
    }

    /// Writes a row.
    ///
    /// # Errors
    /// When its length differs from that of the others, or it cannot be written.
    pub fn write(&mut self, row: usize, losses: &[f32]) -> Result<(), ResultError> {
        if losses.len() != self.samples {
            let message = format!("expected {} losses a row, found {}", self.samples, losses.len());
            return Err(ResultError::Invalid { message, path: self.path.clone() });
        }
        let bytes: Vec<u8> = losses.iter().flat_map(|loss| loss.to_le_bytes()).collect();
        let place = self.header + self.offset(row);
        let attempt = self.file.seek(SeekFrom::Start(place)).and_then(|_| self.file.write_all(&bytes));
        attempt.map_err(|source| ResultError::Io { action: "write", source, path: self.path.clone() })
    }

    /// The row, if its mean is `mean`; `None` otherwise, as for rows that were never written.
    pub fn read(&mut self, row: usize, mean: f64) -> Option<Vec<f32>> {
        let mut bytes = vec![0; 4 * self.samples];
        self.file.seek(SeekFrom::Start(self.header + self.offset(row))).ok()?;
        self.file.read_exact(&mut bytes).ok()?;
        let losses: Vec<f32> = bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        let found = losses.iter().map(|&loss| f64::from(loss)).sum::<f64>() / losses.len() as f64;
        let same = if mean.is_finite() { (found - mean).abs() <= 1e-5 * mean.abs().max(1e-12) } else { !found.is_finite() };
        same.then_some(losses)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_array_is_numpys_and_its_rows_are_known_by_their_means() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("losses.npy");
        let mut rows = LossRows::npy(&path, [2, 3, 4]).unwrap();
        rows.write(4, &[1.0, 2.0, 3.0, 6.0]).unwrap();
        rows.write(5, &[1.0, f32::NAN, 3.0, 6.0]).unwrap();
        assert!(rows.write(0, &[1.0]).unwrap_err().to_string().contains("expected 4 losses a row, found 1"));
        let mut again = LossRows::npy(&path, [2, 3, 4]).unwrap();
        assert_eq!(again.read(4, 3.0), Some(vec![1.0, 2.0, 3.0, 6.0]));
        assert_eq!(again.read(4, 3.001), None);
        assert_eq!(again.read(3, 3.0), None, "never written");
        assert!(again.read(5, f64::NAN).is_some());
        assert!(LossRows::open_npy(&path, [3, 2, 4]).is_none(), "another shape");
        let read = npyz::NpyFile::new(File::open(&path).unwrap()).unwrap();
        assert_eq!(read.shape(), [2, 3, 4]);
        assert_eq!(read.into_vec::<f32>().unwrap()[16..20], [1.0, 2.0, 3.0, 6.0]);
    }
}
