//! `.npz` archives of named arrays: the format of every large result, readable by NumPy in one line.

use std::io::{Cursor, Read, Seek};
use std::path::Path;

use npyz::WriterBuilder;
use npyz::npz::{NpzArchive, NpzWriter};

use super::{ResultError, write_atomic};

/// How an array is stored; without the time of writing, so that the same arrays give the same bytes.
fn options() -> npyz::zip::write::FileOptions {
    npyz::zip::write::FileOptions::default().last_modified_time(npyz::zip::DateTime::default())
}

/// Values of an array, row-major.
#[derive(Clone, Debug, PartialEq)]
pub enum NpzValues {
    /// `<f4`
    F32(Vec<f32>),
    /// `<f8`
    F64(Vec<f64>),
    /// `<i8`
    I64(Vec<i64>),
    /// `|u1`
    U8(Vec<u8>),
    /// `<U…`, one string an element.
    Text(Vec<String>),
}

/// A named array of an archive.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// Name without `.npy`; may contain `/`.
    pub name: String,
    /// Shape; its product is the number of values.
    pub shape: Vec<usize>,
    /// Values, row-major.
    pub values: NpzValues,
}

/// A small archive held in memory, in file order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Npz {
    /// The arrays.
    pub arrays: Vec<Array>,
}

impl Npz {
    /// Adds an array.
    pub fn push(&mut self, name: impl Into<String>, shape: &[usize], values: NpzValues) {
        self.arrays.push(Array { name: name.into(), shape: shape.to_vec(), values });
    }

    /// The array called `name`.
    pub fn get(&self, name: &str) -> Option<&Array> {
        self.arrays.iter().find(|array| array.name == name)
    }

    /// The array called `name` as f64, whatever its numeric type.
    pub fn f64(&self, name: &str) -> Option<Vec<f64>> {
        self.get(name).and_then(|array| match &array.values {
            NpzValues::F64(v) => Some(v.clone()),
            NpzValues::F32(v) => Some(v.iter().map(|&x| f64::from(x)).collect()),
            NpzValues::I64(v) => Some(v.iter().map(|&x| x as f64).collect()),
            NpzValues::U8(v) => Some(v.iter().map(|&x| f64::from(x)).collect()),
            NpzValues::Text(_) => None,
        })
    }

    /// Writes the archive atomically; the same arrays give the same bytes.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), ResultError> {
        let bytes = self.to_bytes().map_err(|source| ResultError::Io { action: "write", source, path: path.into() })?;
        write_atomic(path, &bytes)
    }

    /// The archive; the same arrays give the same bytes.
    ///
    /// # Errors
    /// When an array cannot be stored.
    pub fn to_bytes(&self) -> std::io::Result<Vec<u8>> {
        let mut buffer = Cursor::new(Vec::new());
        self.write(&mut buffer)?;
        Ok(buffer.into_inner())
    }

    fn write(&self, buffer: &mut Cursor<Vec<u8>>) -> std::io::Result<()> {
        fn put<T: npyz::AutoSerialize>(npz: &mut NpzWriter<&mut Cursor<Vec<u8>>>, array: &Array, values: &[T]) -> std::io::Result<()> {
            let shape: Vec<u64> = array.shape.iter().map(|&n| n as u64).collect();
            let mut writer = npz.array(&array.name, options())?.default_dtype().shape(&shape).begin_nd()?;
            writer.extend(values)?;
            writer.finish()
        }
        let mut npz = NpzWriter::new(buffer);
        for array in &self.arrays {
            match &array.values {
                NpzValues::F32(v) => put(&mut npz, array, v)?,
                NpzValues::F64(v) => put(&mut npz, array, v)?,
                NpzValues::I64(v) => put(&mut npz, array, v)?,
                NpzValues::U8(v) => put(&mut npz, array, v)?,
                NpzValues::Text(v) => {
                    let width = v.iter().map(|s| s.chars().count()).max().unwrap_or(0).max(1);
                    let dtype = npyz::DType::Plain(format!("<U{width}").parse().map_err(std::io::Error::other)?);
                    let shape: Vec<u64> = array.shape.iter().map(|&n| n as u64).collect();
                    let mut writer = npz.array(&array.name, options())?.dtype(dtype).shape(&shape).begin_nd()?;
                    writer.extend(v.iter())?;
                    writer.finish()?;
                }
            }
        }
        Ok(())
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

    fn read(reader: impl Read + Seek) -> std::io::Result<Self> {
        let mut archive = NpzArchive::new(reader)?;
        let names: Vec<String> = archive.array_names().map(str::to_owned).collect();
        let mut npz = Npz::default();
        for name in names {
            let Some(file) = archive.by_name(&name)? else { continue };
            let shape: Vec<usize> = file.shape().iter().map(|&n| n as usize).collect();
            if file.order() == npyz::Order::Fortran && shape.len() > 1 {
                return Err(std::io::Error::other(format!("`{name}` is in Fortran order, expected C order")));
            }
            let dtype = file.dtype().descr();
            let dtype = dtype.trim_matches(|c| c == '\'' || c == '"');
            let values = match dtype {
                "<f4" => NpzValues::F32(file.into_vec()?),
                "<f8" => NpzValues::F64(file.into_vec()?),
                "<i8" => NpzValues::I64(file.into_vec()?),
                "<i4" => NpzValues::I64(file.into_vec::<i32>()?.into_iter().map(i64::from).collect()),
                "|u1" => NpzValues::U8(file.into_vec()?),
                text if text.starts_with("<U") => NpzValues::Text(file.into_vec()?),
                other => return Err(std::io::Error::other(format!("`{name}` has dtype {other}, expected f4, f8, i4, i8, u1 or U"))),
            };
            npz.arrays.push(Array { name, shape, values });
        }
        Ok(npz)
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
}
