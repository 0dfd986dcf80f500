//! [`Header`]: the header of an `.npy` file.

use npyz::{NpyHeader, Order};

/// Longest header that is read; NumPy's own are some hundred bytes.
const MAX_HEADER: usize = 1 << 16;

/// The header of an `.npy` file.
pub(crate) struct Header {
    pub(crate) dtype: String,
    pub(crate) shape: Vec<usize>,
    /// Whether the first axis varies fastest.
    pub(super) fortran: bool,
    /// Where the elements begin.
    pub(super) start: usize,
}

impl Header {
    /// Bytes of a file within which its header ends.
    pub(crate) const LONGEST: usize = MAX_HEADER;

    /// The header at the beginning of `bytes`, which may end behind it. The error is what was expected and found.
    pub(crate) fn of(bytes: &[u8]) -> Result<Self, (String, String)> {
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
        // The reader multiplies the sizes without a check for overflow.
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
pub(super) fn sizes_can_be_multiplied(header: &str) -> bool {
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

/// A header of version 1.0 of NumPy's format (`numpy.lib.format`): C order, `<f4`, elements from byte `header.len()` on. Written here
/// because `npyz` writes a header only together with all elements, and rows of losses are written one by one.
pub(crate) fn f32_header(shape: &[usize]) -> Vec<u8> {
    let sizes = shape.iter().map(|size| format!("{size}")).collect::<Vec<_>>().join(", ");
    let text = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({sizes}), }}");
    // Magic, version and length take 10 bytes; the whole is a multiple of 64 that ends in a line feed.
    let length = (10 + text.len() + 1).next_multiple_of(64) - 10;
    let mut header = b"\x93NUMPY\x01\x00".to_vec();
    header.extend((length as u16).to_le_bytes());
    header.extend(format!("{text:<width$}\n", width = length - 1).bytes());
    header
}
