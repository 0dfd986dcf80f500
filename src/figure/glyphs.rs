//! Draws text into pixels, glyph by glyph, where plotters cannot: it supports one font per text and one glyph per character.

use ab_glyph::{Font, FontRef, GlyphId, PxScale, point};

use super::scene::{Anchor, Text};
use super::setting;

/// Draws a horizontal text on RGB pixels, `units` of which are a point.
pub(super) fn draw(text: &Text, units: f64, buffer: &mut [u8], (width, height): (u32, u32)) {
    let em = text.size * units;
    let runs = setting::set(&text.text, text.bold);
    let whole: f64 = runs.iter().map(|run| run.advance).sum::<f64>() * em;
    let [x, y] = text.at.map(|v| v * units);
    let mut left = match text.anchor {
        Anchor::Start => x,
        Anchor::Middle => x - 0.5 * whole,
        Anchor::End => x - whole,
    };
    for run in runs {
        let Ok(font) = FontRef::try_from_slice_and_index(run.typeface.data, run.typeface.index) else { continue };
        // A scale of this crate is the height from the lowest to the highest line of a font.
        let scale = PxScale::from((em * f64::from(font.height_unscaled() / font.units_per_em().unwrap_or(1000.0))) as f32);
        for glyph in &run.glyphs {
            let at = point((left + glyph.at[0] * em) as f32, (y - glyph.at[1] * em) as f32);
            let Some(outline) = font.outline_glyph(GlyphId(glyph.id).with_scale_and_position(scale, at)) else { continue };
            let corner = outline.px_bounds().min;
            outline.draw(|column, row, share| {
                let (column, row) = (corner.x as i64 + i64::from(column), corner.y as i64 + i64::from(row));
                if (0..i64::from(width)).contains(&column) && (0..i64::from(height)).contains(&row) {
                    let place = ((row * i64::from(width) + column) * 3) as usize;
                    blend(&mut buffer[place..place + 3], text.color, share.clamp(0.0, 1.0));
                }
            });
        }
        left += run.advance * em;
    }
}

fn blend(pixel: &mut [u8], color: [u8; 3], share: f32) {
    for (channel, color) in pixel.iter_mut().zip(color) {
        *channel = (f32::from(*channel) * (1.0 - share) + f32::from(color) * share).round() as u8;
    }
}
