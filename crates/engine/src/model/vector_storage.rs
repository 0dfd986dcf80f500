//! [`VectorStorage`]: allocates long vectors in memory or in mapped files.

use std::path::Path;

use tch::{Device, Kind, Tensor};

use super::ModelError;

/// Shorter vectors are allocated in memory.
const SMALL: i64 = 1 << 18;

/// Storage of flat f32 vectors on a device. On a CPU long vectors are files mapped into memory, whose pages the system may drop when memory
/// is short. A landscape reads θ and the axes once per cell, and the loaded network not at all; only the current point must stay in memory.
#[derive(Clone, Copy, Debug)]
pub struct VectorStorage<'a> {
    /// Device of the vectors.
    pub device: Device,
    /// Folder of the files, which are unnamed once they are mapped; `None` = all vectors in memory.
    pub folder: Option<&'a Path>,
}

impl VectorStorage<'_> {
    /// A vector of `len` zeros.
    ///
    /// # Errors
    /// When libtorch fails. Where a file cannot be created or mapped, the vector is in memory.
    pub fn zeros(&self, len: i64) -> Result<Tensor, ModelError> {
        let folder = self.folder.filter(|_| self.device == Device::Cpu && len >= SMALL);
        match folder.and_then(|folder| mapped(folder, len)) {
            Some(tensor) => Ok(tensor),
            None => Ok(Tensor::f_zeros([len], (Kind::Float, self.device))?),
        }
    }
}

fn mapped(folder: &Path, len: i64) -> Option<Tensor> {
    std::fs::create_dir_all(folder).ok()?;
    let file = tempfile::Builder::new().prefix(".flatland-").tempfile_in(folder).ok()?;
    file.as_file().set_len(4 * len as u64).ok()?;
    // Dropping `file` removes its name; the pages exist as long as the tensor.
    Tensor::f_from_file(file.path().to_str()?, true, Some(len), (Kind::Float, Device::Cpu)).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_long_vector_is_a_file_without_a_name_that_keeps_what_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let storage = VectorStorage { device: Device::Cpu, folder: Some(folder.path()) };
        let mut long = storage.zeros(SMALL + 3).unwrap();
        long.narrow(0, SMALL, 3).copy_(&Tensor::from_slice(&[1.0f32, 2.0, 3.0]));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        assert_eq!(f64::try_from(long.sum(Kind::Double)).unwrap(), 6.0);
        let _ = long.f_add_scalar_(1.0).unwrap();
        assert_eq!(f64::try_from(long.sum(Kind::Double)).unwrap(), 9.0 + SMALL as f64);
        // An invalid folder is no error.
        let nowhere = VectorStorage { device: Device::Cpu, folder: Some(Path::new("/dev/null/x")) };
        assert_eq!(nowhere.zeros(SMALL).unwrap().size(), [SMALL]);
    }
}
