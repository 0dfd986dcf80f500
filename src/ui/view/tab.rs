//! [`TabView`]: the interface of a tab, and [`TabInfo`]: what it is.

use egui::Ui;

use super::{Drafts, Scene};
use crate::ui::work::export::Export;
use flatland_core::job::Analysis;
use flatland_core::session::Link;

/// What a tab is, whatever it shows.
pub struct TabInfo {
    /// Its key in session files and on the command line.
    pub key: &'static str,
    /// Name shown in the window.
    pub title: &'static str,
    /// The analysis that it shows; its jobs are done first.
    pub analysis: Option<Analysis>,
    /// The properties that its panels can share.
    pub links: &'static [Link],
    /// The sentence shown while no checkpoint is open; `None` if the tab is drawn without checkpoints.
    pub empty_sentence: Option<&'static str>,
    /// Whether it has a line of controls above its plots.
    pub has_controls: bool,
}

/// A tab of the window. It holds state between frames that is not stored; what is stored is in the session's view.
pub trait TabView {
    /// What it is.
    fn info(&self) -> TabInfo;

    /// Draws the line of controls above the plots.
    fn controls(&mut self, _ui: &mut Ui, _scene: &mut Scene<'_>, _drafts: &mut Drafts<'_>) {}

    /// Draws the plots.
    fn draw(&mut self, ui: &mut Ui, scene: &mut Scene<'_>, drafts: &mut Drafts<'_>);

    /// The figure of the tab; `None` when there is nothing to draw.
    fn figure(&self, scene: &Scene<'_>) -> Option<Export>;
}
