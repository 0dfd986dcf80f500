//! [`Scene`]: what a tab draws from, and where its gestures go.

use std::path::Path;

use crate::ui::command::Command;
use crate::ui::state::State;
use crate::ui::state::run::book::Book;
use crate::ui::state::run::runs::{Form, Runs};
use crate::ui::state::scatter::Scatter;
use crate::ui::state::store::Store;
use flatland_core::job::MethodInfo;
use flatland_core::result::Quantity;
use flatland_core::session::{Extents, Session, Tab};

/// What a tab draws from, and where its gestures go.
pub struct Scene<'a> {
    /// What is open.
    pub session: &'a Session,
    /// Jobs and results.
    pub store: &'a Store,
    /// The dataset of landscapes and sharpness.
    pub dataset: Option<&'a str>,
    /// What landscapes show in the place of the loss.
    pub quantity: Option<Quantity>,
    /// Whether landscapes are drawn as differences to the baseline's.
    pub difference: bool,
    /// The runs.
    pub book: &'a Book,
    /// The folder that the runs are in.
    pub root: &'a Path,
    /// What the worker can train with; empty until it has said so.
    pub methods: &'a [MethodInfo],
    /// Gestures.
    pub commands: &'a mut Vec<Command>,
}

/// What changes while somebody types or points, without a command: the scatter's search and colours, and the form of a new run.
pub struct Drafts<'a> {
    /// The points of the embedding, arranged and coloured.
    pub scatter: &'a mut Scatter,
    /// The form of a new run, while it is open.
    pub form: &'a mut Option<Form>,
}

impl<'a> Scene<'a> {
    /// The parts of a state; `dataset` is the one of landscapes and sharpness.
    pub fn of(state: &'a mut State, dataset: Option<&'a str>, commands: &'a mut Vec<Command>) -> (Self, Drafts<'a>) {
        let quantity = state.quantity();
        let State { session, store, scatter, runs: Runs { book, root, methods, form, .. }, .. } = state;
        let difference = session.view.difference;
        (Self { session, store, dataset, quantity, difference, book, root, methods, commands }, Drafts { scatter, form })
    }

    /// Which part of a tab's plots is seen.
    pub fn extents(&self, tab: Tab) -> Extents {
        self.session.view.extents.get(&tab).cloned().unwrap_or_default()
    }

    /// Somebody may have moved or zoomed the plots of a tab: they show these parts now.
    pub fn see(&mut self, tab: Tab, extents: Extents) {
        if extents != self.extents(tab.clone()) {
            self.commands.push(Command::SetExtents(tab, extents));
        }
    }
}
