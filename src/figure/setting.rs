//! [`set`]: shapes a line of text into glyphs of the fonts that have them, in visual order from left to right.

use unicode_bidi::{BidiInfo, Level};

use super::typeface::{Typeface, first, is_ignorable, typeface_of};

/// A glyph with its position.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Glyph {
    /// Number in its font.
    pub id: u16,
    /// From the beginning of its run, in em; y upwards.
    pub at: [f64; 2],
    /// The characters that it represents; empty if they belong to another glyph of the cluster.
    pub text: String,
}

/// Glyphs of one font that follow each other.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub typeface: &'static Typeface,
    pub glyphs: Vec<Glyph>,
    /// Width in em.
    pub advance: f64,
}

/// Whether the first font of the family has all characters of `text`.
pub(super) fn is_plain(text: &str, bold: bool) -> bool {
    text.is_ascii() || first(bold).is_some_and(|first| text.chars().all(|character| first.face.glyph_index(character).is_some()))
}

/// Width in em.
pub(super) fn width(text: &str, bold: bool) -> f64 {
    set(text, bold).iter().map(|run| run.advance).sum()
}

/// `text` in runs of one font each, from left to right; a character that no font has is drawn as the empty box of the first.
pub(super) fn set(text: &str, bold: bool) -> Vec<Run> {
    let bidi = BidiInfo::new(text, None);
    let mut runs: Vec<Run> = Vec::new();
    for paragraph in &bidi.paragraphs {
        let (levels, parts) = bidi.visual_runs(paragraph, paragraph.range.clone());
        for part in parts {
            let rtl = levels.get(part.start).is_some_and(Level::is_rtl);
            let mut pieces = pieces(&text[part], bold);
            if rtl {
                pieces.reverse();
            }
            for (typeface, piece) in pieces {
                let run = if typeface.is_bundled && !rtl { plain(typeface, piece) } else { shaped(typeface, piece, rtl) };
                match runs.last_mut().filter(|last| last.typeface.key() == typeface.key()) {
                    Some(last) => last.append(run),
                    None => runs.push(run),
                }
            }
        }
    }
    runs
}

impl Run {
    fn append(&mut self, next: Run) {
        let moved = |glyph: Glyph| Glyph { at: [glyph.at[0] + self.advance, glyph.at[1]], ..glyph };
        self.glyphs.extend(next.glyphs.into_iter().map(moved));
        self.advance += next.advance;
    }
}

