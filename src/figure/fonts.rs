//! The bundled family, shared by figures and the window: Source Sans 3 (tabular figures, Greek, ‖) with a cut of
//! Noto Sans Math for the few signs it lacks (∇ ∈ ⋅) and Noto Emoji; characters that none of them has come from the machine's fonts, see
//! [`typeface_of`](super::typeface_of). Licences stand beside the files in `assets/fonts`.

use std::sync::Once;

use plotters::style::{FontStyle, register_font};

/// Source Sans 3 Regular, TrueType.
pub const REGULAR: &[u8] = include_bytes!("../../assets/fonts/SourceSans3-Regular.ttf");
/// Source Sans 3 SemiBold, TrueType.
pub const BOLD: &[u8] = include_bytes!("../../assets/fonts/SourceSans3-SemiBold.ttf");
/// Noto Sans Math, cut to Greek, arrows, operators and shapes; to be tried after the others.
pub const FALLBACK: &[u8] = include_bytes!("../../assets/fonts/NotoSansMath-Subset.ttf");

/// Noto Emoji, for characters that the others lack.
pub const EMOJI: &[u8] = include_bytes!("../../assets/fonts/NotoEmoji-Regular.ttf");

/// The family as written into SVG: the bundled one, then fonts that a reader's machine may have.
pub const FAMILY: &str = "'Source Sans 3', 'Source Sans Pro', 'Noto Sans', Helvetica, Arial, sans-serif";

/// Line height of Source Sans 3 (ascent − descent) in em: plotters takes font sizes as line heights.
pub(super) const LINE_HEIGHT_EM: f64 = 1.424;

/// Registers [`FAMILY`] with plotters, which looks up fonts by the whole name.
pub(super) fn register() {
    static REGISTERED: Once = Once::new();
    REGISTERED.call_once(|| {
        // A font that does not parse would be caught by the tests below; drawing then reports it as unavailable.
        let _ = register_font(FAMILY, FontStyle::Normal, REGULAR);
        let _ = register_font(FAMILY, FontStyle::Bold, BOLD);
    });
}

#[cfg(test)]
mod tests {
    use plotters::style::{FontDesc, FontFamily};

    use super::*;

    /// Width of `text` at 1000 units per em; a missing glyph still has a width, hence the comparison below.
    fn width(text: &str, style: FontStyle) -> u32 {
        register();
        FontDesc::new(FontFamily::Name(FAMILY), 1000.0 * LINE_HEIGHT_EM, style).box_size(text).unwrap().0
    }

    #[test]
    fn figures_are_tabular() {
        for style in [FontStyle::Normal, FontStyle::Bold] {
            let zero = width("0", style);
            assert!("123456789−+".chars().all(|c| width(&c.to_string(), style) == zero));
        }
    }

    #[test]
    fn the_bold_is_bolder_and_an_em_is_an_em() {
        assert!(width("flatland", FontStyle::Bold) > width("flatland", FontStyle::Normal));
        assert_eq!(width("0", FontStyle::Normal), 497);
    }
}
