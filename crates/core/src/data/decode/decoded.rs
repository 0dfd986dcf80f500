//! Shared by the decoders of all image formats: the decoded image, the limit of its size, and the messages of failures.

use std::error::Error;
use std::io::Cursor;

use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader};

/// An image and its [height, width].
pub(in crate::data) type Sized = ([usize; 2], Vec<u8>);

/// Largest number of pixels of an image, Pillow's limit (twice `Image.MAX_IMAGE_PIXELS`). A small file may state any size.
const MAX_PIXELS: usize = 178_956_970;
/// Message for grey images of more than 8 bits.
pub(super) const DEEP_GREY: &str = "expected 8 bits a channel, found a grey image of more: which part of its range is meant is not known (Pillow's \
                         `convert(\"RGB\")` clips at 255). Save it with 8 bits";

/// The image as the crate `image` reads it, if its size is allowed.
pub(super) fn open(bytes: &[u8], format: ImageFormat, kind: &str) -> Result<DynamicImage, String> {
    let failed = |error: image::ImageError| why_not(kind, &error);
    let decoder = ImageReader::with_format(Cursor::new(bytes), format).into_decoder().map_err(failed)?;
    let (width, height) = decoder.dimensions();
    checked_size(height as usize, width as usize)?;
    DynamicImage::from_decoder(decoder).map_err(failed)
}

pub(super) fn rgb(image: DynamicImage) -> Sized {
    let image = image.into_rgb8();
    let (width, height) = image.dimensions();
    ([height as usize, width as usize], image.into_raw())
}

/// [height, width], if the size is allowed.
pub(super) fn checked_size(height: usize, width: usize) -> Result<[usize; 2], String> {
    match height.checked_mul(width) {
        Some(pixels) if (1..=MAX_PIXELS).contains(&pixels) => Ok([height, width]),
        _ => Err(format!("expected an image of 1 to {MAX_PIXELS} pixels, found {height}x{width}")),
    }
}

/// Why a decoder failed: that the file is cut short, if it is, else the decoder's message.
pub(super) fn why_not(kind: &str, error: &(dyn Error + 'static)) -> String {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if is_end(error) {
            return cut_short(kind);
        }
        cause = error.source();
    }
    format!("damaged or unknown {kind}: {error}")
}

/// Whether this is an unexpected end of the file. Not every decoder has the reader's error as its source.
pub(super) fn is_end(error: &(dyn Error + 'static)) -> bool {
    let read = match (error.downcast_ref(), error.downcast_ref(), error.downcast_ref()) {
        (Some(image::ImageError::IoError(error)), ..)
        | (_, Some(::png::DecodingError::IoError(error)), _)
        | (.., Some(::tiff::TiffError::IoError(error))) => Some(error),
        _ => error.downcast_ref::<std::io::Error>(),
    };
    read.is_some_and(|error| error.kind() == std::io::ErrorKind::UnexpectedEof)
        || matches!(error.downcast_ref(), Some(::gif::DecodingError::UnexpectedEof))
}

pub(super) fn cut_short(kind: &str) -> String {
    format!("cut short: the {kind} data ends before the image does")
}

pub(super) fn rgb_of_grey(pixels: Vec<u8>) -> Vec<u8> {
    pixels.into_iter().flat_map(|value| [value; 3]).collect()
}
