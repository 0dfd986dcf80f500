//! The variables of a MATLAB file of version 5 (`save -v7` and `-v6`, SciPy, Octave). Values are unpacked only when they are asked for.
//!
//! Source: MathWorks, "MAT-File Format", chapter 1. A variable is an element `miMATRIX`, on its own or compressed by zlib. None of the crates
//! for these files was fit: `mat5` 0.1 has no array of four dimensions, `matrw` 0.1 refuses the header of SciPy and panics on a file cut short,
//! `matfile` 0.5 gives no variables of a file cut short, knows no text, and takes 640 MB for the 225 MB of SVHN's training images.

use std::io::{Read, copy, sink};
use std::ops::Range;

use flate2::read::ZlibDecoder;

/// What was expected, and what was found.
pub(in crate::data) type Unlike = (String, String);

/// Bytes of the header of a file.
const HEADER: usize = 128;
/// Bytes of a tag: type and size of an element.
const TAG: usize = 8;
/// Types of elements.
const MATRIX: u32 = 14;
const COMPRESSED: u32 = 15;
const BYTES: u32 = 2;
/// Largest size of an element that is no array of values: sizes, names, lists of fields.
const MAX_SMALL: usize = 1 << 16;

/// What the values of an array are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::data) enum Class {
    Struct,
    Text,
    Double,
    Single,
    I8,
    U8,
    I16,
    U16,
    I32,
    U32,
    I64,
    U64,
    /// Cells, objects, sparse arrays, functions.
    Other,
}

impl Class {
    fn new(number: u8) -> Self {
        match number {
            2 => Class::Struct,
            4 => Class::Text,
            6 => Class::Double,
            7 => Class::Single,
            8 => Class::I8,
            9 => Class::U8,
            10 => Class::I16,
            11 => Class::U16,
            12 => Class::I32,
            13 => Class::U32,
            14 => Class::I64,
            15 => Class::U64,
            _ => Class::Other,
        }
    }

    /// As MATLAB calls it.
    pub(in crate::data) fn name(self) -> &'static str {
        match self {
            Class::Struct => "struct",
            Class::Text => "char",
            Class::Double => "double",
            Class::Single => "single",
            Class::I8 => "int8",
            Class::U8 => "uint8",
            Class::I16 => "int16",
            Class::U16 => "uint16",
            Class::I32 => "int32",
            Class::U32 => "uint32",
            Class::I64 => "int64",
            Class::U64 => "uint64",
            Class::Other => "another class",
        }
    }
}

/// A variable whose values are not read yet.
#[derive(Clone, Debug)]
pub(in crate::data) struct Variable {
    pub(in crate::data) name: String,
    pub(in crate::data) class: Class,
    /// Its sizes; the first varies fastest.
    pub(in crate::data) shape: Vec<usize>,
    /// Where it is in the file.
    element: Range<usize>,
    is_compressed: bool,
    /// Where its contents begin in the unpacked element.
    start: usize,
}

impl Variable {
    /// Name, class and sizes, for messages.
    pub(in crate::data) fn describe(&self) -> String {
        format!("{} ({} {:?})", self.name, self.class.name(), self.shape)
    }

    /// Whether the element is large enough for a byte per value. zlib packs to a 1,032nd at most.
    pub(in crate::data) fn may_hold_bytes(&self) -> bool {
        let most = if self.is_compressed { self.element.len().saturating_mul(1032) } else { self.element.len() };
        self.shape.iter().try_fold(1usize, |product, &n| product.checked_mul(n)).is_some_and(|count| count <= most)
    }

