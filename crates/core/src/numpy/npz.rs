//! [`Npz`]: a small `.npz` archive in memory, the format of every large result, readable by NumPy in one line.

use std::io::{Cursor, Read, Seek};

use npyz::WriterBuilder;
use npyz::npz::NpzWriter;

use super::archive::Archive;
use super::element::Element;

/// Zip options of an array. The time of writing is left out, so that the same arrays give the same bytes.
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
    pub(crate) fn read(reader: impl Read + Seek) -> std::io::Result<Self> {
        let mut archive = Archive::new(reader)?;
        let mut npz = Npz::default();
        for name in archive.names() {
            let header = archive.header(&name)?;
            if header.fortran && header.shape.len() > 1 {
                return Err(std::io::Error::other(format!("`{name}` is in Fortran order, expected C order")));
            }
            let other = || std::io::Error::other(format!("`{name}` has dtype {}, expected f4, f8, i4, i8, u1 or U", header.dtype));
            let element = Element::of(&header.dtype).ok_or_else(other)?;
            let array = archive.array(&name)?;
            let values = match element {
                Element::Float(4) => NpzValues::F32(array.singles().collect()),
                Element::Float(8) => NpzValues::F64(array.floats().collect()),
                Element::Signed(4 | 8) => NpzValues::I64(array.integers().collect()),
                Element::Unsigned(1) => NpzValues::U8(array.bytes[array.start..].to_vec()),
                Element::Text(_) => NpzValues::Text(array.texts().unwrap_or_default()),
                Element::Bool | Element::Float(_) | Element::Signed(_) | Element::Unsigned(_) | Element::Bytes(_) => return Err(other()),
            };
            npz.arrays.push(Array { shape: array.shape, name, values });
        }
        Ok(npz)
    }
}
