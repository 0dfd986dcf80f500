//! NumPy arrays: header, element type, shape, bytes. Used by `.npy`, `.npz` and python batches; what they are as images and labels is
//! said in [`array_images`](super::array_images) and [`array_labels`](super::array_labels).

use npyz::{NpyHeader, Order};

use super::pixels::Bytes;

/// Longest header that is read; NumPy's own are some hundred bytes.
const MAX_HEADER: usize = 1 << 16;

/// An array in C order; `bytes[start..]` holds exactly its elements.
pub(super) struct Array {
    /// Element type as NumPy writes it, e.g. `|u1`.
    pub(super) dtype: String,
    pub(super) shape: Vec<usize>,
    pub(super) bytes: Bytes,
    pub(super) start: usize,
}

impl Array {
    /// Reads the header of a whole `.npy` file and checks its length. The error is what was expected and found.
    pub(super) fn from_npy(bytes: Bytes) -> Result<Self, (String, String)> {
        let Header { dtype, shape, fortran, start } = Header::of(&bytes)?;
        if fortran && shape.len() > 1 {
            let way_out = "one in Fortran order (save `numpy.ascontiguousarray(x)`)";
            return Err(("an array in C order".into(), way_out.into()));
        }
        Self { dtype, shape, bytes, start }.checked()
    }

    /// The array, if its length is that of its shape and type.
    pub(super) fn checked(self) -> Result<Self, (String, String)> {
        let element = self.element().ok_or_else(|| ("an array of numbers".into(), format!("elements of type {}", self.dtype)))?;
        let size = self.shape.iter().try_fold(element.width(), |size, &n| size.checked_mul(n));
        let found = self.bytes.len().saturating_sub(self.start);
        match size {
            Some(size) if size == found => Ok(self),
            _ => Err((format!("{} bytes for shape {:?} of {}", size.unwrap_or(usize::MAX), self.shape, self.dtype), format!("{found}"))),
        }
    }

    /// What its elements are; `None` of what is never read (objects, dates, complex numbers).
    pub(super) fn element(&self) -> Option<Element> {
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
    pub(super) fn integers(&self) -> impl Iterator<Item = i64> {
        let signed = matches!(self.element(), Some(Element::Signed(_)));
        let unused = 64 - 8 * self.element().map_or(1, Element::width).min(8) as u32;
        self.elements().map(move |full| {
            let raised = i64::from_le_bytes(full) << unused;
            if signed { raised >> unused } else { (raised as u64 >> unused) as i64 }
        })
    }

    /// All elements of an array of numbers.
    pub(super) fn floats(&self) -> Box<dyn Iterator<Item = f64> + '_> {
        match self.element() {
            Some(Element::Float(2)) => Box::new(self.elements().map(|b| half::f16::from_le_bytes([b[0], b[1]]).to_f64())),
            Some(Element::Float(4)) => Box::new(self.elements().map(|b| f64::from(f32::from_le_bytes([b[0], b[1], b[2], b[3]])))),
            Some(Element::Float(_)) => Box::new(self.elements().map(f64::from_le_bytes)),
            _ => Box::new(self.integers().map(|value| value as f64)),
        }
    }

