//! JPEG by libjpeg-turbo's decoder, as Pillow's `Image.open(file).convert("RGB")`: triangle upsampling of chroma, the accurate integer
//! inverse DCT, EXIF ignored.
//!
//! Like Pillow it ignores what libjpeg only warns of (corrupt entropy data, a wrong restart marker), but refuses data that ends before the
//! last row (`src/libImaging/JpegDecode.c` waits for more). `mozjpeg` builds that decoder from its sources: its changes to
//! libjpeg-turbo are in the encoder. Pure Rust decoders upsample differently, by up to some levels.

use std::cell::Cell;
use std::io::{BufRead, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};

use mozjpeg::{ColorSpace, Decompress};

use super::decoded::{Sized, checked_size, cut_short, rgb_of_grey};

/// Size and RGB pixels of a whole JPEG file; or why not.
pub(super) fn decode(bytes: &[u8]) -> Result<Sized, String> {
    let ended = Cell::new(false);
    let reader = Input { rest: bytes, ended: &ended };
    // On an error libjpeg unwinds to here with the message as the payload.
    let decoded = catch_unwind(AssertUnwindSafe(|| rows(reader)));
    if ended.get() {
        return Err(cut_short("JPEG"));
    }
    decoded.unwrap_or_else(|payload| {
        let message = payload.downcast_ref::<String>().map_or("", |message| message.trim_start_matches("libjpeg fatal error: "));
        Err(format!("damaged JPEG: {message}"))
    })
}

fn rows(reader: Input<'_>) -> Result<Sized, String> {
    let failed = |error: std::io::Error| format!("damaged JPEG: {error}");
    let header = Decompress::new_reader(reader).map_err(failed)?;
    let size = checked_size(header.height(), header.width())?;
    let components = header.components().len();
    let space = match components {
        1 => ColorSpace::JCS_GRAYSCALE,
        3 => ColorSpace::JCS_RGB,
        4 => ColorSpace::JCS_CMYK,
        _ => return Err(format!("expected a JPEG of 1, 3 or 4 components, found {components}")),
    };
    let pixels = header.to_colorspace(space).map_err(failed)?.read_scanlines().map_err(failed)?;
    Ok(match components {
        1 => (size, rgb_of_grey(pixels)),
        4 => (size, rgb_of_inverted_cmyk(pixels)),
        _ => (size, pixels),
    })
}

/// CMYK as Adobe writes it, 255 = no ink, to RGB as Pillow does (`src/libImaging/Convert.c`, `cmyk2rgb`).
fn rgb_of_inverted_cmyk(pixels: Vec<u8>) -> Vec<u8> {
    let channel = |ink: u8, white: u8| {
        let product = u32::from(255 - ink) * u32::from(white) + 128;
        white.saturating_sub(((product + (product >> 8)) >> 8) as u8)
    };
    pixels.chunks_exact(4).flat_map(|cmyk| [0, 1, 2].map(|ink| channel(cmyk[ink], cmyk[3]))).collect()
}

/// The bytes of a file, and whether the decoder requested more.
struct Input<'a> {
    rest: &'a [u8],
    ended: &'a Cell<bool>,
}

impl Read for Input<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.rest.read(buffer)
    }
}

impl BufRead for Input<'_> {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        if self.rest.is_empty() {
            self.ended.set(true);
        }
        Ok(self.rest)
    }

    fn consume(&mut self, amount: usize) {
        self.rest.consume(amount);
    }
}
