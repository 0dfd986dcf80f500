//! PNG as Pillow reads it: of 16 bits the high byte, what is behind the pixels does not matter.

use std::borrow::Cow;
use std::io::Cursor;

use png::{ColorType, DecodeOptions, Decoder, Transformations};

use super::decoded::{DEEP_GREY, Sized, checked_size, rgb_of_grey, why_not};

/// The chunk that ends a file.
const END: [u8; 12] = *b"\0\0\0\0IEND\xae\x42\x60\x82";

/// Size and RGB pixels of the default image of a PNG file; or why not.
pub(super) fn decode(bytes: &[u8]) -> Result<Sized, String> {
    let failed = |error: png::DecodingError| why_not("PNG", &error);
    // A file that ends with its pixels is whole. Behind others one more end does not matter.
    let bytes = if bytes.ends_with(&END) { Cow::Borrowed(bytes) } else { Cow::Owned([bytes, &END].concat()) };
    let mut options = DecodeOptions::default();
    options.set_skip_ancillary_crc_failures(false);
    let mut decoder = Decoder::new_with_options(Cursor::new(bytes), options);
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    let mut reader = decoder.read_info().map_err(failed)?;
    let info = reader.info();
    let size = checked_size(info.height as usize, info.width as usize)?;
    if info.color_type == ColorType::Grayscale && info.bit_depth == png::BitDepth::Sixteen {
        return Err(DEEP_GREY.into());
    }
    let mut pixels = vec![0; reader.output_buffer_size().unwrap_or(0)];
    let color = reader.next_frame(&mut pixels).map_err(failed)?.color_type;
    let without_last = |channels: usize| pixels.chunks_exact(channels).flat_map(|pixel| &pixel[..channels - 1]).copied().collect();
    let rgb = match color {
        ColorType::Grayscale => rgb_of_grey(pixels),
        ColorType::GrayscaleAlpha => rgb_of_grey(without_last(2)),
        ColorType::Rgb => pixels,
        ColorType::Rgba => without_last(4),
        ColorType::Indexed => return Err("expected colours, found positions in a palette".into()),
    };
    Ok((size, rgb))
}
