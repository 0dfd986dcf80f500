//! The tabs, and the list of all tabs. Each tab is a folder that implements [`TabView`]; a new tab is its folder and two lines here. Tabs of
//! analyses draw a row of equal panels, one per checkpoint, from the [`Scene`]. They change neither session nor results: user input becomes
//! commands.

mod compare;
mod embedding;
mod energy;
mod hessian;
pub mod landscape;
mod runs;
mod sharpness;
mod tensors;

mod dataset_menu;
mod found;
mod gesture;
mod header;
mod memo;
mod scene;
mod tab;

use crate::ui::state::{State, TabTitle};
use crate::ui::work::export::Export;
use flatland_core::job::Analysis;
use flatland_core::session::Tab;

pub use header::panel_header;
pub use scene::{Drafts, Scene};
pub use tab::{TabInfo, TabView};

/// All tabs, in the order in which they are shown.
fn registered() -> Vec<Box<dyn TabView>> {
    vec![
        Box::new(landscape::LandscapeTab::default()),
        Box::new(sharpness::SharpnessTab::default()),
        Box::new(hessian::HessianTab::default()),
        Box::new(embedding::EmbeddingTab::default()),
        Box::new(energy::EnergyTab::default()),
        Box::new(compare::CompareTab),
        Box::new(runs::RunsTab::default()),
        Box::new(tensors::TensorsTab),
    ]
}

/// The keys of the tabs, in the order in which they are shown.
pub fn keys() -> Vec<&'static str> {
    registered().iter().map(|view| view.info().key).collect()
}

/// The tabs of a window.
pub struct Tabs(Vec<Box<dyn TabView>>);

impl Default for Tabs {
    fn default() -> Self {
        Self(registered())
    }
}

impl Tabs {
    /// Keys and titles of the tabs, in the order in which they are shown.
    pub fn titles(&self) -> Vec<TabTitle> {
        self.0.iter().map(|view| view.info()).map(|info| TabTitle { tab: Tab::new(info.key), title: info.title }).collect()
    }

    /// The tab of this key. The window replaces an unknown key by that of the first tab; so does this.
    pub fn get(&mut self, tab: &Tab) -> &mut dyn TabView {
        let index = self.index(tab);
        self.0[index].as_mut()
    }

    /// The analysis that the tab of this key shows.
    pub fn analysis(&self, tab: &Tab) -> Option<Analysis> {
        self.0[self.index(tab)].info().analysis
    }

    /// The figure of the shown tab; `None` when there is nothing to draw.
    pub fn figure(&self, state: &mut State) -> Option<Export> {
        let (dataset, tab, mut commands) = (state.dataset(), state.session.view.tab.clone(), Vec::new());
        let (scene, _) = Scene::of(state, dataset.as_deref(), &mut commands);
        self.0[self.index(&tab)].figure(&scene)
    }

    fn index(&self, tab: &Tab) -> usize {
        self.0.iter().position(|view| view.info().key == tab.key()).unwrap_or(0)
    }
}
