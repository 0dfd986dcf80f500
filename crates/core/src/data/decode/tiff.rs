//! The first page of a TIFF as Pillow reads it: turned as its orientation says, of 16 bits the high byte.
//!
//! What `image` would read otherwise than Pillow (JPEG within TIFF, premultiplied alpha, grey of more than 8 bits) is refused.

use std::io::Cursor;

use image::metadata::Orientation;
use image::{DynamicImage, ImageFormat};
use tiff::decoder::Decoder;
use tiff::tags::Tag;

use super::decoded::{DEEP_GREY, Sized, open, rgb, why_not};

/// Size and RGB pixels of a TIFF file; or why not.
pub(super) fn decode(bytes: &[u8]) -> Result<Sized, String> {
    let mut tags = Decoder::new(Cursor::new(bytes)).map_err(|error| why_not("TIFF", &error))?;
    let mut values = |tag: Tag| tags.get_tag_u16_vec(tag).unwrap_or_default();
    let one = |values: Vec<u16>| values.first().copied();
    if let Some(6 | 7) = one(values(Tag::Compression)) {
        return Err("JPEG within TIFF is not read: save it as a JPEG or PNG file".into());
    }
    if values(Tag::ExtraSamples).contains(&1) {
        return Err("expected alpha that is not multiplied into the colours, found a TIFF in which it is".into());
    }
    let is_grey = matches!(one(values(Tag::PhotometricInterpretation)), Some(0 | 1));
    if is_grey && values(Tag::BitsPerSample).iter().any(|&bits| bits > 8) {
        return Err(DEEP_GREY.into());
    }
    let orientation = one(values(Tag::Orientation)).and_then(|value| Orientation::from_exif(value.try_into().ok()?));
    let mut image = open(bytes, ImageFormat::Tiff, "TIFF")?;
    if let Some(orientation) = orientation {
        image.apply_orientation(orientation);
    }
    let [red, green, blue] = [0, 1, 2].map(|channel| move |pixel: &[u16]| (pixel[channel] >> 8) as u8);
    let high = |pixels: &[u16], channels: usize| {
        pixels.chunks_exact(channels).flat_map(|pixel| [red(pixel), green(pixel), blue(pixel)]).collect::<Vec<u8>>()
    };
    let size = [image.height() as usize, image.width() as usize];
    Ok(match &image {
        DynamicImage::ImageRgb16(pixels) => (size, high(pixels, 3)),
        DynamicImage::ImageRgba16(pixels) => (size, high(pixels, 4)),
        _ => rgb(image),
    })
}
