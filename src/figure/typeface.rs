//! [`Typeface`]: a font with the data that drawing needs. [`typeface_of`]: the font for a character: a bundled one, else one of the machine's,
//! which are searched only when a character needs them.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};

use fontdb::{Database, FaceInfo, ID, Style, Weight};
use ttf_parser::{Face, Permissions};

use super::fonts::{BOLD, EMOJI, FALLBACK, REGULAR};

/// A folder of more fonts, searched before those of the machine.
const FOLDER: &str = "FLATLAND_FONTS";

/// A font, loaded until the program ends.
#[derive(Debug)]
pub struct Typeface {
    /// The file.
    pub data: &'static [u8],
    /// Which font of the file.
    pub index: u32,
    /// Its family.
    pub family: String,
    /// Its PostScript name.
    pub postscript: String,
    /// Parsed.
    pub face: Face<'static>,
    /// Whether its text has one glyph per character; text of other fonts is shaped.
    pub is_bundled: bool,
}

impl Typeface {
    fn new(data: &'static [u8], index: u32, family: &str, postscript: &str, is_bundled: bool) -> Option<Self> {
        let face = Face::parse(data, index).ok()?;
        Some(Self { data, index, family: family.into(), postscript: postscript.into(), face, is_bundled })
    }

    /// Whether it can draw the character: by an outline, or as a space.
    pub fn has(&self, character: char) -> bool {
        can_draw(&self.face, character)
    }

    /// A number that identifies it.
    pub(super) fn key(&self) -> usize {
        std::ptr::from_ref(self) as usize
    }
}

/// Glyphs that are images (colour emoji) have no outline and cannot be drawn.
fn can_draw(face: &Face<'_>, character: char) -> bool {
    let drawn = |glyph| character.is_whitespace() || is_ignorable(character) || face.glyph_bounding_box(glyph).is_some();
    face.glyph_index(character).is_some_and(drawn)
}

/// Characters that change others and are invisible: joiners, direction marks, variation selectors.
pub fn is_ignorable(character: char) -> bool {
    matches!(character, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

/// The bundled fonts: regular, semi-bold, signs, emoji.
pub(super) struct Bundled {
    pub(super) regular: Option<Typeface>,
    pub(super) bold: Option<Typeface>,
    pub(super) signs: Option<Typeface>,
    pub(super) emoji: Option<Typeface>,
}

/// Parsed once.
pub(super) fn bundled() -> &'static Bundled {
    static BUNDLED: OnceLock<Bundled> = OnceLock::new();
    BUNDLED.get_or_init(|| Bundled {
        regular: Typeface::new(REGULAR, 0, "Source Sans 3", "SourceSans3-Regular", true),
        bold: Typeface::new(BOLD, 0, "Source Sans 3", "SourceSans3-SemiBold", true),
        signs: Typeface::new(FALLBACK, 0, "Noto Sans Math", "NotoSansMath-Regular", true),
        emoji: Typeface::new(EMOJI, 0, "Noto Emoji", "NotoEmoji-Regular", false),
    })
}

/// The first font of the family, in its weight.
pub(super) fn first(bold: bool) -> Option<&'static Typeface> {
    let bundled = bundled();
    if bold { bundled.bold.as_ref() } else { bundled.regular.as_ref() }
}

/// The font that a character is drawn with; `None` if neither a bundled font nor one of the machine has it.
pub fn typeface_of(character: char, bold: bool) -> Option<&'static Typeface> {
    let own = [first(bold), bundled().signs.as_ref(), bundled().emoji.as_ref()];
    own.into_iter().flatten().find(|typeface| typeface.has(character)).or_else(|| Machine::lock(|machine| machine.typeface(character)))
}

/// Whether the family itself has the character, or the symbol fonts bundled with it.
pub fn is_of_family(character: char) -> bool {
    [first(false), bundled().signs.as_ref()].into_iter().flatten().any(|typeface| typeface.has(character))
}

/// The characters of `texts` that no font has, each once, in their order.
pub fn without_glyph<'a>(texts: impl IntoIterator<Item = &'a str>) -> Vec<char> {
    let mut missing = Vec::new();
    for character in texts.into_iter().flat_map(str::chars).filter(|c| !c.is_control() && !is_ignorable(*c)) {
        if !missing.contains(&character) && typeface_of(character, false).is_none() {
            missing.push(character);
        }
    }
    missing
}

/// The message about characters that no font has; `None` if there are none.
pub fn complaint(missing: &[char]) -> Option<String> {
    if missing.is_empty() {
        return None;
    }
    let listed: Vec<String> = missing.iter().take(8).map(|c| format!("{c} (U+{:04X})", u32::from(*c))).collect();
    let more = if missing.len() > 8 { format!(" and {} more", missing.len() - 8) } else { String::new() };
    Some(format!(
        "no font of this machine has {}{more}: boxes stand for them in PNG and PDF. A font that has them is found once it is installed, or lies \
         in the folder that {FOLDER} names",
        listed.join(", ")
    ))
}

