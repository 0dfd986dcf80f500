//! [`Scene`]: what a tab draws, and the commands that it pushes.

use std::path::Path;

use crate::ui::command::Command;
use crate::ui::state::State;
use crate::ui::state::run::run_list::RunList;
use crate::ui::state::run::runs::{Form, Runs};
use crate::ui::state::scatter::Scatter;
use crate::ui::state::store::Store;
use flatland_core::job::MethodInfo;
use flatland_core::result::Quantity;
use flatland_core::session::{Extents, Session, Tab};

/// What a tab draws, and the commands that it pushes.
pub struct Scene<'a> {
    /// The open session.
    pub session: &'a Session,
    /// Jobs and results.
    pub store: &'a Store,
    /// The dataset of landscapes and sharpness.
    pub dataset: Option<&'a str>,
    /// The quantity that landscapes show instead of the loss.
    pub quantity: Option<Quantity>,
    /// Whether landscapes show differences to the baseline.
    pub difference: bool,
    /// The runs.
    pub run_list: &'a RunList,
    /// The folder of the runs.
    pub root: &'a Path,
    /// The methods that the worker can train with; empty until it has reported them.
    pub methods: &'a [MethodInfo],
    /// Commands pushed in this frame.
    pub commands: &'a mut Vec<Command>,
}

/// State that changes without a command while the user types or points: the scatter's search and colours, and the form of a new run.
pub struct Drafts<'a> {
    /// The points of the embedding with their styles.
    pub scatter: &'a mut Scatter,
    /// The form of a new run, while it is open.
    pub form: &'a mut Option<Form>,
}

impl<'a> Scene<'a> {
    /// Borrows the parts of a state; `dataset` is the one of landscapes and sharpness.
    pub fn of(state: &'a mut State, dataset: Option<&'a str>, commands: &'a mut Vec<Command>) -> (Self, Drafts<'a>) {
        let quantity = state.quantity();
        let State { session, store, scatter, runs: Runs { run_list, root, methods, form, .. }, .. } = state;
        let difference = session.view.difference;
        (Self { session, store, dataset, quantity, difference, run_list, root, methods, commands }, Drafts { scatter, form })
    }

    /// The visible part of a tab's plots.
    pub fn extents(&self, tab: Tab) -> Extents {
        self.session.view.extents.get(&tab).cloned().unwrap_or_default()
    }

    /// Stores the visible part of a tab's plots, which the user may have moved or zoomed.
    pub fn set_extents(&mut self, tab: Tab, extents: Extents) {
        if extents != self.extents(tab.clone()) {
            self.commands.push(Command::SetExtents(tab, extents));
        }
    }
}
