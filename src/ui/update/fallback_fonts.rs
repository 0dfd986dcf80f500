//! Searches fonts on another thread when a name needs characters that the window's own fonts lack.

use super::App;
use crate::figure::typeface_of;
use crate::ui::state::fallback_fonts::FontSearch;
use crate::ui::style::theme;

impl App {
    /// Starts a search of fonts for new names.
    pub(in crate::ui) fn search_fallback_fonts(&mut self) {
        let checkpoints = self.state.session.checkpoints.iter().map(|checkpoint| checkpoint.name.as_str());
        let names = checkpoints.chain(self.state.session.datasets.iter().map(|dataset| dataset.name.as_str()));
        let new = self.state.fallback_fonts.new_characters(names);
        if !new.is_empty() {
            let search = move || new.into_iter().map(|character| (character, typeface_of(character, false))).collect();
            self.spawn(search, Self::install_fallback_fonts);
        }
    }

    /// Installs the fonts that were found.
    fn install_fallback_fonts(&mut self, found: Vec<FontSearch>) {
        if self.state.fallback_fonts.add(found) {
            theme::install_fonts(&self.ctx, &self.state.fallback_fonts.found);
        }
    }
}
