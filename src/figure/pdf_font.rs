//! [`Fonts`]: the fonts of a PDF, reduced to the glyphs that are used and mapped back to Unicode.

use std::collections::BTreeMap;

use pdf_writer::types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap};
use pdf_writer::{Filter, Finish, Name, Pdf, Rect, Ref, Str};
use subsetter::GlyphRemapper;
use ttf_parser::{Face, RawFace, Tag};

use super::deflate::deflate;
use super::error::FigureError;
use super::setting::{self, Run};
use super::typeface::Typeface;

const IDENTITY: SystemInfo<'_> = SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };

/// A font and its used glyphs.
struct Used {
    typeface: &'static Typeface,
    glyphs: GlyphRemapper,
    /// New glyph → (characters, width in thousandths of an em).
    characters: BTreeMap<u16, (String, f32)>,
}

/// Glyphs of one font, to be shown from one point on.
pub(super) struct Piece {
    /// Number of the font among those of the page.
    pub(super) font: usize,
    /// Two bytes a glyph.
    pub(super) codes: Vec<u8>,
    /// Of the point, from the beginning of the text, in em; y upwards.
    pub(super) at: [f64; 2],
}

/// The fonts of a page, and which of their glyphs it uses.
#[derive(Default)]
pub(super) struct Fonts(Vec<Used>);

impl Fonts {
    /// The name of a font among the resources of the page.
    pub(super) fn name(font: usize) -> String {
        format!("F{font}")
    }

    /// `text` in pieces, and its width in em.
    pub(super) fn pieces(&mut self, text: &str, bold: bool) -> (Vec<Piece>, f64) {
        let (mut pieces, mut along) = (Vec::new(), 0.0);
        for run in setting::set(text, bold) {
            let advance = run.advance;
            self.add(&run, along, &mut pieces);
            along += advance;
        }
        (pieces, along)
    }

    fn add(&mut self, run: &Run, along: f64, pieces: &mut Vec<Piece>) {
        let font = self.position(run.typeface);
        let used = &mut self.0[font];
        // The position of the next glyph by the widths in the font; a glyph at another position begins a new piece.
        let mut pen = None;
        for glyph in &run.glyphs {
            let code = used.take(glyph.id, &glyph.text);
            let at = [along + glyph.at[0], glyph.at[1]];
            let follows = pen.is_some_and(|pen: [f64; 2]| (pen[0] - at[0]).abs() < 1e-6 && pen[1] == at[1]);
            match pieces.last_mut().filter(|_| follows) {
                Some(piece) => piece.codes.extend(code.to_be_bytes()),
                None => pieces.push(Piece { font, codes: code.to_be_bytes().to_vec(), at }),
            }
            pen = Some([at[0] + advance(&run.typeface.face, glyph.id), at[1]]);
        }
    }

    fn position(&mut self, typeface: &'static Typeface) -> usize {
        self.0.iter().position(|used| used.typeface.key() == typeface.key()).unwrap_or_else(|| {
            self.0.push(Used { typeface, glyphs: GlyphRemapper::new(), characters: BTreeMap::new() });
            self.0.len() - 1
        })
    }

    /// The fonts that are used.
    pub(super) fn used(&self) -> std::ops::Range<usize> {
        0..self.0.len()
    }

