//! One image file to u8 RGB, as Pillow's `convert("RGB")`: grey replicated, alpha dropped, palette expanded, EXIF ignored.

use std::io::Cursor;
use std::path::Path;

use image::ImageReader;

use super::sniff::not_data;

/// Size [height, width] and pixels [height, width, 3] of an image file, whatever its name says; or why not.
pub(super) fn decode(path: &Path) -> Result<([usize; 2], Vec<u8>), String> {
    let bytes = std::fs::read(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => "no such file".to_string(),
        _ => error.to_string(),
    })?;
    if let Some(found) = not_data(&bytes) {
        return Err(format!("expected an image, found {found}"));
    }
    let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|error| error.to_string())?;
    if reader.format().is_none() {
        return Err("expected an image (PNG, JPEG, BMP, TIFF, WebP, GIF), found another kind of file".into());
    }
    let image = reader.decode().map_err(|error| error.to_string())?.into_rgb8();
    let (width, height) = image.dimensions();
    Ok(([height as usize, width as usize], image.into_raw()))
}

/// Whether the file begins like an image.
pub(super) fn is_image(head: &[u8]) -> bool {
    image::guess_format(head).is_ok()
}
