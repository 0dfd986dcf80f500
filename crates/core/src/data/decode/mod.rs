//! One image file to u8 RGB, as Pillow's `Image.open(file).convert("RGB")`: grey replicated, alpha dropped, palette expanded, EXIF ignored.
//!
//! Equal to Pillow in every pixel, or refused with a reason; an image that is cut short is refused. Where `image` reads a kind as Pillow
//! does it stays with `image`; the kinds where it does not have a file of their own.

mod bmp;
mod gif;
mod jpeg;
mod png;
mod tiff;

use std::error::Error;
use std::io::Cursor;
use std::path::Path;

use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader};

use super::sniff::not_data;
use super::source::Sized;

/// Most pixels of an image: beyond them Pillow refuses, too (twice `Image.MAX_IMAGE_PIXELS`). A small file can claim any size.
const MAX_PIXELS: usize = 178_956_970;
/// What is said of grey images of more than 8 bits.
const DEEP_GREY: &str = "expected 8 bits a channel, found a grey image of more: which part of its range is meant is not known (Pillow's \
                         `convert(\"RGB\")` clips at 255). Save it with 8 bits";

/// Size [height, width] and pixels [height, width, 3] of an image file, whatever its name says; or why not.
pub(super) fn decode(path: &Path) -> Result<Sized, String> {
    let bytes = std::fs::read(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => "no such file".to_string(),
        _ => error.to_string(),
    })?;
    of_bytes(&bytes)
}

fn of_bytes(bytes: &[u8]) -> Result<Sized, String> {
    if let Some(found) = not_data(bytes) {
        return Err(format!("expected an image, found {found}"));
    }
    match image::guess_format(bytes) {
        Ok(ImageFormat::Bmp) => bmp::decode(bytes),
        Ok(ImageFormat::Gif) => gif::decode(bytes),
        Ok(ImageFormat::Jpeg) => jpeg::decode(bytes),
        Ok(ImageFormat::Png) => png::decode(bytes),
        Ok(ImageFormat::Tiff) => tiff::decode(bytes),
        Ok(ImageFormat::WebP) => webp(bytes),
        _ => Err("expected an image (PNG, JPEG, BMP, TIFF, WebP, GIF), found another kind of file".into()),
    }
}

/// WebP is read as Pillow does, but for a file that ends before its header says.
fn webp(bytes: &[u8]) -> Result<Sized, String> {
    let size = bytes.get(4..8).and_then(|size| size.try_into().ok()).map_or(0, u32::from_le_bytes) as usize;
    if bytes.len() < size.saturating_add(8) {
        return Err(cut_short("WebP"));
    }
    Ok(rgb(open(bytes, ImageFormat::WebP, "WebP")?))
}

/// The image as `image` reads it, where it may be as large as it says.
fn open(bytes: &[u8], format: ImageFormat, kind: &str) -> Result<DynamicImage, String> {
    let failed = |error: image::ImageError| why_not(kind, &error);
    let decoder = ImageReader::with_format(Cursor::new(bytes), format).into_decoder().map_err(failed)?;
    let (width, height) = decoder.dimensions();
    checked_size(height as usize, width as usize)?;
    DynamicImage::from_decoder(decoder).map_err(failed)
}

fn rgb(image: DynamicImage) -> Sized {
    let image = image.into_rgb8();
    let (width, height) = image.dimensions();
    ([height as usize, width as usize], image.into_raw())
}

/// Whether the file begins like an image.
pub(super) fn is_image(head: &[u8]) -> bool {
    image::guess_format(head).is_ok()
}

/// Whether an image that begins like this is of a kind that was read otherwise before its pixels were Pillow's.
pub(super) fn is_read_anew(head: &[u8]) -> bool {
    let is_deep = |at: usize| head.get(at) == Some(&16);
    match image::guess_format(head) {
        Ok(ImageFormat::Jpeg | ImageFormat::Gif | ImageFormat::Tiff) => true,
        Ok(ImageFormat::Png) => is_deep(24),
        Ok(ImageFormat::Bmp) => is_deep(28),
        _ => false,
    }
}

/// [height, width], where an image may be as large.
fn checked_size(height: usize, width: usize) -> Result<[usize; 2], String> {
    match height.checked_mul(width) {
        Some(pixels) if (1..=MAX_PIXELS).contains(&pixels) => Ok([height, width]),
        _ => Err(format!("expected an image of 1 to {MAX_PIXELS} pixels, found {height}x{width}")),
    }
}

/// Why a decoder gave up: that the file is cut short, where that is so, else in its own words.
fn why_not(kind: &str, error: &(dyn Error + 'static)) -> String {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if is_end(error) {
            return cut_short(kind);
        }
        cause = error.source();
    }
    format!("damaged or unknown {kind}: {error}")
}

/// Whether this is an end before all is read. Not every decoder has the reader's error for its source.
fn is_end(error: &(dyn Error + 'static)) -> bool {
    let read = match (error.downcast_ref(), error.downcast_ref(), error.downcast_ref()) {
        (Some(image::ImageError::IoError(error)), ..)
        | (_, Some(::png::DecodingError::IoError(error)), _)
        | (.., Some(::tiff::TiffError::IoError(error))) => Some(error),
        _ => error.downcast_ref::<std::io::Error>(),
    };
    read.is_some_and(|error| error.kind() == std::io::ErrorKind::UnexpectedEof)
        || matches!(error.downcast_ref(), Some(::gif::DecodingError::UnexpectedEof))
}

fn cut_short(kind: &str) -> String {
    format!("cut short: the {kind} data ends before the image does")
}

fn rgb_of_grey(pixels: Vec<u8>) -> Vec<u8> {
    pixels.into_iter().flat_map(|value| [value; 3]).collect()
}

#[cfg(test)]
mod tests;