    /// Writes a font as the object `reference`, with those that it needs.
    pub(super) fn write(&self, pdf: &mut Pdf, font: usize, reference: Ref, id: &mut impl FnMut() -> Ref) -> Result<(), FigureError> {
        let Used { typeface, glyphs, characters } = &self.0[font];
        let draw = |error: String| FigureError::Draw(format!("{}: {error}", typeface.family));
        let whole = subsetter::subset(typeface.data, typeface.index, glyphs).map_err(|error| draw(error.to_string()))?;
        let outlines = cff(&whole);
        let name = format!("{}+{}", tag(characters), typeface.postscript);
        let (descendant, descriptor, map, data) = (id(), id(), id(), id());
        pdf.type0_font(reference)
            .base_font(Name(name.as_bytes()))
            .encoding_predefined(Name(b"Identity-H"))
            .descendant_font(descendant)
            .to_unicode(map);

        let mut cid = pdf.cid_font(descendant);
        cid.subtype(if outlines.is_some() { CidFontType::Type0 } else { CidFontType::Type2 });
        cid.base_font(Name(name.as_bytes())).system_info(IDENTITY).font_descriptor(descriptor).default_width(0.0);
        if outlines.is_none() {
            cid.cid_to_gid_map_predefined(Name(b"Identity"));
        }
        let mut widths = cid.widths();
        characters.iter().for_each(|(glyph, (_, width))| {
            widths.consecutive(*glyph, [*width]);
        });
        widths.finish();
        cid.finish();

        let face = &typeface.face;
        let em = |v: i16| 1000.0 * f32::from(v) / f32::from(face.units_per_em());
        let bounds = face.global_bounding_box();
        let mut descriptor = pdf.font_descriptor(descriptor);
        descriptor
            .name(Name(name.as_bytes()))
            .flags(FontFlags::SYMBOLIC)
            .bbox(Rect::new(em(bounds.x_min), em(bounds.y_min), em(bounds.x_max), em(bounds.y_max)))
            .italic_angle(0.0)
            .ascent(em(face.ascender()))
            .descent(em(face.descender()))
            .cap_height(em(face.capital_height().unwrap_or(face.ascender())))
            .stem_v(if face.weight().to_number() > 500 { 120.0 } else { 80.0 });
        match outlines {
            Some(_) => descriptor.font_file3(data),
            None => descriptor.font_file2(data),
        };
        descriptor.finish();

        let mut unicode = UnicodeCmap::new(Name(b"Flatland"), IDENTITY);
        let known = characters.iter().filter(|(_, (text, _))| !text.is_empty());
        known.for_each(|(glyph, (text, _))| unicode.pair_with_multiple(*glyph, text.chars()));
        pdf.cmap(map, &unicode.finish());
        let bytes = outlines.unwrap_or(&whole);
        let packed = deflate(bytes)?;
        let mut stream = pdf.stream(data, &packed);
        stream.filter(Filter::FlateDecode);
        match outlines {
            Some(_) => stream.pair(Name(b"Subtype"), Name(b"CIDFontType0C")),
            None => stream.pair(Name(b"Length1"), i32::try_from(bytes.len()).unwrap_or(i32::MAX)),
        };
        Ok(())
    }
}

impl Used {
    /// The code of a glyph that stands for `text`.
    fn take(&mut self, id: u16, text: &str) -> u16 {
        let code = self.glyphs.remap(id);
        let width = (1000.0 * advance(&self.typeface.face, id)) as f32;
        let known = self.characters.entry(code).or_insert_with(|| (text.to_owned(), width));
        if known.0.is_empty() {
            text.clone_into(&mut known.0);
        }
        code
    }
}

/// Width of a glyph in em.
fn advance(face: &Face<'_>, id: u16) -> f64 {
    f64::from(face.glyph_hor_advance(ttf_parser::GlyphId(id)).unwrap_or(0)) / f64::from(face.units_per_em())
}

/// The outlines of a font that is not TrueType: PDF embeds only these.
fn cff(font: &[u8]) -> Option<&[u8]> {
    RawFace::parse(font, 0).ok()?.table(Tag::from_bytes(b"CFF "))
}

/// Six letters that distinguish subsets of a font, from the characters in it (FNV-1a).
fn tag(characters: &BTreeMap<u16, (String, f32)>) -> String {
    let hash = |hash: u64, c: char| (hash ^ u64::from(u32::from(c))).wrapping_mul(0x0100_0000_01B3);
    let mut hash = characters.values().flat_map(|(text, _)| text.chars()).fold(0xCBF2_9CE4_8422_2325, hash);
    let letter = |_| {
        let letter = (b'A' + (hash % 26) as u8) as char;
        hash /= 26;
        letter
    };
    (0..6).map(letter).collect()
}
