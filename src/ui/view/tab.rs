//! [`TabView`]: the interface of a tab.

use egui::Ui;

use super::{Drafts, Scene};
use crate::ui::work::export::Export;
use flatland_core::job::Analysis;
use flatland_core::session::Link;

/// A tab of the window. It holds state between frames that is not stored; what is stored is in the session's view.
pub trait TabView {
    /// Its key in session files and on the command line.
    fn key(&self) -> &'static str;

    /// Name shown in the window.
    fn title(&self) -> &'static str;

    /// The analysis that it shows; its jobs are done first.
    fn analysis(&self) -> Option<Analysis> {
        None
    }

    /// The properties that its panels can share.
    fn links(&self) -> &'static [Link] {
        &[]
    }

    /// The sentence shown while no checkpoint is open; `None` if the tab is drawn without checkpoints.
    fn empty_sentence(&self) -> Option<&'static str>;

    /// Whether it has a line of controls above its plots.
    fn has_controls(&self) -> bool {
        true
    }

    /// Draws the line of controls above the plots.
    fn controls(&mut self, _ui: &mut Ui, _scene: &mut Scene<'_>, _drafts: &mut Drafts<'_>) {}

    /// Draws the plots.
    fn draw(&mut self, ui: &mut Ui, scene: &mut Scene<'_>, drafts: &mut Drafts<'_>);

    /// The figure of the tab; `None` when there is nothing to draw.
    fn figure(&self, scene: &Scene<'_>) -> Option<Export>;
}
