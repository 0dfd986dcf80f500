//! [`Npz`] as a result file: written atomically, with errors that name the file.

use std::path::Path;

pub use crate::numpy::{Array, Npz, NpzValues};

use super::{ResultError, write_atomic};

impl Npz {
    /// Writes the archive atomically; the same arrays give the same bytes.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), ResultError> {
        let bytes = self.to_bytes().map_err(|source| ResultError::Io { action: "write", source, path: path.into() })?;
        write_atomic(path, &bytes)
    }

    /// Reads a whole archive.
    ///
    /// # Errors
    /// When it cannot be read, is not an `.npz`, or holds arrays that are not numbers or strings.
    pub fn load(path: &Path) -> Result<Self, ResultError> {
        let file = std::fs::File::open(path).map_err(|source| ResultError::Io { action: "read", source, path: path.into() })?;
        Self::read(std::io::BufReader::new(file)).map_err(|error| ResultError::Invalid {
            message: format!("expected an .npz archive of numeric arrays: {error}"),
            path: path.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_saved_is_loaded_and_the_bytes_repeat() {
        let mut npz = Npz::default();
        npz.push("loss", &[2, 2], NpzValues::F64(vec![1.0, f64::NAN, f64::INFINITY, -0.0]));
        npz.push("delta/conv1.weight", &[3], NpzValues::F32(vec![1.0, 2.0, 3.0]));
        npz.push("role", &[2], NpzValues::Text(vec!["id".into(), "near".into()]));
        npz.push("label", &[1], NpzValues::I64(vec![-1]));
        let folder = tempfile::tempdir().unwrap();
        let (a, b) = (folder.path().join("a.npz"), folder.path().join("b.npz"));
        npz.save(&a).unwrap();
        npz.save(&b).unwrap();
        let bytes = std::fs::read(&a).unwrap();
        assert_eq!(bytes, std::fs::read(&b).unwrap());
        // The MS-DOS time and date in the first entry's header: midnight, 1 January 1980, whenever it was written.
        assert_eq!(bytes[10..14], [0, 0, 0x21, 0]);
        let read = Npz::load(&a).unwrap();
        assert_eq!(read.get("role"), npz.get("role"));
        assert_eq!(read.get("delta/conv1.weight"), npz.get("delta/conv1.weight"));
        assert_eq!(read.get("label"), npz.get("label"));
        let bits = |n: &Npz| n.f64("loss").unwrap().iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&read), bits(&npz));
    }

    #[test]
    fn a_shape_that_does_not_fit_into_memory_is_an_error_and_no_panic() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("claim.npz");
        let header = format!("{:<117}\n", "{'descr': '<f8', 'fortran_order': False, 'shape': (18446744073709551615, 32), }");
        let npy = [b"\x93NUMPY\x01\x00", &(header.len() as u16).to_le_bytes()[..], header.as_bytes(), &[0; 8]].concat();
        let mut archive = npyz::npz::NpzWriter::create(&path).unwrap();
        archive.zip_writer().start_file("loss.npy", Default::default()).unwrap();
        std::io::Write::write_all(archive.zip_writer(), &npy).unwrap();
        drop(archive);
        let error = Npz::load(&path).unwrap_err().to_string();
        assert!(error.contains("expected an .npz archive of numeric arrays") && error.contains("`loss`"), "{error}");
    }
}