/// The fonts of the machine.
struct Machine {
    fonts: Database,
    /// The order in which fonts are tried: the most similar to the bundled family first.
    order: Vec<ID>,
    by_character: HashMap<char, Option<&'static Typeface>>,
    loaded: HashMap<ID, Option<&'static Typeface>>,
}

impl Machine {
    /// Lists the fonts at the first call.
    fn lock<T>(ask: impl FnOnce(&mut Machine) -> T) -> T {
        static MACHINE: OnceLock<Mutex<Machine>> = OnceLock::new();
        let machine = MACHINE.get_or_init(|| Mutex::new(Machine::new()));
        ask(&mut machine.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn new() -> Self {
        let mut fonts = Database::new();
        // Tests have fonts of their own.
        let tests = cfg!(test).then(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/figure/tests/fonts"));
        let own = std::env::var_os(FOLDER).map(PathBuf::from);
        tests.into_iter().chain(own).for_each(|folder| fonts.load_fonts_dir(folder));
        let given: Vec<ID> = fonts.faces().map(|face| face.id).collect();
        fonts.load_system_fonts();
        let rank = |face: &FaceInfo| (!given.contains(&face.id), strangeness(face), face.post_script_name.clone());
        let mut ranked: Vec<_> = fonts.faces().map(|face| (rank(face), face.id)).collect();
        ranked.sort();
        let order = ranked.into_iter().map(|(_, id)| id).collect();
        Self { fonts, order, by_character: HashMap::new(), loaded: HashMap::new() }
    }

    fn typeface(&mut self, character: char) -> Option<&'static Typeface> {
        if let Some(known) = self.by_character.get(&character) {
            return *known;
        }
        // Text of one script should have one font, so fonts in use are tried first.
        let in_use: Vec<ID> = self.order.iter().copied().filter(|id| self.loaded.contains_key(id)).collect();
        let has = |id: &ID| {
            let drawn = |data: &[u8], index| Face::parse(data, index).is_ok_and(|face| may_be_used(&face) && can_draw(&face, character));
            self.fonts.with_face_data(*id, drawn).unwrap_or(false)
        };
        let found = in_use.iter().chain(&self.order).copied().find(has);
        let typeface = found.and_then(|id| self.load(id));
        self.by_character.insert(character, typeface);
        typeface
    }

    fn load(&mut self, id: ID) -> Option<&'static Typeface> {
        if let Some(known) = self.loaded.get(&id) {
            return *known;
        }
        let info = self.fonts.face(id)?;
        let family = info.families.first().map_or("", |(family, _)| family.as_str());
        // Few fonts, each read once and used until the program ends.
        let data = self.fonts.with_face_data(id, |data, _| &*Box::leak(data.to_vec().into_boxed_slice()))?;
        let typeface = Typeface::new(data, info.index, family, &postscript(&info.post_script_name), false);
        let typeface = typeface.map(|typeface| &*Box::leak(Box::new(typeface)));
        self.loaded.insert(id, typeface);
        typeface
    }
}

/// How different a font is from the bundled family: another weight, slanted, monospaced, with serifs.
fn strangeness(face: &FaceInfo) -> u32 {
    let family = face.families.first().map_or("", |(family, _)| family.as_str());
    let weight = u32::from(face.weight.0.abs_diff(Weight::NORMAL.0));
    let unlike =
        [face.style != Style::Normal, face.monospaced || family.contains("Mono"), family.contains("Serif"), !family.contains("Sans")];
    weight + unlike.into_iter().map(|unlike| 1000 * u32::from(unlike)).sum::<u32>()
}

/// Whether its licence bits allow embedding.
fn may_be_used(face: &Face<'_>) -> bool {
    face.permissions() != Some(Permissions::Restricted) && face.is_subsetting_allowed()
}

/// A name that is valid in PDF: no spaces or symbols.
fn postscript(name: &str) -> String {
    let kept: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    if kept.is_empty() { "Unnamed".into() } else { kept }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latin_greek_and_signs_are_of_the_bundled_family_and_emoji_too() {
        for (character, family) in [('A', "Source Sans 3"), ('ρ', "Source Sans 3"), ('∇', "Noto Sans Math"), ('🚀', "Noto Emoji")] {
            assert_eq!(typeface_of(character, false).map(|typeface| typeface.family.as_str()), Some(family), "{character}");
        }
        assert_eq!(typeface_of('A', true).map(|typeface| typeface.postscript.as_str()), Some("SourceSans3-SemiBold"));
    }

    #[test]
    fn what_no_font_has_is_named() {
        // Private use: whoever has a glyph for it, means something else by it.
        let nobody = '\u{10fffd}';
        assert_eq!(without_glyph(["ERM 🚀\u{fe0f}", "a\u{10fffd}b\u{10fffd}"]), [nobody]);
        assert_eq!(complaint(&[]), None);
        let message = complaint(&[nobody; 9]).unwrap();
        assert!(
            message.contains("(U+10FFFD)") && message.contains(" and 1 more: boxes stand for them") && message.contains("FLATLAND_FONTS"),
            "{message}"
        );
    }
}
