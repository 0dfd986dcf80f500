//! Searches fonts on another thread when a name needs characters that the window's own fonts lack.

use super::App;
use crate::figure::typeface_of;
use crate::ui::state::typefaces::Looked;
use crate::ui::style::theme;

impl App {
    /// Starts a search of fonts for new names.
    pub(in crate::ui) fn look_for_typefaces(&mut self) {
        let checkpoints = self.state.session.checkpoints.iter().map(|checkpoint| checkpoint.name.as_str());
        let names = checkpoints.chain(self.state.session.datasets.iter().map(|dataset| dataset.name.as_str()));
        let new = self.state.typefaces.new_in(names);
        if !new.is_empty() {
            let look = move || new.into_iter().map(|character| (character, typeface_of(character, false))).collect();
            self.spawn(look, Self::use_typefaces);
        }
    }

    /// Installs the fonts that were found.
    fn use_typefaces(&mut self, found: Vec<Looked>) {
        if self.state.typefaces.add(found) {
            theme::install_fonts(&self.ctx, &self.state.typefaces.found);
        }
    }
}
