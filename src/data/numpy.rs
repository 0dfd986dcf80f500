//! NumPy arrays of images and labels: header, element type, shape, bytes. Used by `.npy`, `.npz` and python batches.

use std::path::Path;

use npyz::{NpyHeader, Order};

use super::DataError;
use super::pixels::{Block, Bytes, Layout, PixelArray};

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
        let mut rest: &[u8] = &bytes;
        let length = match bytes.get(6..12) {
            Some([1, _, a, b, _, _]) => 10 + usize::from(u16::from_le_bytes([*a, *b])),
            Some([2 | 3, _, a, b, c, d]) => 12 + u32::from_le_bytes([*a, *b, *c, *d]) as usize,
            _ => return Err(("an .npy header of version 1 to 3".into(), format!("{} bytes without one", bytes.len()))),
        };
        if length > MAX_HEADER || length > bytes.len() {
            return Err(("a whole .npy header".into(), format!("a header of {length} bytes in a file of {}", bytes.len())));
        }
        let header = NpyHeader::from_reader(&mut rest).map_err(|error| ("an .npy header".into(), error.to_string()))?;
        let start = bytes.len() - rest.len();
        let shape: Vec<usize> = header.shape().iter().map(|&n| usize::try_from(n).unwrap_or(usize::MAX)).collect();
        if header.order() == Order::Fortran && shape.len() > 1 {
            return Err(("an array in C order".into(), "one in Fortran order".into()));
        }
        let dtype = header.dtype().descr().trim_matches(|c| c == '\'' || c == '"').to_owned();
        Self { dtype, shape, bytes, start }.checked()
    }

    /// The array, if its length is that of its shape and type.
    pub(super) fn checked(self) -> Result<Self, (String, String)> {
        let width = self.width().ok_or_else(|| ("an array of u8 or integers".into(), format!("elements of type {}", self.dtype)))?;
        let size = self.shape.iter().try_fold(width, |size, &n| size.checked_mul(n));
        let found = self.bytes.len().saturating_sub(self.start);
        match size {
            Some(size) if size == found => Ok(self),
            _ => Err((format!("{} bytes for shape {:?} of {}", size.unwrap_or(usize::MAX), self.shape, self.dtype), format!("{found}"))),
        }
    }

    fn width(&self) -> Option<usize> {
        match self.dtype.get(1..)? {
            "u1" | "i1" | "b1" => Some(1),
            "u2" | "i2" => Some(2),
            "u4" | "i4" => Some(4),
            "u8" | "i8" => Some(8),
            _ => None,
        }
    }

    /// All elements as integers; u64 beyond i64 wraps.
    pub(super) fn integers(&self) -> Vec<i64> {
        let width = self.width().unwrap_or(1);
        let (big, signed) = (self.dtype.starts_with('>'), self.dtype.get(1..2) == Some("i"));
        let one = |element: &[u8]| {
            let mut full = [0u8; 8];
            for (k, slot) in full.iter_mut().enumerate().take(width) {
                *slot = element[if big { width - 1 - k } else { k }];
            }
            let unused = 64 - 8 * width as u32;
            let raised = i64::from_le_bytes(full) << unused;
            if signed { raised >> unused } else { (raised as u64 >> unused) as i64 }
        };
        self.bytes[self.start..].chunks_exact(width).map(one).collect()
    }

    /// The array as images: u8, [N, H, W, 3], [N, 3, H, W], [N, H, W], [N, H, W, 1] or [N, 1, H, W].
    pub(super) fn into_images(self) -> Result<PixelArray, (String, String)> {
        let found = format!("shape {:?} of {}", self.shape, self.dtype);
        let expected = || "images of u8, shape [N, H, W, 3], [N, 3, H, W] or [N, H, W]".to_string();
        let (count, height, width, layout) = match *self.shape.as_slice() {
            [n, h, w, 3] => (n, h, w, Layout::Interleaved),
            [n, 3, h, w] => (n, h, w, Layout::Planar),
            [n, h, w, 1] | [n, 1, h, w] | [n, h, w] => (n, h, w, Layout::Grey),
            _ => return Err((expected(), found)),
        };
        if self.dtype.get(1..) != Some("u1") || count * height * width == 0 {
            return Err((expected(), found));
        }
        let stride = height * width * layout.channels();
        Ok(PixelArray { blocks: vec![Block { bytes: self.bytes, start: self.start, stride, count }], height, width, layout })
    }
}

/// Labels for `count` images: as many as there are, or repeated when images come in several severities (CIFAR-10-C).
pub(super) fn labels_for(count: usize, array: &Array, path: &Path) -> Result<Vec<i64>, DataError> {
    let labels = array.integers();
    let vector = array.shape.len() == 1 || array.shape.len() == 2 && array.shape[1] == 1;
    if !vector || labels.is_empty() || !count.is_multiple_of(labels.len()) {
        return Err(DataError::invalid("labels", format!("{count} labels"), format!("shape {:?}", array.shape), path));
    }
    Ok(labels.iter().copied().cycle().take(count).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn integers(dtype: &str, bytes: &[u8], n: usize) -> Vec<i64> {
        let array = Array { dtype: dtype.into(), shape: vec![n], bytes: Bytes::Owned(bytes.to_vec()), start: 0 };
        array.checked().map(|array| array.integers()).unwrap()
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
                let _ = Array::from_npy(Bytes::Owned(changed)).and_then(Array::into_images);
            }
        }
    }
}
