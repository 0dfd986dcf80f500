//! [`Tab`]: which view of the window is shown, by its key.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// The key of a view of the window, as session files and `--tab` have it. The set is open: the window's registry of tabs knows the titles, and
/// what a key that it does not know means is decided there.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tab(Cow<'static, str>);

impl Tab {
    /// L over a plane.
    pub const LANDSCAPE: Tab = Tab::new("landscape");
    /// S(ρ).
    pub const SHARPNESS: Tab = Tab::new("sharpness");
    /// Spectra of the Hessian.
    pub const HESSIAN: Tab = Tab::new("hessian");
    /// Features on the plane.
    pub const EMBEDDING: Tab = Tab::new("embedding");
    /// Histograms of scores.
    pub const ENERGY: Tab = Tab::new("energy");
    /// What the checkpoints are, side by side.
    pub const COMPARE: Tab = Tab::new("compare");
    /// Fine-tuning runs.
    pub const RUNS: Tab = Tab::new("runs");

    /// The tab of this key.
    pub const fn new(key: &'static str) -> Self {
        Self(Cow::Borrowed(key))
    }

    /// As in session files and on the command line.
    pub fn key(&self) -> &str {
        &self.0
    }
}

impl Default for Tab {
    fn default() -> Self {
        Self::LANDSCAPE
    }
}