    /// Its contents in the file with these bytes.
    pub(super) fn contents<'a>(&self, file: &'a [u8]) -> Result<Elements<'a>, Unlike> {
        let mut elements = Elements::new(&file[self.element.clone()], self.is_compressed);
        elements.skip(self.start)?;
        Ok(elements)
    }

    /// The values as numbers, in the order of the file.
    pub(in crate::data) fn numbers(&self, file: &[u8]) -> Result<Vec<f64>, Unlike> {
        let values = self.contents(file)?.values()?;
        let expected: Option<usize> = self.shape.iter().try_fold(1usize, |product, &n| product.checked_mul(n));
        if expected != Some(values.len()) {
            return Err((format!("values for {}", self.describe()), format!("{} values", values.len())));
        }
        Ok(values)
    }

    /// The given parts of its values, each of `size` bytes, one after the other. `parts` ascend; part `k` begins at byte `k * size`.
    ///
    /// # Errors
    /// When the values are no u8, fewer than the sizes state, or the file is damaged.
    pub(in crate::data) fn parts(&self, file: &[u8], size: usize, parts: &[usize]) -> Result<Vec<u8>, Unlike> {
        let mut elements = self.contents(file)?;
        let (kind, length) = elements.values_of(self)?;
        if kind != BYTES {
            return Err((format!("bytes as the values of {}", self.describe()), format!("elements of type {kind}")));
        }
        let mut unpacked = Vec::new();
        let mut next = 0;
        for &part in parts {
            let within = part.checked_mul(size).filter(|start| start.checked_add(size).is_some_and(|end| end <= length) && *start >= next);
            let start = within.ok_or_else(|| (format!("part {part} of {}", self.describe()), format!("{length} bytes")))?;
            elements.skip(start - next)?;
            elements.append(size, &mut unpacked)?;
            next = start + size;
        }
        Ok(unpacked)
    }
}

/// The variables of a file with these bytes.
///
/// # Errors
/// When it is of version 7.3 or big-endian, cut short or damaged.
pub(in crate::data) fn variables(file: &[u8]) -> Result<Vec<Variable>, Unlike> {
    let header = file.get(..HEADER).ok_or_else(|| (format!("a header of {HEADER} bytes"), format!("{} bytes", file.len())))?;
    let expected = || "a MATLAB file of version 5 to 7".to_owned();
    match (&header[124..126], &header[126..128]) {
        ([0, 1], b"IM") => {}
        ([0, 2], b"IM") => {
            return Err((expected(), "version 7.3, which is HDF5: in MATLAB `load` it and `save('name.mat', 'X', 'y', '-v7')`".into()));
        }
        (_, b"MI") => return Err((expected(), "one with the other order of bytes: save it again on this machine".into())),
        _ => return Err((expected(), "a header without the version".into())),
    }
    let mut variables = Vec::new();
    let mut at = HEADER;
    while at < file.len() {
        let cut = |expected: usize| {
            let found = format!("{} at byte {at}: a file cut short?", file.len() - at);
            (format!("{expected} bytes of a variable"), found)
        };
        let tag = file.get(at..at + TAG).ok_or_else(|| cut(TAG))?;
        let (kind, size) = (word(&tag[..4]), word(&tag[4..]) as usize);
        let element = at + TAG..at + TAG + size;
        if element.end > file.len() {
            return Err(cut(TAG + size));
        }
        at = element.end;
        if kind != MATRIX && kind != COMPRESSED {
            return Err(("variables".into(), format!("an element of type {kind} at byte {}", element.start - TAG)));
        }
        let is_compressed = kind == COMPRESSED;
        let mut elements = Elements::new(&file[element.clone()], is_compressed);
        if is_compressed {
            elements.tag()?;
        }
        let (class, shape, name) = elements.head()?;
        variables.push(Variable { name, class, shape, start: elements.at, element, is_compressed });
    }
    Ok(variables)
}

/// Elements one after the other.
pub(super) struct Elements<'a> {
    bytes: Box<dyn Read + 'a>,
    /// Bytes that were read.
    at: usize,
}

impl<'a> Elements<'a> {
    pub(super) fn new(bytes: &'a [u8], is_compressed: bool) -> Self {
        let bytes: Box<dyn Read + 'a> = if is_compressed { Box::new(ZlibDecoder::new(bytes)) } else { Box::new(bytes) };
        Self { bytes, at: 0 }
    }

    /// Reads exactly `size` bytes. Memory grows with what is there, not with what is stated.
    fn append(&mut self, size: usize, to: &mut Vec<u8>) -> Result<(), Unlike> {
        let read = self.bytes.by_ref().take(size as u64).read_to_end(to);
        self.ended(size, read.map(|n| n as u64))
    }

    fn skip(&mut self, size: usize) -> Result<(), Unlike> {
        let skipped = copy(&mut self.bytes.by_ref().take(size as u64), &mut sink());
        self.ended(size, skipped)
    }

