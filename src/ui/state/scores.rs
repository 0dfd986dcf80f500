//! Which scores the shown checkpoints have, and the names of scores.

use std::sync::Arc;

use indexmap::IndexSet;

use super::store::Store;
use flatland_core::result::ScoreTable;
use flatland_core::session::{Session, score_info};

/// The score tables of the shown checkpoints, in their order.
pub fn tables<'a>(session: &'a Session, store: &'a Store) -> impl Iterator<Item = &'a Arc<ScoreTable>> {
    session.shown().filter_map(|(_, checkpoint)| store.scores_so_far(&checkpoint.name))
}

/// The scores that any shown checkpoint has.
pub fn scores(session: &Session, store: &Store) -> IndexSet<String> {
    tables(session, store).flat_map(|table| table.scores.keys().cloned()).collect()
}

/// The name of a score, as shown in the window.
pub fn label(score: &str) -> String {
    score_info(score).map_or(score, |info| info.label).to_owned()
}
