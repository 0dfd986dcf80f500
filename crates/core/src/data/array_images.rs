//! Converts an array of numbers to u8 RGB images, or refuses it with a message that says how to convert it. Nothing is guessed.
//!
//! Shapes: [N, H, W, 3], [N, 3, H, W], and grey as [N, H, W], [N, H, W, 1] or [N, 1, H, W]. Values: u8 are used unchanged. Other
//! numbers are accepted if they are exactly the values of an 8-bit image: all whole from 0 to 255 with one above 1, or floats that are all
//! k/255 (what `ToTensor` makes of an 8-bit image) with one between 0 and 1. Everything else is refused.

use super::pixels::{Block, Layout, PixelArray};
use crate::numpy::{Bytes, Element, RawArray};

/// What was expected of an array, and what was found.
type Unlike = (String, String);

/// The array as images.
pub(super) fn into_images(array: RawArray) -> Result<PixelArray, Unlike> {
    let (count, height, width, layout) = shape(&array)?;
    let stride = height * width * layout.channels();
    let (bytes, start) = match array.element() {
        Some(Element::Unsigned(1)) => (array.bytes, array.start),
        Some(Element::Bool | Element::Unsigned(_) | Element::Signed(_) | Element::Float(_) | Element::Bytes(_) | Element::Text(_))
        | None => (Bytes::Owned(exact(&array)?), 0),
    };
    Ok(PixelArray { blocks: vec![Block { bytes, start, stride, count }], height, width, layout })
}

/// Whether an array of this shape and type may be images: four axes, one of them of 1 or 3 channels, or three of grey ones.
pub(super) fn may_be_images(element: Option<Element>, shape: &[usize]) -> bool {
    let is_number = matches!(element, Some(Element::Unsigned(_) | Element::Signed(_) | Element::Float(_) | Element::Bool));
    is_number && (shape.len() == 4 || shape.len() == 3) && shape.iter().all(|&n| n > 0)
}

/// Number of images, height, width, order.
fn shape(array: &RawArray) -> Result<(usize, usize, usize, Layout), Unlike> {
    let unlike = |way_out: &str| {
        let expected = "images of shape [N, H, W, 3], [N, 3, H, W] or [N, H, W]".to_string();
        Err((expected, format!("shape {:?} of {}{way_out}", array.shape, array.dtype)))
    };
    if array.shape.contains(&0) {
        return unlike("");
    }
    let other_channels = |alpha: &str| {
        unlike(&format!(
            "{alpha}; inputs of other channels are float arrays: save an .npz with `inputs`, floats [N, C, H, W], and `labels`"
        ))
    };
    match *array.shape.as_slice() {
        [_, 3, _, 3] => unlike(": which axis the colours are on cannot be told; save images of another size, or as PNG files"),
        [n, h, w, 3] => Ok((n, h, w, Layout::Interleaved)),
        [n, 3, h, w] => Ok((n, h, w, Layout::Planar)),
        [n, h, w, 1] | [n, 1, h, w] => Ok((n, h, w, Layout::Grey)),
        [_, _, _, 4] => other_channels(": if the fourth channel is alpha, save `x[..., :3]`"),
        [_, 4, _, _] => other_channels(": if the fourth channel is alpha, save `x[:, :3]`"),
        [_, _, _, _] => other_channels(""),
        [_, _, 3] => unlike(": if it is one colour image, save `x[None]`; if they are grey images 3 pixels wide, save `x[..., None]`"),
        [3, _, _] => unlike(": if it is one colour image, save `x[None]`; if they are 3 grey images, save `x[..., None]`"),
        [n, h, w] => Ok((n, h, w, Layout::Grey)),
        [_, _] => unlike(": if every row is an image, save `x.reshape(-1, H, W)`, or with its channels in the order they have"),
        _ => unlike(""),
    }
}

/// The values as u8, where they are exactly those of an 8-bit image.
fn exact(array: &RawArray) -> Result<Vec<u8>, Unlike> {
    let expected = || "u8 images, or the same values as other numbers (whole from 0 to 255, or k/255)".to_string();
    let unlike = |found: String| Err((expected(), format!("{} {found}", array.dtype)));
    if !matches!(array.element(), Some(Element::Unsigned(_) | Element::Signed(_) | Element::Float(_) | Element::Bool)) {
        return unlike("elements".into());
    }
    // Half precision holds k/255 to within 0.13 of k, single to within 0.00002.
    let tolerance = if array.element() == Some(Element::Float(2)) { 0.13 } else { 1e-3 };
    let (mut low, mut high, mut whole, mut steps) = (f64::INFINITY, f64::NEG_INFINITY, true, true);
    for value in array.floats() {
        if !value.is_finite() {
            return unlike(format!("with {value} among them"));
        }
        (low, high) = (low.min(value), high.max(value));
        whole &= value.fract() == 0.0;
        steps &= (value * 255.0 - (value * 255.0).round()).abs() <= tolerance;
    }
    let scale = match (low >= 0.0, high <= 1.0, high <= 255.0, whole, steps) {
        (true, false, true, true, _) => 1.0,
        (true, true, _, false, true) => 255.0,
        (true, true, _, true, _) => {
            return unlike("of only 0 and 1: if 1 is white, save `(x * 255).astype('uint8')`".into());
        }
        (true, true, ..) => {
            return unlike(format!("from {low:.4} to {high:.4} that are not k/255: save `(x * 255).round().astype('uint8')`"));
        }
        (true, false, true, false, _) => {
            return unlike(format!("from {low:.4} to {high:.4} that are not whole: save `x.round().astype('uint8')`"));
        }
        _ => {
            let way_out = "if they are standardized, undo that (x * std + mean), then save `(x * 255).round().astype('uint8')`";
            return unlike(format!("from {low:.4} to {high:.4}: {way_out}"));
        }
    };
    Ok(array.floats().map(|value| (value * scale).round() as u8).collect())
}
