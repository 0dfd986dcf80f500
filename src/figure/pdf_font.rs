//! [`Fonts`]: the bundled family in a PDF, cut to the glyphs that are used and mapped back to Unicode.

use std::collections::BTreeMap;

use pdf_writer::types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap};
use pdf_writer::{Filter, Finish, Name, Pdf, Rect, Ref, Str};
use subsetter::GlyphRemapper;
use ttf_parser::Face;

use super::FigureError;
use super::fonts::{BOLD, FALLBACK, REGULAR};
use super::pdf::deflate;

const IDENTITY: SystemInfo<'_> = SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };

/// One font of the family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    Regular,
    Bold,
    /// The signs that the others lack.
    Fallback,
}

impl Cut {
    const ALL: [Cut; 3] = [Cut::Regular, Cut::Bold, Cut::Fallback];

    /// Its name among the resources of the page.
    pub(super) fn name(self) -> String {
        format!("F{}", self as usize)
    }

    fn data(self) -> &'static [u8] {
        match self {
            Cut::Regular => REGULAR,
            Cut::Bold => BOLD,
            Cut::Fallback => FALLBACK,
        }
    }

    fn postscript(self) -> &'static str {
        match self {
            Cut::Regular => "SourceSans3-Regular",
            Cut::Bold => "SourceSans3-SemiBold",
            Cut::Fallback => "NotoSansMath-Regular",
        }
    }
}

/// Characters of one font that follow each other.
pub(super) struct Run {
    pub(super) cut: Cut,
    /// Two bytes a glyph.
    pub(super) codes: Vec<u8>,
    /// Width in em.
    pub(super) advance: f64,
}

/// A font and what is used of it.
struct Used {
    face: Face<'static>,
    glyphs: GlyphRemapper,
    /// New glyph → (character, width in thousandths of an em).
    characters: BTreeMap<u16, (char, f32)>,
}

/// The family, and which of its glyphs a page uses.
pub(super) struct Fonts([Used; 3]);

impl Fonts {
    pub(super) fn new() -> Result<Self, FigureError> {
        let load = |cut: Cut| {
            let face = Face::parse(cut.data(), 0).map_err(|error| FigureError::Draw(format!("{}: {error}", cut.postscript())))?;
            Ok(Used { face, glyphs: GlyphRemapper::new(), characters: BTreeMap::new() })
        };
        Ok(Self([load(Cut::Regular)?, load(Cut::Bold)?, load(Cut::Fallback)?]))
    }

    /// `text` in runs of one font each; a character that no font has is the empty box of the first.
    pub(super) fn runs(&mut self, text: &str, bold: bool) -> Vec<Run> {
        let first = if bold { Cut::Bold } else { Cut::Regular };
        let mut runs: Vec<Run> = Vec::new();
        for character in text.chars() {
            let has = |cut: &Cut| self.0[*cut as usize].face.glyph_index(character).is_some();
            let cut = [first, Cut::Fallback].into_iter().find(has).unwrap_or(first);
            let used = &mut self.0[cut as usize];
            let old = used.face.glyph_index(character).unwrap_or_default();
            let advance = f64::from(used.face.glyph_hor_advance(old).unwrap_or(0)) / f64::from(used.face.units_per_em());
            let glyph = used.glyphs.remap(old.0);
            used.characters.insert(glyph, (character, (1000.0 * advance) as f32));
            match runs.last_mut().filter(|run| run.cut == cut) {
                Some(run) => {
                    run.codes.extend(glyph.to_be_bytes());
                    run.advance += advance;
                }
                None => runs.push(Run { cut, codes: glyph.to_be_bytes().to_vec(), advance }),
            }
        }
        runs
    }

    /// The fonts of which something is used.
    pub(super) fn used(&self) -> impl Iterator<Item = Cut> + '_ {
        Cut::ALL.into_iter().filter(|cut| !self.0[*cut as usize].characters.is_empty())
    }

    /// Writes a font as the object `font`, with those that it needs.
    pub(super) fn write(&self, pdf: &mut Pdf, cut: Cut, font: Ref, id: &mut impl FnMut() -> Ref) -> Result<(), FigureError> {
        let Used { face, glyphs, characters } = &self.0[cut as usize];
        let file = subsetter::subset(cut.data(), 0, glyphs).map_err(|error| FigureError::Draw(error.to_string()))?;
        let name = format!("{}+{}", tag(characters), cut.postscript());
        let (descendant, descriptor, map, data) = (id(), id(), id(), id());
        pdf.type0_font(font)
            .base_font(Name(name.as_bytes()))
            .encoding_predefined(Name(b"Identity-H"))
            .descendant_font(descendant)
            .to_unicode(map);

        let mut cid = pdf.cid_font(descendant);
        cid.subtype(CidFontType::Type2).base_font(Name(name.as_bytes())).system_info(IDENTITY).font_descriptor(descriptor);
        cid.default_width(0.0).cid_to_gid_map_predefined(Name(b"Identity"));
        let mut widths = cid.widths();
        characters.iter().for_each(|(glyph, (_, width))| {
            widths.consecutive(*glyph, [*width]);
        });
        widths.finish();
        cid.finish();

        let em = |v: i16| 1000.0 * f32::from(v) / f32::from(face.units_per_em());
        let bounds = face.global_bounding_box();
        pdf.font_descriptor(descriptor)
            .name(Name(name.as_bytes()))
            .flags(FontFlags::SYMBOLIC)
            .bbox(Rect::new(em(bounds.x_min), em(bounds.y_min), em(bounds.x_max), em(bounds.y_max)))
            .italic_angle(0.0)
            .ascent(em(face.ascender()))
            .descent(em(face.descender()))
            .cap_height(em(face.capital_height().unwrap_or(face.ascender())))
            .stem_v(if cut == Cut::Bold { 120.0 } else { 80.0 })
            .font_file2(data);

        let mut unicode = UnicodeCmap::new(Name(b"Flatland"), IDENTITY);
        characters.iter().for_each(|(glyph, (character, _))| unicode.pair(*glyph, *character));
        pdf.cmap(map, &unicode.finish());
        let packed = deflate(&file)?;
        pdf.stream(data, &packed).filter(Filter::FlateDecode).pair(Name(b"Length1"), i32::try_from(file.len()).unwrap_or(i32::MAX));
        Ok(())
    }
}

/// Six letters that tell two cuts of a font apart, from the characters in it (FNV-1a).
fn tag(characters: &BTreeMap<u16, (char, f32)>) -> String {
    let hash = |hash: u64, (c, _): &(char, f32)| (hash ^ u64::from(u32::from(*c))).wrapping_mul(0x0100_0000_01B3);
    let mut hash = characters.values().fold(0xCBF2_9CE4_8422_2325, hash);
    let letter = |_| {
        let letter = (b'A' + (hash % 26) as u8) as char;
        hash /= 26;
        letter
    };
    (0..6).map(letter).collect()
}
