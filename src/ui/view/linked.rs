//! What panels share while it is linked, and have each for themselves while it is not.

use std::collections::BTreeMap;

use crate::session::Link;
use crate::session::Tab;

/// What the panels of a tab can share.
pub fn links(tab: Tab) -> &'static [Link] {
    match tab {
        Tab::Landscape => &[Link::Axes, Link::Colors, Link::Cursor],
        Tab::Sharpness | Tab::Hessian | Tab::Energy => &[Link::Axes, Link::Cursor],
        Tab::Embedding => &[Link::Axes, Link::Cursor, Link::Selection],
        Tab::Compare | Tab::Runs => &[],
    }
}

/// A state of which there is one for all panels, or one for each.
#[derive(Clone, Debug, Default)]
pub struct Linked<T> {
    shared: T,
    own: BTreeMap<String, T>,
}

impl<T: Clone> Linked<T> {
    /// The state of a panel. A panel that becomes independent starts from what all shared; one that joins again takes it back.
    pub fn of(&mut self, linked: bool, panel: &str) -> &mut T {
        if linked {
            self.own.clear();
            return &mut self.shared;
        }
        self.own.entry(panel.to_owned()).or_insert_with(|| self.shared.clone())
    }

    /// A panel has another name now.
    pub fn rename(&mut self, from: &str, to: &str) {
        if let Some(own) = self.own.remove(from) {
            self.own.insert(to.to_owned(), own);
        }
    }
}

/// What is under the pointer, and in which panel.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cursor<T> {
    /// `None` while the pointer is elsewhere.
    pub at: Option<(String, T)>,
}

impl<T: Clone> Cursor<T> {
    /// What a panel marks.
    pub fn of(&self, linked: bool, panel: &str) -> Option<T> {
        self.at.as_ref().filter(|(of, _)| linked || of == panel).map(|(_, at)| at.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panels_part_from_what_they_shared_and_come_back_to_it() {
        let mut state = Linked::default();
        *state.of(true, "a") = 1;
        assert_eq!((*state.of(true, "b"), *state.of(false, "b")), (1, 1));
        *state.of(false, "b") = 7;
        assert_eq!((*state.of(false, "a"), *state.of(false, "b")), (1, 7));
        state.rename("b", "c");
        assert_eq!((*state.of(false, "c"), *state.of(false, "b")), (7, 1));
        assert_eq!((*state.of(true, "c"), *state.of(false, "c")), (1, 1));
    }

    #[test]
    fn a_cursor_that_is_not_linked_is_marked_where_it_is() {
        let cursor = Cursor { at: Some(("a".to_owned(), 3)) };
        assert_eq!((cursor.of(true, "b"), cursor.of(false, "b"), cursor.of(false, "a")), (Some(3), None, Some(3)));
        assert_eq!(Cursor::<i32>::default().of(true, "a"), None);
    }
}
