//! [`TabView`]: what a tab is.

use egui::Ui;

use super::{Drafts, Scene};
use crate::ui::work::export::Export;
use flatland_core::job::Analysis;
use flatland_core::session::Link;

/// A tab of the window. It keeps what it remembers from frame to frame and nobody would miss at the next start; what one would is in the
/// session's view.
pub trait TabView {
    /// Its key in session files and on the command line.
    fn key(&self) -> &'static str;

    /// As shown to people.
    fn title(&self) -> &'static str;

    /// The analysis that it shows: its jobs are done first.
    fn analysis(&self) -> Option<Analysis> {
        None
    }

    /// What its panels can share.
    fn links(&self) -> &'static [Link] {
        &[]
    }

    /// The sentence that says what to do while no checkpoint is open; `None` where the tab is drawn without checkpoints.
    fn empty_sentence(&self) -> Option<&'static str>;

    /// Whether a line of choices stands above its plots.
    fn has_controls(&self) -> bool {
        true
    }

    /// Draws what can be chosen, in the line above the plots.
    fn controls(&mut self, _ui: &mut Ui, _scene: &mut Scene<'_>, _drafts: &mut Drafts<'_>) {}

    /// Draws the plots.
    fn draw(&mut self, ui: &mut Ui, scene: &mut Scene<'_>, drafts: &mut Drafts<'_>);

    /// What it shows as a figure; `None` while there is nothing to draw.
    fn figure(&self, scene: &Scene<'_>) -> Option<Export>;
}
