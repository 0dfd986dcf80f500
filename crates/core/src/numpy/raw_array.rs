//! [`RawArray`]: an array as stored in a file or a pickle, with its element type and shape.

use super::bytes::Bytes;
use super::element::Element;
use super::header::Header;

/// An array in C order; `bytes[start..]` holds exactly its elements.
pub(crate) struct RawArray {
    /// Element type as NumPy writes it, e.g. `|u1`.
    pub(crate) dtype: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) bytes: Bytes,
    pub(crate) start: usize,
}

impl RawArray {
    /// Reads the header of a whole `.npy` file and checks its length. The error is what was expected and found.
    pub(crate) fn from_npy(bytes: Bytes) -> Result<Self, (String, String)> {
        let Header { dtype, shape, fortran, start } = Header::of(&bytes)?;
        if fortran && shape.len() > 1 {
            let way_out = "one in Fortran order (save `numpy.ascontiguousarray(x)`)";
            return Err(("an array in C order".into(), way_out.into()));
        }
        Self { dtype, shape, bytes, start }.checked()
    }

    /// Checks that its length is that of its shape and type.
    pub(crate) fn checked(self) -> Result<Self, (String, String)> {
        let element = self.element().ok_or_else(|| ("an array of numbers".into(), format!("elements of type {}", self.dtype)))?;
        let size = self.shape.iter().try_fold(element.width(), |size, &n| size.checked_mul(n));
        let found = self.bytes.len().saturating_sub(self.start);
        match size {
            Some(size) if size == found => Ok(self),
            _ => Err((format!("{} bytes for shape {:?} of {}", size.unwrap_or(usize::MAX), self.shape, self.dtype), format!("{found}"))),
        }
    }

    /// Its element type; `None` for types that are never read (objects, dates, complex numbers).
    pub(crate) fn element(&self) -> Option<Element> {
        Element::of(&self.dtype)
    }

    /// The bytes of every element, the lowest first.
    fn elements(&self) -> impl Iterator<Item = [u8; 8]> {
        let width = self.element().map_or(1, Element::width);
        let big = self.dtype.starts_with('>');
        self.bytes[self.start..].chunks_exact(width).map(move |element| {
            let mut full = [0u8; 8];
            for (k, slot) in full.iter_mut().enumerate().take(width) {
                *slot = element[if big { width - 1 - k } else { k }];
            }
            full
        })
    }

    /// All elements of an array of integers; u64 beyond i64 wraps.
    pub(crate) fn integers(&self) -> impl Iterator<Item = i64> {
        let signed = matches!(self.element(), Some(Element::Signed(_)));
        let unused = 64 - 8 * self.element().map_or(1, Element::width).min(8) as u32;
        self.elements().map(move |full| {
            let raised = i64::from_le_bytes(full) << unused;
            if signed { raised >> unused } else { (raised as u64 >> unused) as i64 }
        })
    }

