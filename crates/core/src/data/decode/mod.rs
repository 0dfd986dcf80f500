//! One image file to u8 RGB, as Pillow's `Image.open(file).convert("RGB")`: grey replicated, alpha dropped, palette expanded, EXIF ignored.
//!
//! Equal to Pillow in every pixel, or refused with a reason; an image that is cut short is refused. Formats that the crate `image` reads as Pillow
//! does are read by it; each of the others has a file of its own.

mod bmp;
pub(super) mod decoded;
mod gif;
mod jpeg;
mod png;
mod tiff;

use std::path::Path;

use image::ImageFormat;

use super::not_data::not_data;
use decoded::{Sized, cut_short, open, rgb};

/// Size [height, width] and pixels [height, width, 3] of an image file, whatever its name says; or why not.
pub(super) fn decode(path: &Path) -> Result<Sized, String> {
    let bytes = std::fs::read(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => "no such file".to_string(),
        _ => error.to_string(),
    })?;
    of_bytes(&bytes)
}

/// The same of the bytes of a file.
pub(super) fn of_bytes(bytes: &[u8]) -> Result<Sized, String> {
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

/// `image` reads WebP as Pillow does, except for a file that ends before the end that its header states.
fn webp(bytes: &[u8]) -> Result<Sized, String> {
    let size = bytes.get(4..8).and_then(|size| size.try_into().ok()).map_or(0, u32::from_le_bytes) as usize;
    if bytes.len() < size.saturating_add(8) {
        return Err(cut_short("WebP"));
    }
    Ok(rgb(open(bytes, ImageFormat::WebP, "WebP")?))
}

/// Whether the file begins like an image.
pub(super) fn is_image(head: &[u8]) -> bool {
    image::guess_format(head).is_ok()
}

/// Whether an image that begins like this is of a format that earlier versions decoded differently from Pillow.
pub(super) fn is_decoded_differently(head: &[u8]) -> bool {
    let is_deep = |at: usize| head.get(at) == Some(&16);
    match image::guess_format(head) {
        Ok(ImageFormat::Jpeg | ImageFormat::Gif | ImageFormat::Tiff) => true,
        Ok(ImageFormat::Png) => is_deep(24),
        Ok(ImageFormat::Bmp) => is_deep(28),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
