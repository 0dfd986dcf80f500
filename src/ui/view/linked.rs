//! What panels share while it is linked, and have each for themselves while it is not: which links there are, and the cursor.

use flatland_core::session::Link;
use flatland_core::session::Tab;

/// What the panels of a tab can share.
pub fn links(tab: Tab) -> &'static [Link] {
    match tab {
        Tab::Landscape => &[Link::Axes, Link::Colors, Link::Cursor],
        Tab::Sharpness | Tab::Hessian | Tab::Energy => &[Link::Axes, Link::Cursor],
        Tab::Embedding => &[Link::Axes, Link::Cursor, Link::Selection],
        Tab::Compare | Tab::Runs => &[],
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
    fn a_cursor_that_is_not_linked_is_marked_where_it_is() {
        let cursor = Cursor { at: Some(("a".to_owned(), 3)) };
        assert_eq!((cursor.of(true, "b"), cursor.of(false, "b"), cursor.of(false, "a")), (Some(3), None, Some(3)));
        assert_eq!(Cursor::<i32>::default().of(true, "a"), None);
    }
}