    /// All elements of an array of numbers.
    pub(crate) fn floats(&self) -> Box<dyn Iterator<Item = f64> + '_> {
        match self.element() {
            Some(Element::Float(2)) => Box::new(self.elements().map(|b| half::f16::from_le_bytes([b[0], b[1]]).to_f64())),
            Some(Element::Float(4)) => Box::new(self.singles().map(f64::from)),
            Some(Element::Float(_)) => Box::new(self.elements().map(f64::from_le_bytes)),
            Some(Element::Bool | Element::Unsigned(_) | Element::Signed(_) | Element::Bytes(_) | Element::Text(_)) | None => {
                Box::new(self.integers().map(|value| value as f64))
            }
        }
    }

    /// All elements of an array of `f4`.
    pub(super) fn singles(&self) -> impl Iterator<Item = f32> {
        self.elements().map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
    }

    /// All elements of an array of strings, without their padding.
    pub(crate) fn texts(&self) -> Option<Vec<String>> {
        let element = self.element()?;
        let bytes = self.bytes[self.start..].chunks_exact(element.width().max(1));
        match element {
            Element::Bytes(_) => Some(bytes.map(|text| String::from_utf8_lossy(text).trim_end_matches('\0').to_owned()).collect()),
            Element::Text(_) => {
                let big = self.dtype.starts_with('>');
                let code = |c: &[u8]| {
                    let bytes = [c[0], c[1], c[2], c[3]];
                    let code = if big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) };
                    char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
                };
                let text = |text: &[u8]| text.chunks_exact(4).map(code).collect::<String>();
                Some(bytes.map(|found| text(found).trim_end_matches('\0').to_owned()).collect())
            }
            Element::Bool | Element::Unsigned(_) | Element::Signed(_) | Element::Float(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::header::{Header, sizes_can_be_multiplied};
    use super::*;

    /// An `.npy` file of version 1.
    fn npy(dtype: &str, shape: &str, data: &[u8]) -> Vec<u8> {
        let header = format!("{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}");
        let padded = format!("{header:<117}\n");
        [b"\x93NUMPY\x01\x00", &(padded.len() as u16).to_le_bytes()[..], padded.as_bytes(), data].concat()
    }

    fn integers(dtype: &str, bytes: &[u8], n: usize) -> Vec<i64> {
        let array = RawArray { dtype: dtype.into(), shape: vec![n], bytes: Bytes::Owned(bytes.to_vec()), start: 0 };
        array.checked().map(|array| array.integers().collect()).unwrap()
    }

    #[test]
    fn integers_of_every_width_sign_and_order_are_read() {
        assert_eq!(integers("|u1", &[0, 255], 2), [0, 255]);
        assert_eq!(integers("|i1", &[0, 255], 2), [0, -1]);
        assert_eq!(integers("<i2", &[0xfe, 0xff], 1), [-2]);
        assert_eq!(integers(">u2", &[1, 2], 1), [258]);
        assert_eq!(integers("<i4", &(-7i32).to_le_bytes(), 1), [-7]);
        assert_eq!(integers(">i4", &(-7i32).to_be_bytes(), 1), [-7]);
        assert_eq!(integers("<i8", &(-1i64 << 40).to_le_bytes(), 1), [-1 << 40]);
        assert_eq!(integers("<u4", &u32::MAX.to_le_bytes(), 1), [i64::from(u32::MAX)]);
    }

    #[test]
    fn floats_and_strings_of_every_kind_are_read() {
        let array = |dtype: &str, bytes: &[u8]| {
            let element = Element::of(dtype).unwrap();
            let array =
                RawArray { dtype: dtype.into(), shape: vec![bytes.len() / element.width()], bytes: Bytes::Owned(bytes.to_vec()), start: 0 };
            array.checked().unwrap()
        };
        let floats = |dtype: &str, bytes: &[u8]| array(dtype, bytes).floats().collect::<Vec<f64>>();
        assert_eq!(floats("<f4", &0.5f32.to_le_bytes()), [0.5]);
        assert_eq!(floats(">f8", &(-2.25f64).to_be_bytes()), [-2.25]);
        assert_eq!(floats("<f2", &[0x00, 0x3c, 0x00, 0xc0]), [1.0, -2.0]);
        assert_eq!(array("|S3", b"catox\0").texts().unwrap(), ["cat", "ox"]);
        assert_eq!(array("<U2", b"o\0\0\0x\0\0\0\xe9\0\0\0\0\0\0\0").texts().unwrap(), ["ox", "é"]);
        for dtype in ["|O", "<c8", "<M8[ns]", "<f16", "|V4", "<U0", "", "<"] {
            assert_eq!(Element::of(dtype), None, "{dtype}");
        }
    }

    #[test]
    fn sizes_that_cannot_be_multiplied_are_an_answer_never_a_panic() {
        for (shape, may) in [
            ("(2, 1, 1, 3)", true),
            ("()", true),
            ("(5,)", true),
            ("(18446744073709551615, 32, 32, 3)", false),
            ("(0, 4611686018427387904, 4611686018427387904, 3)", false),
            ("[4611686018427387904, 4611686018427387904]", false),
            ("(0xffffffffffffffff, 2)", false),
            ("(99999999999999999999999, 2)", false),
            ("(2, 1", false),
        ] {
            let header = format!("{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}");
            assert_eq!(sizes_can_be_multiplied(&header), may, "{shape}");
            let npy = npy("|u1", shape, &[0; 6]);
            assert_eq!(Header::of(&npy).is_ok(), may, "{shape}");
        }
        assert!(!sizes_can_be_multiplied(r"{'\x73hape': (18446744073709551615, 2)}"));
    }

    #[test]
    fn every_truncation_and_every_changed_byte_of_a_header_is_an_answer_never_a_panic() {
        let npy = npy("|u1", "(2, 1, 1, 3)", &[1, 2, 3, 4, 5, 6]);
        assert_eq!(RawArray::from_npy(Bytes::Owned(npy.clone())).unwrap().shape, [2, 1, 1, 3]);
        for end in 0..npy.len() {
            assert!(RawArray::from_npy(Bytes::Owned(npy[..end].to_vec())).is_err());
        }
        for at in 0..npy.len() - 6 {
            for byte in [0, 1, b'9', b'(', b'\'', 0x80, 0xff] {
                let mut changed = npy.clone();
                changed[at] = byte;
                let _ = RawArray::from_npy(Bytes::Owned(changed));
            }
        }
    }
}
