//! The first frame of a GIF as Pillow reads it (`GifImagePlugin.py`): on the screen that the file states, the rest of which has the
//! transparent colour, for lack of it the first.

use std::io::Cursor;

use gif::{ColorOutput, DecodeOptions};

use super::decoded::{Sized, checked_size, why_not};

/// Size and RGB pixels of the first frame; or why not.
pub(super) fn decode(bytes: &[u8]) -> Result<Sized, String> {
    let failed = |error: gif::DecodingError| why_not("GIF", &error);
    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::Indexed);
    let mut decoder = options.read_info(Cursor::new(bytes)).map_err(failed)?;
    let (screen_height, screen_width) = (usize::from(decoder.height()), usize::from(decoder.width()));
    let global = decoder.global_palette().map(<[u8]>::to_vec);
    let frame = decoder.read_next_frame().map_err(failed)?.ok_or("expected a frame, found none")?;
    let (left, top, width) = (usize::from(frame.left), usize::from(frame.top), usize::from(frame.width));
    let [height, screen_width] = checked_size(screen_height.max(top + usize::from(frame.height)), screen_width.max(left + width))?;
    let mut screen = vec![frame.transparent.unwrap_or(0); height * screen_width];
    for (row, pixels) in frame.buffer.chunks_exact(width.max(1)).enumerate() {
        let start = (top + row) * screen_width + left;
        screen[start..start + width].copy_from_slice(pixels);
    }
    let palette = frame.palette.as_ref().or(global.as_ref());
    // Indices that are not in the palette are grey.
    let color = |&index: &u8| {
        palette.and_then(|palette| palette.chunks_exact(3).nth(usize::from(index))).map_or([index; 3], |c| [c[0], c[1], c[2]])
    };
    Ok(([height, screen_width], screen.iter().flat_map(color).collect()))
}
