//! Fonts for names that the window's own fonts cannot show. They are searched in the background, and only when such a name appears.

use std::collections::BTreeSet;

use crate::figure::{Typeface, complaint, is_ignorable, is_of_family};

/// The fonts that were searched and found.
#[derive(Debug, Default)]
pub struct FallbackFonts {
    searched: BTreeSet<char>,
    pub found: Vec<&'static Typeface>,
    missing: Vec<char>,
}

/// A character and the font that has it, if any.
pub type FontSearch = (char, Option<&'static Typeface>);

impl FallbackFonts {
    /// The characters of `names` that the window's fonts lack and that were not searched before. They are then marked as searched.
    pub fn new_characters<'a>(&mut self, names: impl Iterator<Item = &'a str>) -> Vec<char> {
        let others = names.flat_map(str::chars).filter(|c| !c.is_ascii() && !is_ignorable(*c));
        let mut new: Vec<char> = others.filter(|c| !self.searched.contains(c) && !is_of_family(*c)).collect();
        new.sort_unstable();
        new.dedup();
        self.searched.extend(&new);
        new
    }

    /// Stores found fonts; returns whether there is a new one.
    pub fn add(&mut self, found: Vec<FontSearch>) -> bool {
        let before = self.found.len();
        for (character, typeface) in found {
            match typeface {
                Some(typeface) if self.found.iter().any(|known| std::ptr::eq(*known, typeface)) => {}
                Some(typeface) => self.found.push(typeface),
                None => self.missing.push(character),
            }
        }
        self.found.len() > before
    }

    /// A message about names that no font can show.
    pub fn missing_message(&self) -> Option<String> {
        complaint(&self.missing)
    }
}