    fn ended(&mut self, expected: usize, read: std::io::Result<u64>) -> Result<(), Unlike> {
        match read {
            Ok(read) if read == expected as u64 => {
                self.at += expected;
                Ok(())
            }
            Ok(read) => Err((format!("{expected} more bytes of a variable"), format!("{read}: damaged or cut short"))),
            Err(error) => Err(("a whole variable".into(), format!("one that is damaged or cut short: {error}"))),
        }
    }

    /// Type and size of the next element. A small one has its values in the tag: then they are given.
    fn tag(&mut self) -> Result<(u32, usize, Option<Vec<u8>>), Unlike> {
        let mut tag = Vec::new();
        self.append(TAG, &mut tag)?;
        let (kind, size) = (word(&tag[..4]), word(&tag[4..]) as usize);
        let small = (kind >> 16) as usize;
        if small == 0 {
            return Ok((kind, size, None));
        }
        let values = tag.get(4..4 + small).ok_or_else(|| ("a small element of 1 to 4 bytes".to_owned(), format!("{small}")))?;
        Ok((kind & 0xffff, small, Some(values.to_vec())))
    }

    /// Type and bytes of the next element, at most `limit`.
    pub(super) fn element(&mut self, limit: usize) -> Result<(u32, Vec<u8>), Unlike> {
        let (kind, size, small) = self.tag()?;
        if let Some(values) = small {
            return Ok((kind, values));
        }
        if size > limit {
            return Err((format!("an element of at most {limit} bytes"), format!("{size}")));
        }
        let mut bytes = Vec::new();
        self.append(size, &mut bytes)?;
        // The padding of the last element may be absent.
        let padding = copy(&mut self.bytes.by_ref().take((size.next_multiple_of(TAG) - size) as u64), &mut sink());
        self.at += padding.unwrap_or(0) as usize;
        Ok((kind, bytes))
    }

    pub(super) fn small(&mut self) -> Result<(u32, Vec<u8>), Unlike> {
        self.element(MAX_SMALL)
    }

    /// Class, sizes and name, with which an array begins.
    pub(super) fn head(&mut self) -> Result<(Class, Vec<usize>, String), Unlike> {
        let flags = self.small()?.1;
        let class = flags.first().copied().map_or(Class::Other, Class::new);
        let is_complex = flags.get(1).is_some_and(|flags| flags & 8 != 0);
        let sizes = self.small()?.1;
        let shape = sizes.chunks_exact(4).map(|size| word(size) as usize).collect();
        let name = text(&self.small()?.1);
        Ok((if is_complex { Class::Other } else { class }, shape, name))
    }

    /// Type and size of the values of `variable`, which follow.
    fn values_of(&mut self, variable: &Variable) -> Result<(u32, usize), Unlike> {
        match self.tag()? {
            (kind, size, None) => Ok((kind, size)),
            (_, size, Some(_)) => Err((format!("the values of {}", variable.describe()), format!("{size} bytes"))),
        }
    }

    /// The next element as numbers.
    pub(super) fn values(&mut self) -> Result<Vec<f64>, Unlike> {
        let (kind, bytes) = self.element(usize::MAX)?;
        fn each<const N: usize>(bytes: &[u8], value: impl Fn([u8; N]) -> f64) -> Vec<f64> {
            bytes.as_chunks::<N>().0.iter().map(|bytes| value(*bytes)).collect()
        }
        Ok(match kind {
            1 => each(&bytes, |b| f64::from(i8::from_le_bytes(b))),
            2 | 16 => each(&bytes, |b: [u8; 1]| f64::from(b[0])),
            3 => each(&bytes, |b| f64::from(i16::from_le_bytes(b))),
            4 | 17 => each(&bytes, |b| f64::from(u16::from_le_bytes(b))),
            5 => each(&bytes, |b| f64::from(i32::from_le_bytes(b))),
            6 | 18 => each(&bytes, |b| f64::from(u32::from_le_bytes(b))),
            7 => each(&bytes, |b| f64::from(f32::from_le_bytes(b))),
            9 => each(&bytes, f64::from_le_bytes),
            12 => each(&bytes, |b| i64::from_le_bytes(b) as f64),
            13 => each(&bytes, |b| u64::from_le_bytes(b) as f64),
            other => return Err(("numbers".into(), format!("an element of type {other}"))),
        })
    }
}

fn word(bytes: &[u8]) -> u32 {
    bytes.iter().rev().fold(0, |word, &byte| word << 8 | u32::from(byte))
}

pub(super) fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}
