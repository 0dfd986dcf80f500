//! BMP as Pillow reads it: 5 and 6 bits a channel are brought to 8 by `value * 255 / 31` and `value * 255 / 63`, rounded down.

use image::ImageFormat;

use super::decoded::{Sized, open, rgb};

/// Size and RGB pixels of a BMP file; or why not.
pub(super) fn decode(bytes: &[u8]) -> Result<Sized, String> {
    let (size, mut pixels) = rgb(open(bytes, ImageFormat::Bmp, "BMP")?);
    if let Some(bits) = channel_bits(bytes)? {
        for pixel in pixels.chunks_exact_mut(3) {
            for (value, bits) in pixel.iter_mut().zip(bits) {
                // However the reader filled the low bits, the high ones are those of the file.
                *value = (u32::from(*value >> (8 - bits)) * 255 / ((1 << bits) - 1)) as u8;
            }
        }
    }
    Ok((size, pixels))
}

/// Bits of red, green and blue where a pixel has 16.
fn channel_bits(bytes: &[u8]) -> Result<Option<[u32; 3]>, String> {
    let word = |at: usize| bytes.get(at..at + 4).and_then(|word| word.try_into().ok()).map_or(0, u32::from_le_bytes);
    let is_bitmap_info = word(14) >= 40;
    let (bits, compression, masks) = (word(28) & 0xffff, word(30), [word(54), word(58), word(62)]);
    match (bits, compression, masks) {
        (16, 0, _) | (16, 3, [0x7c00, 0x3e0, 0x1f]) if is_bitmap_info => Ok(Some([5, 5, 5])),
        (16, 3, [0xf800, 0x7e0, 0x1f]) if is_bitmap_info => Ok(Some([5, 6, 5])),
        (16, ..) if is_bitmap_info => {
            Err("expected a BMP of 16 bits with 5, 5, 5 or 5, 6, 5 bits for red, green and blue, found other masks".into())
        }
        _ => Ok(None),
    }
}
