//! Fonts for names that the window's own cannot show: looked for, beside its work, when there is such a name and not before.

use std::collections::BTreeSet;

use crate::figure::{Typeface, complaint, is_ignorable, is_of_family};

/// What was looked for and found.
#[derive(Debug, Default)]
pub struct Typefaces {
    asked: BTreeSet<char>,
    pub found: Vec<&'static Typeface>,
    missing: Vec<char>,
}

/// A character and the font that has it.
pub type Looked = (char, Option<&'static Typeface>);

impl Typefaces {
    /// The characters of `names` that the family lacks and that were not asked for yet; now they are.
    pub fn new_in<'a>(&mut self, names: impl Iterator<Item = &'a str>) -> Vec<char> {
        let others = names.flat_map(str::chars).filter(|c| !c.is_ascii() && !is_ignorable(*c));
        let mut new: Vec<char> = others.filter(|c| !self.asked.contains(c) && !is_of_family(*c)).collect();
        new.sort_unstable();
        new.dedup();
        self.asked.extend(&new);
        new
    }

    /// Takes in what was found; whether there is a font that was not used before.
    pub fn add(&mut self, found: Vec<Looked>) -> bool {
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

    /// What to tell of names that no font can show.
    pub fn complaint(&self) -> Option<String> {
        complaint(&self.missing)
    }
}