    /// All elements of an array of strings, without what fills them up.
    pub(super) fn texts(&self) -> Option<Vec<String>> {
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

/// What stands before the elements of an `.npy` file.
pub(super) struct Header {
    pub(super) dtype: String,
    pub(super) shape: Vec<usize>,
    /// Whether the first axis varies fastest.
    fortran: bool,
    /// Where the elements begin.
    start: usize,
}

impl Header {
    /// Bytes of a file within which its header ends.
    pub(super) const LONGEST: usize = MAX_HEADER;

    /// The header at the beginning of `bytes`, which may end behind it. The error is what was expected and found.
    pub(super) fn of(bytes: &[u8]) -> Result<Self, (String, String)> {
        let (before, length) = match bytes.get(6..12) {
            Some([1, _, a, b, _, _]) => (10, usize::from(u16::from_le_bytes([*a, *b]))),
            Some([2 | 3, _, a, b, c, d]) => (12, u32::from_le_bytes([*a, *b, *c, *d]) as usize),
            _ => return Err(("an .npy header of version 1 to 3".into(), format!("{} bytes without one", bytes.len()))),
        };
        let start = before + length;
        let whole = bytes
            .get(..start)
            .filter(|_| start <= MAX_HEADER)
            .ok_or_else(|| ("a whole .npy header".to_string(), format!("a header of {start} bytes in a file of {}", bytes.len())))?;
        // The reader multiplies the sizes without looking.
        if !sizes_can_be_multiplied(&String::from_utf8_lossy(&whole[before..])) {
            let found = String::from_utf8_lossy(whole[before..].trim_ascii()).chars().take(200).collect();
            return Err(("an .npy header as NumPy writes it, of an array that fits into memory".into(), found));
        }
        let header = NpyHeader::from_reader(whole).map_err(|error| ("an .npy header".into(), error.to_string()))?;
        let shape = header.shape().iter().map(|&n| usize::try_from(n).unwrap_or(usize::MAX)).collect();
        let dtype = header.dtype().descr().trim_matches(|c| c == '\'' || c == '"').to_owned();
        Ok(Self { dtype, shape, fortran: header.order() == Order::Fortran, start })
    }
}

/// Whether the header has one shape, written as NumPy does, and the product of its sizes leaves room for the size of an element.
fn sizes_can_be_multiplied(header: &str) -> bool {
    let (Some((_, after)), 1) = (header.split_once("shape"), header.matches("shape").count()) else { return false };
    let Some((between, rest)) = after.split_once('(') else { return false };
    let Some((sizes, _)) = rest.split_once(')') else { return false };
    if !between.trim().trim_start_matches(['\'', '"']).trim().trim_end_matches(':').is_empty() {
        return false;
    }
    let mut product = 1u64;
    for size in sizes.split(',').map(str::trim).filter(|size| !size.is_empty()) {
        match size.trim_end_matches('L').parse::<u64>().ok().and_then(|size| product.checked_mul(size.max(1))) {
            Some(larger) if larger <= 1 << 56 => product = larger,
            _ => return false,
        }
    }
    true
}

/// The element type of an array, with its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Element {
    Bool,
    Unsigned(usize),
    Signed(usize),
    Float(usize),
    /// `|S5`
    Bytes(usize),
    /// `<U5`: four bytes a character.
    Text(usize),
}

impl Element {
    /// Of a type as NumPy writes it, e.g. `<f4`.
    pub(super) fn of(dtype: &str) -> Option<Self> {
        let kind = dtype.get(1..2)?;
        let size: usize = dtype.get(2..)?.parse().ok()?;
        match (kind, size) {
            ("b", 1) => Some(Element::Bool),
            ("u", 1 | 2 | 4 | 8) => Some(Element::Unsigned(size)),
            ("i", 1 | 2 | 4 | 8) => Some(Element::Signed(size)),
            ("f", 2 | 4 | 8) => Some(Element::Float(size)),
            ("S", 1..) => Some(Element::Bytes(size)),
            ("U", 1..) => Some(Element::Text(size.checked_mul(4)?)),
            _ => None,
        }
    }

    fn width(self) -> usize {
        match self {
            Element::Bool => 1,
            Element::Unsigned(width) | Element::Signed(width) | Element::Float(width) | Element::Bytes(width) | Element::Text(width) => {
                width
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::array_images::into_images;
    use super::*;

    fn integers(dtype: &str, bytes: &[u8], n: usize) -> Vec<i64> {
        let array = Array { dtype: dtype.into(), shape: vec![n], bytes: Bytes::Owned(bytes.to_vec()), start: 0 };
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
                Array { dtype: dtype.into(), shape: vec![bytes.len() / element.width()], bytes: Bytes::Owned(bytes.to_vec()), start: 0 };
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
            let npy = super::super::tests::npy("|u1", shape, &[0; 6]);
            assert_eq!(Header::of(&npy).is_ok(), may, "{shape}");
        }
        assert!(!sizes_can_be_multiplied(r"{'\x73hape': (18446744073709551615, 2)}"));
    }

    #[test]
    fn every_truncation_and_every_changed_byte_of_a_header_is_an_answer_never_a_panic() {
        let npy = super::super::tests::npy("|u1", "(2, 1, 1, 3)", &[1, 2, 3, 4, 5, 6]);
        assert_eq!(Array::from_npy(Bytes::Owned(npy.clone())).unwrap().shape, [2, 1, 1, 3]);
        for end in 0..npy.len() {
            assert!(Array::from_npy(Bytes::Owned(npy[..end].to_vec())).is_err());
        }
        for at in 0..npy.len() - 6 {
            for byte in [0, 1, b'9', b'(', b'\'', 0x80, 0xff] {
                let mut changed = npy.clone();
                changed[at] = byte;
                let _ = Array::from_npy(Bytes::Owned(changed)).and_then(into_images);
            }
        }
    }
}