/// Parts of `text` of one font each. Joiners and selectors belong to the character before them; spaces to the family.
fn pieces(text: &str, bold: bool) -> Vec<(&'static Typeface, &str)> {
    let Some(first) = first(bold) else { return Vec::new() };
    let mut pieces: Vec<(&'static Typeface, usize)> = Vec::new();
    for (at, character) in text.char_indices() {
        let last = pieces.last().map(|(typeface, _)| *typeface);
        let follows = last.filter(|_| is_ignorable(character));
        let typeface = follows.or_else(|| typeface_of(character, bold)).unwrap_or(first);
        if last.is_none_or(|last| last.key() != typeface.key()) {
            pieces.push((typeface, at));
        }
    }
    let ends = pieces.iter().skip(1).map(|(_, at)| *at).chain([text.len()]).collect::<Vec<_>>();
    pieces.into_iter().zip(ends).map(|((typeface, from), to)| (typeface, &text[from..to])).collect()
}

/// One glyph per character, which is enough for the bundled fonts.
fn plain(typeface: &'static Typeface, text: &str) -> Run {
    let mut run = Run { typeface, glyphs: Vec::new(), advance: 0.0 };
    let unit = f64::from(typeface.face.units_per_em());
    for character in text.chars() {
        let id = typeface.face.glyph_index(character).unwrap_or_default();
        run.glyphs.push(Glyph { id: id.0, at: [run.advance, 0.0], text: character.into() });
        run.advance += f64::from(typeface.face.glyph_hor_advance(id).unwrap_or(0)) / unit;
    }
    run
}

/// Letters joined and positioned by the rules of the font.
fn shaped(typeface: &'static Typeface, text: &str, rtl: bool) -> Run {
    let Ok(font) = harfrust::FontRef::from_index(typeface.data, typeface.index) else { return plain(typeface, text) };
    let data = harfrust::ShaperData::new(&font);
    let shaper = data.shaper(&font).build();
    let mut buffer = harfrust::UnicodeBuffer::new();
    buffer.push_str(text);
    buffer.guess_segment_properties();
    buffer.set_direction(if rtl { harfrust::Direction::RightToLeft } else { harfrust::Direction::LeftToRight });
    let buffer = shaper.shape(buffer, harfrust::ShapeOptions::new());
    let mut starts: Vec<usize> = buffer.glyph_infos().iter().map(|info| info.cluster as usize).collect();
    starts.sort_unstable();
    starts.dedup();
    // The characters from a cluster's first byte to the next one's.
    let characters = |start: usize| {
        let next = starts.iter().find(|other| **other > start).copied().unwrap_or(text.len());
        text.get(start..next).unwrap_or_default().to_owned()
    };
    let unit = f64::from(typeface.face.units_per_em());
    let mut run = Run { typeface, glyphs: Vec::new(), advance: 0.0 };
    let mut last = None;
    for (info, place) in buffer.glyph_infos().iter().zip(buffer.glyph_positions()) {
        let start = info.cluster as usize;
        let own = if last == Some(start) { String::new() } else { characters(start) };
        last = Some(start);
        let at = [run.advance + f64::from(place.x_offset) / unit, f64::from(place.y_offset) / unit];
        run.glyphs.push(Glyph { id: u16::try_from(info.glyph_id).unwrap_or(0), at, text: own });
        run.advance += f64::from(place.x_advance) / unit;
    }
    run
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Family, glyphs with their places in thousandths of an em, and width of a run.
    type RunSummary = (&'static str, Vec<(u16, i32)>, i32);

    fn runs(text: &str) -> Vec<RunSummary> {
        let thousandths = |v: f64| (1000.0 * v).round() as i32;
        let glyphs = |run: &Run| run.glyphs.iter().map(|glyph| (glyph.id, thousandths(glyph.at[0]))).collect();
        set(text, false).iter().map(|run| (run.typeface.family.as_str(), glyphs(run), thousandths(run.advance))).collect()
    }

    /// Numbers and widths by HarfBuzz, see fonts/make.py.
    #[test]
    fn characters_of_a_font_of_the_machine_are_set_as_harfbuzz_sets_them() {
        assert_eq!(runs("北京"), [("Flatland Test Han", vec![(2, 0), (3, 1000)], 2000)]);
        // Beh, alef, beh: written from the right, joined to the alef and not beyond it.
        assert_eq!(runs("باب"), [("Flatland Test Arabic", vec![(4, 0), (3, 800), (5, 1100)], 1500)]);
        assert!((width("北京", true) - 2.0).abs() < 1e-9);
    }

    #[test]
    fn scripts_that_meet_stand_as_they_are_read() {
        let families = |text: &str| runs(text).into_iter().map(|(family, ..)| family.to_owned()).collect::<Vec<_>>();
        assert_eq!(families("ERM 北京"), ["Source Sans 3", "Flatland Test Han"]);
        // An Arabic name is read from the right: what comes last stands leftmost.
        assert_eq!(families("باب ERM"), ["Source Sans 3", "Flatland Test Arabic"]);
        assert_eq!(families("ERM باب"), ["Source Sans 3", "Flatland Test Arabic"]);
        assert_eq!(families("S(ρ) ∇ 🚀"), ["Source Sans 3", "Noto Sans Math", "Source Sans 3", "Noto Emoji"]);
    }

    #[test]
    fn every_missing_character_is_listed_once_and_joiners_are_invisible() {
        let said = |text: &str| set(text, false).iter().flat_map(|run| &run.glyphs).map(|glyph| glyph.text.as_str()).collect::<String>();
        assert_eq!(said("ERM 北京"), "ERM 北京");
        let mut letters: Vec<char> = said("باب").chars().collect();
        letters.reverse();
        assert_eq!(letters.into_iter().collect::<String>(), "باب");
        let with_selector = set("🚀\u{fe0f}", false);
        assert!(with_selector.iter().flat_map(|run| &run.glyphs).all(|glyph| glyph.id != 0), "{with_selector:?}");
        assert!(set("", false).is_empty());
    }
}
